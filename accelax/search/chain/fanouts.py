"""Fan-out slots: who shares a word in space, and what sliding tiles of neighbours have in common."""

from __future__ import annotations

import math

import numpy as np

from accelax.search.chain.patterns import Layout
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import Axis, ChainTables, TensorShape
from accelax.search.chain.words import axis_extent, volume
from accelax.model.levels.nest import may_link

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
        columns.append(whole * _share(shape, rank, below) / _share(shape, rank, above))
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
        axis = next(a for a in shape.axes if rank in a.ranks)
        coefficient = axis.coefficients[axis.ranks.index(rank)]
        small, large = axis_extent(axis, below), axis_extent(axis, above)
        fresh = factor[:, rank] * np.minimum(coefficient * below[:, rank], small)
        moved = np.minimum(coefficient * above[:, rank], large)
        inside.append(total / shares[axis] * np.minimum(fresh / moved, 1.0))
        first.append(total * np.minimum(1.0, moved / large))
    return np.stack([total, *inside, *([np.zeros_like(total)] * len(first)), *first], axis=1)


def _share(shape: TensorShape, rank: int, tile: Array) -> Array:
    """The part of a tile that is new after a step along ``rank``."""
    axis = next(a for a in shape.axes if rank in a.ranks)
    extent = axis_extent(axis, tile)
    return np.minimum(axis.coefficients[axis.ranks.index(rank)] * tile[:, rank], extent) / extent


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


def axis_choices(tables: ChainTables, level: int) -> list[tuple[bool, ...]]:
    """Which ranks lie on X, as far as the constraints fix it: one entry per assignment of the active ranks.

    On a fan-out with one row or column all active ranks lie on it. A given number of leading loops on X with a given
    order fixes the assignment; else every assignment is allowed.
    """
    x, y = tables.structure.physical_mesh[level]
    if y == 1:
        return [(True,) * tables.ranks]
    if x == 1:
        return [(False,) * tables.ranks]
    active = [r for r in range(tables.ranks) if tables.largest_factor(level, r) > 1]
    constraint = tables.problem.lowered.constraints[level]
    names = tables.structure.ranks
    order = [names.index(n) for n in (*constraint.order_inner, *constraint.order_outer)]
    if constraint.split is not None and len(order) == tables.ranks:
        first = set(order[: constraint.split])
        return [tuple(r in first for r in range(tables.ranks))]
    choices = []
    for bits in range(1 << len(active)):
        chosen = {r for i, r in enumerate(active) if bits >> i & 1}
        choices.append(tuple(r in chosen for r in range(tables.ranks)))
    return choices


def fits_mesh(tables: ChainTables, level: int, factor: Array) -> tuple[Array, Array]:
    """``(fits [n], choice [n])``: whether some assignment of loops to X and Y fits the mesh, and which."""
    x, y = (int(side) for side in tables.structure.physical_mesh[level])
    fits, choice = np.zeros(len(factor), dtype=bool), np.zeros(len(factor), dtype=np.int16)
    for index, on_x in enumerate(axis_choices(tables, level)):
        mask = np.array(on_x)
        here = (np.prod(factor[:, mask], axis=1) <= x) & (np.prod(factor[:, ~mask], axis=1) <= y) & ~fits
        choice[here] = index
        fits |= here
    return fits, choice


def most_lanes(tables: ChainTables, level: int) -> float:
    """Compute units or instances that one fan-out reaches at most."""
    return float(math.prod(tables.structure.physical_mesh[level]))
