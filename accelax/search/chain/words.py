"""How many words a tile that moves brings: lower bounds of Timeloop's delta rule, from one level's loops alone.

A tile ``u`` of a tensor is delivered ``tiles = prod_rel D / u`` times over one pass of its ranks. Where the innermost
moving loop slides along an axis by ``sigma`` words, ``n`` times in a row, a step that is not a sweep's first brings

    delta = V min(sigma, extent) / extent.

What the first step of a sweep brings depends on the loops outside (reference C.4, the rule since pull request 297, and
:mod:`accelax.model.levels.halo`): a step of loop ``i`` moves the tile by ``s_i`` less the steps of all loops inside. It
brings a whole tile, unless only loops along the same axis stand inside and this move is ``sigma`` (then it brings
``delta``) or 0 (then nothing). In units of ``sigma``, the steps of the sweeping rank are 1, ``n``, ``n n'``, ...; those
of another rank of the axis ``rho``, ``rho n_k``, ... with ``rho = c u_k / sigma``. Hence

* without another rank, a further loop of the sweeping rank continues the sweep if ``n = 2``, and never undoes it;
* another rank alone outside undoes it if ``rho = 1`` and continues it if ``rho = 2``; split in two, its outer loop may
  do either if ``m rho`` is 1 or 2 for a whole ``m``;
* with further loops of both, either is taken to be possible.

Of ``G`` sweeps, ``G`` the trips of the loops that can, at least one starts afresh. Other rules count nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelax.search.chain.tables import Axis, ChainTables, TensorShape

Array = np.ndarray


def axis_extent(axis: Axis, tile: Array) -> Array:
    """``[n]``: words along one axis of the bounding box of tiles ``[n, R]``: ``1 + sum c (u - 1)``."""
    return 1.0 + sum(
        (c * (tile[:, r] - 1.0) for r, c in zip(axis.ranks, axis.coefficients, strict=True)), np.zeros(len(tile))
    )


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


def fresh_share(shape: TensorShape, rank: int, tile: Array) -> Array:
    """``[n]``: the part of a tile that is new after a step along ``rank``: ``min(c u, extent) / extent``."""
    axis, coefficient = shape.axis_of(rank)
    extent = axis_extent(axis, tile)
    return np.minimum(coefficient * tile[:, rank], extent) / extent


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
    """The words of a pass over tiles ``[n, R]`` whose innermost moving loop is ``rank``; ``factor`` are its trips."""
    axis, coefficient = shape.axis_of(rank)
    total = whole(tables, shape, tile)
    if tables.structure.rules.halo == "none":
        return Sweep(total, np.zeros_like(total), np.zeros_like(total))
    trips, sigma, share = factor[:, rank], coefficient * tile[:, rank], fresh_share(shape, rank, tile)
    sweeps = total / trips
    inside = sweeps * (trips - 1.0) * share
    if tables.structure.rules.halo != "timeloop":
        return Sweep(inside, np.zeros_like(total), np.zeros_like(total))
    remaining = {r: tables.bounds[r] / tile[:, r] for r in axis.ranks}
    further = remaining[rank] / trips
    others = [(r, c) for r, c in zip(axis.ranks, axis.coefficients, strict=True) if r != rank]
    along, undone = further.copy(), np.zeros(len(tile), dtype=bool)
    continued = (further > 1) & (trips == 2)
    for other, c in others:
        along = along * remaining[other]
        rho = c * tile[:, other] / sigma
        split = (remaining[other] >= 4) & ((1.0 / rho == np.round(1.0 / rho)) | (2.0 / rho == np.round(2.0 / rho)))
        present = remaining[other] > 1
        continued |= present & (rho == 2)
        undone |= present & ((rho == 1) | split | (further > 1) | (len(others) > 1))
    group = np.where(continued | undone, along, 1.0)
    again = np.where(undone, 0.0, share)
    first = sweeps * (1.0 / group + (1.0 - 1.0 / group) * again)
    return Sweep(inside, first, sweeps / along)
