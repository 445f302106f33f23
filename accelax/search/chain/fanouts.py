"""Fan-out slots: who shares a word in space, and what sliding tiles of neighbours have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accelax.encode.level_mapspace import split_range
from accelax.model.levels.nest import may_link
from accelax.search.chain.patterns import Layout
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import Axis, ChainTables, TensorShape, given_order
from accelax.search.chain.words import axis_extent, fresh_share, volume

Array = np.ndarray


def copies(shape: TensorShape, factor: Array) -> Array:
    """``[n]``: instances that hold the same words: the product of the irrelevant spatial factors."""
    return np.prod(factor[:, list(shape.irrelevant)], axis=1)


def coincidences(shape: TensorShape, factor: Array) -> Array:
    """``[n]``: at most how many relevant lanes need one and the same tile: two ranks that share an axis may collide.

    Of ``n x m`` offsets ``i a + j b`` at most ``min(n, m)`` are equal; with more ranks all but the largest factor.
    """
    most = np.ones(len(factor))
    for axis in shape.axes:
        if axis.slides:
            lanes = factor[:, list(axis.ranks)]
            most = most * np.prod(lanes, axis=1) / np.max(lanes, axis=1)
    return most


def ratio_apart(tables: ChainTables, shape: TensorShape, below: Array, above: Array) -> Array:
    """``[n, entries]``: deliveries of the lanes' own tiles ``below`` over those of the tile ``above`` that spans them.

    Whole tiles: ``tiles V`` of both; a step of a sweep along an axis: what slides in, per step, of both.
    """
    factor = above / below
    lanes = np.prod(factor[:, list(shape.relevant)], axis=1) if shape.relevant else np.ones(len(below))
    whole = lanes * volume(shape, below) / volume(shape, above)
    columns = [whole]
    for rank in shape.sliding:
        columns.append(whole * fresh_share(shape, rank, below) / fresh_share(shape, rank, above))
    sliding = len(shape.sliding)
    return np.stack([*columns, *([whole] * (2 * sliding))], axis=1)


def ratio_union(tables: ChainTables, shape: TensorShape, below: Array, above: Array) -> Array:
    """``[n, entries]``: what the union of the lanes' tiles needs anew, over the deliveries of the tile ``above``.

    A neighbour can only hand on what some lane had a step before, so that the parent serves at least this
    (reference C.5, link transfers). The union of ``f`` intervals of length ``e`` that start ``s`` apart has
    ``e + (f - 1) min(s, e)`` words; a step along it brings ``f min(s, e)`` new ones; the first step of a sweep, coming
    back over it, at least what a step of the sweep does not share with the whole of it.
    """
    factor = above / below
    shares = {}
    total = np.ones(len(below))
    for axis in shape.axes:
        shares[axis] = _union(axis, below, factor) / axis_extent(axis, above)
        total = total * shares[axis]
    inside, first = [], []
    for rank in shape.sliding:
        axis, coefficient = shape.axis_of(rank)
        small, large = axis_extent(axis, below), axis_extent(axis, above)
        fresh = factor[:, rank] * np.minimum(coefficient * below[:, rank], small)
        moved = np.minimum(coefficient * above[:, rank], large)
        inside.append(total / shares[axis] * np.minimum(fresh / moved, 1.0))
        first.append(total * np.minimum(1.0, moved / large))
    return np.stack([total, *inside, *([np.zeros_like(total)] * len(first)), *first], axis=1)


def _union(axis: Axis, below: Array, factor: Array) -> Array:
    """Words along an axis in the union of the lanes' boxes, at least: lanes along one rank at a time."""
    extent = axis_extent(axis, below)
    most = extent
    for rank, coefficient in zip(axis.ranks, axis.coefficients, strict=True):
        most = np.maximum(most, extent + (factor[:, rank] - 1.0) * np.minimum(coefficient * below[:, rank], extent))
    return most


