"""Small changes of points of a mapspace, each from a handful of random bits. Everything runs under ``jit``.

Random numbers cost more than anything else here, so a change draws no whole arrays: it picks places. What is to be done
is decided first and done afterwards, in functions that are compiled apart: XLA on CPUs would make every decision once
more for each number of a mapping. A *half* is 16 random bits in the lower part of an unsigned number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from accelax.encode.level_genome import Genome, last_visits
from accelax.encode.level_mapspace import Choices, LevelSpace

WORDS = 15
"""Random 32-bit words that one mutant takes."""
SHIFTS = (0.8, 0.4)
"""How likely a first and a second shift of iterations between two levels are."""
REDRAW = 0.3
"""How likely one rank gets factors drawn anew."""
REORDER = (0.8, 0.6)
SPLIT = 0.3
KEEP = (0.4, 0.3)
"""How likely a loop moves in its level, a fan-out is split elsewhere and a tensor is kept elsewhere, for each try."""
NOWHERE = -1


@struct.dataclass
class Write:
    """``value`` ``[n]`` is to be written at ``place`` ``[n]``, counted over the leading axes of a gene."""

    place: Any
    value: Any


@struct.dataclass
class Reorder:
    """The loop of ``level`` at place ``old`` is to go to place ``new``; all ``[n]``."""

    level: Any
    old: Any
    new: Any

    def moved(self, level: jax.Array, place: jax.Array) -> jax.Array:
        """Where a loop is afterwards that was at ``place`` of ``level``."""
        back = (place > self.old) & (place <= self.new)
        forth = (place < self.old) & (place >= self.new)
        there = jnp.where(place == self.old, self.new, place - back + forth)
        return jnp.where(level == self.level, there, place).astype(place.dtype)


@struct.dataclass
class Changes:
    """What makes mutants of their parents. ``rank`` ``[n]`` gets the factors ``fresh`` ``[L, n]``, after ``factor``."""

    factor: list[Write]
    rank: Any
    fresh: Any
    order: list[Reorder]
    split: Write
    keep: list[Any]


def decide(space: LevelSpace, parents: Genome, words: jax.Array) -> Changes:
    """Changes that keep to the constraints; ``words`` ``[WORDS, n]`` are random bits.

    Child ``i`` has the parent ``i`` modulo their number.
    """
    halves = iter([half for word in words for half in (word & 0xFFFF, word >> 16)])
    parent = jnp.arange(words.shape[1]) % parents.factor.shape[-1]
    writes: list[Write] = []
    for chance in SHIFTS:
        writes += _shift(space, parents.factor, parent, writes, halves, chance)
    rank, fresh = _redraw(space, halves)
    orders: list[Reorder] = []
    for chance in REORDER:
        orders.append(_reorder(space, parents.place, parent, orders, halves, chance))
    keep = [_place(space.open_keeps, halves, chance) for chance in KEEP]
    level = _place(space.open_splits, halves, SPLIT)
    low, high = jnp.asarray(space.split_low)[level], jnp.asarray(space.split_high)[level]
    split = Write(level, low + _pick(next(halves), high - low + 1))
    return Changes(writes, rank, fresh, orders, split, keep)


def new_factors(factor: jax.Array, changes: Changes) -> jax.Array:
    """The factors ``[L, R, n]`` of the mutants, from those of the parents."""
    genes, changes = _families(factor, changes)
    for write in changes.factor:
        genes = _written(genes, write)
    own = jnp.arange(factor.shape[1])[:, None, None] == changes.rank
    return _joined(jnp.where(own, changes.fresh[:, None], genes))


def new_places(place: jax.Array, changes: Changes) -> jax.Array:
    """The places of loops ``[L, R, n]`` in the mutants, from those in the parents."""
    genes, changes = _families(place, changes)
    levels = jnp.arange(place.shape[0])[:, None, None, None]
    for order in changes.order:
        genes = order.moved(levels, genes)
    return _joined(genes)


def new_splits(split: jax.Array, changes: Changes) -> jax.Array:
    """The splits ``[L, n]`` of the mutants, from those of the parents."""
    genes, changes = _families(split, changes)
    return _joined(_written(genes, changes.split))


def new_keeps(keep: jax.Array, changes: Changes) -> jax.Array:
    """The kept tensors ``[L, T, n]`` of the mutants, from those of the parents."""
    genes, changes = _families(keep, changes)
    for tensor in changes.keep:
        genes = _written(genes, Write(tensor, 1.0 - genes))
    return _joined(genes)


def _families(gene: jax.Array, changes: Changes) -> tuple[jax.Array, Changes]:
    """A gene ``[..., 1, parents]``, and changes ``[..., children, parents]``."""
    count = gene.shape[-1]
    apart = jax.tree.map(lambda leaf: leaf.reshape(*leaf.shape[:-1], -1, count), changes)
    return gene[..., None, :], apart


def _joined(gene: jax.Array) -> jax.Array:
    """A gene with one axis for all mutants."""
    return gene.reshape(*gene.shape[:-2], -1)


def _shift(
    space: LevelSpace,
    factor: jax.Array,
    parent: jax.Array,
    earlier: list[Write],
    halves: Iterator[jax.Array],
    chance: float,
) -> list[Write]:
    """With some ``chance``, move iterations of one rank from one level to another in each of ``n`` mappings.

    A prime factor moves where the product of all factors is given; where remainders are allowed, a factor changes a
    little and another makes up for it. Nothing happens where that is impossible or breaks a constraint. ``factor`` is
    ``[L, R, parents]``, to which ``earlier`` writes come; six halves are taken.
    """
    levels, ranks, _ = factor.shape
    happens = next(halves) < chance * 65536
    rank, which, source, target = (_pick(next(halves), m) for m in (ranks, space.primes.shape[1], levels, levels))
    change = next(halves)

    def read(level: jax.Array) -> jax.Array:
        value = factor[level, rank, parent]
        for write in earlier:
            value = jnp.where(write.place == level * ranks + rank, write.value, value)
        return value

    taken, given = read(source), read(target)
    prime = jnp.asarray(space.primes)[rank, which]
    less, more = taken / prime, given * prime
    legal = happens & (source != target)
    whole = less == jnp.round(less)
    if space.remainders is not None:
        column = jnp.stack([read(jnp.full_like(rank, level)) for level in range(levels)])
        loose = jnp.asarray(space.remainders.whole)[rank] == 0
        bound = jnp.asarray(space.remainders.bound)[rank]
        varied = _varied(given, bound, change)
        others = jnp.prod(column, axis=0) / (taken * given) * varied
        needed = jnp.floor((bound - 0.5) / others) + 1.0
        less, more = jnp.where(loose, needed, less), jnp.where(loose, varied, more)
        place = jnp.arange(levels)[:, None]
        column = jnp.where(place == source, less, jnp.where(place == target, more, column))
        whole = (loose | whole) & _leaves_allowed(space, rank, column)
    low, high = jnp.asarray(space.factor_low), jnp.asarray(space.factor_high)
    legal &= whole & (less >= low[source, rank]) & (less <= high[source, rank])
    legal &= (more >= low[target, rank]) & (more <= high[target, rank])
    pairs = ((source, less), (target, more))
    return [Write(jnp.where(legal, level * ranks + rank, NOWHERE), value) for level, value in pairs]


def _varied(factor: jax.Array, bound: jax.Array, half: jax.Array) -> jax.Array:
    """A factor of about the size, or any up to the bound: twice, half, one more, one less, or drawn evenly."""
    kind = half & 7
    drawn = 1.0 + jnp.floor(bound * ((half >> 3) / 8192.0))
    choices = [factor * 2.0, jnp.floor(factor / 2.0 + 0.5), factor + 1.0, factor - 1.0]
    return jnp.maximum(jnp.select([kind == place for place in range(4)], choices, drawn), 1.0)


def _leaves_allowed(space: LevelSpace, rank: jax.Array, column: jax.Array) -> jax.Array:
    """``[n]``: whether the factors ``[L, n]`` of one rank each leave remainders that the rule of the rank allows."""
    assert space.remainders is not None
    left, last = last_visits(jnp.asarray(space.remainders.bound)[rank], column)
    most, given = jnp.asarray(space.remainders.most)[:, rank], jnp.asarray(space.remainders.given)[:, rank]
    good = (column >= 1.0) & (column <= left) & ((last == column) | (last <= most)) & ((given == 0) | (last == given))
    return good.all(axis=0) & (left[0] == column[0])


def _redraw(space: LevelSpace, halves: Iterator[jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Sometimes, other factors ``[L, n]`` for one rank ``[n]``, from the table of all."""
    happens = next(halves) < REDRAW * 65536
    rank = _pick(next(halves), space.factors.shape[0])
    count = jnp.asarray(space.n_factors)[rank]
    chance = (next(halves).astype(float) + _share(next(halves))) / 65536
    row = jnp.minimum(jnp.floor(chance * count).astype(int), count - 1)
    return jnp.where(happens, rank, NOWHERE), jnp.asarray(space.factors)[rank, row].T


