"""Nests whose factors do not divide, counted exactly: tiles end at the edge of the tensor (rules.imperfect ``exact``).

A buffer holds its current tile and nothing else; a step brings the points of the new tile that the old one lacks; lanes of
a ragged fan-out idle in the steps they lack. Sums over lanes and visits are products over ranks of sums over the visits of
one rank, as in :mod:`accelax.model.levels.residual_words`, but over all lanes and all iterations.

Every visit of a lane but its first is a step of one loop: the loops outside stand still, those inside restart. A step brings
the tile less what it keeps: the whole tile where no loop moved it, nothing where a rank that stands alone in its index
expression moved, and the overlap of the two windows otherwise. Ranks that share an index expression must divide (``encode`` refuses
others): then all their tiles and moves are alike.

Children of one parent that need the same tile get it in the same steps as the first of them, so the parent reads what the
first lane along every rank that does not index the tensor receives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.multicast import distinct_tiles
from accelax.model.levels.residual_chain import RankChain
from accelax.model.levels.residual_words import live_ranks
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.tiles import extents, index_extents
from accelax.model.levels.visits import keeps_tile
from accelax.model.ops import Number, maximum, product, where


@dataclass(frozen=True)
class LaneSums:
    """Sums over the lanes and visits of one rank; index = number of levels that stand outside.

    first, single
        Words at the first iteration of the loops inside; of lanes for which each loop inside runs once.
    step
        Words at the further iterations of the temporal loop of a level, the first of the loops inside.
    """

    first: list[Number]
    single: list[Number]
    step: list[Number]


def lane_sums(
    structure: LevelStructure, chain: RankChain, child: int, tile: Number, last_tile: Number, shared: range
) -> LaneSums:
    """Sum over the visits of the instances of level ``child``; of the lanes of levels in ``shared`` only the first."""
    levels = range(child)
    others: list[Number] = [0.0]
    last: list[Number] = [1.0]
    for level in levels:
        trips, residual = chain.trips[level], chain.residual[level]
        if structure.is_fanout[level] and level in shared:
            ends = residual == 1
            others.append(others[-1] + where(ends, 0.0, last[-1]))
            last.append(where(ends, last[-1], 0.0))
        else:
            others.append(others[-1] * trips + last[-1] * (residual - 1.0))
            last.append(last[-1])
    first: list[tuple[Number, Number]] = [(tile, last_tile)]
    single: list[tuple[Number, Number, Number]] = [(tile, last_tile, tile)]
    for level in reversed(levels):
        trips, residual = chain.trips[level], chain.residual[level]
        long = structure.is_fanout[level] and level not in shared
        first.insert(0, _spread(first[0], trips, residual) if long else _at_first(first[0], residual))
        if structure.is_fanout[level]:
            ordinary, at_end, both = single[0]
            spread = _spread((ordinary, at_end), trips, residual)
            single.insert(0, (*spread, (residual - 1.0) * ordinary + both))
        else:
            single.insert(0, _runs_once(single[0], trips, residual))
    cuts = range(child + 1)
    return LaneSums(
        first=[others[cut] * first[cut][0] + last[cut] * first[cut][1] for cut in cuts],
        single=[others[cut] * single[cut][0] + last[cut] * single[cut][1] for cut in cuts],
        step=[
            others[level] * (chain.trips[level] - 1.0) * first[level + 1][0]
            + last[level]
            * where(
                chain.residual[level] >= 2,
                (chain.residual[level] - 2.0) * first[level + 1][0] + first[level + 1][1],
                0.0,
            )
            for level in levels
        ],
    )


def _spread(inside: tuple[Number, Number], trips: Number, residual: Number) -> tuple[Number, Number]:
    """Sum over the lanes of a spatial loop, in an ordinary and in the last visit."""
    return trips * inside[0], (residual - 1.0) * inside[0] + inside[1]


def _at_first(inside: tuple[Number, Number], residual: Number) -> tuple[Number, Number]:
    """The first iteration of a loop, which is its last as well when there is only one."""
    return inside[0], where(residual == 1, inside[1], inside[0])


def _runs_once(
    inside: tuple[Number, Number, Number], trips: Number, residual: Number
) -> tuple[Number, Number, Number]:
    """Lanes that see a temporal loop once: all when it has one trip; with two in its last visit, those that are too far
    out to take part in the second. The third number is over lanes that exist in the last visit as well, but in an ordinary
    visit.
    """
    ordinary, at_end, both = inside
    once = trips == 1
    in_last = where(residual == 1, at_end, where(residual == 2, ordinary - both, 0.0))
    return where(once, ordinary, 0.0), in_last, where(once, both, 0.0)


@dataclass(frozen=True)
class TensorView:
    """One tensor as its moves go: ranks that ``slide`` (share an index expression), ranks that ``jump`` (stand alone), and
    the axes along which it slides.
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
    chains: list[RankChain],
    tensor: int,
    child: int,
    parent: int | None,
) -> Number:
    """Words that the instances of level ``child`` (``n_levels``: the compute units) receive over the run, all instances.

    With ``parent``, copies that several children of one of its instances need at once count once.
    """
    view = tensor_view(structure, tensor)
    shared = range(0) if parent is None else range(parent, child)
    point = child == structure.n_levels
    sums = []
    for rank, chain in enumerate(chains):
        sizes = [1.0, 1.0]
        if rank in view.jump and not point:
            ends = (chain.extent[child], chain.residual_extent[child])
            sizes = [_span(structure, workload, tensor, rank, end) for end in ends]
        alike = rank not in view.jump and rank not in view.slide
        sums.append(lane_sums(structure, chain, child, *sizes, shared=shared if alike else range(0)))
    extent = extents(structure, mapping)
    below = index_extents(structure, workload, tensor, extent[child])
    window = 1.0 if point else product([below[axis] for axis in view.axes])
    words = product([each.first[0] for each in sums]) * window
    for level in range(child):
        for rank in () if structure.is_fanout[level] else loop_ranks(structure, level):
            words = words + _lanes(structure, mapping, sums, frozenset(), level, rank) * window
            if rank not in view.jump and keeps_tile(structure, child - 1, tensor):
                still = _lanes(structure, mapping, sums, view.jump, level, rank)
                words = words - still * _overlap(structure, workload, mapping, extent, tensor, view, child, level, rank)
    for level in shared:
        if structure.is_fanout[level] and view.slide:
            lanes = product([mapping.factor[level][r] for r in loop_ranks(structure, level) if r in structure.relevant(tensor)])
            words = words * (distinct_tiles(structure, workload, mapping, extent, level, tensor) / lanes)
    return words


