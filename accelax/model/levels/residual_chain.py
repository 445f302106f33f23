"""The loops of one rank, outermost first, when its factors do not divide: trips, contexts, sizes, average instances.

A loop runs its residual number of trips when every loop of its rank further out is at its last iteration, else its factor.
So whatever depends on one rank depends on one bit, whether the loops of the rank outside are all at their last iteration:
there are ``others`` visits where they are not, and ``last`` (1 or 0) where they are. Ranks do not influence each other.

Timeloop evaluates only the first of the instances of a fan-out and translates it (reference C.5). Inside a spatial loop
longer than 1 in its last visit, the first instance is not at the end, so that bit is lost: ``last`` falls to 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.ops import Number, logical_and, where


@dataclass(frozen=True)
class RankChain:
    """One rank. Every list is indexed by level and has an entry more for the compute unit where it describes a boundary.

    trips, residual
        ``[L]``: iterations in an ordinary and in the last visit.
    extent, residual_extent
        ``[L + 1]``: extent of the rank in the tile of a level, ordinary and last (Timeloop's mold; one residual shape).
    others, last
        ``[L + 1]``: visits of the first instance of a level outside and at the last iteration of the loops outside it.
    imperfect_inside
        ``[L + 1]``: whether a loop at this level or further in has a residual.
    average
        ``[L]``: average trips, ``(r + e (o - 1)) / o`` with ``o`` visits of all loops of the rank further out.
    """

    trips: list[Number]
    residual: list[Number]
    extent: list[Number]
    residual_extent: list[Number]
    others: list[Number]
    last: list[Number]
    imperfect_inside: list[Number]
    average: list[Number]


def rank_chain(structure: LevelStructure, mapping: LevelMapping, rank: int) -> RankChain:
    """Describe the loops over ``rank``; reference C.1, C.2, C.6."""
    levels = range(structure.n_levels)
    unit = [structure.unit_factor[level][rank] for level in levels]
    trips = [1.0 if unit[level] else mapping.factor[level][rank] for level in levels]
    residual = [1.0 if unit[level] else mapping.residual[level][rank] for level in levels]
    extent: list[Number] = [1.0]
    residual_extent: list[Number] = [1.0]
    inside: list[Number] = [False]
    for level in reversed(levels):
        residual_extent.insert(0, residual_extent[0] + (residual[level] - 1.0) * extent[0])
        extent.insert(0, extent[0] * trips[level])
        inside.insert(0, where(trips[level] != residual[level], True, inside[0]))
    others: list[Number] = [0.0]
    last: list[Number] = [1.0]
    average: list[Number] = []
    outer: Number = 1.0
    for level in levels:
        average.append((residual[level] + trips[level] * (outer - 1.0)) / outer)
        outer = residual[level] + trips[level] * (outer - 1.0)
        if structure.is_fanout[level]:
            stays = residual[level] == 1
            others.append(others[-1] + where(stays, 0.0, last[-1]))
            last.append(where(stays, last[-1], 0.0))
        else:
            others.append(others[-1] * trips[level] + last[-1] * (residual[level] - 1.0))
            last.append(last[-1])
    return RankChain(trips, residual, extent, residual_extent, others, last, inside, average)


def largest_extent(chain: RankChain, level: int) -> Number:
    """Extent of the rank in the largest tile of ``level`` that is ever held."""
    return where(chain.others[level] > 0, chain.extent[level], chain.residual_extent[level])


def discards_last(chain: RankChain, level: int) -> Number:
    """Whether the loop of ``level``, in its last visit, reports the delta of iteration 1 in place of that of its last one.

    Timeloop does so for a loop of three trips or more that divides, around one of its rank that does not (reference C.3).
    """
    divides = chain.trips[level] == chain.residual[level]
    return logical_and(divides, chain.imperfect_inside[level + 1], chain.residual[level] >= 3)
