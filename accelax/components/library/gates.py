"""Gates, flip-flops, adders, shift-adds and multiplexers: affine in the bits, with NeuroSim's figures at 32 nm.

Every energy is that of one action with the activity NeuroSim assumes. All scale with node and supply as logic does.
``neurosim`` chooses between its two sets of figures, as for cells.
"""

from __future__ import annotations

from accelax.components.estimate import COUNT, Attribute, Estimate, first_stated
from accelax.components.library.cells import NEUROSIM, SET_2023
from accelax.components.library.neurosim_logic import ADDER, FLIP_FLOP, SHIFT_ADD
from accelax.components.numbers import Number
from accelax.components.registry import component
from accelax.components.scaling import NOMINAL_V, SUPPLY, supply_energy_scale

SOURCE = "NeuroSim 1.3 at 32 nm, as run by Accelergy's plug-in"
BITS = Attribute("bit", valid=(1, 64), whole=True)
REGISTER_BITS = Attribute("bit", valid=(1, 1024), whole=True)
GATE_UM2 = {"nand": 0.3268608, "nor": 0.3268608, "not": 0.2179072}
"""Of gates the source gives areas alone; they are taken to spend and leak as much per area as a flip-flop."""


def _estimate(
    actions: tuple[str, ...], figures: tuple[Number, Number, Number], technology: Number, voltage: Number
) -> Estimate:
    """An estimate of which all ``actions`` cost the same, at another supply than that of ``figures``: pJ, µm², W."""
    energy, area, leak = figures
    supply = supply_energy_scale(technology, voltage)
    return Estimate(dict.fromkeys(actions, energy * supply), area_um2=area, leak_power_W=leak * supply)


@component(
    "neurosim_adder", "intadder", "adder",
    accuracy=65, source=SOURCE, formula="(0.00137 + 0.002439 * bits) pJ at 32 nm",
    attributes={"width": BITS, "n_bits": BITS, "datawidth": BITS, "voltage": SUPPLY, "neurosim": NEUROSIM},
)  # fmt: skip
def neurosim_adder(
    *,
    technology: Number,
    width: Number | None = None,
    n_bits: Number | None = None,
    datawidth: Number | None = None,
    voltage: Number = NOMINAL_V,
    neurosim: str = SET_2023,
) -> Estimate:
    """An adder of ``n_bits`` (or ``width``) bits.

    >>> round(float(neurosim_adder(technology=32, width=10).energy_pJ["add"]), 6)
    0.025764
    """
    figures = ADDER[neurosim].of(first_stated(n_bits, width, datawidth, 32), technology)
    return _estimate(("add", "read", "compute", "update"), figures, technology, voltage)


@component(
    "flip_flop", "flipflop", "dff",
    accuracy=65, source=SOURCE, formula="0.003108 pJ * bits at 32 nm",
    attributes={"width": REGISTER_BITS, "n_bits": REGISTER_BITS, "voltage": SUPPLY, "neurosim": NEUROSIM},
)  # fmt: skip
def flip_flop(
    *,
    technology: Number,
    width: Number = 1,
    n_bits: Number | None = None,
    voltage: Number = NOMINAL_V,
    neurosim: str = SET_2023,
) -> Estimate:
    """Flip-flops that all take a new value at the action; 2.614886 µm² each at 32 nm."""
    figures = FLIP_FLOP[neurosim].of(first_stated(n_bits, width), technology)
    return _estimate(("read", "write", "update"), figures, technology, voltage)


