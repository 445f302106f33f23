"""How often a tile is delivered: temporal reuse across the loops that do not move it.

Timeloop's rule (nest analysis, reference C.3): a tile stays across the innermost run of loops that do not index the
tensor; the run continues outward through a level whose relevant loops are all 1. Every loop outside the innermost
moving one multiplies the deliveries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.ops import INFINITY, Number, logical_or, minimum, product, where


@dataclass(frozen=True)
class LevelMoves:
    """One storage level's loops as one tensor sees them.

    innermost
        Position of the innermost loop (factor > 1) that moves the tensor; infinite when none does.
    relevant
        Product of the factors of the ranks that index the tensor.
    outer
        Product of the irrelevant factors that stand outside ``innermost``.
    irrelevant
        Product of all irrelevant factors.
    """

    innermost: Any
    relevant: Any
    outer: Any
    irrelevant: Any


def loop_ranks(structure: LevelStructure, level: int) -> list[int]:
    """The ranks that may have a loop longer than 1 at ``level``."""
    return [rank for rank, unit in enumerate(structure.unit_factor[level]) if not unit]


def innermost_position(mapping: LevelMapping, level: int, ranks: list[int]) -> Number:
    """Position of the innermost loop longer than 1 among ``ranks`` of ``level``; infinite when there is none."""
    position: Number = INFINITY
    for rank in ranks:
        here = where(mapping.factor[level][rank] > 1, mapping.position[level][rank], INFINITY)
        position = here if position is INFINITY else minimum(position, here)
    return position


def level_moves(structure: LevelStructure, mapping: LevelMapping, level: int, tensor: int) -> LevelMoves:
    """Split the temporal loops of ``level`` into those that move ``tensor`` and those that do not."""
    indexed = structure.relevant(tensor)
    ranks = loop_ranks(structure, level)
    relevant = [rank for rank in ranks if rank in indexed]
    irrelevant = [rank for rank in ranks if rank not in indexed]
    innermost = innermost_position(mapping, level, relevant)
    factor, position = mapping.factor[level], mapping.position[level]
    outer = [where(position[rank] > innermost, factor[rank], 1.0) for rank in irrelevant] if relevant else []
    return LevelMoves(
        innermost=innermost,
        relevant=product([factor[rank] for rank in relevant]),
        outer=product(outer),
        irrelevant=product([factor[rank] for rank in irrelevant]),
    )


def delivered_tiles(moves: list[LevelMoves]) -> tuple[Number, Number]:
    """How many tiles reach one child over the run, and whether any loop moves the tile.

    ``moves`` are those of the levels above the child, innermost level first:
    ``prod relevant * prod (irrelevant outside the innermost moving loop)``.
    """
    tiles: Number = 1.0
    moved: Number = False
    for level in moves:
        here = level.innermost < INFINITY
        factor = level.outer if moved is False else where(moved, level.irrelevant, level.outer)
        tiles = product([tiles, level.relevant, factor])
        moved = here if moved is False else logical_or(moved, here)
    return tiles, moved


def iterations(structure: LevelStructure, mapping: LevelMapping, levels: range) -> Number:
    """The product of all temporal factors of ``levels``."""
    return product(
        [
            mapping.factor[level][rank]
            for level in levels
            if not structure.is_fanout[level]
            for rank in loop_ranks(structure, level)
        ]
    )
