"""How many words a tile that moves brings: lower bounds of Timeloop's delta rule, from one level's loops alone.

A tile ``u`` of a tensor is delivered ``tiles = prod_rel D / u`` times over one pass of its ranks. Where the innermost
moving loop slides along an axis by ``sigma`` words, ``n`` times in a row, each step but the first of a sweep brings only

    delta = V min(sigma, extent) / extent.

What the first step of a sweep brings depends on the loops outside (reference C.4, the rule since pull request 297).
It is a whole tile, unless only loops along the same axis stand in between and the step outside them moves the tile by
exactly ``sigma`` (then it brings ``delta``) or not at all (then nothing). With ``k`` the other rank of the axis, at
extent ``u_k`` with coefficient ``c``, and ``m`` trips of further loops of the sweeping rank:

* a further loop of the sweeping rank itself continues the sweep;
* a step of ``k`` does if ``c u_k = n m sigma``, and undoes the sweep if ``c u_k = (n m - 1) sigma``;
* a further loop of the sweeping rank outside ``n_k`` trips of ``k`` undoes them if ``sigma = (n_k - 1) c u_k``.

Of ``G`` sweeps, ``G`` the trips of the loops that can, at least one starts afresh. Under other rules nothing is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelax.search.chain.tables import Axis, ChainTables, TensorShape

Array = np.ndarray


def axis_extent(axis: Axis, tile: Array) -> Array:
    """``[n]``: words along one axis of the bounding box of tiles ``[n, R]``: ``1 + sum c (u - 1)``."""
    return 1.0 + sum((c * (tile[:, r] - 1.0) for r, c in zip(axis.ranks, axis.coefficients, strict=True)), np.zeros(len(tile)))


def volume(shape: TensorShape, tile: Array) -> Array:
    """``[n]``: words of the bounding box."""
    words = np.ones(len(tile))
    for axis in shape.axes:
        words = words * axis_extent(axis, tile)
    return words


def union_extent(axis: Axis, tile: Array) -> Array:
    """``[n]``: words along an axis that a tile certainly touches, whatever steps it is made of.

    Points ``sum c i``: one rank alone touches ``u``; a second adds at least ``min(c, points so far)`` a step where the
    points so far are contiguous, and one otherwise.
    """
    if not axis.ranks:
        return np.ones(len(tile))
    pairs = sorted(zip(axis.coefficients, axis.ranks, strict=True))
    points, contiguous = tile[:, pairs[0][1]], pairs[0][0] == 1.0
    for coefficient, rank in pairs[1:]:
        step = np.minimum(coefficient, points) if contiguous else 1.0
        points = points + (tile[:, rank] - 1.0) * step
        contiguous = contiguous and coefficient == 1.0
    return points


def least_volume(shape: TensorShape, tile: Array) -> Array:
    """``[n]``: words that a tile certainly touches (a box with gaps touches fewer than its volume)."""
    words = np.ones(len(tile))
    for axis in shape.axes:
        words = words * union_extent(axis, tile)
    return words


@dataclass(frozen=True)
class Sweep:
    """Words of one pass over a tensor's ranks ``[n]``: of the steps inside sweeps, and of their first steps.

    ``fresh`` are the first steps that no loop along the same axis leads to: neighbours have nothing of those either.
    """

    inside: Array
    first: Array
    fresh: Array


def whole(tables: ChainTables, shape: TensorShape, tile: Array) -> Array:
    """``[n]``: words of one pass in which every tile is brought whole: ``prod_rel (D / u) V``."""
    words = volume(shape, tile)
    for rank in shape.relevant:
        words = words * (tables.bounds[rank] / tile[:, rank])
    return words


def sweep(tables: ChainTables, shape: TensorShape, tile: Array, factor: Array, rank: int) -> Sweep:
    """The words of a pass whose innermost moving loop is ``rank`` with ``factor[:, rank]`` trips over tiles ``[n, R]``."""
    axis = next(axis for axis in shape.axes if rank in axis.ranks)
    coefficient = axis.coefficients[axis.ranks.index(rank)]
    total = whole(tables, shape, tile)
    if tables.structure.rules.halo == "none":
        return Sweep(total, np.zeros_like(total), np.zeros_like(total))
    trips, sigma, extent = factor[:, rank], coefficient * tile[:, rank], axis_extent(axis, tile)
    share = np.minimum(sigma, extent) / extent
    sweeps = total / trips
    inside = sweeps * (trips - 1.0) * share
    if tables.structure.rules.halo != "timeloop":
        return Sweep(inside, np.zeros_like(total), np.zeros_like(total))
    remaining = {r: tables.bounds[r] / tile[:, r] for r in axis.ranks}
    further = remaining[rank] / trips
    others = [(r, c) for r, c in zip(axis.ranks, axis.coefficients, strict=True) if r != rank]
    along, continued, undone = further.copy(), np.zeros(len(tile), dtype=bool), np.zeros(len(tile), dtype=bool)
    for other, c in others:
        along = along * remaining[other]
        reach = c * tile[:, other] / sigma
        present = remaining[other] > 1
        continued |= present & _divides(reach / trips, further)
        undone |= present & (_divides((reach + 1.0) / trips, further) | (len(others) > 1))
        undone |= (further > 1) & present & (1.0 / reach >= 1.0) & _divides(1.0 / reach + 1.0, remaining[other])
    group = np.where(continued | undone, along, further)
    again = np.where(undone, 0.0, share)
    first = sweeps * (1.0 / group + (1.0 - 1.0 / group) * again)
    return Sweep(inside, first, sweeps / along)


def _divides(number: Array, of: Array) -> Array:
    """``[n]``: whether ``number`` is a whole number, at least 1, that divides ``of``."""
    whole_number = (number >= 1.0) & (number == np.round(number))
    quotient = of / np.where(whole_number, number, 1.0)
    return whole_number & (quotient == np.round(quotient))
