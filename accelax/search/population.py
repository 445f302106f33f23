"""Many hill climbers side by side: a simple search that runs on the device in chunks."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from accelax.encode.level_mapspace import Genome, draw, express
from accelax.search.objective import Objective, scores

CLIMBERS = 1024
CHILDREN = 8
STEPS = 4
UNFIT = 1e6
"""Added to the score of a mapping that does not fit: among those, the smallest violation wins."""


@struct.dataclass
class Climbers:
    """``genome`` leaves ``[CLIMBERS, ...]`` and the ``score`` of each, smaller is better."""

    genome: Genome
    score: jax.Array
    key: jax.Array


def fitness(problem: Any, space: Any, genome: Genome, objective: Objective) -> jax.Array:
    """The score of each genome: its log objective, or ``UNFIT`` plus its violation when it does not fit."""
    value, violation = scores(problem, express(space, genome), objective)
    return jnp.where(violation > 0, UNFIT + jnp.log1p(violation), value)


@partial(jax.jit, static_argnames="objective")
def start(problem: Any, space: Any, key: jax.Array, objective: Objective) -> Climbers:
    """Random climbers, the best of eight draws each."""
    first, rest = jax.random.split(key)
    genome = draw(space, first, CLIMBERS * CHILDREN)
    score = fitness(problem, space, genome, objective)
    best = jnp.argsort(score)[:CLIMBERS]
    return Climbers(jax.tree.map(lambda leaf: leaf[best], genome), score[best], rest)


@partial(jax.jit, static_argnames="objective")
def climb(problem: Any, space: Any, climbers: Climbers, objective: Objective) -> Climbers:
    """Some steps: every climber tries mutated copies of itself and takes the best; then the worst start elsewhere."""
    climbers = jax.lax.fori_loop(0, STEPS, lambda _, c: _step(problem, space, c, objective), climbers)
    return _restart_worst(problem, space, climbers, objective)


def _step(problem: Any, space: Any, climbers: Climbers, objective: Objective) -> Climbers:
    """Each climber moves to the best of its children unless all are worse."""
    key, own = jax.random.split(climbers.key)
    parents = jax.tree.map(lambda leaf: jnp.repeat(leaf, CHILDREN, axis=0), climbers.genome)
    children = _mutate(space, parents, own)
    score = fitness(problem, space, children, objective).reshape(CLIMBERS, CHILDREN)
    pick = jnp.argmin(score, axis=1)
    index = jnp.arange(CLIMBERS) * CHILDREN + pick
    best = jnp.take_along_axis(score, pick[:, None], axis=1)[:, 0]
    better = best <= climbers.score

    def choose(new: jax.Array, old: jax.Array) -> jax.Array:
        return jnp.where(better.reshape(-1, *[1] * (old.ndim - 1)), new[index], old)

    return Climbers(jax.tree.map(choose, children, climbers.genome), jnp.where(better, best, climbers.score), key)


def _mutate(space: Any, parents: Genome, key: jax.Array) -> Genome:
    """Copies with a few genes drawn afresh; a factorization may also step to a near row of its table."""
    fresh_key, mask_key, near_key, rate_key = jax.random.split(key, 4)
    n = parents.row.shape[0]
    fresh = draw(space, fresh_key, n)
    step = jax.random.randint(near_key, parents.row.shape, -2, 3)
    near = jnp.mod(parents.row + step, jnp.asarray(space.n_factors))
    rate = jax.random.choice(rate_key, jnp.array([0.05, 0.15, 0.35]), (n,))
    keys = jax.random.split(mask_key, 6)
    jump = jax.random.bernoulli(keys[0], 0.5, parents.row.shape)

    def mask(k: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jax.random.bernoulli(k, rate.reshape(-1, *[1] * (len(shape) - 1)), shape)

    level = mask(keys[2], (*parents.key.shape[:2], 1))
    return Genome(
        row=jnp.where(mask(keys[1], parents.row.shape), jnp.where(jump, fresh.row, near), parents.row),
        key=jnp.where(level, fresh.key, parents.key),
        split=jnp.where(mask(keys[3], parents.split.shape), fresh.split, parents.split),
        keep=jnp.where(mask(keys[4], parents.keep.shape), fresh.keep, parents.keep),
    )


def _restart_worst(problem: Any, space: Any, climbers: Climbers, objective: Objective) -> Climbers:
    """Replace the worst quarter: half by copies of the best, half by fresh draws."""
    key, own = jax.random.split(climbers.key)
    order = jnp.argsort(climbers.score)
    sorted_genome = jax.tree.map(lambda leaf: leaf[order], climbers.genome)
    score = climbers.score[order]
    quarter, eighth = CLIMBERS // 4, CLIMBERS // 8
    fresh = draw(space, own, eighth)
    genome = jax.tree.map(
        lambda old, new: jnp.concatenate([old[: CLIMBERS - quarter], old[:eighth], new]), sorted_genome, fresh
    )
    fresh_score = fitness(problem, space, fresh, objective)
    return Climbers(genome, jnp.concatenate([score[: CLIMBERS - quarter], score[:eighth], fresh_score]), key)
