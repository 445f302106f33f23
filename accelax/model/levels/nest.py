"""Which way of counting a loop nest applies: the closed form, its refinement by link transfers, or imperfect shapes."""

from __future__ import annotations

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.networks import NestCounts, perfect_nest


def count_nest(structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping) -> NestCounts:
    """Count the loop nest of one mapping."""
    return perfect_nest(structure, workload, mapping)