@component(
    "shift_add", "shiftadd",
    accuracy=65, source=SOURCE, formula="(0.000075 + 0.004328 * n_bits + 0.003108 * shift_register_n_bits) pJ at 32 nm",
    attributes={
        "n_bits": BITS, "width": BITS, "shift_register_n_bits": REGISTER_BITS, "voltage": SUPPLY, "neurosim": NEUROSIM,
    },
)  # fmt: skip
def shift_add(
    *,
    technology: Number,
    width: Number = 8,
    n_bits: Number | None = None,
    shift_register_n_bits: Number | None = None,
    voltage: Number = NOMINAL_V,
    neurosim: str = SET_2023,
) -> Estimate:
    """A shift-and-add unit: an adder of ``n_bits`` (or ``width``) bits and a register, of twice the bits by default.

    The source has registers of twice the bits; one of another size has that many more or fewer flip-flops.

    >>> round(float(shift_add(technology=32, n_bits=8).energy_pJ["shift_add"]), 6)
    0.084422
    """
    bits = first_stated(n_bits, width)
    further = 0.0 if shift_register_n_bits is None else shift_register_n_bits - 2 * bits
    whole, register = SHIFT_ADD[neurosim].of(bits, technology), FLIP_FLOP[neurosim].of(further, technology)
    energy, area, leak = (one + other for one, other in zip(whole, register, strict=True))
    return _estimate(("shift_add", "read", "write", "update", "compute"), (energy, area, leak), technology, voltage)


def _gates(area: float, technology: Number, n_instances: Number, voltage: Number) -> Estimate:
    """Gates of one kind, of which all switch at the action."""
    area = area * n_instances
    return _estimate(("read", "compute", "switch"), _of_gates(area, technology), technology, voltage)


def _of_gates(area: Number, technology: Number) -> tuple[Number, Number, Number]:
    """Energy, area and leakage of gates that take ``area`` at 32 nm, in the proportions of a flip-flop."""
    energy, flip_flop_area, leak = FLIP_FLOP[SET_2023].of(1.0, technology)
    share = area / FLIP_FLOP[SET_2023].area_um2[1]
    return energy * share, flip_flop_area * share, leak * share


_GATE = {"n_gates": COUNT, "voltage": SUPPLY}
_GATE_FORMULA = "area * energy per area of a flip-flop"


@component("NAND_gate", "NANDGate", "nand", accuracy=50, source=SOURCE, formula=_GATE_FORMULA, attributes=_GATE)
def nand_gate(*, technology: Number, n_gates: Number = 1, voltage: Number = NOMINAL_V) -> Estimate:
    """NAND gates of two inputs, 0.3268608 µm² each at 32 nm."""
    return _gates(GATE_UM2["nand"], technology, n_gates, voltage)


@component("NOR_gate", "NORGate", "nor", accuracy=50, source=SOURCE, formula=_GATE_FORMULA, attributes=_GATE)
def nor_gate(*, technology: Number, n_gates: Number = 1, voltage: Number = NOMINAL_V) -> Estimate:
    """NOR gates of two inputs, 0.3268608 µm² each at 32 nm."""
    return _gates(GATE_UM2["nor"], technology, n_gates, voltage)


@component(
    "NOT_gate", "NOTGate", "not", "inverter", accuracy=50, source=SOURCE, formula=_GATE_FORMULA, attributes=_GATE
)
def not_gate(*, technology: Number, n_gates: Number = 1, voltage: Number = NOMINAL_V) -> Estimate:
    """Inverters, 0.2179072 µm² each at 32 nm."""
    return _gates(GATE_UM2["not"], technology, n_gates, voltage)


@component(
    "mux", "multiplexer",
    accuracy=50, source=SOURCE, formula="(n_inputs - 1) * width switches of three NAND gates and an inverter",
    attributes={"width": BITS, "n_inputs": Attribute("", least=2, above=False, whole=True), "voltage": SUPPLY},
)  # fmt: skip
def multiplexer(
    *, technology: Number, width: Number = 1, n_inputs: Number = 2, voltage: Number = NOMINAL_V
) -> Estimate:
    """A tree of two-way multiplexers, each three NAND gates and an inverter per bit."""
    area = (3 * GATE_UM2["nand"] + GATE_UM2["not"]) * (n_inputs - 1) * width
    return _estimate(("read", "compute", "select"), _of_gates(area, technology), technology, voltage)
