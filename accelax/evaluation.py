"""Evaluate one mapping, with every number by name, in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelax.encode import encode
from accelax.errors import SpecError
from accelax.ir import LoweredTree, Mapping

if TYPE_CHECKING:
    from accelax.spec.specification import Specification


def evaluate(spec: Specification) -> Any:
    """Evaluate the mapping of a specification.

    The model is the one that ``evaluate_batch`` vectorises, run here on plain float64 numbers, so that counts are exact
    up to 2**53. Returns a result with ``valid``, ``reason_if_invalid`` and ``to_dict()``. Raises SpecError when the
    specification is wrong or has no complete mapping, UnsupportedError when accelax does not model something in it.
    """
    lowered = spec.lowered()
    if lowered.mapping is None:
        raise SpecError("the specification determines no mapping: give a complete one, or search for one with map")
    problem = encode(spec)
    if isinstance(lowered, LoweredTree):
        return _evaluate_tree(problem, lowered.mapping)
    from accelax.encode.level_mapping import encode_mapping
    from accelax.model.levels.evaluate import evaluate_levels
    from accelax.report.level_result import LevelResult

    numbers = encode_mapping(problem.structure, lowered, lowered.mapping)
    cost = evaluate_levels(problem.structure, problem.workload, problem.hardware, numbers)
    return LevelResult(problem.structure, lowered, lowered.mapping, cost)


def _evaluate_tree(problem: Any, mapping: Mapping) -> Any:
    """Evaluate a mapping of the AccelForge dialect."""
    from accelax.encode.tree_mapping import encode_mapping
    from accelax.model.tree import evaluate_tree
    from accelax.report.tree_result import TreeResult

    numbers = encode_mapping(problem.lowered, mapping)
    cost = evaluate_tree(problem.structure, problem.workload, problem.hardware, numbers)
    return TreeResult(problem.lowered, mapping, cost)
