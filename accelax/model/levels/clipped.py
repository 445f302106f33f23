"""Exact counts of nests whose factors do not divide.

Tiles end at the edge of the tensor (rules.imperfect ``exact``).

A buffer holds its current tile and nothing else; a step brings the points of the new tile that the old one lacks;
lanes of a ragged fan-out idle in the steps they lack. Sums over lanes and visits are products over ranks of sums over
the visits of one rank, as in :mod:`accelax.model.levels.residual_words`, but over all lanes and all iterations.

Every visit of a lane but its first is a step of one loop: the loops outside stand still, those inside restart. A step
brings the tile less what it keeps: the whole tile where no loop moved it, nothing where a rank that stands alone in
its index expression moved, and the overlap of the two windows otherwise. Ranks that share an index expression must
divide (``encode`` refuses others): then all their tiles and moves are alike.

Children of one parent that need the same tile get it in the same steps as the first of them, so the parent reads what
the first lane along every rank that does not index the tensor receives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.multicast import distinct_tiles
from accelax.model.levels.residual_chain import RankChains
from accelax.model.levels.residual_words import Slots, further_steps, live_ranks, temporal_slots, words_along
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.tiles import index_extents
from accelax.model.levels.visits import keeps_tile
from accelax.model.ops import Number, product, where


@dataclass(frozen=True)
class LaneSums:
    """Sums over the lanes and visits of each rank, arrays ``[R]`` by the number of levels that stand outside.

    first, single
        Words at the first iteration of the loops inside; of lanes for which each loop inside runs once.
    step
        Words at the further iterations of the temporal loop of a level, the first of the loops inside.
    """

    first: list[Any]
    single: list[Any]
    step: list[Any]


def lane_sums(
    structure: LevelStructure, chains: RankChains, child: int, tile: Any, last_tile: Any, shared: range, alike: Any
) -> LaneSums:
    """Sum over the visits of the instances of level ``child``.

    Of the lanes of levels in ``shared`` only the first counts for ranks that are ``alike`` ``[R]``.
    """
    levels = range(child)
    others, last = [0.0 * tile], [0.0 * tile + 1.0]
    for level in levels:
        trips, residual = chains.trips[level], chains.residual[level]
        once = alike & (structure.is_fanout[level] and level in shared)
        ends = residual == 1
        others.append(
            where(once, others[-1] + where(ends, 0.0, last[-1]), others[-1] * trips + last[-1] * (residual - 1.0))
        )
        last.append(where(once & ~ends, 0.0, last[-1]))
    first: list[tuple[Any, Any]] = [(tile, last_tile)]
    single: list[tuple[Any, Any, Any]] = [(tile, last_tile, tile)]
    for level in reversed(levels):
        trips, residual = chains.trips[level], chains.residual[level]
        here = _at_first(first[0], residual)
        if structure.is_fanout[level]:
            once = alike & (level in shared)
            many = _spread(first[0], trips, residual)
            here = where(once, here[0], many[0]), where(once, here[1], many[1])
            ordinary, at_end, both = single[0]
            single.insert(0, (*_spread((ordinary, at_end), trips, residual), (residual - 1.0) * ordinary + both))
        else:
            single.insert(0, _runs_once(single[0], trips, residual))
        first.insert(0, here)
    cuts = range(child + 1)
    return LaneSums(
        first=[others[cut] * first[cut][0] + last[cut] * first[cut][1] for cut in cuts],
        single=[others[cut] * single[cut][0] + last[cut] * single[cut][1] for cut in cuts],
        step=[further_steps(chains, others, last, level, *first[level + 1]) for level in levels],
    )


def _spread(inside: tuple[Any, Any], trips: Any, residual: Any) -> tuple[Any, Any]:
    """Sum over the lanes of a spatial loop, in an ordinary and in the last visit."""
    return trips * inside[0], (residual - 1.0) * inside[0] + inside[1]


def _at_first(inside: tuple[Any, Any], residual: Any) -> tuple[Any, Any]:
    """The first iteration of a loop, which is its last as well when there is only one."""
    return inside[0], where(residual == 1, inside[1], inside[0])


def _runs_once(inside: tuple[Any, Any, Any], trips: Any, residual: Any) -> tuple[Any, Any, Any]:
    """Lanes that see a temporal loop once.

    All when it has one trip; with two in its last visit, those that are too far out to take part in the second. The
    third number is over lanes that exist in the last visit as well, but in an ordinary visit.
    """
    ordinary, at_end, both = inside
    once = trips == 1
    in_last = where(residual == 1, at_end, where(residual == 2, ordinary - both, 0.0))
    return where(once, ordinary, 0.0), in_last, where(once, both, 0.0)


@dataclass(frozen=True)
class TensorView:
    """One tensor as its moves go.

    Ranks that ``slide`` (share an index expression), ranks that ``jump`` (stand alone), and the axes along which it
    slides.
    """

    slide: frozenset[int]
    jump: frozenset[int]
    axes: tuple[int, ...]


def tensor_view(structure: LevelStructure, tensor: int) -> TensorView:
    """Sort the ranks of a tensor."""
    live = [live_ranks(structure, terms) for terms in structure.projections[tensor]]
    slide = frozenset(rank for ranks in live if len(ranks) > 1 for rank in ranks)
    jump = frozenset(rank for ranks in live for rank in ranks) - slide
    return TensorView(slide, jump, tuple(axis for axis, ranks in enumerate(live) if ranks & slide))


def moved_words(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: RankChains,
    tensor: int,
    child: int,
    parent: int | None,
    xp: Any,
) -> Number:
    """Words that all instances of level ``child`` (``n_levels``: the compute units) receive over the run.

    With ``parent``, copies that several children of one of its instances need at once count once.
    """
    view = tensor_view(structure, tensor)
    shared = range(0) if parent is None else range(parent, child)
    ranks = np.arange(len(structure.ranks))
    jumps, slides = (np.isin(ranks, list(group)) for group in (view.jump, view.slide))
    tile = last_tile = xp.ones(len(ranks))
    window: Number = 1.0
    sides = index_extents(structure, workload, tensor, tuple(chains.extent[child]))
    if child < structure.n_levels:
        ends = (chains.extent[child], chains.residual_extent[child])
        tile, last_tile = (xp.where(jumps, words_along(structure, workload, tensor, end, xp), 1.0) for end in ends)
        window = product([sides[axis] for axis in view.axes])
    sums = lane_sums(structure, chains, child, tile, last_tile, shared, ~(jumps | slides))
    words = sums.first[0].prod() * window
    slots = temporal_slots(structure, mapping, range(child), xp)
    if slots is not None:
        brought = slots.products(sums.step, sums.first, xp) * window
        if keeps_tile(structure, child - 1, tensor):
            still = [xp.where(jumps, *pair) for pair in zip(sums.single, sums.first, strict=True)]
            common = _overlap(structure, workload, chains, tensor, view, slots, sides, xp)
            kept = slots.products(sums.step, still, xp) * common
            brought = brought - xp.where(jumps[slots.rank], 0.0, kept)
        words = words + brought.sum()
    for level in shared:
        if structure.is_fanout[level] and view.slide:
            indexed = [rank for rank in loop_ranks(structure, level) if rank in structure.relevant(tensor)]
            lanes = product([mapping.factor[level][rank] for rank in indexed])
            extent = tuple(chains.extent)
            words = words * (distinct_tiles(structure, workload, mapping, extent, level, tensor) / lanes)
    return words


def _overlap(
    structure: LevelStructure,
    workload: LevelWorkload,
    chains: RankChains,
    tensor: int,
    view: TensorView,
    slots: Slots,
    sides: tuple[Number, ...],
    xp: Any,
) -> Any:
    """Overlaps ``[S]``.

    Points that the window has in common before and after a step of each loop, along the axes that slide.

    The step advances by the coefficient times the extent below the loop; each loop inside goes back by all but one of
    its iterations.
    """
    common = xp.ones(len(slots.level))
    stride, trips = (
        xp.stack(chains.extent)[slots.level + 1, slots.rank],
        xp.stack(chains.trips)[slots.level, slots.rank],
    )
    deeper = slots.level[None, :] > slots.level[:, None]
    beside = slots.level[None, :] == slots.level[:, None]
    inside = deeper | (beside & ~(slots.outside | slots.own)[:, slots.rank])
    for axis in view.axes:
        slope = xp.zeros(len(slots.rank))
        terms, coefficients = structure.projections[tensor][axis], workload.coefficients[tensor][axis]
        for rank, coefficient in zip(terms, coefficients, strict=True):
            slope = slope + xp.where(slots.rank == rank, coefficient, 0.0)
        back = (inside * (slope * stride * (trips - 1.0))[None, :]).sum(axis=1)
        common = common * xp.maximum(sides[axis] - abs(slope * stride - back), 0.0)
    return common


def lanes_ever(structure: LevelStructure, chains: RankChains, level: int) -> Any:
    """``[R]``: instances of ``level`` along each rank that take part at any time."""
    ordinary = at_end = 0.0 * chains.extent[0] + 1.0
    for outer in reversed(range(level)):
        trips, residual = chains.trips[outer], chains.residual[outer]
        if structure.is_fanout[outer]:
            at_end = (residual - 1.0) * ordinary + at_end
            ordinary = trips * ordinary
        else:
            at_end = where(residual >= 2, ordinary, at_end)
    return at_end


def ordinary_tiles(chains: RankChains, level: int) -> Any:
    """``[R]``: distinct tiles of each rank at ``level`` over all lanes, but for the last one."""
    ordinary = 0.0 * chains.extent[0]
    for outer in range(level):
        ordinary = ordinary * chains.trips[outer] + chains.residual[outer] - 1.0
    return ordinary


def first_words(
    structure: LevelStructure,
    workload: LevelWorkload,
    chains: RankChains,
    tensor: int,
    child: int,
    holder: int,
    xp: Any,
) -> Number:
    """Words that the instances of level ``holder`` see for the first time, in tiles of level ``child``.

    For tensors without sliding ranks.
    """
    relevant = np.isin(np.arange(len(structure.ranks)), list(structure.relevant(tensor)))
    tile = last_tile = xp.ones(len(relevant))
    if child < structure.n_levels:
        ends = (chains.extent[child], chains.residual_extent[child])
        tile, last_tile = (words_along(structure, workload, tensor, end, xp) for end in ends)
    seen = ordinary_tiles(chains, child) * tile + last_tile
    return xp.where(relevant, seen, lanes_ever(structure, chains, holder)).prod()
