"""Adders, multipliers, registers, comparators and counters by the rows of Aladdin's 40 nm library, and MACs of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accelax.components.estimate import COUNT, Attribute, Estimate, first_stated
from accelax.components.numbers import Number, interpolate
from accelax.components.registry import component
from accelax.components.scaling import (
    NOMINAL_V,
    SUPPLY,
    area_scale,
    energy_scale,
    node_weights,
    supply_energy_scale,
)  # fmt: skip

SOURCE = "standard-cell rows of Aladdin at 40 nm, and the figures at 45 nm that Accelergy makes of them"
WIDTH = Attribute("bit", valid=(1, 128), whole=True)
REGISTER_WIDTH = Attribute("bit", valid=(1, 1024), whole=True)
_ROW_NM = 40.0
with node_weights("reversed"):
    _ENERGY_AT_45 = float(energy_scale(_ROW_NM, 45.0))
    _AREA_AT_45 = float(area_scale(_ROW_NM, 45.0))


def _from_row(technology: Number, at_45: float, scale: Callable[[Number, Number], Number]) -> Number:
    """The factor from a row at 40 nm to a node.

    The table of nodes has 45 and 32 nm, not 40; Accelergy puts 40 nm elsewhere between them than a straight line does,
    by a tenth of the energy. Its figures at 45 nm (``at_45`` times the row) are those that its users know, so all nodes
    scale from there, and between 45 and 32 nm the law is bent to meet the row itself at 40 nm.
    """
    bend = 1.0 / (at_45 * scale(45.0, _ROW_NM)) - 1.0
    share = interpolate(technology, (32.0, _ROW_NM, 45.0), (0.0, 1.0, 0.0))
    return at_45 * scale(45.0, technology) * (1.0 + bend * share)


def row_energy_scale(technology: Number, voltage: Number = NOMINAL_V) -> Number:
    """Energy and leakage at ``technology`` and ``voltage`` over those of a row, at 40 nm and 0.8 V.

    >>> round(float(row_energy_scale(40)), 3), round(float(row_energy_scale(45)), 3)
    (1.0, 1.265)
    """
    return _from_row(technology, _ENERGY_AT_45, energy_scale) * supply_energy_scale(technology, voltage)


def row_area_scale(technology: Number) -> Number:
    """Area at ``technology`` over that of a row, at 40 nm.

    >>> round(float(row_area_scale(40)), 3), round(float(row_area_scale(45)), 3)
    (1.0, 1.738)
    """
    return _from_row(technology, _AREA_AT_45, area_scale)


def row_estimate(
    actions: Mapping[Any, Number], area: Number, leak_W: Number, technology: Number, voltage: Number
) -> Estimate:
    """A component of Aladdin's rows at another node: ``actions`` in pJ, ``area`` in µm² and leakage at 40 nm."""
    energy = row_energy_scale(technology, voltage)
    return Estimate(
        energy_pJ={action: value * energy for action, value in actions.items()},
        area_um2=area * row_area_scale(technology),
        leak_power_W=leak_W * energy,
    )


ONE_WIDTH = {"width": WIDTH, "n_bits": WIDTH, "datawidth": WIDTH, "voltage": SUPPLY}
"""A component of so many bits, which are called by any of the three names."""


