"""Evaluate many mappings of a chain of levels with numpy, operation for operation as a report is computed."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.evaluate import LevelCost, evaluate_levels, nest_traffic, price_nest
from accelax.model.levels.links import linked_network
from accelax.model.levels.nest import Pair, closed_counts, count_nest, meeting, needs_detail

FEW = 1 << 10
"""Up to so many mappings are counted child by child one after the other; compiling takes longer."""
AT_ONCE = 1 << 12


def exact_costs(problem: Any, mappings: LevelMapping) -> LevelCost:
    """The cost of every mapping (leaves ``[n]`` of numpy, float64); numbers that all mappings share may stay scalars.

    ``problem`` has the ``structure``, ``workload`` and ``hardware`` to evaluate with. Networks that must be counted
    child by child are, by compiled code where they are many: these are sums of whole numbers, and hops. Imperfect
    mappings are evaluated one by one.
    """
    structure, workload = problem.structure, problem.workload
    if structure.imperfect:
        rows = [one_of(mappings, i) for i in range(len(mappings.position[0][0]))]
        return _stacked([evaluate_levels(structure, workload, problem.hardware, row) for row in rows])
    with np.errstate(all="ignore"):
        known = {pair: _counts(problem, mappings, pair) for pair in detailed_pairs(structure)}
        nest = count_nest(structure, workload, mappings, known)
        return price_nest(structure, problem.hardware, mappings, nest, nest_traffic(structure, mappings, nest))


def detailed_pairs(structure: LevelStructure) -> list[Pair]:
    """The networks and tensors that are counted child by child in some mappings, or in all."""
    pairs = [(n, t) for n in range(structure.n_levels) for t in range(len(structure.tensors))]
    return [pair for pair in pairs if needs_detail(structure, *pair) is not False]


def one_of(mappings: LevelMapping, i: int) -> LevelMapping:
    """The ``i``-th of several mappings, as plain numbers."""
    return jax.tree.map(lambda leaf: float(leaf[i]), mappings)


def _stacked(costs: list[Any]) -> Any:
    """Results of one structure as one result, whose numbers are arrays ``[n]``."""
    first = costs[0]
    if is_dataclass(first) and not isinstance(first, type):
        parts = {field.name: _stacked([getattr(cost, field.name) for cost in costs]) for field in fields(first)}
        return type(first)(**parts)
    if isinstance(first, dict):
        return {key: _stacked([cost[key] for cost in costs]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stacked(list(column)) for column in zip(*costs, strict=True))
    return first if first is None or isinstance(first, str) else np.asarray(costs)


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
    suspects = np.flatnonzero(_suspects(problem, mappings, pair))
    by_one = len(suspects) <= FEW
    step = 1 if by_one else AT_ONCE
    for begin in range(0, len(suspects), step):
        picks = suspects[begin : begin + step]
        if by_one:
            found = linked_network(problem.structure, problem.workload, one_of(mappings, int(picks[0])), *pair)
        else:
            padded = jax.tree.map(lambda leaf, picks=picks: np.resize(leaf[picks], AT_ONCE), mappings)
            found = _counted_together(problem.structure, pair, problem.workload, padded)
        for whole, values in zip(jax.tree.leaves(counts), jax.tree.leaves(found), strict=True):
            whole[picks] = np.ravel(values)[: len(picks)]
    return counts


def _counted_together(
    structure: LevelStructure, pair: Pair, workload: LevelWorkload, mappings: LevelMapping
) -> NetworkCounts:
    """Count one pair child by child in ``AT_ONCE`` mappings, by compiled code in float64."""
    with jax.enable_x64(True):
        return jax.device_get(_together(structure, pair, workload, mappings))


@partial(jax.jit, static_argnums=(0, 1))
def _together(structure: LevelStructure, pair: Pair, workload: LevelWorkload, mappings: LevelMapping) -> NetworkCounts:
    def one(mapping: LevelMapping) -> NetworkCounts:
        counts = linked_network(structure, workload, mapping, *pair)
        return jax.tree.map(lambda value: jnp.asarray(value, float), counts)

    return jax.vmap(one)(mappings)
