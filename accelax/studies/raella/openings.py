"""Where factors may stand on one machine, and the mappings that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from accelax.encode.level_problem import LevelProblem
from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.tiles import extents, tile_size
from accelax.model.ops import product, total

Slot = tuple[int, int]
"""A level and a rank that may have a factor above 1 there."""
Factors = Mapping[Slot, Any]
"""The factor of each slot: a number, or an array of one for each of many mappings."""


class Openings:
    """The slots of a machine, and what all mappings made of them share.

    ``places`` are pairs of names, level and rank, of which those at levels that the machine does not have (a fan-out to
    one child) are left out; the factors that the constraints of the machine fix come on top. Everything else has no
    loop, so that nothing is counted for it.
    """

    def __init__(self, problem: LevelProblem, lanes: Mapping[str, int], places: set[tuple[str, str]]):
        ranks, names = problem.structure.ranks, problem.structure.level_names
        constraints = problem.lowered.constraints
        self.lanes, self.hardware, self._workload = dict(lanes), problem.hardware, problem.workload
        self.fixed: dict[Slot, float] = {
            (level, ranks.index(rank)): float(factor)
            for level, constraint in enumerate(constraints)
            for rank, factor in constraint.fixed
            if factor > 1 and (names[level], rank) not in places
        }
        here = {(level, rank) for level, rank in places if level in names}
        chosen = {(names.index(level), ranks.index(rank)) for level, rank in here} | set(self.fixed)
        self.slots: tuple[Slot, ...] = tuple(sorted(chosen))
        self.structure: LevelStructure = replace(
            problem.structure,
            unit_factor=tuple(
                tuple((level, rank) not in chosen for rank in range(len(ranks))) for level in range(len(names))
            ),
        )
        self._order = tuple(tuple(_place(constraint.order_inner, rank) for rank in ranks) for constraint in constraints)

    def present(self, levels: Sequence[str]) -> tuple[str, ...]:
        """Those of some levels that the machine has."""
        return tuple(level for level in levels if level in self.structure.level_names)

    def slot(self, level: str, rank: str) -> Slot:
        """The slot of two names."""
        return self.structure.level_names.index(level), self.structure.ranks.index(rank)

    def mapping(self, factors: Factors) -> LevelMapping:
        """The mapping with these factors and 1 elsewhere, its loops in the order of the machine's constraints."""
        levels, ranks = range(self.structure.n_levels), range(len(self.structure.ranks))
        ones = tuple(tuple(1.0 for _ in ranks) for _ in levels)
        return LevelMapping(
            factor=tuple(tuple(factors.get((level, rank), 1.0) for rank in ranks) for level in levels),
            residual=(),
            position=self._order,
            on_x=ones,
            keep=tuple(tuple(float(bool(kept)) for kept in row) for row in self.structure.keep_fixed),
        )

    def strided(self, along_p: Any, along_q: Any) -> LevelWorkload:
        """The workload with these strides along P and Q: numbers, or arrays of one for each of many mappings."""
        new = {self.structure.ranks.index("P"): along_p, self.structure.ranks.index("Q"): along_q}

        def axis(terms: tuple[int, ...], coefficients: tuple[Any, ...]) -> tuple[Any, ...]:
            if len(terms) == 1:
                return coefficients
            return tuple(new.get(rank, given) for rank, given in zip(terms, coefficients, strict=True))

        tensors = zip(self.structure.projections, self._workload.coefficients, strict=True)
        return LevelWorkload(
            bounds=self._workload.bounds,
            coefficients=tuple(tuple(axis(*pair) for pair in zip(*tensor, strict=True)) for tensor in tensors),
        )

    def fits(self, factors: Factors, workload: LevelWorkload) -> Any:
        """Whether every fan-out and every buffer holds what the factors give it."""
        structure, mapping = self.structure, self.mapping(factors)
        extent = extents(structure, mapping)
        fine: Any = True
        for level, name in enumerate(structure.level_names):
            if structure.is_fanout[level]:
                fine = fine & (product(list(mapping.factor[level])) <= self.lanes[name])
            elif self.hardware.size[level] < math.inf:
                kept = [tensor for tensor, keep in enumerate(structure.keep_fixed[level]) if keep]
                words = total([tile_size(structure, workload, tensor, extent[level]) for tensor in kept])
                fine = fine & (words <= self.hardware.size[level])
        return fine

    def steps(self, factors: Factors) -> Any:
        """The product of all factors in time."""
        return product([factor for (level, _), factor in factors.items() if not self.structure.is_fanout[level]])


def _place(order: tuple[str, ...], rank: str) -> float:
    """The place of a rank's loop in its level, 0 innermost; ranks that the order leaves out have no loop there."""
    return float(order.index(rank) if rank in order else len(order))