@component(
    "aladdin_adder", "AladdinAdder", "intadder", "adder",
    accuracy=75, source=SOURCE, formula="0.21 pJ * width / 32 at 40 nm", attributes=ONE_WIDTH,
)  # fmt: skip
def aladdin_adder(
    *,
    technology: Number,
    width: Number | None = None,
    n_bits: Number | None = None,
    datawidth: Number | None = None,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """An integer adder: 0.21 pJ, 278 µm² and 2.4 µW for 32 bits at 40 nm, linear in the bits."""
    bits = first_stated(n_bits, width, datawidth, 32) / 32
    actions = dict.fromkeys(("add", "read", "compute", "update"), 0.21 * bits)
    return row_estimate(actions, 278.0 * bits, 2.4e-6 * bits, technology, voltage)


@component(
    "aladdin_multiplier", "AladdinMultiplier", "intmultiplier", "multiplier",
    accuracy=75, source=SOURCE, formula="12.68 pJ * width_a * width_b / 1024 at 40 nm",
    attributes={
        **ONE_WIDTH, "width_a": WIDTH, "width_b": WIDTH, "datawidth_a": WIDTH, "datawidth_b": WIDTH,
    },
)  # fmt: skip
def aladdin_multiplier(
    *,
    technology: Number,
    width: Number | None = None,
    n_bits: Number | None = None,
    datawidth: Number | None = None,
    width_a: Number | None = None,
    width_b: Number | None = None,
    datawidth_a: Number | None = None,
    datawidth_b: Number | None = None,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """An integer multiplier: 12.68 pJ, 6350 µm² and 80 µW for 32 x 32 bits at 40 nm, by the product of the widths."""
    both = first_stated(n_bits, width, datawidth, 32)
    bits = first_stated(width_a, datawidth_a, both) * first_stated(width_b, datawidth_b, both) / 1024
    actions = dict.fromkeys(("multiply", "mult", "read", "compute"), 12.68 * bits)
    return row_estimate(actions, 6350.0 * bits, 80e-6 * bits, technology, voltage)


@component(
    "aladdin_register", "AladdinRegister", "register",
    accuracy=75, source=SOURCE, formula="read: 0.009 pJ * width at 40 nm; write: 0",
    attributes={
        "width": REGISTER_WIDTH, "n_bits": REGISTER_WIDTH, "datawidth": REGISTER_WIDTH, "depth": COUNT,
        "voltage": SUPPLY,
    },
)  # fmt: skip
def aladdin_register(
    *,
    technology: Number,
    width: Number | None = None,
    n_bits: Number | None = None,
    datawidth: Number | None = None,
    depth: Number = 1,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """A register: 0.009 pJ to read a bit and 5.98 µm² for it at 40 nm; the row states nothing for a write."""
    bits = first_stated(n_bits, width, datawidth, 1)
    actions = {"read": 0.009 * bits, "write": 0.0 * bits, "update": 0.0 * bits}
    return row_estimate(actions, 5.98 * bits * depth, 0.0, technology, voltage)


@component(
    "aladdin_comparator", "AladdinComparator", "intcomparator", "comparator",
    accuracy=75, source=SOURCE, formula="0.02947 pJ * width / 32 at 40 nm", attributes=ONE_WIDTH,
)  # fmt: skip
def aladdin_comparator(
    *,
    technology: Number,
    width: Number | None = None,
    n_bits: Number | None = None,
    datawidth: Number | None = None,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """A comparator: 0.02947 pJ and 71 µm² for 32 bits at 40 nm, linear in the bits."""
    bits = first_stated(n_bits, width, datawidth, 32) / 32
    actions = dict.fromkeys(("compare", "read", "compute"), 0.02947 * bits)
    return row_estimate(actions, 71.0 * bits, 0.0, technology, voltage)


@component(
    "aladdin_counter", "AladdinCounter", "counter",
    accuracy=75, source=SOURCE, formula="0.25074 pJ * width / 32 at 40 nm", attributes=ONE_WIDTH,
)  # fmt: skip
def aladdin_counter(
    *,
    technology: Number,
    width: Number | None = None,
    n_bits: Number | None = None,
    datawidth: Number | None = None,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """A counter: 0.25074 pJ and 495.5 µm² for 32 bits at 40 nm, linear in the bits."""
    bits = first_stated(n_bits, width, datawidth, 32) / 32
    actions = dict.fromkeys(("count", "read", "compute"), 0.25074 * bits)
    return row_estimate(actions, 495.5 * bits, 0.0, technology, voltage)


@component(
    "intmac", "mac",
    accuracy=70, source=SOURCE,
    formula="(12.68 pJ * multiplier_width² / 1024 + 0.21 pJ * adder_width / 32) at 40 nm",
    attributes={
        "width": WIDTH, "datawidth": WIDTH, "multiplier_width": WIDTH, "adder_width": WIDTH, "voltage": SUPPLY,
    },
)  # fmt: skip
def integer_mac(
    *,
    technology: Number,
    width: Number | None = None,
    datawidth: Number | None = None,
    multiplier_width: Number | None = None,
    adder_width: Number | None = None,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """A multiplier of two operands of ``multiplier_width`` bits and an adder of ``adder_width``, else of ``width``.

    ``width`` is 16 unless stated. The action ``mac_gated`` costs nothing; ``mac_reused`` keeps its operands, so that
    the adder alone switches.
    """
    both = first_stated(width, datawidth, 16)
    wide, long = first_stated(multiplier_width, both), first_stated(adder_width, both)
    multiplier = aladdin_multiplier(technology=technology, width=wide, voltage=voltage)
    adder = aladdin_adder(technology=technology, width=long, voltage=voltage)
    whole = multiplier.energy_pJ["compute"] + adder.energy_pJ["compute"]
    actions = dict.fromkeys(("compute", "mac", "mac_random", "read"), whole)
    return Estimate(
        energy_pJ={**actions, "mac_gated": 0.0 * whole, "mac_reused": adder.energy_pJ["compute"]},
        area_um2=multiplier.area_um2 + adder.area_um2,
        leak_power_W=multiplier.leak_power_W + adder.leak_power_W,
    )