def _span(structure: LevelStructure, workload: LevelWorkload, tensor: int, rank: int, extent: Number) -> Number:
    """Words that ``extent`` of a rank spans over all index expressions in which it stands alone."""
    sizes = []
    for terms, coefficients in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
        if rank in live_ranks(structure, terms):
            slope = sum((c for r, c in zip(terms, coefficients, strict=True) if r == rank), start=0.0)
            sizes.append(1.0 + abs(slope) * (extent - 1.0))
    return product(sizes)


def _lanes(
    structure: LevelStructure, mapping: LevelMapping, sums: list[LaneSums], still: frozenset[int], level: int, rank: int
) -> Number:
    """Steps of one loop, over all lanes, in which the ranks of ``still`` do not move, times the words along ranks that
    stand alone.
    """
    position, ranks = mapping.position[level], loop_ranks(structure, level)
    parts = [sums[rank].step[level]]
    for other, each in enumerate(sums):
        if other == rank:
            continue
        outside = position[other] > position[rank] if other in ranks else True
        column = each.single if other in still else each.first
        parts.append(where(outside, column[level + 1], column[level]))
    return product(parts)


def _overlap(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: tuple[tuple[Any, ...], ...],
    tensor: int,
    view: TensorView,
    child: int,
    level: int,
    rank: int,
) -> Number:
    """Points that the window has in common before and after a step of one loop, along the axes that slide."""
    sides = index_extents(structure, workload, tensor, extent[child])
    position = mapping.position[level]
    common = []
    for axis in view.axes:
        terms, coefficients = structure.projections[tensor][axis], workload.coefficients[tensor][axis]
        move: Number = 0.0
        for term, coefficient in zip(terms, coefficients, strict=True):
            if term == rank:
                move = move + coefficient * extent[level + 1][term]
            for inner in range(level, child):
                if structure.is_fanout[inner] or structure.unit_factor[inner][term]:
                    continue
                wrap = coefficient * extent[inner + 1][term] * (mapping.factor[inner][term] - 1.0)
                if inner > level:
                    move = move - wrap
                elif term != rank:
                    move = move - where(position[term] < position[rank], wrap, 0.0)
        common.append(maximum(sides[axis] - abs(move), 0.0))
    return product(common)


def lanes_ever(structure: LevelStructure, chain: RankChain, level: int) -> Number:
    """Instances of ``level`` along one rank that take part at any time."""
    ordinary: Number = 1.0
    at_end: Number = 1.0
    for outer in reversed(range(level)):
        trips, residual = chain.trips[outer], chain.residual[outer]
        if structure.is_fanout[outer]:
            at_end = (residual - 1.0) * ordinary + at_end
            ordinary = trips * ordinary
        else:
            at_end = where(residual >= 2, ordinary, at_end)
    return at_end


def all_visits(chain: RankChain, level: int) -> tuple[Number, Number]:
    """``(ordinary, last)``: distinct tiles of one rank at ``level``, over all lanes."""
    ordinary: Number = 0.0
    for outer in range(level):
        ordinary = ordinary * chain.trips[outer] + chain.residual[outer] - 1.0
    return ordinary, 1.0


def first_words(
    structure: LevelStructure, workload: LevelWorkload, chains: list[RankChain], tensor: int, child: int, holder: int
) -> Number:
    """Words that the instances of level ``holder`` see for the first time, in tiles of level ``child``. For tensors without
    sliding ranks.
    """
    relevant = structure.relevant(tensor)
    parts = []
    for rank, chain in enumerate(chains):
        if rank not in relevant:
            parts.append(lanes_ever(structure, chain, holder))
            continue
        ordinary, last = all_visits(chain, child)
        sizes = [1.0, 1.0]
        if child < structure.n_levels:
            ends = (chain.extent[child], chain.residual_extent[child])
            sizes = [_span(structure, workload, tensor, rank, end) for end in ends]
        parts.append(ordinary * sizes[0] + last * sizes[1])
    return product(parts)
