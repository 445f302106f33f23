"""A lower bound for a whole class from any relaxed point: the Frank-Wolfe gap of the Lagrangian.

With weights of the maxima held constant, ``L(x) = weight . logs(x) + multipliers . excess(x)`` is convex for any
multipliers of at least 0. So for every integer mapping of the class, at ``y``, which fits (``excess <= 0``),

    weight . logs(y) >= L(y) >= L(x) + grad L(x) . (y - x) >= L(x) - max_y grad L(x) . (x - y)

where ``y`` ranges over all log factors between their bounds that add up to the logarithm of each rank's bound. No
solver has to have converged: a bad point only gives a weak bound. Everything is computed in float64.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.search.relaxed.cost import relaxed_cost
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import Program
from accelax.search.relaxed.solve import RelaxedOptimum

OUTWARD = 1e-9
"""Bounds are lowered by this, relatively: far more than float64 can be off."""
LARGEST = 600.0
"""Logarithms of bounds are cut off here."""


def log_floors(
    structure: LevelStructure,
    hardware: LevelHardware,
    shared: Shared,
    programs: Program,
    weight: np.ndarray,
    optimum: RelaxedOptimum,
) -> tuple[np.ndarray, np.ndarray]:
    """``(floors, offsets)``: ``[n]`` lower bounds of ``weight . logs`` over each class, and ``[n, 3]``.

    Both in float64, whatever the precision of ``optimum``. A floor is infinite for a class that has no point at all.
    """
    with jax.enable_x64(True):
        wide = jax.tree.map(_wide, (hardware, shared, programs, optimum))
        value, slope, offsets = jax.device_get(_linearised(structure, *wide[:3], _wide(weight), wide[3]))
    x = np.asarray(optimum.x, dtype=float)
    return value + lowest(shared, programs, slope) - (slope * x).sum(axis=1), offsets


def _wide(leaf: Any) -> Any:
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
    shares = np.where(offsets > 0, offsets / np.maximum(least, np.finfo(float).tiny), 0.0)
    factors = np.maximum(1.0 - shares, 0.0) ** np.where(weight > 0, weight, 0.0)
    return np.exp(np.minimum(floors, LARGEST)) * factors.prod(axis=1) * (1.0 - OUTWARD)


@partial(jax.jit, static_argnames="structure")
def _linearised(
    structure: LevelStructure,
    hardware: LevelHardware,
    shared: Shared,
    programs: Program,
    weight: Any,
    at: RelaxedOptimum,
) -> tuple[Any, Any, Any]:
    """``(L, grad L, offsets)`` of each class."""

    def lagrangian(program: Program, x: Any, multipliers: Any, temperature: Any) -> tuple[Any, Any]:
        cost = relaxed_cost(structure, hardware, shared, program, x, temperature)
        return weight @ cost.logs + jnp.maximum(multipliers, 0.0) @ cost.excess, cost.offsets

    def one(program: Program, x: Any, multipliers: Any, temperature: Any) -> tuple[Any, Any, Any]:
        (value, offsets), slope = jax.value_and_grad(lagrangian, argnums=1, has_aux=True)(
            program, x, multipliers, temperature
        )
        return value, slope, offsets

    return jax.vmap(one)(programs, at.x, at.multipliers, at.temperature)


def lowest(shared: Shared, programs: Program, slope: np.ndarray) -> np.ndarray:
    """``[n]``: the least ``slope . y`` over log factors ``y`` between their bounds that add up for each rank.

    Every rank is filled up from its lower bounds, cheapest slot first. Infinite where a rank's bound is out of reach.
    """
    lower, upper = (np.asarray(leaf, dtype=float) for leaf in (programs.lower, programs.upper))
    total = (slope * lower).sum(axis=1)
    for rank, bound in enumerate(np.asarray(shared.bounds)):
        slots = np.flatnonzero(np.asarray(shared.rank)[rank] > 0)
        order = np.argsort(slope[:, slots], axis=1)
        room = np.take_along_axis((upper - lower)[:, slots], order, axis=1)
        price = np.take_along_axis(slope[:, slots], order, axis=1)
        left = bound - lower[:, slots].sum(axis=1)
        before = np.concatenate([np.zeros((len(room), 1)), room.cumsum(axis=1)], axis=1)
        taken = np.clip(left[:, None] - before[:, :-1], 0.0, room) if len(slots) else room
        total += (taken * price).sum(axis=1)
        total = np.where(before[:, -1] < left - 1e-9, np.inf, total)
    return total
