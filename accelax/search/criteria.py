"""The criteria of an objective as numbers, exactly or from below, of one evaluation or of arrays of them."""

from __future__ import annotations

from typing import Any

from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.evaluate import LevelCost
from accelax.model.ops import INFINITY, Number, ceil, maximum, namespace, product, total, where
from accelax.report.level_result import TOLERANCE
from accelax.search.objective import Objective, outermost_accesses

WHOLE_CYCLES = 1e-12
"""Relative: a quotient of float64 numbers that close above a whole number of cycles may be that number."""


def exact_criteria(structure: LevelStructure, cost: LevelCost, objective: Objective) -> list[Number]:
    """Every criterion of ``cost``, infinite where the mapping does not fit."""
    return _criteria(structure, cost, objective, cost.energy, cost.cycles)


def lowest_criteria(structure: LevelStructure, cost: LevelCost, objective: Objective) -> list[Number]:
    """The same where every level needs the fewest cycles that rounding leaves open, for costs from compiled code.

    ``ceil`` of a quotient jumps by a whole cycle where the last bit of the quotient does. A compiler that contracts a
    product and a sum changes that bit, so that its cycles and those of numpy differ by one; neither are below these.
    """
    compute_cycles = cost.nest.compute_cycles
    by_level = [ceil(compute_cycles / slowdown * (1.0 - WHOLE_CYCLES)) for slowdown in cost.slowdown]
    steady = maximum(compute_cycles, *cost.level_cycles)
    fewest = maximum(compute_cycles, *by_level)
    leaked = total(list(cost.leakage))
    energy = cost.energy - leaked * (1.0 - fewest / steady)
    return _criteria(structure, cost, objective, energy, cost.cycles - steady + fewest)


def _criteria(
    structure: LevelStructure, cost: LevelCost, objective: Objective, energy: Number, cycles: Number
) -> list[Number]:
    """Weighted products of the metrics."""
    metrics: dict[str, Any] = {
        "energy": energy,
        "delay": cycles,
        "edp": energy * cycles,
        "last_level_accesses": outermost_accesses(structure, cost),
    }
    values = []
    for criterion in objective:
        value = product([metrics[name] if weight == 1.0 else metrics[name] ** weight for name, weight in criterion])
        known = namespace(value).isnan(value) == False  # noqa: E712
        values.append(where((cost.violation <= TOLERANCE) & known, value, INFINITY))
    return values
