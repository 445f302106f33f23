"""What crosses a network when factors do not divide, in closed form, for tensors without sliding windows.

The visits of a child are all combinations of the visits of each rank, so a sum over them is a product of sums over ranks.
Every visit but the first is a step of one loop ``j``: loops outside stand still, loops inside restart. With, for rank
``d``, ``first`` the sum over visits of the loops outside ``j`` of the words at the first iteration of those inside,
``step`` the sum over the further iterations of ``j`` itself, and ``single`` the part of ``first`` where the loops inside
``j`` make one visit only,

    words = prod_d first(start) + sum_j step(j) prod_{d other} first_d(j)
            - sum_{j irrelevant} step(j) prod_{d irrelevant} first_d(j) prod_{d relevant} single_d(j)

for a tile is delivered again unless no loop that indexes the tensor moved. Two different tiles of such a tensor never
overlap, so the halo rule does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.residual_chain import RankChain, discards_last
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.visits import keeps_tile
from accelax.model.ops import Number, product, where


def separable(structure: LevelStructure, tensor: int) -> bool:
    """Whether every index expression of ``tensor`` has at most one rank with loops longer than 1."""
    return all(len(live_ranks(structure, terms)) <= 1 for terms in structure.projections[tensor])


def live_ranks(structure: LevelStructure, terms: tuple[int, ...]) -> set[int]:
    """The ranks of an index expression that have a loop longer than 1 in some mapping."""
    return {rank for rank in terms if not all(row[rank] for row in structure.unit_factor)}


@dataclass(frozen=True)
class RankSums:
    """Sums over the visits of one rank, by the number of levels that stand outside: ``first`` and ``single`` ``[cuts]``,
    ``step`` ``[levels]``. See the module.
    """

    first: list[Number]
    single: list[Number]
    step: list[Number]
    step_directly_above: Number


def rank_sums(
    structure: LevelStructure, chain: RankChain, network: int, tile: Number, last_tile: Number, children: bool
) -> RankSums:
    """Sum over the visits of one rank; ``tile`` and ``last_tile`` are its words in an ordinary and in the last visit.

    At a fan-out every child counts when ``children``, else the first one only.
    """
    fanout = structure.is_fanout[network]
    above = range(network if fanout else network + 1)
    ordinary, at_end = tile, last_tile
    if fanout:
        many = chain.trips[network] if children else 1.0
        few = chain.residual[network] if children else 1.0
        ordinary, at_end = many * tile, few * where(chain.residual[network] == 1, last_tile, tile)
    alone, alone_at_end = [ordinary], [at_end]
    start = [at_end]
    for level in reversed(above):
        ends = chain.residual[level] == 1
        start.insert(0, where(ends, start[0], ordinary))
        if structure.is_fanout[level]:
            alone_at_end.insert(0, where(ends, alone_at_end[0], alone[0]))
            alone.insert(0, alone[0])
        else:
            alone_at_end.insert(0, where(ends, alone_at_end[0], 0.0))
            alone.insert(0, where(chain.trips[level] == 1, alone[0], 0.0))
    cuts = range(len(above) + 1)
    steps: list[Number] = []
    for level in above:
        trips, residual = chain.trips[level], chain.residual[level]
        further = where(residual >= 2, (residual - 2.0) * ordinary + start[level + 1], 0.0)
        steps.append(chain.others[level] * (trips - 1.0) * ordinary + chain.last[level] * further)
    directly: Number = 0.0
    if not fanout:
        trips, residual = chain.trips[network], chain.residual[network]
        all_alike = chain.others[network] * (trips - 1.0) + chain.last[network] * (residual - 1.0)
        directly = where(discards_last(chain, network), all_alike * ordinary, steps[network])
    return RankSums(
        first=[chain.others[cut] * ordinary + chain.last[cut] * start[cut] for cut in cuts],
        single=[chain.others[cut] * alone[cut] + chain.last[cut] * alone_at_end[cut] for cut in cuts],
        step=steps,
        step_directly_above=directly,
    )


def separable_network(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: list[RankChain],
    network: int,
    tensor: int,
) -> NetworkCounts:
    """Count what crosses ``network`` for a separable ``tensor``, without link transfers and hops, before bypassing."""
    deliveries = _words(structure, workload, mapping, chains, network, tensor, True)
    alone = structure.no_multicast[network][tensor] or not structure.rules.multicast
    if alone or not structure.is_fanout[network]:
        return NetworkCounts(deliveries, deliveries)
    return NetworkCounts(_words(structure, workload, mapping, chains, network, tensor, False), deliveries)


def _words(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: list[RankChain],
    network: int,
    tensor: int,
    copies: bool,
) -> Number:
    """Words that all children receive (``copies``), or words that differ among them."""
    relevant = structure.relevant(tensor)
    point = network == structure.n_levels - 1
    sums = []
    for rank, chain in enumerate(chains):
        sizes = [1.0, 1.0]
        if not point and rank in relevant:
            ends = (chain.extent[network + 1], chain.residual_extent[network + 1])
            sizes = [_words_along(structure, workload, tensor, rank, end) for end in ends]
        sums.append(rank_sums(structure, chain, network, *sizes, children=copies or rank in relevant))
    result = product([each.first[0] for each in sums])
    keeps = keeps_tile(structure, network, tensor)
    for level in range(network + 1):
        if structure.is_fanout[level]:
            continue
        for rank in loop_ranks(structure, level):
            result = result + _step(structure, mapping, sums, relevant, network, level, rank, keeps)
    return result


def _step(
    structure: LevelStructure,
    mapping: LevelMapping,
    sums: list[RankSums],
    relevant: frozenset[int],
    network: int,
    level: int,
    rank: int,
    keeps: bool,
) -> Number:
    """Words that all steps of one loop bring."""
    position = mapping.position[level]
    ranks = loop_ranks(structure, level)
    step: Number = sums[rank].step[level]
    if level == network and rank in relevant:
        inner = [where(position[r] < position[rank], mapping.factor[level][r], 1.0) for r in ranks if r != rank]
        step = where(product(inner) == 1, sums[rank].step_directly_above, step)
    others, unmoved = [step], [step]
    for other in range(len(sums)):
        if other == rank:
            continue
        outside = position[other] > position[rank] if other in ranks else True
        first = sums[other].first
        others.append(where(outside, first[level + 1], first[level]))
        single = sums[other].single if other in relevant else first
        unmoved.append(where(outside, single[level + 1], single[level]))
    if not keeps or rank in relevant:
        return product(others)
    return product(others) - product(unmoved)


def _words_along(structure: LevelStructure, workload: LevelWorkload, tensor: int, rank: int, extent: Number) -> Number:
    """Words that ``extent`` of ``rank`` spans, over all index expressions in which it is the one that moves."""
    sizes = []
    for terms, coefficients in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
        if rank in live_ranks(structure, terms):
            slope = sum((c for r, c in zip(terms, coefficients, strict=True) if r == rank), start=0.0)
            sizes.append(1.0 + abs(slope) * (extent - 1.0))
    return product(sizes)


__all__ = ["RankSums", "rank_sums", "separable", "separable_network"]
