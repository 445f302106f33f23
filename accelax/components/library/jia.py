"""The parts of the programmable in-memory processor of Jia et al. (JSSC 2020), 65 nm and 1.2 V."""

from __future__ import annotations

from accelax.components.estimate import BITS, VOLTAGE, Attribute, Estimate
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number
from accelax.components.registry import component

JIA = "Jia et al., JSSC 2020, as CiMLoop calibrates it"
NODE = 65
SUPPLY_V = 1.2
CYCLE_S = 540e-9
"""Over which the leakage per action is stated."""
FREE = ("write", "update")


def _stated(energy_pJ: float, leak_pJ: float, area_um2: float) -> Published:
    """A part that leaks ``leak_pJ`` in a cycle."""
    actions = for_actions(energy_pJ, "read", "compute", free=FREE)
    return Published(actions, area_um2, NODE, leak_pJ * 1e-12 / CYCLE_S)


@component(
    "jia_datapath", accuracy=80, source=JIA, formula="12 pJ * (voltage / 1.2)^2", attributes={"voltage": VOLTAGE}
)
def jia_datapath(*, technology: Number, voltage: Number = SUPPLY_V) -> Estimate:
    """The digital datapath next to the memory that eight columns share."""
    return _stated(12.0, 2.4, 10535.0).scaled(technology, voltage=voltage / SUPPLY_V)


@component(
    "jia_shift_add",
    accuracy=80,
    source=JIA,
    formula="2.25 pJ * 2^(resolution - 8) * (voltage / 1.2)^2",
    attributes={"voltage": VOLTAGE, "resolution": BITS},
)
def jia_shift_add(*, technology: Number, resolution: Number = 8, voltage: Number = SUPPLY_V) -> Estimate:
    """The barrel shifter and accumulator that adds input bits and weight bits up."""
    return _stated(2.25, 1.2, 5000.0).scaled(technology, more_bits=resolution - 8, voltage=voltage / SUPPLY_V)


@component(
    "jia_zero_gate",
    accuracy=80,
    source=JIA,
    formula="0.5 pJ * 2^(resolution - 8) * (voltage / 1.2)^2",
    attributes={"voltage": VOLTAGE, "resolution": BITS, "rows": Attribute()},
)
def jia_zero_gate(
    *, technology: Number, resolution: Number = 8, voltage: Number = SUPPLY_V, rows: Number = 1
) -> Estimate:
    """What keeps zero inputs off the rows, of which the area is that of ``rows``."""
    stated = _stated(0.5, 0.2, 174.0)
    return stated.scaled(technology, more_bits=resolution - 8, voltage=voltage / SUPPLY_V, area=rows)
