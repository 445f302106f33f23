"""A lower bound for a whole class from any relaxed point: the Frank-Wolfe gap of the Lagrangian.

With weights of the maxima held constant, ``L(x) = weight . logs(x) + multipliers . excess(x)`` is convex for any
multipliers of at least 0. So for every integer mapping of the class, at ``y``, which fits (``excess <= 0``),

    weight . logs(y) >= L(y) >= L(x) + grad L(x) . (y - x) >= L(x) - max_y grad L(x) . (x - y)

where ``y`` ranges over all log factors between their bounds that add up to the logarithm of each rank's bound. No
solver has to have converged: a bad point only gives a weak bound. Everything is computed in float64.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.model.levels.arrays import LevelStructure
from accelax.search.relaxed.cost import Prices, relaxed_cost
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import REACH, Program
from accelax.search.relaxed.solve import RelaxedOptimum

OUTWARD = 1e-9
"""Bounds are lowered by this, relatively: far more than float64 can be off."""
LARGEST = 600.0
"""Logarithms of bounds are cut off here."""


def widened(leaf: Any) -> Any:
    """A leaf in float64 (integers stay)."""
    array = np.asarray(leaf)
    return jnp.asarray(array if array.dtype.kind in "iu" else array.astype(float))


def without_offsets(floors: np.ndarray, offsets: np.ndarray, weight: np.ndarray, least: np.ndarray) -> np.ndarray:
    """``[n]`` bounds of the objective ``prod (exp(log) - offset) ** weight`` from floors of ``weight . logs``.

    ``least`` ``[n, 3]`` are lower bounds of the metrics before offsets are taken off: ``P - C >= P (1 - C / least)``.
    Of one metric alone the offset is simply taken off.

    >>> without_offsets(np.log([6.0]), np.array([[2.0, 0, 0]]), np.array([1.0, 0, 0]), np.ones((1, 3)))
    array([4.])
    """
    used = np.flatnonzero(weight > 0)
    if len(used) == 1:
        power = weight[used[0]]
        whole = np.exp(np.minimum(floors / power, LARGEST))
        return np.maximum(whole - offsets[:, used[0]], 0.0) ** power * (1.0 - OUTWARD)
    shares = offsets / np.maximum(np.maximum(least, offsets), np.finfo(float).tiny)
    factors = (1.0 - shares) ** np.where(weight > 0, weight, 0.0)
    return np.exp(np.minimum(floors, LARGEST)) * factors.prod(axis=1) * (1.0 - OUTWARD)


def log_floor(
    structure: LevelStructure,
    prices: Prices,
    shared: Shared,
    program: Program,
    weight: Any,
    at: RelaxedOptimum,
) -> tuple[Any, Any]:
    """``(floor, offsets)`` of one class: the module's bound at ``at`` (leaves without a leading axis)."""

    def lagrangian(x: Any) -> tuple[Any, Any]:
        cost = relaxed_cost(structure, prices, shared, program, x, at.temperature)
        return weight @ cost.logs + jnp.maximum(at.multipliers, 0.0) @ cost.excess, cost.offsets

    (value, offsets), slope = jax.value_and_grad(lagrangian, has_aux=True)(at.x)
    return value - slope @ at.x + lowest(shared, program, slope), offsets


def lowest(shared: Shared, program: Program, slope: Any) -> Any:
    """The least ``slope . y`` over log factors ``y`` between their bounds that add up for each rank.

    Every rank is filled up from its lower bounds, cheapest slot first. Infinite where a rank's bound is out of reach.
    """
    order = jnp.argsort(slope)
    price, width = slope[order], (program.upper - program.lower)[order]
    rank = jnp.asarray(shared.rank)
    room = rank[:, order] * width
    left = jnp.asarray(shared.bounds) - rank @ program.lower
    before = jnp.cumsum(room, axis=1) - room
    taken = jnp.clip(left[:, None] - before, 0.0, room)
    short = jnp.any(jnp.sum(room, axis=1) < left - REACH)
    return jnp.where(short, jnp.inf, slope @ program.lower + jnp.sum(taken @ price))
