"""SRAM and caches: a surrogate of CACTI 7 that is differentiable in width, depth, node, banks and ports.

The energies of a read and a write are power laws between knots: CACTI's own figures at 45 nm for widths of 32 to 512
bit and depths of 64 to 65,536, one bank, one port (low-standby-power cells, optimised for leakage, 300 K, as
Accelergy's plug-in runs CACTI). Between knots the logarithm is bilinear in those of width and depth. Area, leakage and
the cycle are sums of powers with positive coefficients, fitted to the same runs. A node multiplies each by one factor,
linear between 22, 32, 45, 65 and 90 nm; beyond them energy goes with the square root below and the square above.

Of ``benchmarks/fit_sram.py``, which makes all these numbers with a CACTI executable from 153 memories of a grid and 60
of random size, the median errors of an energy are 0 at 45 nm (5-7 % off the knots, at most 22 %), 2 % at 32 and 65 nm
and 4-7 % at 22 and 90 nm (at most 48 %, where CACTI changes its organisation abruptly). Areas are within 4-9 % in the
median, leakage within 2-7 %, cycles within 5-9 %.

Below 32 bit or 64 words, Accelergy's rules extend the least memory: energy goes as 0.3 + 0.7 * share of the width and
as the power 0.78 of the depth, area and leakage linearly in both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelax.components.estimate import Attribute, Estimate
from accelax.components.numbers import Number, exp, interpolate, log, maximum, minimum, namespace, sqrt
from accelax.components.registry import component
from accelax.components.scaling import NOMINAL_V, SUPPLY, depth_energy_scale, supply_energy_scale

SOURCE = "surrogate of CACTI 7 (lstp cells, as Accelergy's plug-in runs it), fitted to 213 runs"
FORMULA = "exp(bilinear in log width and log depth) * node factor * (0.72 + 0.28 * ports)"
NODES = (22.0, 32.0, 45.0, 65.0, 90.0)
WIDTHS = (32, 64, 128, 256, 512)
DEPTHS = tuple(64 * 2**step for step in range(11))
READ_PJ = (
    (0.6716, 0.8463, 1.324, 2.232, 2.862, 5.247, 9.978, 11.79, 17.80, 25.30, 32.92),
    (1.414, 1.670, 2.756, 3.386, 6.137, 11.61, 17.04, 25.87, 32.29, 44.72, 68.35),
    (3.378, 3.797, 4.427, 7.916, 10.75, 20.31, 39.33, 50.26, 76.12, 100.2, 153.1),
    (9.461, 10.20, 11.48, 14.32, 26.84, 51.80, 73.76, 124.6, 167.9, 221.0, 337.8),
    (30.50, 31.90, 34.48, 39.91, 76.73, 97.77, 199.4, 274.5, 369.9, 486.9, 744.2),
)
"""At 45 nm, a row per width and a column per depth; of 4 Mbit and more, continued from the memories beside."""
WRITE_PJ = (
    (1.105, 1.757, 2.065, 2.635, 3.732, 4.791, 6.868, 8.675, 13.47, 16.88, 24.42),
    (2.281, 3.492, 4.239, 6.454, 7.878, 10.70, 15.40, 19.65, 26.07, 38.49, 51.35),
    (5.113, 7.441, 11.89, 14.05, 23.22, 27.53, 36.04, 46.97, 63.68, 87.75, 117.0),
    (12.93, 17.49, 26.41, 44.52, 51.79, 66.24, 88.20, 118.0, 161.3, 222.3, 296.5),
    (37.44, 46.47, 64.33, 100.3, 126.6, 198.4, 228.3, 333.3, 455.6, 627.8, 837.3),
)
READ_BY_NODE = (0.2430, 0.5520, 1.0, 1.8381, 3.3643)
WRITE_BY_NODE = (0.2252, 0.5403, 1.0, 1.8742, 3.5217)
AREA_BY_NODE = (0.2613, 0.5205, 1.0, 2.0582, 3.7879)
LEAKAGE_BY_NODE = (5.9143, 1.6990, 1.0, 6.8886, 3.4861)
"""CACTI's own: its cells at 65 nm leak more than those at 45 and 90 nm."""
CYCLE_BY_NODE = (0.5626, 0.7994, 1.0, 1.4996, 2.2489)
TECHNOLOGY = Attribute("nm", valid=(22, 90))
"""The nodes that CACTI knows."""
WIDTH = Attribute("bit", valid=(4, 512))
DEPTH = Attribute("words", valid=(4, 65536))
"""May be fractional, as where capacity is divided among banks."""
BANKS = Attribute("", valid=(1, 32), whole=True)
PORTS = Attribute("", valid=(1, 3), whole=True)
_LOG_WIDTHS, _LOG_DEPTHS = np.log(WIDTHS), np.log(DEPTHS)


