"""The metrics of mappings as objectives compare them: exactly, or from below where code was compiled."""

from __future__ import annotations

from typing import Any

from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.evaluate import LevelCost
from accelax.model.ops import INFINITY, Number, ceil, maximum, total, where
from accelax.report.level_result import TOLERANCE
from accelax.search.objective import outermost_accesses

WHOLE_CYCLES = 1e-12
"""Relative: a quotient of float64 numbers that close above a whole number of cycles may be that number."""


def exact_metrics(structure: LevelStructure, cost: LevelCost) -> dict[str, Any]:
    """Every metric of ``cost`` by name, infinite where the mapping does not fit."""
    return _metrics(structure, cost, cost.energy, cost.cycles)


def lowest_metrics(structure: LevelStructure, cost: LevelCost) -> dict[str, Any]:
    """The same where every level needs the fewest cycles that rounding leaves open, for costs from compiled code.

    ``ceil`` of a quotient jumps by a whole cycle where the last bit of the quotient does. A compiler that contracts a
    product and a sum changes that bit, so that its cycles and those of numpy differ by one; neither are below these.
    """
    compute_cycles = cost.nest.compute_cycles
    by_level = [ceil(compute_cycles / slowdown * (1.0 - WHOLE_CYCLES)) for slowdown in cost.slowdown]
    steady = maximum(compute_cycles, *cost.level_cycles)
    fewest = maximum(compute_cycles, *by_level)
    energy = cost.energy - total(list(cost.leakage)) * (1.0 - fewest / steady)
    return _metrics(structure, cost, energy, cost.cycles - steady + fewest)


def _metrics(structure: LevelStructure, cost: LevelCost, energy: Number, cycles: Number) -> dict[str, Any]:
    """The metrics by name, infinite where the mapping does not fit or a number is none."""
    fits = cost.violation <= TOLERANCE
    values = {
        "energy": energy,
        "delay": cycles,
        "edp": energy * cycles,
        "last_level_accesses": outermost_accesses(structure, cost),
    }
    return {name: where(fits & (value < INFINITY), value, INFINITY) for name, value in values.items()}
