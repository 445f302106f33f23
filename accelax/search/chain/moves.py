"""Steps from tile to tile across one slot: which are legal and fit, and what they mean for every tensor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelax.search.chain.fanouts import fits_mesh
from accelax.search.chain.lanes import lane_steps
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import ChainTables, Order
from accelax.search.chain.words import Sweep, sweep, volume, whole

Array = np.ndarray
MOST_KEYS = 1 << 21
"""In a problem with more states, the steps of fan-outs are not listed."""


def tile_of(tables: ChainTables, index: Array) -> Array:
    """``[n, R]`` extents of states ``[n, R]`` of divisor indices."""
    tile = np.empty(index.shape)
    for rank in range(tables.ranks):
        tile[:, rank] = tables.extents[rank].take(index[:, rank])
    return tile


def unpacked(tables: ChainTables, key: Array) -> Array:
    """``[n, R]``: the states of keys ``[n]``."""
    return (key[:, None] // tables.stride % tables.radix).astype(np.uint8)


def step_counts(tables: ChainTables, slot: int, index: Array) -> Array:
    """``[n]``: how many steps are legal from states ``[n, R]``, before sizes and fan-outs are looked at."""
    options = [np.array([len(targets) for targets in tables.steps[slot][r]]) for r in range(tables.ranks)]
    return np.prod([options[r][index[:, r]] for r in range(tables.ranks)], axis=0)


def expand(placement: Placement, slot: int, index: Array) -> tuple[Array, Array, Array]:
    """All legal steps of a slot from states ``[n, R]``: ``(source [m], target [m, R], axis choice [m])``.

    Steps that overflow the fan-out or the storage are left out as soon as the ranks chosen so far say so.
    """
    tables = placement.tables
    level = tables.level(slot)
    if tables.structure.is_fanout[level] and tables.states <= MOST_KEYS:
        steps = lane_steps(tables, slot)
        if steps is not None:
            source, number = steps.of(index @ tables.stride)
            return source, unpacked(tables, steps.target[number]), steps.choice[number]
    source = np.arange(len(index))
    target = index.copy()
    for rank in range(tables.ranks):
        options = tables.steps[slot][rank]
        if all(len(o) <= 1 for o in options):
            only = np.array([o[0] if len(o) else -1 for o in options])
            target[:, rank] = only[index[source, rank]]
            alive = target[:, rank] >= 0
        else:
            counts = np.array([len(o) for o in options])
            flat = np.concatenate(options)
            starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
            here = index[source, rank]
            repeat = counts[here]
            row = np.repeat(np.arange(len(source)), repeat)
            within = np.arange(len(row)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
            source, target = source[row], target[row]
            target[:, rank] = flat[starts[here[row]] + within]
            alive = np.ones(len(row), dtype=bool)
        alive &= _may_fit(placement, level, index[source], target, rank)
        source, target = source[alive], target[alive]
    choice = np.zeros(len(source), dtype=np.int16)
    if tables.structure.is_fanout[level]:
        fits, choice = fits_mesh(tables, level, tile_of(tables, target) / tile_of(tables, index[source]))
        source, target, choice = source[fits], target[fits], choice[fits]
    return source, target, choice


def _may_fit(placement: Placement, level: int, below: Array, target: Array, rank: int) -> Array:
    """Whether the ranks up to ``rank`` leave room; the others still have their extents from below."""
    tables = placement.tables
    tile = tile_of(tables, target)
    if tables.structure.is_fanout[level]:
        lanes = np.prod(tile[:, : rank + 1] / tile_of(tables, below)[:, : rank + 1], axis=1)
        mesh = tables.structure.physical_mesh[level]
        return lanes <= mesh[0] * mesh[1]
    return fits_storage(placement, level, tile)


def fits_storage(placement: Placement, level: int, tile: Array) -> Array:
    """``[n]``: whether a storage level has room for tiles ``[n, R]`` of all that it keeps."""
    size = float(placement.tables.hardware.size[level])
    if np.isinf(size):
        return np.ones(len(tile), dtype=bool)
    words = [volume(shape, tile) for t, shape in enumerate(placement.tables.tensors) if placement.keep[level][t]]
    return sum(words, np.zeros(len(tile))) <= size


@dataclass(frozen=True)
class Closing:
    """What one order does to one tensor.

    ``times`` ``[n]`` a pass is repeated, and it may start with the moves that ``kinds`` ``[n, kinds]`` says.
    """

    times: Array
    kinds: Array


class Steps:
    """Steps across a storage slot, with what each tensor sees of them. Arrays ``[n]``; tiles ``[n, R]``."""

    def __init__(self, tables: ChainTables, level: int, below: Array, above: Array):
        self.tables, self.level = tables, level
        self.below, self.above = below, above
        self.factor = above / below
        self.active = self.factor > 1
        self.outside = tables.bounds / above

    @cached_property
    def moved(self) -> list[Array]:
        """``[T]``: whether the level's loops move the tensor."""
        return [np.asarray(self.active[:, sorted(s.relevant)].any(axis=1)) for s in self.tables.tensors]

    @cached_property
    def repeats(self) -> list[Array]:
        """``[T]``: the irrelevant trips outside the level, temporal and spatial."""
        return [np.prod(self.outside[:, list(shape.irrelevant)], axis=1) for shape in self.tables.tensors]

    @cached_property
    def first_visits(self) -> list[Array]:
        """``[T]``: at most how many words are visited for the first time, over all instances of the level.

        Every word of the tensor once in each group of instances that reduce in space (reference C.6, partition).
        """
        return [
            float(volume(shape, self.tables.bounds[None, :])[0])
            * np.minimum(self.tables.lanes_above(self.level, shape.irrelevant), repeats)
            for shape, repeats in zip(self.tables.tensors, self.repeats, strict=True)
        ]

    @cached_property
    def passes(self) -> list[list[Array | Sweep]]:
        """``[T][kinds]``: the words of one pass, by the rank that moves innermost."""
        return [
            [whole(self.tables, shape, self.below)]
            + [sweep(self.tables, shape, self.below, self.factor, rank) for rank in shape.sliding]
            for shape in self.tables.tensors
        ]

    def close(self, order: Order) -> list[Closing]:
        """``[T]``: how often a pass is repeated under ``order``, and how the tensor may move first."""
        result = []
        for tensor, shape in enumerate(self.tables.tensors):
            times = self.repeats[tensor].copy()
            waiting = np.ones(len(times), dtype=bool)
            kinds = np.zeros((len(times), shape.kinds), dtype=bool)
            for block in order:
                relevant = [r for r in block if r in shape.relevant]
                here = waiting & self.active[:, relevant].any(axis=1) if relevant else np.zeros_like(waiting)
                for rank in relevant:
                    kind = 1 + shape.sliding.index(rank) if rank in shape.sliding else 0
                    kinds[:, kind] |= here & self.active[:, rank]
                for rank in block:
                    if rank not in shape.relevant:
                        times = np.where(waiting, times, times * self.factor[:, rank])
                waiting &= ~here
            result.append(Closing(times, kinds))
        return result
