"""The loops of every rank, outermost first, when factors do not divide: trips, contexts, sizes, average instances.

A loop runs its residual number of trips when every loop of its rank further out is at its last iteration, else its
factor. So whatever depends on one rank depends on one bit, whether the loops of the rank outside are all at their
last iteration: there are ``others`` visits where they are not, and ``last`` (1 or 0) where they are. Ranks do not
influence each other.

Timeloop evaluates only the first of the instances of a fan-out and translates it (reference C.5). Inside a spatial
loop longer than 1 in its last visit, the first instance is not at the end, so that bit is lost: ``last`` falls to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.levels.visits import vector
from accelax.model.ops import where


@dataclass(frozen=True)
class RankChains:
    """All ranks at once.

    Every entry is an array ``[R]``. Lists are indexed by level, those of length ``L + 1`` with the compute unit last.

    trips, residual
        ``L``: iterations in an ordinary and in the last visit.
    extent, residual_extent
        ``L + 1``: extent of the rank in the tile of a level, ordinary and last (Timeloop's mold; one residual shape).
    others, last
        ``L + 1``: visits of the first instance of a level outside and at the last iteration of the loops outside it.
    imperfect_inside
        ``L + 1``: whether a loop at this level or further in has a residual.
    average
        ``L``: average trips, ``(r + e (o - 1)) / o`` with ``o`` visits of all loops of the rank further out.
    """

    trips: list[Any]
    residual: list[Any]
    extent: list[Any]
    residual_extent: list[Any]
    others: list[Any]
    last: list[Any]
    imperfect_inside: list[Any]
    average: list[Any]


def rank_chains(structure: LevelStructure, mapping: LevelMapping, xp: Any) -> RankChains:
    """Describe the loops of all ranks; reference C.1, C.2, C.6."""
    levels = range(structure.n_levels)
    trips, residual = (_rows(structure, grid, xp) for grid in (mapping.factor, mapping.residual))
    one = xp.ones(len(structure.ranks))
    extent, residual_extent, inside = [one], [one], [one < 0]
    for level in reversed(levels):
        residual_extent.insert(0, residual_extent[0] + (residual[level] - 1.0) * extent[0])
        extent.insert(0, extent[0] * trips[level])
        inside.insert(0, inside[0] | (trips[level] != residual[level]))
    others, last, average, outer = [one - 1.0], [one], [], one
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
    return RankChains(trips, residual, extent, residual_extent, others, last, inside, average)


def _rows(structure: LevelStructure, grid: tuple[tuple[Any, ...], ...], xp: Any) -> list[Any]:
    """One array per level; 1 where no mapping has a longer loop."""
    return [
        vector(xp, [1.0 if unit else value for unit, value in zip(units, row, strict=True)])
        for units, row in zip(structure.unit_factor, grid, strict=True)
    ]


def largest_extents(chains: RankChains, level: int) -> Any:
    """``[R]``: extents of the largest tile of ``level`` that Timeloop ever sees."""
    return where(chains.others[level] > 0, chains.extent[level], chains.residual_extent[level])


def discards_last(chains: RankChains, level: int) -> Any:
    """Which ranks repeat a delta, ``[R]``.

    Whether the loop of ``level``, in its last visit, reports the delta of iteration 1 in place of that of its last
    one. Timeloop does so for a loop of three trips or more that divides, around one of its rank that does not
    (reference C.3).
    """
    divides = chains.trips[level] == chains.residual[level]
    return divides & chains.imperfect_inside[level + 1] & (chains.residual[level] >= 3)
