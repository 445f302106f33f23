"""Solve the relaxation of all classes together: one compiled loop of Adam over a batch of them.

The shares that the slots of a rank have of its bound are the softmax of free parameters, so that the factors always
multiply to the bound. Limits enter by an augmented Lagrangian; maxima are smooth, with a temperature that falls.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct

from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.search.relaxed.cost import METRICS, price, relaxed_cost
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import Program

STEPS = 100
FASTEST, SLOWEST = 0.3, 0.01
"""Learning rates of Adam, at the start and at the end, in logits."""
HOTTEST, COOLEST = 0.5, 0.02
"""Temperatures of the maxima, in logarithms of words and cycles."""
STIFFNESS = 4.0
"""The augmented Lagrangian's penalty on squared excess, in objective over log excess squared."""
SHUT = 1e-9
"""Slots with less room than this are fixed."""


@struct.dataclass
class RelaxedOptimum:
    """Where the solver stopped: ``x`` ``[n, N]`` log factors, ``multipliers`` ``[n, G]``. Optimal or not: any will do.

    ``temperature`` is that of the weights of the maxima which belong to them.
    """

    x: Any
    multipliers: Any
    temperature: Any


@partial(jax.jit, static_argnames=("structure", "steps"))
def solve(
    structure: LevelStructure,
    hardware: LevelHardware,
    shared: Shared,
    programs: Program,
    weight: Any,
    steps: int = STEPS,
) -> RelaxedOptimum:
    """Minimise ``weight . logs`` over every class of ``programs`` (leaves ``[n, ...]``); ``weight`` ``[3]``."""
    prices = price(structure, hardware, shared)
    rate = optax.cosine_decay_schedule(FASTEST, steps, SLOWEST / FASTEST)
    optimiser = optax.adam(rate, b1=0.9, b2=0.95)

    def point(program: Program, z: Any) -> Any:
        return shares(shared, program, z)

    def lagrangian(program: Program, z: Any, multipliers: Any, temperature: Any) -> tuple[Any, Any]:
        x = point(program, z)
        cost = relaxed_cost(structure, prices, shared, program, x, temperature)
        limits = jnp.concatenate([cost.excess, x - program.upper])
        pressed = jnp.maximum(multipliers + STIFFNESS * limits, 0.0)
        return weight @ cost.logs + jnp.sum(pressed**2 - multipliers**2) / (2.0 * STIFFNESS), pressed

    def every(programs: Program, z: Any, multipliers: Any, temperature: Any) -> tuple[Any, Any]:
        value, pressed = jax.vmap(lagrangian, in_axes=(0, 0, 0, None))(programs, z, multipliers, temperature)
        return jnp.sum(value), pressed

    def step(carry: tuple[Any, Any, Any], progress: Any) -> tuple[tuple[Any, Any, Any], None]:
        z, multipliers, state = carry
        temperature = HOTTEST * (COOLEST / HOTTEST) ** progress
        slope, pressed = jax.grad(every, argnums=1, has_aux=True)(programs, z, multipliers, temperature)
        updates, state = optimiser.update(slope, state)
        multipliers = multipliers + 0.1 * (pressed - multipliers)
        return (optax.apply_updates(z, updates), multipliers, state), None  # type: ignore[return-value]

    count, slots = programs.lower.shape
    limits = jax.eval_shape(
        lambda p: lagrangian(p, p.lower, jnp.zeros(()), 1.0)[1], jax.tree.map(lambda a: a[0], programs)
    )
    start = jnp.zeros((count, slots)), jnp.zeros((count, limits.shape[0]))
    carry = (*start, optimiser.init(start[0]))
    progress = jnp.minimum(jnp.arange(steps) / (0.8 * steps), 1.0)
    (z, multipliers, _), _ = jax.lax.scan(step, carry, progress)
    _, pressed = every(programs, z, multipliers, COOLEST)
    return RelaxedOptimum(
        x=jax.vmap(point)(programs, z),
        multipliers=pressed[:, : limits.shape[0] - slots],
        temperature=jnp.full(count, COOLEST),
    )


def shares(shared: Shared, program: Program, z: Any) -> Any:
    """Log factors ``[N]`` whose sum over a rank is the logarithm of its bound, from free parameters ``z`` ``[N]``."""
    open_slots = program.upper - program.lower > SHUT
    room = shared.bounds - shared.rank @ program.lower
    level = jnp.max(jnp.where(shared.rank > 0, jnp.where(open_slots, z, -jnp.inf), -jnp.inf), axis=1)
    level = jnp.where(jnp.isfinite(level), level, 0.0)
    raised = jnp.where(open_slots, jnp.exp(jnp.where(open_slots, z, 0.0) - shared.rank.T @ level), 0.0)
    total = shared.rank @ raised
    total = jnp.where(total > 0, total, 1.0)
    return program.lower + raised * (shared.rank.T @ (room / total))


def objective_weights(criterion: tuple[tuple[str, float], ...]) -> np.ndarray:
    """``[3]``: the exponent of each of ``METRICS`` in a criterion; the energy-delay product is 1 of each.

    >>> objective_weights((("edp", 1.0), ("energy", 0.5))).tolist()
    [1.5, 1.0, 0.0]
    """
    weight = np.zeros(len(METRICS))
    for name, power in criterion:
        for part in ("energy", "delay") if name == "edp" else (name,):
            weight[METRICS.index(part)] += power
    return weight
