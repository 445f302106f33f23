"""What crosses a network when factors do not divide, in closed form, for tensors without sliding windows.

The visits of a child are all combinations of the visits of each rank, so a sum over them is a product of sums over
ranks. Every visit but the first is a step of one loop ``j``: loops outside stand still, loops inside restart. With,
for rank ``d``, ``first`` the sum over visits of the loops outside ``j`` of the words at the first iteration of those
inside, ``step`` the sum over the further iterations of ``j`` itself, and ``single`` the part of ``first`` where the
loops inside ``j`` make one visit only,

    words = prod_d first(start) + sum_j step(j) prod_{d other} first_d(j)
            - sum_{j irrelevant} step(j) prod_{d irrelevant} first_d(j) prod_{d relevant} single_d(j)

for a tile is delivered again unless no loop that indexes the tensor moved. Two different tiles of such a tensor never
overlap, so the halo rule does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.residual_chain import RankChains, discards_last
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.visits import keeps_tile, vector
from accelax.model.ops import where


def separable(structure: LevelStructure, tensor: int) -> bool:
    """Whether every index expression of ``tensor`` has at most one rank with loops longer than 1."""
    return all(len(live_ranks(structure, terms)) <= 1 for terms in structure.projections[tensor])


def live_ranks(structure: LevelStructure, terms: tuple[int, ...]) -> set[int]:
    """The ranks of an index expression that have a loop longer than 1 in some mapping."""
    return {rank for rank in terms if not all(row[rank] for row in structure.unit_factor)}


@dataclass(frozen=True)
class RankSums:
    """Sums over the visits of each rank, arrays ``[R]`` by the number of levels that stand outside. See the module.

    ``directly_above``: ``step`` of the level above a storage level's children for the loop that is innermost there.
    """

    first: list[Any]
    single: list[Any]
    step: list[Any]
    directly_above: Any


def rank_sums(
    structure: LevelStructure, chains: RankChains, network: int, tile: Any, last_tile: Any, children: Any
) -> RankSums:
    """Sum over the visits of each rank.

    ``tile`` and ``last_tile`` ``[R]`` are its words in an ordinary and in the last visit. At a fan-out every child
    counts where ``children`` ``[R]``, else the first one only.
    """
    fanout = structure.is_fanout[network]
    above = range(network if fanout else network + 1)
    ordinary, at_end = tile, last_tile
    if fanout:
        ordinary = where(children, chains.trips[network], 1.0) * tile
        short = where(chains.residual[network] == 1, last_tile, tile)
        at_end = where(children, chains.residual[network], 1.0) * short
    alone, alone_at_end, start = [ordinary], [at_end], [at_end]
    for level in reversed(above):
        ends = chains.residual[level] == 1
        start.insert(0, where(ends, start[0], ordinary))
        if structure.is_fanout[level]:
            alone_at_end.insert(0, where(ends, alone_at_end[0], alone[0]))
            alone.insert(0, alone[0])
        else:
            alone_at_end.insert(0, where(ends, alone_at_end[0], 0.0))
            alone.insert(0, where(chains.trips[level] == 1, alone[0], 0.0))
    steps = [further_steps(chains, chains.others, chains.last, level, ordinary, start[level + 1]) for level in above]
    directly = steps[-1] if steps else ordinary
    if not fanout:
        alike = further_steps(chains, chains.others, chains.last, network, ordinary, ordinary)
        directly = where(discards_last(chains, network), alike, directly)
    cuts = range(len(above) + 1)
    return RankSums(
        first=[chains.others[cut] * ordinary + chains.last[cut] * start[cut] for cut in cuts],
        single=[chains.others[cut] * alone[cut] + chains.last[cut] * alone_at_end[cut] for cut in cuts],
        step=steps,
        directly_above=directly,
    )


def further_steps(
    chains: RankChains, others: list[Any], last: list[Any], level: int, ordinary: Any, at_end: Any
) -> Any:
    """Sum over all iterations but the first of a level's loops: ``ordinary`` words each, ``at_end`` for the last."""
    trips, residual = chains.trips[level], chains.residual[level]
    in_last = where(residual >= 2, (residual - 2.0) * ordinary + at_end, 0.0)
    return others[level] * (trips - 1.0) * ordinary + last[level] * in_last


