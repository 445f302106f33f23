"""Reads, fills and updates of every level from exact counts of tiles that do not divide.

Averages over the instances of a level, so they need not be whole.
"""

from __future__ import annotations

from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.levels.networks import ClippedCounts, NestCounts
from accelax.model.levels.traffic import Traffic, kept
from accelax.model.ops import Number, logical_and, logical_not, logical_or, where

Counts = tuple[Number, Number, Number, Number]


def clipped_traffic(
    structure: LevelStructure, mapping: LevelMapping, nest: NestCounts, counts: ClippedCounts
) -> Traffic:
    """The accesses of every level: what the next inner level that keeps the tensor receives is read here."""
    tensors = range(len(structure.tensors))
    rows = [
        [_level(structure, mapping, nest, counts, level, tensor) for tensor in tensors]
        for level in range(structure.n_levels)
    ]
    picked = [tuple(tuple(cell[field] for cell in row) for row in rows) for field in range(4)]
    nothing = tuple(tuple(0.0 for _ in tensors) for _ in rows)
    return Traffic(
        reads=picked[0],
        fills=picked[1],
        updates=picked[2],
        temporal_reductions=picked[3],
        networks=nest.networks,
        partition=nothing,
        tiles=nest.tiles,
    )


def _level(
    structure: LevelStructure,
    mapping: LevelMapping,
    nest: NestCounts,
    counts: ClippedCounts,
    level: int,
    tensor: int,
) -> Counts:
    """``(reads, fills, updates, temporal reductions)`` per instance of one level."""
    keep = kept(structure, mapping, level, tensor)
    if keep is False:
        return 0.0, 0.0, 0.0, 0.0
    served, first_served = _next_inner(structure, mapping, counts, level, tensor)
    above: Number = False
    for outer in range(level):
        above = _either(above, kept(structure, mapping, outer, tensor))
    arriving = counts.arriving[level, tensor]
    updates: Number = 0.0
    reductions: Number = 0.0
    if structure.outputs[tensor]:
        updates = served
        if structure.rules.first_read_elision and not structure.rmw_first_update[level][tensor]:
            served = served - first_served
            if structure.rules.first_fill_elision:
                arriving = arriving - counts.first_arriving[level, tensor]
        reductions = served
    fills = where(above, arriving, 0.0)
    result = tuple(value / nest.instances[level] for value in (served, fills, updates, reductions))
    return result if keep is True else tuple(where(keep, value, 0.0) for value in result)


def _next_inner(
    structure: LevelStructure, mapping: LevelMapping, counts: ClippedCounts, level: int, tensor: int
) -> tuple[Number, Number]:
    """``(words served, words served for the first time)`` to the next inner level that keeps the tensor."""
    served: Number = 0.0
    first: Number = 0.0
    open_below: Number = True
    for child in range(level + 1, structure.n_levels + 1):
        here = True if child == structure.n_levels else kept(structure, mapping, child, tensor)
        if here is False or (level, child, tensor) not in counts.served:
            continue
        chosen = here if open_below is True else (open_below if here is True else logical_and(open_below, here))
        served = served + where(chosen, counts.served[level, child, tensor], 0.0)
        if structure.outputs[tensor]:
            first = first + where(chosen, counts.first_served[level, child, tensor], 0.0)
        if here is True:
            break
        open_below = logical_not(here) if open_below is True else logical_and(open_below, logical_not(here))
    return served, first


def _either(a: Number, b: Number) -> Number:
    """``a or b`` where either may be known."""
    if a is True or b is True:
        return True
    return b if a is False else (a if b is False else logical_or(a, b))
