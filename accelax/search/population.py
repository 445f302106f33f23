"""Many hill climbers side by side, on the device.

A step gives every climber some children, which the caller evaluates, and lets each climber move to its best child
unless it is worse. A climber without a mapping has children drawn at random instead of mutated ones, so the first step
and a restart are compiled together with all others.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from accelax.encode.level_mapspace import (
    Genome,
    Layout,
    LevelSpace,
    draw,
    express,
    shift_factor,
)

CLIMBERS = 1024
CHILDREN = 8
RESTART_EVERY = 32
HOTTEST = 0.7
"""A climber takes a child that is worse by up to a random amount, of mean ``HOTTEST`` (in log objective) for the last
climber and next to nothing for the first: a better use of the lanes may lie behind a step that leaves lanes idle."""


@struct.dataclass
class Climbers:
    """``genome`` leaves ``[CLIMBERS, ...]``; ``score`` ``[criteria, CLIMBERS]``, infinite without a mapping."""

    genome: Genome
    score: jax.Array
    key: jax.Array
    steps: jax.Array


def newcomers(space: LevelSpace, seed: int, criteria: int) -> Climbers:
    """Climbers that have no mapping yet."""
    ranks, (levels, tensors) = space.factors.shape[0], space.keep_probability.shape
    loops = jnp.ones((CLIMBERS, levels, ranks))
    genome = Genome(loops, loops, jnp.zeros((CLIMBERS, levels), int), jnp.ones((CLIMBERS, levels, tensors)))
    score = jnp.full((criteria, CLIMBERS), jnp.inf, float)
    return Climbers(genome, score, jax.random.key(seed, impl="rbg"), jnp.zeros((), int))


@jax.jit
def breed(space: LevelSpace, climbers: Climbers) -> tuple[Climbers, Genome, Layout]:
    """The children of all climbers, ``CHILDREN`` of each next to each other: genomes, and the mappings they mean."""
    key, own, fresh_key = jax.random.split(climbers.key, 3)
    parents = jax.tree.map(lambda leaf: jnp.repeat(leaf, CHILDREN, axis=0), climbers.genome)
    fresh = draw(space, fresh_key, CLIMBERS * CHILDREN)
    new = jnp.repeat(climbers.score[0] == jnp.inf, CHILDREN)
    children = _choose(new, fresh, _mutate(space, parents, fresh, own))
    return climbers.replace(key=key), children, express(children)  # type: ignore[attr-defined]


@jax.jit
def select(climbers: Climbers, children: Genome, table: jax.Array) -> Climbers:
    """Every climber moves to its best child unless it is worse; ``table`` are the children's scores."""
    families = table.reshape(-1, CLIMBERS, CHILDREN)
    pick = _first_best(families)
    score = jnp.take_along_axis(families, pick[None, :, None], axis=2)[:, :, 0]
    chance = jax.random.exponential(jax.random.fold_in(climbers.key, 1), (CLIMBERS,))
    slack = HOTTEST * (jnp.arange(CLIMBERS) / CLIMBERS) ** 2 * chance
    better = _no_worse(score.at[0].add(-slack), climbers.score)
    index = jnp.arange(CLIMBERS) * CHILDREN + pick
    genome = _choose(better, jax.tree.map(lambda leaf: leaf[index], children), climbers.genome)
    moved = Climbers(genome, jnp.where(better, score, climbers.score), climbers.key, climbers.steps + 1)
    return _restart_worst(moved, jnp.lexsort(tuple(moved.score[::-1])))


def _choose(condition: jax.Array, new: Genome, old: Genome) -> Genome:
    """Genomes of ``new`` where ``condition`` ``[n]`` holds, of ``old`` elsewhere."""
    return jax.tree.map(lambda a, b: jnp.where(condition.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old)


def _first_best(score: jax.Array) -> jax.Array:
    """The place of the lexicographically smallest column along the last axis of ``[criteria, n, m]``: ``[n]``."""
    leading = jnp.ones(score.shape[1:], bool)
    for row in score:
        leading &= row == jnp.where(leading, row, jnp.inf).min(axis=-1, keepdims=True)
    return jnp.argmax(leading, axis=-1)


def _no_worse(new: jax.Array, old: jax.Array) -> jax.Array:
    """Whether ``new`` is lexicographically at most ``old``, both ``[criteria, n]``."""
    verdict = jnp.ones(new.shape[1:], bool)
    for a, b in reversed(list(zip(new, old, strict=True))):
        verdict = (a < b) | ((a == b) & verdict)
    return verdict


def _mutate(space: LevelSpace, parents: Genome, fresh: Genome, key: jax.Array) -> Genome:
    """Copies in which prime factors moved between levels and a few other genes are those of ``fresh``."""
    n, levels, ranks = parents.factor.shape
    tensors = parents.keep.shape[2]
    widths = (4, 4, 2, ranks, levels * ranks, levels, levels * tensors)
    chances = jax.random.uniform(key, (n, sum(widths)))
    first, second, kind, redraw, loop, split, keep = jnp.split(chances, np.cumsum(widths)[:-1], axis=1)
    factor = jnp.where(kind[:, :1, None] < 0.8, shift_factor(space, parents.factor, first), parents.factor)
    factor = jnp.where(kind[:, 1:, None] < 0.4, shift_factor(space, factor, second), factor)
    return Genome(
        factor=jnp.where(redraw[:, None, :] < 0.3 / ranks, fresh.factor, factor),
        key=jnp.where(loop.reshape(n, levels, ranks) < 2.0 / (levels * ranks), fresh.key, parents.key),
        split=jnp.where(split < 0.3 / levels, fresh.split, parents.split),
        keep=jnp.where(keep.reshape(n, levels, tensors) < 0.5 / levels, fresh.keep, parents.keep),
    )


def _restart_worst(climbers: Climbers, order: jax.Array) -> Climbers:
    """Every few steps the worst quarter goes: half of it to copies of the best, half to newcomers."""
    eighth = CLIMBERS // 8
    source = order.at[CLIMBERS - 2 * eighth : CLIMBERS - eighth].set(order[:eighth])
    score = climbers.score[:, source].at[:, CLIMBERS - eighth :].set(jnp.inf)
    due = climbers.steps % RESTART_EVERY == 0
    genome = jax.tree.map(lambda leaf: jnp.where(due, leaf[source], leaf), climbers.genome)
    return climbers.replace(genome=genome, score=jnp.where(due, score, climbers.score))  # type: ignore[attr-defined]