@dataclass(frozen=True)
class Slots:
    """The temporal loops above a boundary.

    ``level`` and ``rank`` ``[S]`` (plain), ``outside`` ``[S, R]``: whether the loop of another rank at the same level
    stands outside; ``own`` ``[S, R]`` (plain).
    """

    level: Any
    rank: Any
    own: Any
    outside: Any

    def products(self, step: list[Any], table: list[Any], xp: Any) -> Any:
        """``[S]``: the step of each loop times the sums of the other ranks, cut where the loop stands."""
        sums = xp.stack(table)
        others = xp.where(self.outside, sums[self.level + 1], sums[self.level])
        mine = xp.stack(step)[self.level]
        return xp.where(self.own, mine, others).prod(axis=1)


def temporal_slots(structure: LevelStructure, mapping: LevelMapping, levels: range, xp: Any) -> Slots | None:
    """The loops of storage levels that may be longer than 1; None when there are none."""
    loops = [
        (level, rank) for level in levels if not structure.is_fanout[level] for rank in loop_ranks(structure, level)
    ]
    if not loops:
        return None
    level, rank = (np.array(column) for column in zip(*loops, strict=True))
    position = xp.stack([vector(xp, list(mapping.position[at])) for at in levels])[level - levels[0]]
    own = rank[:, None] == np.arange(len(structure.ranks))[None, :]
    return Slots(level, rank, own, position > xp.where(own, position, 0.0).sum(axis=1)[:, None])


def separable_network(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: RankChains,
    network: int,
    tensor: int,
    xp: Any,
) -> NetworkCounts:
    """Count what crosses ``network`` for a separable ``tensor``, without link transfers and hops, before bypassing."""
    slots = temporal_slots(structure, mapping, range(network + 1), xp)
    deliveries = _words(structure, workload, chains, slots, network, tensor, True, xp)
    alone = not structure.multicasts(network, tensor)
    if alone or not structure.is_fanout[network]:
        return NetworkCounts(deliveries, deliveries)
    return NetworkCounts(_words(structure, workload, chains, slots, network, tensor, False, xp), deliveries)


def _words(
    structure: LevelStructure,
    workload: LevelWorkload,
    chains: RankChains,
    slots: Slots | None,
    network: int,
    tensor: int,
    copies: bool,
    xp: Any,
) -> Any:
    """Words that all children receive (``copies``), or words that differ among them."""
    relevant = np.array([rank in structure.relevant(tensor) for rank in range(len(structure.ranks))])
    tile = last_tile = xp.ones(len(relevant))
    if network < structure.n_levels - 1:
        ends = (chains.extent[network + 1], chains.residual_extent[network + 1])
        tile, last_tile = (words_along(structure, workload, tensor, end, xp) for end in ends)
    sums = rank_sums(structure, chains, network, tile, last_tile, relevant | copies)
    words = sums.first[0].prod()
    if slots is None:
        return words
    step = list(sums.step)
    every = slots.products(step, sums.first, xp)
    if not structure.is_fanout[network]:
        # Among the loops of the level above the children, the innermost one longer than 1 reports its own deltas.
        reporting = slots.products([*step[:-1], sums.directly_above], sums.first, xp)
        inside = xp.where(slots.outside | slots.own, 1.0, chains.trips[network][None, :]).prod(axis=1)
        reports = (slots.level == network) & relevant[slots.rank] & (inside == 1)
        every = xp.where(reports, reporting, every)
    if keeps_tile(structure, network, tensor):
        unmoved = slots.products(
            step, [xp.where(relevant, *pair) for pair in zip(sums.single, sums.first, strict=True)], xp
        )
        every = every - xp.where(relevant[slots.rank], 0.0, unmoved)
    return words + every.sum()


def words_along(structure: LevelStructure, workload: LevelWorkload, tensor: int, extent: Any, xp: Any) -> Any:
    """``[R]``: words that ``extent`` of each rank spans, over all index expressions in which it stands alone."""
    spans = xp.ones(len(structure.ranks))
    for terms, coefficients in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
        live = live_ranks(structure, terms)
        if len(live) == 1:
            slope = sum((c for r, c in zip(terms, coefficients, strict=True) if r in live), start=0.0)
            own = np.arange(len(structure.ranks)) == min(live)
            spans = spans * xp.where(own, 1.0 + abs(slope) * (extent - 1.0), 1.0)
    return spans
