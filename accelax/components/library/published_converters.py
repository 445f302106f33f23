"""Converters of Newton, FORMS and BRAHMS, each as its paper states it for one resolution."""

from __future__ import annotations

from accelax.components.estimate import BITS, Attribute, Estimate
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number
from accelax.components.registry import component

FREE = ("write", "update")


@component(
    "newton_adc",
    accuracy=85,
    source="Nag et al., IEEE Micro 2018: 3.1 mW at 1.2 GS/s, 9 b, 32 nm",
    formula="2.58333 pJ * 2^(resolution - 9) * converted_bits / resolution",
    attributes={"resolution": BITS, "converted_bits": Attribute("bit", least=0.0, above=False)},
)
def newton_adc(*, technology: Number, resolution: Number = 9, converted_bits: Number | None = None) -> Estimate:
    """A converter that adapts: of its bits it converts ``converted_bits`` on average, all unless stated."""
    share = 1.0 if converted_bits is None else converted_bits / resolution
    stated = Published(for_actions(3.1 / 1.2, "convert", "read", free=FREE), 1500.0, 32)
    whole = stated.scaled(technology, more_bits=resolution - 9)
    return Estimate({action: value * share for action, value in whole.energy_pJ.items()}, whole.area_um2)


@component(
    "forms_adc",
    accuracy=85,
    source="Yuan et al., ISCA 2021: 15.2 mW for 32 at 2.1 GS/s, 4 b, 32 nm",
    formula="0.22619 pJ * 2^(resolution - 4)",
    attributes={"resolution": BITS},
)
def forms_adc(*, technology: Number, resolution: Number = 4) -> Estimate:
    """A converter for fine-grained columns."""
    stated = Published(for_actions(0.22619, "convert", "read", free=FREE), 284.375, 32)
    return stated.scaled(technology, more_bits=resolution - 4)


@component(
    "brahms_dac",
    accuracy=85,
    source="Song et al., DAC 2021; Chen et al., VLSI 2018: 0.32 mW at 1.1 GS/s, 8 b, 40 nm",
    formula="0.291 pJ * 2^(resolution - 8)",
    attributes={"resolution": BITS},
)
def brahms_dac(*, technology: Number, resolution: Number = 8) -> Estimate:
    """A converter with recursive weights."""
    stated = Published(for_actions(0.291, "convert", "read", free=FREE), 438.0, 40)
    return stated.scaled(technology, more_bits=resolution - 8)
