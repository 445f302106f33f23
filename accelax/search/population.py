"""Many hill climbers side by side, on the device.

A step gives every climber some children, which the caller evaluates, and lets each climber move to its best child
unless it is worse. Strangers, drawn at random, stand in for the children of climbers that have no mapping: of all at
first, and now and then of the worst.

Random numbers, children and selection are compiled apart: XLA on CPUs merges producers into each of their readers, and
would compute random numbers once for each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from accelax.encode.level_genome import Genome, draw, on_x, residuals
from accelax.encode.level_mapspace import Layout, LevelSpace
from accelax.encode.level_moves import WORDS, Changes, decide, new_factors, new_keeps, new_places, new_splits

CLIMBERS = 1024
CHILDREN = 8
RESTART_EVERY = 32
HOTTEST = 0.7
"""A climber takes a child that is worse by up to a random amount, of mean ``HOTTEST`` (in log objective) for the last
climber and next to nothing for the first: a better use of the lanes may lie behind a step that leaves lanes idle."""


NEWCOMERS = CLIMBERS // 8
"""Climbers that a restart replaces by strangers; as many others become copies of the best."""


@dataclass(frozen=True)
class Climbers:
    """``genome`` leaves ``[..., CLIMBERS]``; ``score`` ``[criteria, CLIMBERS]``, infinite without a mapping.

    ``slack`` ``[CLIMBERS]`` is by how much each may get worse at the next selection, ``steps`` counts selections, and
    the last ``strangers`` climbers have no mapping.
    """

    genome: Genome
    score: jax.Array
    key: jax.Array
    slack: jax.Array
    steps: int = 0
    strangers: int = CLIMBERS


def newcomers(space: LevelSpace, seed: int, criteria: int) -> Climbers:
    """Climbers that have no mapping yet."""
    ranks, (levels, tensors) = space.factors.shape[0], space.keep_probability.shape
    loops, none = jnp.ones((levels, ranks, CLIMBERS)), jnp.zeros(CLIMBERS)
    genome = Genome(loops, loops, jnp.zeros((levels, CLIMBERS), int), jnp.ones((levels, tensors, CLIMBERS)))
    score = jnp.full((criteria, CLIMBERS), jnp.inf, float)
    return Climbers(genome, score, jax.random.key(seed, impl="rbg"), none)


def breed(space: LevelSpace, climbers: Climbers) -> tuple[Climbers, Genome, Layout]:
    """The children of all climbers: genomes, and the mappings they mean.

    Child ``c`` of climber ``i`` has the number ``c * CLIMBERS + i``.
    """
    key, own, words, slack = _dice(climbers.key)
    if climbers.strangers == CLIMBERS:
        groups = [_strangers(space, one) for one in jax.random.split(own, CLIMBERS // NEWCOMERS)]
        children = jax.tree.map(lambda *leaves: jnp.concatenate(leaves, axis=-1), *groups)
    else:
        children = _mutants(climbers.genome, _decide(space, climbers.genome, words))
        if climbers.strangers:
            children = _with_strangers(children, _strangers(space, own))
    return replace(climbers, key=key, slack=slack), children, _expressed(space, children)


def select(climbers: Climbers, children: Genome, table: jax.Array) -> Climbers:
    """Every climber moves to its best child unless it is worse; ``table`` are the children's scores.

    Every few steps the worst quarter goes: half of it to copies of the best, half to newcomers.
    """
    genome, score = _moved(climbers.genome, climbers.score, climbers.slack, children, table)
    steps = climbers.steps + 1
    due = steps % RESTART_EVERY == 0
    if due:
        genome, score = _restarted(genome, score)
    return replace(climbers, genome=genome, score=score, steps=steps, strangers=NEWCOMERS if due else 0)


def adopt(climbers: Climbers, genome: Genome, score: jax.Array) -> Climbers:
    """The given mappings take the places of the worst climbers; leaves ``[..., n]``, scores ``[criteria, n]``.

    Of more than there are climbers, the first are taken.
    """
    count = min(score.shape[1], CLIMBERS)
    worst = jnp.lexsort(tuple(climbers.score[::-1]))[CLIMBERS - count :]
    joined = jax.tree.map(lambda old, new: old.at[..., worst].set(new[..., :count]), climbers.genome, genome)
    return replace(climbers, genome=joined, score=climbers.score.at[:, worst].set(score[:, :count]), strangers=0)


def rehearse(space: LevelSpace, climbers: Climbers, children: Genome, table: jax.Array) -> list[jax.Array]:
    """Go through everything that the first steps will do, so that it is compiled: arrays to wait for."""
    almost = replace(climbers, steps=RESTART_EVERY - 1)
    restarted = select(almost, children, table)
    return [*jax.tree.leaves(breed(space, restarted)[1]), restarted.score]


@jax.jit
def _dice(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The next key, one to use, the random words of all mutants, and how much each climber may get worse."""
    key, own, bits = jax.random.split(key, 3)
    size = CLIMBERS * CHILDREN
    drawn = _scrambled(jax.random.bits(bits, (2,)), WORDS * size + CLIMBERS)
    chance = -jnp.log((drawn[WORDS * size :].astype(float) + 1.0) / 2.0**32)
    slack = HOTTEST * (jnp.arange(CLIMBERS) / CLIMBERS) ** 2 * chance
    return key, own, drawn[: WORDS * size].reshape(WORDS, size), slack


