"""Which combinations of factorizations can fit the machine: joined rank by rank, cut as soon as something overflows.

Tiles and fan-outs only grow with the factors of every rank, so a combination of some ranks that overflows with the
smallest tiles of all others is dropped with everything that extends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelax.model.levels.arrays import LevelStructure

MOST_COMBINATIONS = 1 << 22
"""Combinations kept; a mapspace with more is not enumerated."""
MOST_PAIRS = 1 << 26
"""Combinations looked at in all steps together, about two seconds of work."""
BLOCK = 1 << 18


@dataclass(frozen=True)
class FittingRule:
    """The limits of a machine on factors, all given as plain numbers.

    sizes
        ``[L]``: words a level may hold; infinite for a fan-out level.
    held
        ``[L][T]``: whether the level holds the tensor in every mapping.
    sides
        ``[L]``: children of one instance of a fan-out level along X and Y; infinite for a storage level.
    coefficients
        ``[T][tensor ranks][terms]`` of the projections of ``structure``.
    """

    structure: LevelStructure
    sizes: tuple[float, ...]
    held: tuple[tuple[bool, ...], ...]
    sides: tuple[tuple[float, float], ...]
    coefficients: tuple[tuple[tuple[float, ...], ...], ...]

    def tiles(self, level: int, tensor: int, extent: Sequence[np.ndarray]) -> np.ndarray:
        """Words of the tensor's tile where ``extent[rank]`` are the extents at ``level``: arrays that broadcast."""
        size = np.ones(1)
        for terms, row in zip(self.structure.projections[tensor], self.coefficients[tensor], strict=True):
            spans = [abs(c) * (extent[rank] - 1.0) for rank, c in zip(terms, row, strict=True)]
            size = size * sum(spans, start=np.ones(1))
        return size

    def fits(self, extent: Sequence[Sequence[np.ndarray]], lanes: Sequence[np.ndarray]) -> np.ndarray:
        """Whether the tiles that are always held and the lanes fit; ``extent[level][rank]``, ``lanes[level]``."""
        good = np.ones(1, bool)
        for level in range(self.structure.n_levels):
            good = good & (lanes[level] <= self.sides[level][0] * self.sides[level][1])
            always = [tensor for tensor, held in enumerate(self.held[level]) if held]
            if np.isfinite(self.sizes[level]) and always:
                words = [self.tiles(level, tensor, extent[level]) for tensor in always]
                good = good & (sum(words) <= self.sizes[level])
        return good


def fitting_rows(rule: FittingRule, tables: Sequence[np.ndarray]) -> np.ndarray | None:
    """``[n, R]``: the rows of ``tables`` (``[rows, L]`` per rank) whose combination may fit; None where too many do.

    Necessary conditions only: what free tensors and the sides of a mesh need is not asked.
    """
    reach = [np.cumprod(table[:, ::-1], axis=1)[:, ::-1] for table in tables]
    sequence = sorted(range(len(tables)), key=lambda rank: len(tables[rank]))
    found = np.zeros((1, len(tables)), np.int32)
    joined: list[int] = []
    pairs = 0
    for rank in sequence:
        step = max(BLOCK // len(tables[rank]), 1)
        parts: list[np.ndarray] = []
        count = 0
        for begin in range(0, len(found), step):
            part = found[begin : begin + step]
            pairs += len(part) * len(tables[rank])
            if pairs > MOST_PAIRS:
                return None
            kept, row = np.nonzero(_fitting_pairs(rule, tables, reach, joined, rank, part))
            extended = part[kept]
            extended[:, rank] = row
            parts.append(extended)
            count += len(extended)
            if count > MOST_COMBINATIONS:
                return None
        joined.append(rank)
        found = np.concatenate(parts) if parts else found
    return found


def _fitting_pairs(
    rule: FittingRule,
    tables: Sequence[np.ndarray],
    reach: Sequence[np.ndarray],
    joined: Sequence[int],
    rank: int,
    part: np.ndarray,
) -> np.ndarray:
    """``[len(part), rows of rank]``: whether a combination of the joined ranks fits with each row of ``rank``."""
    levels = range(rule.structure.n_levels)

    def column(r: int, level: int, values: Sequence[np.ndarray]) -> np.ndarray:
        if r == rank:
            return values[r][None, :, level]
        return values[r][part[:, r], level][:, None] if r in joined else values[r][:, level].min().reshape(1, 1)

    extent = [[column(r, level, reach) for r in range(len(tables))] for level in levels]
    lanes = [
        np.prod(np.broadcast_arrays(*(column(r, level, tables) for r in range(len(tables)))), axis=0)
        if rule.structure.is_fanout[level]
        else np.ones(1)
        for level in levels
    ]
    return np.broadcast_to(rule.fits(extent, lanes), (len(part), len(tables[rank])))