def between_knots(width: Number, depth: Number, knots_pJ: Sequence[Sequence[float]]) -> Number:
    """Energy at 45 nm by the knots, and by the rules for smaller and larger memories beyond them."""
    row = interpolate(log(_within(width, WIDTHS)), _LOG_WIDTHS, range(len(WIDTHS)))
    column = interpolate(log(_within(depth, DEPTHS)), _LOG_DEPTHS, range(len(DEPTHS)))
    across = _shares(row, len(WIDTHS)) @ np.log(knots_pJ)
    inside = exp((across * _shares(column, len(DEPTHS))).sum(-1))
    narrow = 0.3 + 0.7 * minimum(width / WIDTHS[0], 1.0)
    wide = maximum(width / WIDTHS[-1], 1.0) ** 1.5
    return inside * narrow * wide * depth_energy_scale(_within(depth, DEPTHS), depth)


def _within(value: Number, knots: tuple[int, ...]) -> Number:
    """A value, or the nearer end of the knots."""
    return minimum(maximum(value, float(knots[0])), float(knots[-1]))


def _shares(position: Number, count: int) -> Number:
    """The weight of each knot at a position among them, along a last axis.

    A minimum of two slopes, not an absolute value: at a knot their derivatives average, and powers of two are knots.
    """
    past = namespace(position).asarray(position)[..., None] - np.arange(count)
    return maximum(minimum(1.0 + past, 1.0 - past), 0.0)


def _by_node(technology: Number, factors: tuple[float, ...], below: float = 0.5, above: float = 2.0) -> Number:
    """A factor over 45 nm: linear between CACTI's nodes, powers beyond them."""
    smaller, larger = minimum(technology / NODES[0], 1.0), maximum(technology / NODES[-1], 1.0)
    return interpolate(technology, NODES, factors) * smaller**below * larger**above


def area_um2(width: Number, depth: Number) -> Number:
    """Area at 45 nm of one bank with one port."""
    root = sqrt(width)
    return depth * (0.3074 * width + 0.3888 * root + 0.00369 * width * root) + 1.533 * width * root


def leakage_W(width: Number, depth: Number) -> Number:
    """Leakage at 45 nm of one bank with one port."""
    root, flat = sqrt(width), depth**0.75
    return flat * (2.309e-11 * root + 4.255e-12 * width) + depth * (1.895e-12 * root + 2.317e-12 * width)


def cycle_s(width: Number, depth: Number) -> Number:
    """The time between two accesses at 45 nm."""
    root, fourth = sqrt(width), depth**0.25
    return 3.628e-10 + 5.813e-12 * root * fourth + 9.144e-13 * root * fourth**2


