"""The parts of Colonnade (Kim et al., JSSC 2021), a digital bit-serial compute-in-memory macro in 65 nm.

Its per-cell logic, two multiplexers, an XNOR and a full adder, is taken to be an adder of as many bits, scaled to the
paper's energy and area at 0.8 V; ``voltage_energy_scale`` is the energy at the supply over that at 0.8 V. Adders and
flip-flops are NeuroSim's at 32 nm, moved to other nodes as the lines of arrays are; the flip-flops are of the
high-performance devices of the array.
"""

from __future__ import annotations

from accelax.components.estimate import SHARE, Attribute, Estimate
from accelax.components.library.array_lines import (
    DEVICE_CAPACITANCE,
    FINFET_AREA,
    FINFET_CAPACITANCE,
    PLANAR_AREA,
    PLANAR_CAPACITANCE,
    shrunk,
)  # fmt: skip
from accelax.components.library.cells import CURRENT_SET
from accelax.components.library.neurosim_logic import ADDER, FLIP_FLOP, NODE, Affine
from accelax.components.numbers import Number, sqrt
from accelax.components.registry import component

COLONNADE = "Kim et al., JSSC 2021, as CiMLoop calibrates it"
LOGIC_ENERGY, LOGIC_AREA = 0.03, 0.9
REGISTER_ENERGY, REGISTER_AREA = 0.3, 1.3
"""Over those of an adder and of a flip-flop."""
PORT_LEAK = 15.0
"""Over that of an adder: the technology of the macro leaks."""
WIRE_F = 1e-15
REFERENCE_V = 0.8
LOGIC_V = 0.902
"""The supply of NeuroSim's logic at 32 nm."""
SCALES = {
    "switching_activity": SHARE,
    "voltage_energy_scale": Attribute(),
    "width": Attribute("bit"),
    "n_instances": Attribute(),
}


def _at(part: Affine, bits: Number, technology: Number) -> tuple[Number, Number, Number]:
    """pJ at 0.8 V, µm² and W of a part of ``bits`` bits."""
    energy, area, leak = part.of(bits, NODE)
    charge = energy * shrunk(technology, PLANAR_CAPACITANCE, FINFET_CAPACITANCE) * (REFERENCE_V / LOGIC_V) ** 2
    return charge, area * shrunk(technology, PLANAR_AREA, FINFET_AREA), leak * technology / NODE


@component(
    "colonnade_cim_logic",
    accuracy=70,
    source=COLONNADE,
    formula="0.03 * adder(width) * switching_activity * voltage_energy_scale",
    attributes=SCALES,
)
def colonnade_cim_logic(
    *,
    technology: Number,
    width: Number,
    switching_activity: Number,
    voltage_energy_scale: Number = 1.0,
) -> Estimate:
    """The logic of ``width`` cells of a column."""
    energy, area, leak = _at(ADDER[CURRENT_SET], width, technology)
    read = LOGIC_ENERGY * energy * switching_activity * voltage_energy_scale
    return Estimate({"read": read, "write": 0.0, "update": 0.0}, LOGIC_AREA * area, leak * sqrt(voltage_energy_scale))


@component(
    "colonnade_cim_logic_input_port",
    accuracy=70,
    source=COLONNADE,
    formula="n_instances * (adder(1) + 1 fF * (0.8 V)^2) * switching_activity^2 * voltage_energy_scale",
    attributes=SCALES,
)
def colonnade_cim_logic_input_port(
    *,
    technology: Number,
    switching_activity: Number,
    n_instances: Number = 1,
    voltage_energy_scale: Number = 1.0,
) -> Estimate:
    """The port at which a row's input bit enters all of its ``n_instances`` cells; its area is that of the logic."""
    energy, _, leak = _at(ADDER[CURRENT_SET], 1, technology)
    wire = WIRE_F * REFERENCE_V**2 * 1e12
    read = n_instances * (energy + wire) * switching_activity**2 * voltage_energy_scale
    return Estimate({"read": read, "write": 0.0, "update": 0.0}, 0.0, PORT_LEAK * leak * sqrt(voltage_energy_scale))


@component(
    "colonnade_register",
    accuracy=70,
    source=COLONNADE,
    formula="0.3 * flip_flop(width) * voltage_energy_scale",
    attributes=SCALES,
)
def colonnade_register(*, technology: Number, width: Number = 1, voltage_energy_scale: Number = 1.0) -> Estimate:
    """The flip-flops between columns."""
    energy, area, leak = _at(FLIP_FLOP[CURRENT_SET], width, technology)
    access = REGISTER_ENERGY * DEVICE_CAPACITANCE["high_performance"] * energy * voltage_energy_scale
    leakage = REGISTER_ENERGY * leak * sqrt(voltage_energy_scale)
    return Estimate({"read": access, "write": access, "update": access}, REGISTER_AREA * area, leakage)