def multipliers(placement: Placement, layout: Layout, level: int, below: Array, above: Array) -> Array:
    """``[n, width]``: by what a fan-out multiplies the rows of a pattern table."""
    tables = placement.tables
    factor = above / below
    result = np.ones((len(below), layout.width))
    for tensor, shape in enumerate(tables.tensors):
        lanes = copies(shape, factor)
        apart = ratio_apart(tables, shape, below, above)
        result[:, layout.fixed[tensor]] = apart * lanes[:, None]
        result[:, layout.offset[tensor]] = lanes
        result[:, layout.busy[tensor]] = lanes
        adjacent = level + 1 < tables.levels and placement.keep[level + 1][tensor]
        if tables.structure.no_multicast[level][tensor]:
            shared = apart * lanes[:, None]
        else:
            shared = apart / coincidences(shape, factor)[:, None]
        if adjacent and may_link(tables.structure, level, tensor):
            shared = np.minimum(shared, ratio_union(tables, shape, below, above))
        result[:, layout.mc[tensor]] = shared
    return result


def links_compute(tables: ChainTables, tensor: int) -> bool:
    """Whether neighbouring compute units may hand words of ``tensor`` on, so that the run of unmoved loops counts."""
    innermost = tables.levels - 1
    return tables.structure.is_fanout[innermost] and may_link(tables.structure, innermost, tensor)


@dataclass(frozen=True)
class Lanes:
    """One way to lay the loops of a fan-out on its axes: the first ``split`` loops of ``order`` lie on X."""

    order: tuple[int, ...]
    split: int

    def on_x(self, ranks: int) -> tuple[bool, ...]:
        """``[R]``: whether each rank lies on X."""
        first = set(self.order[: self.split])
        return tuple(rank in first for rank in range(ranks))


def axis_choices(tables: ChainTables, level: int) -> list[Lanes]:
    """Every assignment of the loops that may be longer than 1 to X and Y, with an order and a split that make it.

    Prefix, suffix and split of the constraints hold; loops of one trip fill the places in between. On a fan-out with
    one row or column everything lies on it, in the order of the problem.
    """
    if level not in tables.lane_choices:
        low, high = split_range(tables.structure, tables.problem.lowered.constraints[level], level)
        found: dict[frozenset[int], Lanes] = {}
        for split in range(low, high + 1):
            for on_x, lanes in _laid(tables, level, split):
                found.setdefault(on_x, lanes)
        tables.lane_choices[level] = list(found.values())
    return tables.lane_choices[level]


def _laid(tables: ChainTables, level: int, split: int) -> Iterator[tuple[frozenset[int], Lanes]]:
    """The assignments under one split."""
    inner, outer = given_order(tables, level)
    if 1 in tables.structure.physical_mesh[level] and not inner and not outer:
        inner = list(range(tables.ranks))
    active = {r for r in range(tables.ranks) if tables.largest_factor(level, r) > 1}
    middle = [r for r in range(tables.ranks) if r not in inner and r not in outer]
    free = [r for r in middle if r in active]
    room = min(max(split - len(inner), 0), len(middle))
    for bits in range(1 << len(free)):
        chosen = [r for i, r in enumerate(free) if bits >> i & 1]
        if len(chosen) > room or len(free) - len(chosen) > len(middle) - room:
            continue
        idle = [r for r in middle if r not in active]
        fill = room - len(chosen)
        order = (*inner, *sorted([*chosen, *idle[:fill]]), *sorted(set(middle) - {*chosen, *idle[:fill]}), *outer)
        lanes = Lanes(order, split)
        yield frozenset(order[:split]) & active, lanes


def fits_mesh(tables: ChainTables, level: int, factor: Array) -> tuple[Array, Array]:
    """``(fits [n], choice [n])``: whether some assignment of loops to X and Y fits the mesh, and which."""
    x, y = (int(side) for side in tables.structure.physical_mesh[level])
    fits, choice = np.zeros(len(factor), dtype=bool), np.zeros(len(factor), dtype=np.int16)
    for index, lanes in enumerate(axis_choices(tables, level)):
        mask = np.array(lanes.on_x(tables.ranks))
        here = (np.prod(factor[:, mask], axis=1) <= x) & (np.prod(factor[:, ~mask], axis=1) <= y) & ~fits
        choice[here] = index
        fits |= here
    return fits, choice