def sram_estimate(
    width: Number, depth: Number, technology: Number, n_banks: Number, ports: Number, voltage: Number
) -> Estimate:
    """An SRAM of ``depth`` words of ``width`` bit.

    Banks and further ports are factors: in CACTI's runs, banks cost area and leakage and spare time, and leave energy
    as it is within a fifth; a second port costs a fourth of energy and doubles the area.
    """
    supply = supply_energy_scale(technology, voltage)
    wired = supply * (0.72 + 0.28 * ports)
    read = between_knots(width, depth, READ_PJ) * _by_node(technology, READ_BY_NODE) * wired
    write = between_knots(width, depth, WRITE_PJ) * _by_node(technology, WRITE_BY_NODE) * wired
    broad, deep = maximum(width, 32.0), maximum(depth, 64.0)
    cut = width / broad * (depth / deep)
    area = area_um2(broad, deep) * _by_node(technology, AREA_BY_NODE, 1.0) * cut * ports**1.1 * n_banks**0.15
    leak = leakage_W(broad, deep) * _by_node(technology, LEAKAGE_BY_NODE) * cut * (0.9 + 0.1 * ports) * supply
    cycle = cycle_s(broad, deep) * _by_node(technology, CYCLE_BY_NODE, 1.0, 1.0) * (0.85 + 0.15 * ports)
    return Estimate(
        energy_pJ={"read": read, "write": write, "update": write},
        area_um2=area,
        leak_power_W=leak * n_banks**0.17,
        latency_s=dict.fromkeys(("read", "write", "update"), cycle * n_banks**-0.17),
    )


@component(
    "SRAM", "sram_scratchpad",
    accuracy=80, source=SOURCE, formula=FORMULA,
    attributes={
        "technology": TECHNOLOGY, "width": WIDTH, "depth": DEPTH, "n_banks": BANKS, "n_rw_ports": PORTS,
        "n_rdwr_ports": PORTS, "voltage": SUPPLY,
    },
)  # fmt: skip
def sram(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    n_banks: Number = 1,
    n_rw_ports: Number = 1,
    n_rdwr_ports: Number | None = None,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """An SRAM; ``width`` is what one access moves, and an update costs what a write does.

    ``voltage`` is relative to 0.8 V, which stands for the supply that CACTI assumes of the node.

    >>> round(float(sram(technology=45, width=64, depth=16384).energy_pJ["read"]), 2)
    32.29
    """
    ports = n_rw_ports if n_rdwr_ports is None else n_rdwr_ports
    return sram_estimate(width, depth, technology, n_banks, ports, voltage)


@component(
    "cache",
    accuracy=50, source=f"{SOURCE}; tags as a second SRAM", formula="data of all ways + tags of all ways",
    attributes={
        "technology": TECHNOLOGY, "width": WIDTH, "depth": DEPTH,
        "associativity": Attribute("", valid=(1, 16), whole=True),
        "tag_size": Attribute("bit", valid=(8, 64), whole=True),
        "n_banks": BANKS, "n_rw_ports": PORTS, "voltage": SUPPLY,
    },
)  # fmt: skip
def cache(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    associativity: Number = 1,
    tag_size: Number = 24,
    n_banks: Number = 1,
    n_rw_ports: Number = 1,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """A cache of ``depth`` lines of ``width`` bit: a read looks up the tags of a set and reads all its ways at once.

    A write looks up the tags and writes one line.
    """
    sets = depth / associativity
    lines = sram_estimate(width, depth, technology, n_banks, n_rw_ports, voltage)
    ways = sram_estimate(width * associativity, sets, technology, n_banks, n_rw_ports, voltage)
    tags = sram_estimate(tag_size * associativity, sets, technology, n_banks, n_rw_ports, voltage)
    look_up = tags.energy_pJ["read"]
    write = lines.energy_pJ["write"] + look_up
    return Estimate(
        energy_pJ={"read": ways.energy_pJ["read"] + look_up, "write": write, "update": write},
        area_um2=ways.area_um2 + tags.area_um2,
        leak_power_W=ways.leak_power_W + tags.leak_power_W,
        latency_s={action: time + tags.latency_s["read"] for action, time in lines.latency_s.items()},
    )