def _scrambled(salt: jax.Array, count: int) -> jax.Array:
    """``count`` random words made of two: a counter, scrambled twice (multiply and shift, the constants of lowbias32).

    Far cheaper than the generators of JAX, and even enough to choose mutations by.
    """

    def scramble(x: jax.Array) -> jax.Array:
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            x = (x ^ (x >> shift)) * jnp.uint32(factor)
        return x ^ (x >> 16)

    return scramble(scramble(jnp.arange(count, dtype=jnp.uint32) + salt[0]) ^ salt[1])


def _mutants(parents: Genome, changes: Changes) -> Genome:
    """The mutants, gene by gene: XLA on CPUs takes twice as long for all in one."""
    return Genome(
        _new_factors(parents.factor, changes),
        _new_places(parents.place, changes),
        _new_splits(parents.split, changes),
        _new_keeps(parents.keep, changes),
    )


@jax.jit
def _strangers(space: LevelSpace, key: jax.Array) -> Genome:
    """Random points of the mapspace, as many as newcomers have children."""
    return draw(space, key, NEWCOMERS * CHILDREN)


@jax.jit
def _with_strangers(children: Genome, strangers: Genome) -> Genome:
    """The strangers in the places of the children of the last climbers."""

    def joined(old: jax.Array, new: jax.Array) -> jax.Array:
        families = old.reshape(*old.shape[:-1], CHILDREN, CLIMBERS)
        return families.at[..., -NEWCOMERS:].set(new.reshape(*new.shape[:-1], CHILDREN, NEWCOMERS)).reshape(old.shape)

    return jax.tree.map(joined, children, strangers)


_decide, _on_x, _last = jax.jit(decide), jax.jit(on_x), jax.jit(residuals)
_new_factors, _new_places = jax.jit(new_factors), jax.jit(new_places)
_new_splits, _new_keeps = jax.jit(new_splits), jax.jit(new_keeps)


def _expressed(space: LevelSpace, genome: Genome) -> Layout:
    """The same as :func:`~accelax.encode.level_genome.express`, without copying what is there already."""
    residual = None if space.remainders is None else _last(space, genome)
    return Layout(genome.factor, genome.place, _on_x(genome), genome.keep, residual)


@jax.jit
def _moved(
    genome: Genome, score: jax.Array, slack: jax.Array, children: Genome, table: jax.Array
) -> tuple[Genome, jax.Array]:
    """The genomes and scores of the climbers after a selection."""
    families = jnp.moveaxis(table.reshape(-1, CHILDREN, CLIMBERS), 1, 2)
    pick = _first_best(families)
    best = jnp.take_along_axis(families, pick[None, :, None], axis=2)[:, :, 0]
    better = _no_worse(best.at[0].add(-slack), score)
    index = pick * CLIMBERS + jnp.arange(CLIMBERS)
    moved = jax.tree.map(lambda new, old: jnp.where(better, new[..., index], old), children, genome)
    return moved, jnp.where(better, best, score)


@jax.jit
def _restarted(genome: Genome, score: jax.Array) -> tuple[Genome, jax.Array]:
    """The climbers from best to worst, with copies of the best and newcomers in the places of the worst."""
    order = jnp.lexsort(tuple(score[::-1]))
    source = order.at[CLIMBERS - 2 * NEWCOMERS : CLIMBERS - NEWCOMERS].set(order[:NEWCOMERS])
    genome = jax.tree.map(lambda leaf: leaf[..., source], genome)
    return genome, score[:, source].at[:, CLIMBERS - NEWCOMERS :].set(jnp.inf)


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
