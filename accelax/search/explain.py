"""Why nothing fits, and the smallest change that would make something fit, from the mapping that comes nearest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from accelax.encode.level_problem import LevelProblem
from accelax.evaluation import evaluate
from accelax.ir import Mapping
from accelax.report.level_result import TOLERANCE, LevelResult

if TYPE_CHECKING:
    from accelax.spec.specification import Specification


def why_nothing_fits(spec: Specification, problem: Any, nearest: Mapping | None, proved: bool) -> str:
    """What the mapping that comes nearest still misses, and what would make it fit.

    Of a full buffer, also the largest tile that cannot shrink. ``proved`` says that no mapping fits at all.
    """
    if nearest is None:
        return "no mapping fits, which is proved" if proved else "nothing was evaluated"
    missed = evaluate(spec.with_mapping(nearest))
    parts = [missed.reason_if_invalid] if missed.reason_if_invalid else []
    if isinstance(problem, LevelProblem):
        parts += [*_tiles(problem, missed), *_lanes(problem, missed)]
        changes = _changes(problem, missed)
        if changes:
            parts.append(f"it would fit with {' and '.join(changes)}")
    if proved:
        parts.append("it is proved that nothing fits")
    return "; ".join(parts) or "no mapping fits"


def _changes(problem: LevelProblem, nearest: LevelResult) -> list[str]:
    """The numbers of the machine that would have to be others for ``nearest`` to fit."""
    changes = []
    for constraint in nearest.cost.constraints:
        if float(constraint.excess) <= TOLERANCE:
            continue
        level = problem.lowered.machine.levels[constraint.level]
        if constraint.kind == "capacity":
            words, buffers = float(constraint.used), level.multiple_buffering
            changes.append(f"{words * buffers:,.10g} words in {level.name}")
        elif constraint.kind == "utilization":
            share = float(constraint.used) / float(problem.hardware.size[constraint.level])
            changes.append(f"min_utilization {share:.4g} of {level.name}")
        else:
            axis = constraint.kind.replace("fanout ", "mesh")
            changes.append(f"{float(constraint.used):g} instances along {axis} of {level.name}")
    least, used = float(problem.space.least_lanes), float(nearest.cost.nest.peak_instances[-1])
    if used < least:
        changes.append(f"utilization {used / least * _utilization(problem):.4g} in the constraints")
    return changes


def _utilization(problem: LevelProblem) -> float:
    """The least utilization that the constraints ask for."""
    return max(constraint.utilization_minimum for constraint in problem.lowered.constraints)


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
        int(rows[:count, level:].prod(axis=1).min()) for rows, count in zip(space.factors, space.n_factors, strict=True)
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
