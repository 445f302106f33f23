"""How energy, area, latency and leakage change with technology node, voltage, width, depth and resolution.

The laws of nodes are those of A. Stillmaker and B. Baas, "Scaling equations for the accurate prediction of CMOS device
performance from 180 nm to 7 nm", Integration 58, 2017: energy per operation as a quadratic in the supply voltage for
each of ten nodes, and a table of ratios of area. The other rules are those of Accelergy's component library, whose
exponent of the depth was read off CACTI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from accelax.components.estimate import Attribute
from accelax.components.numbers import Number, interpolate, is_plain, maximum, minimum, namespace, sqrt

NodeWeights = Literal["straight", "reversed", "nearest"]
"""How a node between two of the table is weighted: linearly; with the two weights exchanged, as Accelergy's component
library does since 2024; or as the nearest node of the table, as that library did in 2023."""

NODES = (7.0, 10.0, 14.0, 16.0, 20.0, 32.0, 45.0, 65.0, 90.0, 130.0)
"""The nodes of the tables in nm, ascending."""
NOMINAL_V = 0.8
"""The supply at which nodes are compared when none is named."""
DEPTH_EXPONENT = 1.56 / 2
"""Energy per access of a memory goes as the depth to this power: twice the entries take 1.56 / 2 * 2 of the energy."""

_ENERGY = np.array(
    [
        # a, b, c of E = a V² + b V + c
        [0.1776, -0.09097, 0.02447],  # 7 nm
        [0.2068, -0.09311, 0.02375],
        [0.2363, -0.09675, 0.02239],
        [0.2958, -0.1241, 0.03024],
        [0.373, -0.1582, 0.04104],
        [0.9559, -0.7823, 0.471],
        [1.103, -0.362, 0.2767],
        [3.755, -4.398, 1.975],
        [4.762, -4.781, 2.092],
        [7.171, -6.709, 2.904],  # 130 nm
    ]
)
_AREA = np.array(
    [
        # to 7, 10, 14, 16, 20, 32, 45, 65, 90, 130 nm
        [1, 1.7, 2.9, 3.2, 3.6, 7.8, 17, 25, 48, 110],  # from 7 nm
        [0.58, 1, 1.7, 1.9, 2.1, 4.5, 9.8, 15, 28, 63],
        [0.34, 0.59, 1, 1.1, 1.2, 2.7, 5.8, 8.7, 16, 37],
        [0.31, 0.54, 0.91, 1, 1.1, 2.4, 5.3, 7.9, 15, 34],
        [0.28, 0.48, 0.82, 0.89, 1, 2.2, 4.7, 7.1, 13, 30],
        [0.13, 0.22, 0.38, 0.41, 0.46, 1, 2.2, 3.3, 6.1, 14],
        [0.059, 0.1, 0.17, 0.19, 0.21, 0.46, 1, 1.5, 2.8, 6.4],
        [0.039, 0.068, 0.12, 0.13, 0.14, 0.31, 0.66, 1, 1.9, 4.3],
        [0.021, 0.036, 0.061, 0.067, 0.075, 0.16, 0.35, 0.53, 1, 2.3],
        [0.0092, 0.016, 0.027, 0.03, 0.033, 0.072, 0.16, 0.23, 0.44, 1],
    ]
)
_MIDDLES = [(one + next_one) / 2 for one, next_one in pairwise(NODES)]
_NEAREST = tuple(np.ravel([(np.nextafter(low, 1e9), high) for low, high in pairwise((0.0, *_MIDDLES, 1e9))]))
"""The ends of the interval around each node in which it is the nearest, ascending."""
_weights: ContextVar[NodeWeights] = ContextVar("node_weights", default="straight")


SUPPLY = Attribute("V", valid=(0.5, 1.3))
"""The supply of logic, in the range of the quadratics; nominal where none is stated."""


@contextmanager
def node_weights(weights: NodeWeights) -> Iterator[None]:
    """Scale between nodes of the table as ``weights`` says, for the length of a block.

    This is the compatibility switch for figures that were made with the reference tools; without it, a node between
    two of the table is interpolated linearly.

    Raises:
        ValueError: there is no such rule.

    >>> with node_weights("reversed"):
    ...     round(float(energy_scale(40, 45)), 3)
    1.265
    """
    if weights not in get_args(NodeWeights):
        raise ValueError(f"node weights are one of {', '.join(get_args(NodeWeights))}, not {weights!r}")
    token = _weights.set(weights)
    try:
        yield
    finally:
        _weights.reset(token)


def energy_scale(source: Number, target: Number, voltage: Number = NOMINAL_V) -> Number:
    """Energy per operation at node ``target`` over that at ``source`` (nm): E(target) / E(source) at one ``voltage``.

    E = a V² + b V + c with the coefficients of the node; a node between two of the table lies on the straight line
    between their energies. Beyond the ends of the table, energy goes with the square root of the node.

    >>> round(float(energy_scale(45, 32)), 4)
    0.6593
    """
    return _energy_at(target, voltage) / _energy_at(source, voltage)


def _energy_at(node: Number, voltage: Number) -> Number:
    """Stillmaker and Baas's energy of a node at a voltage, up to a factor that all nodes share."""
    return _remembered(_energy_law, node, voltage)


