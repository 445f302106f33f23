"""The parts of NeuRRAM (Wan et al., Nature 2022), 130 nm and 1.8 V."""

from __future__ import annotations

from accelax.components.estimate import BITS, VOLTAGE, Attribute, Estimate
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number
from accelax.components.registry import component

NEURRAM = "Wan et al., Nature 2022, as CiMLoop calibrates it"
NODE = 130
SUPPLY_V = 1.8
FREE = ("write", "update")
STEPS = {"voltage": VOLTAGE, "n_steps": Attribute(least=0.0, above=False)}


@component(
    "wan_shift_add", "neurram_shift_add", "neurramshiftadd",
    accuracy=80,
    source=NEURRAM,
    formula="0.1 pJ * n_steps * 2^(resolution - 8) * (voltage / 1.8)^2",
    attributes={"resolution": BITS, **STEPS},
)  # fmt: skip
def wan_shift_add(
    *, technology: Number, resolution: Number = 8, voltage: Number = SUPPLY_V, n_steps: Number = 1
) -> Estimate:
    """The shift-and-add of a column, ``n_steps`` times per action."""
    stated = Published(for_actions(0.1, "read", "write", "shift_and_add", "shift_add", "update"), 170.0, NODE)
    one = stated.scaled(technology, more_bits=resolution - 8, voltage=voltage / SUPPLY_V)
    return Estimate({action: value * n_steps for action, value in one.energy_pJ.items()}, one.area_um2)


@component(
    "wan_variable_precision_adc", "neurram_variable_precision_adc", "neurramvariableprecisionadc",
    accuracy=80,
    source=NEURRAM,
    formula="0.3 pJ * n_steps * (voltage / 1.8)^2",
    attributes=STEPS,
)  # fmt: skip
def wan_variable_precision_adc(*, technology: Number, voltage: Number = SUPPLY_V, n_steps: Number = 1) -> Estimate:
    """A converter that takes away a charge in each of ``n_steps`` until its sign changes."""
    stated = Published(for_actions(0.3, "convert", "read", free=FREE), 400.0, NODE)
    one = stated.scaled(technology, voltage=voltage / SUPPLY_V)
    return Estimate({action: value * n_steps for action, value in one.energy_pJ.items()}, one.area_um2)


@component(
    "wan_analog_sample", "neurram_analog_sample", "neurramanalogsample",
    accuracy=80,
    source=NEURRAM,
    formula="1.2 pJ * (voltage / 1.8)^2",
    attributes={"voltage": VOLTAGE, "width": Attribute()},
)  # fmt: skip
def wan_analog_sample(*, technology: Number, voltage: Number = SUPPLY_V, width: Number = 1) -> Estimate:
    """Samples a column's charge; its area is that of ``width`` capacitors."""
    stated = Published(for_actions(1.2, "sample", "read", free=FREE), 45.0, NODE)
    return stated.scaled(technology, voltage=voltage / SUPPLY_V, area=width)


@component(
    "wan_analog_integrator", "neurram_analog_integrator", "neurramanalogintegrator",
    accuracy=80,
    source=NEURRAM,
    formula="0.25 pJ * n_steps * (voltage / 1.8)^2",
    attributes=STEPS,
)  # fmt: skip
def wan_analog_integrator(*, technology: Number, voltage: Number = SUPPLY_V, n_steps: Number = 1) -> Estimate:
    """Adds a sample to what has been sampled before, ``n_steps`` times."""
    stated = Published(for_actions(0.25, "integrate", "read", free=FREE), 350.0, NODE)
    one = stated.scaled(technology, voltage=voltage / SUPPLY_V)
    return Estimate({action: value * n_steps for action, value in one.energy_pJ.items()}, one.area_um2)
