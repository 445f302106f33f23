"""Sharpen relaxed optima by Newton's method, so that their certificates are nearly as good as the optimum itself.

A point that is off by a little costs the Frank-Wolfe bound in proportion, and Adam stays off by a little. The limits
enter by an augmented Lagrangian whose multipliers follow after every step, the bounds of the factors by a logarithmic
barrier that fades, and the products over each rank as equations of the Newton system.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.search.relaxed.certificate import log_floor
from accelax.search.relaxed.cost import Prices, price, relaxed_cost, smooth_maximum
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import Program
from accelax.search.relaxed.solve import COOLEST, SHUT, RelaxedOptimum

STEPS = 45
STRONGEST, WEAKEST = 0.3, 1e-4
"""Weights of the barrier, at the start and at the end."""
WARMEST = 0.3
"""Temperature of the maxima at the start; at the end it is that of the solver."""
STIFFNESS = 10.0
SHORTENED = (1.0, 0.5, 0.2, 0.05, 0.01)
"""Fractions of the full step that are tried; the best is taken."""
MARGIN = 0.9
"""A step goes at most this far towards the nearest bound."""
RIDGE = 1e-7
"""Added to the Hessian's diagonal."""


@partial(jax.jit, static_argnames=("structure", "steps"))
def polish(
    structure: LevelStructure,
    hardware: LevelHardware,
    shared: Shared,
    programs: Program,
    weight: Any,
    start: RelaxedOptimum,
    steps: int = STEPS,
) -> tuple[RelaxedOptimum, Any, Any]:
    """Improve ``start`` for every class of ``programs`` (leaves ``[n, ...]``). Meant for float64.

    Returns the points with the best bounds that were met, these bounds of ``weight . logs`` ``[n]`` (see
    :func:`~accelax.search.relaxed.certificate.log_floor`), and the offsets ``[n, 3]`` that are not yet taken off.
    """
    prices = price(structure, hardware, shared)
    fading = jnp.minimum(jnp.arange(steps) / (0.7 * steps), 1.0)

    def one(program: Program, at: RelaxedOptimum) -> tuple[RelaxedOptimum, Any, Any]:
        newton = _Newton(structure, prices, shared, program, weight)

        def step(carry: tuple[Any, Any, Any, Any], progress: Any) -> tuple[tuple[Any, Any, Any, Any], None]:
            x, multipliers, best, highest = carry
            barrier = STRONGEST * (WEAKEST / STRONGEST) ** progress
            temperature = WARMEST * (COOLEST / WARMEST) ** progress
            x = newton.step(x, multipliers, barrier, temperature)
            multipliers = newton.pressed(x, multipliers, temperature)
            here = RelaxedOptimum(x, multipliers, temperature)
            floor = log_floor(structure, prices, shared, program, weight, here)[0]
            better = floor > highest
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), here, best)
            return (x, multipliers, best, jnp.where(better, floor, highest)), None

        start = newton.inside(at.x), at.multipliers, at, jnp.full((), -jnp.inf)
        (_, _, best, floor), _ = jax.lax.scan(step, start, fading)
        return best, floor, relaxed_cost(structure, prices, shared, program, best.x, COOLEST).offsets

    return jax.vmap(one)(programs, start)


class _Newton:
    """Newton steps for one class."""

    def __init__(self, structure: LevelStructure, prices: Prices, shared: Shared, program: Program, weight: Any):
        self.structure, self.prices, self.shared = structure, prices, shared
        self.program, self.weight = program, weight
        self.open = program.upper - program.lower > SHUT
        self.rank = jnp.where(self.open, shared.rank, 0.0)

    def pressed(self, x: Any, multipliers: Any, temperature: Any) -> Any:
        """The multipliers that the augmented Lagrangian's slope at ``x`` amounts to."""
        return jnp.maximum(multipliers + STIFFNESS * self._cost(x, temperature).excess, 0.0)

    def _cost(self, x: Any, temperature: Any) -> Any:
        arguments = self.structure, self.prices, self.shared, self.program, x, temperature
        return relaxed_cost(*arguments, maximum=smooth_maximum)

    def _merit(self, x: Any, multipliers: Any, barrier: Any, temperature: Any) -> Any:
        """The augmented Lagrangian with the barrier."""
        cost = self._cost(x, temperature)
        pressed = jnp.maximum(multipliers + STIFFNESS * cost.excess, 0.0)
        room = jnp.where(self.open, (x - self.program.lower) * (self.program.upper - x), 1.0)
        walls = -barrier * jnp.sum(jnp.log(room))
        return self.weight @ cost.logs + jnp.sum(pressed**2) / (2.0 * STIFFNESS) + walls

    def inside(self, x: Any) -> Any:
        """``x`` moved to the inside of its bounds, with the right sums."""
        low, high = self.program.lower, self.program.upper
        middle = self._fitted(0.5)
        return jnp.where(self.open, 0.9 * jnp.clip(x, low, high) + 0.1 * middle, low)

    def _fitted(self, share: float) -> Any:
        """The point that lies equally far between the bounds along every slot of a rank."""
        low, high = self.program.lower, self.program.upper
        width = jnp.maximum(self.rank @ (high - low), SHUT)
        part = (self.shared.bounds - self.shared.rank @ low) / width
        return low + (high - low) * (self.rank.T @ part)

    def step(self, x: Any, multipliers: Any, barrier: Any, temperature: Any) -> Any:
        """One damped step."""

        def slopes(x: Any) -> tuple[Any, Any]:
            slope = jax.grad(self._merit)(x, multipliers, barrier, temperature)
            return slope, slope

        curvature, slope = jax.jacfwd(slopes, has_aux=True)(x)
        both = self.open[:, None] & self.open[None, :]
        matrix = jnp.where(both, curvature, 0.0) + jnp.diag(jnp.where(self.open, RIDGE, 1.0))
        slope = jnp.where(self.open, slope, 0.0)
        miss = jnp.where(self.open, self.shared.rank, 0.0) @ (x - self.program.lower) - (
            self.shared.bounds - self.shared.rank @ self.program.lower
        )
        solved = jnp.linalg.solve(matrix, jnp.concatenate([slope[:, None], self.rank.T], axis=1))
        system = self.rank @ solved[:, 1:]
        idle = jnp.sum(self.rank, axis=1) == 0
        system = system + jnp.diag(jnp.where(idle, 1.0, 0.0))
        forces = jnp.linalg.solve(system, jnp.where(idle, 0.0, miss - self.rank @ solved[:, 0]))
        move = -solved[:, 0] - solved[:, 1:] @ forces
        move = jnp.where(jnp.isfinite(move), move, 0.0)
        reach = jnp.where(move > 0, (self.program.upper - x) / move, (self.program.lower - x) / move)
        reach = jnp.min(jnp.where(self.open & (move != 0), reach, jnp.inf))
        longest = jnp.minimum(1.0, MARGIN * reach)
        lengths = jnp.array([*SHORTENED, 0.0]) * longest
        merits = jax.vmap(lambda length: self._merit(x + length * move, multipliers, barrier, temperature))(lengths)
        return x + lengths[jnp.argmin(jnp.where(jnp.isfinite(merits), merits, jnp.inf))] * move