def _energy_law(node: Number, voltage: Number, rule: NodeWeights) -> Number:
    """a V² + b V + c with the coefficients of the nodes around ``node``, and the root of the node beyond the table."""
    found = _shares(node, rule) @ _ENERGY
    a, b, c = found[..., 0], found[..., 1], found[..., 2]
    return (a * voltage**2 + b * voltage + c) * sqrt(_beyond(node))


def supply_energy_scale(technology: Number, voltage: Number, nominal: Number = NOMINAL_V) -> Number:
    """Energy per operation at the supply ``voltage`` over that at ``nominal`` (V), both at one node.

    >>> round(float(supply_energy_scale(45, 1.0)), 3)
    1.469
    """
    return _energy_at(technology, voltage) / _energy_at(technology, nominal)


def logic_energy_scale(source: Number, technology: Number, voltage: Number = NOMINAL_V) -> Number:
    """Energy of logic at ``technology`` and ``voltage`` over that at the node ``source`` and the nominal supply.

    >>> round(float(logic_energy_scale(45, 32)), 4)
    0.6593
    """
    return energy_scale(source, technology) * supply_energy_scale(technology, voltage)


def area_scale(source: Number, target: Number) -> Number:
    """Area at node ``target`` over that at ``source`` (nm): the table of ratios, bilinear between its nodes.

    A bilinear mean of ratios is not 1 from a node to itself, so it is divided by the geometric mean of what it says of
    the two nodes alone; the reference tools, and so the other :func:`node_weights`, leave it as it is. Beyond the ends
    of the table, area goes linearly with the node.

    >>> round(float(area_scale(32, 45)), 9), round(float(area_scale(40, 40)), 9)
    (2.2, 1.0)
    """
    return _remembered(_area_law, source, target)


def _area_law(source: Number, target: Number, rule: NodeWeights) -> Number:
    """The table's ratio between two nodes; straight weights are mended so that a node's ratio to itself is 1."""
    before, after = _shares(source, rule), _shares(target, rule)
    ratio = (before @ _AREA * after).sum(-1)
    if rule == "straight":
        ratio = ratio / sqrt((before @ _AREA * before).sum(-1) * (after @ _AREA * after).sum(-1))
    return ratio * _beyond(target) / _beyond(source)


def leakage_scale(source: Number, target: Number, voltage: Number = NOMINAL_V) -> Number:
    """Leakage power at node ``target`` over that at ``source``: taken to go as the energy per operation does.

    >>> round(float(leakage_scale(45, 32)), 4)
    0.6593
    """
    return energy_scale(source, target, voltage)


def latency_scale(source: Number, target: Number) -> Number:
    """Latency at node ``target`` over that at ``source``: goes linearly with the node.

    >>> latency_scale(40, 20)
    0.5
    """
    return target / source


def voltage_energy_scale(source: Number, target: Number) -> Number:
    """Energy at the supply ``target`` over that at ``source`` (V): C V².

    >>> voltage_energy_scale(0.5, 1.0)
    4.0
    """
    return (target / source) ** 2


def depth_energy_scale(source: Number, target: Number) -> Number:
    """Energy per access of a memory of ``target`` entries over that of one of ``source``; area goes linearly.

    >>> round(float(depth_energy_scale(64, 128)), 3)
    1.717
    """
    return (target / source) ** DEPTH_EXPONENT


def resolution_scale(source: Number, target: Number) -> Number:
    """Energy, area and leakage of a converter of ``target`` bits over those of one of ``source``: 2 per bit.

    >>> resolution_scale(6, 8)
    4
    """
    return 2 ** (target - source)


def _remembered(law: Callable[..., Number], one: Number, other: Number) -> Number:
    """A law of two numbers under the rule in force; of ordinary numbers, the same is computed once."""
    if is_plain(one) and is_plain(other):
        return _of_plain(law, float(one), float(other), _weights.get())
    return law(one, other, _weights.get())


@lru_cache(maxsize=4096)
def _of_plain(law: Callable[..., Number], one: float, other: float, rule: NodeWeights) -> float:
    """A law of two ordinary numbers, remembered."""
    return float(law(one, other, rule))


def _shares(node: Number, rule: NodeWeights) -> Number:
    """The weight of each node of the table in the values at ``node``, by a rule; they add up to 1.

    They are along a last axis, after those of ``node``.
    """
    order = tuple(range(len(NODES)))
    if rule == "nearest":
        position = interpolate(node, _NEAREST, tuple(np.repeat(order, 2)))
    else:
        position = interpolate(node, NODES, order)
    space = namespace(position)
    if rule == "reversed":
        position = space.floor(position) + space.ceil(position) - position
    return maximum(1.0 - space.abs(space.asarray(position)[..., None] - np.asarray(order)), 0.0)


def _beyond(node: Number) -> Number:
    """How far a node lies beyond the ends of the table, as a ratio: 0.5 for 3.5 nm, 1 within, 2 for 260 nm.

    Nothing gets smaller below 1 nm.
    """
    return minimum(maximum(node, 1.0) / NODES[0], 1.0) * maximum(node / NODES[-1], 1.0)
