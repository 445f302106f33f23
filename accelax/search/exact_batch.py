"""Evaluate many mappings of a chain of levels with numpy, operation for operation as a report is computed."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, NetworkCounts
from accelax.model.levels.evaluate import LevelCost, nest_traffic, price_nest
from accelax.model.levels.links import linked_network
from accelax.model.levels.nest import Pair, closed_counts, count_nest, meeting, needs_detail


def exact_costs(problem: Any, mappings: LevelMapping) -> LevelCost:
    """The cost of every mapping (leaves ``[n]`` of numpy, float64); numbers that all mappings share may stay scalars.

    ``problem`` has the ``structure``, ``workload`` and ``hardware`` to evaluate with. Networks that must be counted
    child by child are, one mapping after the other.
    """
    structure, workload = problem.structure, problem.workload
    with np.errstate(all="ignore"):
        known = {pair: _counts(problem, mappings, pair) for pair in detailed_pairs(structure)}
        nest = count_nest(structure, workload, mappings, known)
        return price_nest(structure, problem.hardware, mappings, nest, nest_traffic(structure, mappings, nest))


def detailed_pairs(structure: LevelStructure) -> list[Pair]:
    """The networks and tensors that are counted child by child in some mappings, or in all."""
    pairs = [(n, t) for n in range(structure.n_levels) for t in range(len(structure.tensors))]
    return [pair for pair in pairs if needs_detail(structure, *pair) is not False]


def counted_in_detail(problem: Any, mappings: LevelMapping) -> int:
    """How many networks of these mappings are counted child by child, for each tensor."""
    with np.errstate(all="ignore"):
        pairs = detailed_pairs(problem.structure)
        return sum(int(_suspects(problem, mappings, pair).sum()) for pair in pairs)


def one_of(mappings: LevelMapping, i: int) -> LevelMapping:
    """The ``i``-th of several mappings, as plain numbers."""
    return jax.tree.map(lambda leaf: float(leaf[i]), mappings)


def _suspects(problem: Any, mappings: LevelMapping, pair: Pair) -> np.ndarray:
    """``[n]``: whether the closed form may fail for a pair."""
    count = len(mappings.position[0][0])
    if needs_detail(problem.structure, *pair):
        return np.ones(count, bool)
    return np.broadcast_to(np.asarray(meeting(problem.structure, problem.workload, mappings, pair), bool), count)


def _counts(problem: Any, mappings: LevelMapping, pair: Pair) -> NetworkCounts:
    """The counts of one pair, ``[n]`` each: the closed form, replaced where it may fail."""
    count = len(mappings.position[0][0])
    closed = closed_counts(problem.structure, problem.workload, mappings, pair)
    counts = jax.tree.map(lambda x: np.broadcast_to(np.asarray(x, float), count).copy(), closed)
    for i in np.flatnonzero(_suspects(problem, mappings, pair)):
        found = linked_network(problem.structure, problem.workload, one_of(mappings, int(i)), *pair)
        for whole, value in zip(jax.tree.leaves(counts), jax.tree.leaves(found), strict=True):
            whole[i] = value
    return counts
