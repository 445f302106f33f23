"""Why nothing fits, in terms of the constraints and of the mapping that comes nearest."""

from __future__ import annotations

import math
from typing import Any

from accelax.encode.level_problem import LevelProblem
from accelax.report.level_result import TOLERANCE, LevelResult


def why_nothing_fits(problem: Any, nearest: Any) -> str:
    """What the mapping that comes nearest still misses; of a full buffer, also the largest tile that cannot shrink.

    ``nearest`` is the evaluation of that mapping.
    """
    if not isinstance(problem, LevelProblem):
        return nearest.reason_if_invalid or "no mapping fits"
    assert isinstance(nearest, LevelResult)
    return "; ".join([*filter(None, [nearest.reason_if_invalid]), *_tiles(problem, nearest), *_lanes(problem, nearest)])


def _tiles(problem: LevelProblem, nearest: LevelResult) -> list[str]:
    """For every full buffer, the tensor whose smallest tile is the largest."""
    structure = problem.structure
    full = [c.level for c in nearest.cost.constraints if c.kind == "capacity" and float(c.excess) > TOLERANCE]
    found = []
    for level in full:
        held = [t for t in range(len(structure.tensors)) if problem.space.keep_probability[level][t] == 1.0]
        if held:
            size, tensor = max((smallest_tile(problem, level, t), t) for t in held)
            where = f" in {structure.level_names[level]}" if len(full) > 1 else ""
            found.append(f"smallest tile of {structure.tensors[tensor]} alone{where} is {size}")
    return found


def smallest_tile(problem: LevelProblem, level: int, tensor: int) -> int:
    """The fewest words of ``tensor`` that ``level`` can hold under the factor constraints, in words.

    The box that encloses the smallest extents of its ranks below the loops of outer levels.
    """
    space = problem.space
    extent = [
        int(rows[:count, level:].prod(axis=1).min())
        for rows, count in zip(space.factors, space.n_factors, strict=True)
    ]
    projection, coefficients = problem.structure.projections[tensor], problem.workload.coefficients[tensor]
    return math.prod(
        1 + sum(abs(int(c)) * (extent[rank] - 1) for rank, c in zip(ranks, row, strict=True))
        for ranks, row in zip(projection, coefficients, strict=True)
    )


def _lanes(problem: LevelProblem, nearest: LevelResult) -> list[str]:
    """A utilization constraint that the mapping misses although it fits."""
    least = float(problem.space.least_lanes)
    used = float(nearest.cost.nest.peak_instances[-1])
    if used >= least:
        return []
    name = problem.structure.compute_name
    return [f"{used:g} units of {name} are in use, the utilization constraint asks for {least:g}"]