def _reorder(
    space: LevelSpace,
    place: jax.Array,
    parent: jax.Array,
    earlier: list[Reorder],
    halves: Iterator[jax.Array],
    chance: float,
) -> Reorder:
    """With some ``chance``, give a free loop another of the places that free loops of its level have."""
    loop = _place(space.open_loops, halves, chance)
    level, rank = jnp.divmod(loop, place.shape[1])
    old = place[level, rank, parent]
    for order in earlier:
        old = order.moved(level, old)
    low, high = jnp.asarray(space.order_low), jnp.asarray(space.order_high)
    first, free = (high < 0).sum(axis=1), (low < high).sum(axis=1)
    new = (first[level] + _pick(next(halves), free[level])).astype(old.dtype)
    return Reorder(jnp.where(loop == NOWHERE, NOWHERE, level), old, new)


def _pick(half: jax.Array, size: int | jax.Array) -> jax.Array:
    """An even choice from ``range(size)``."""
    return ((half * jnp.asarray(size).astype(jnp.uint32)) >> 16).astype(int)


def _share(half: jax.Array) -> jax.Array:
    """An even choice between 0 and 1."""
    return (half.astype(float) + 0.5) / 65536


def _place(choices: Choices, halves: Iterator[jax.Array], chance: float) -> jax.Array:
    """``[n]``: one of the free places, ``NOWHERE`` where nothing is to happen."""
    count = jnp.asarray(choices.count)
    place = jnp.asarray(choices.place)[_pick(next(halves), count)]
    return jnp.where((next(halves) < chance * 65536) & (count > 0), place, NOWHERE)


def _written(gene: jax.Array, write: Write) -> jax.Array:
    """A gene ``[..., children, parents]`` after a write."""
    lead = gene.shape[:-2]
    number = jnp.arange(math.prod(lead)).reshape(*lead, 1, 1)
    return jnp.where(number == write.place, write.value.astype(gene.dtype), gene)
