"""What a search minimises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from accelax.errors import SpecError, did_you_mean
from accelax.model.evaluate import evaluate_batch
from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.levels.evaluate import LevelCost, evaluate_levels
from accelax.model.ops import total

METRICS = ("energy", "delay", "edp", "last_level_accesses")
ALIASES = {"latency": "delay", "last-level-accesses": "last_level_accesses"}

Objective = tuple[tuple[str, float], ...]
"""Metrics with their weights: the objective is the product of the metrics to the power of their weights."""


def parse_objective(objective: str | Sequence[str] | dict[str, float]) -> Objective:
    """Read an objective: one metric, several (the first decides, ties go to the next), or a dict of weights.

    Raises SpecError for an unknown metric.

    >>> parse_objective("latency")
    (('delay', 1.0),)
    """
    if isinstance(objective, str):
        given: dict[str, float] = {objective: 1.0}
    elif isinstance(objective, dict):
        given = dict(objective)
    else:
        given = {name: 1.0 if place == 0 else 1e-6 for place, name in enumerate(objective)}
    parsed = []
    for name, weight in given.items():
        metric = ALIASES.get(name.lower(), name.lower())
        if metric not in METRICS:
            raise SpecError(f"unknown objective {name!r}{did_you_mean(name, METRICS)}")
        parsed.append((metric, float(weight)))
    if not parsed:
        raise SpecError("an empty objective")
    return tuple(parsed)


def outermost_accesses(cost: LevelCost) -> Any:
    """Reads, fills and updates of the outermost level, all tensors (Timeloop's last-level accesses)."""
    traffic = cost.traffic
    return total([*traffic.reads[0], *traffic.fills[0], *traffic.updates[0]])


def scores(problem: Any, batch: Any, objective: Objective) -> tuple[jax.Array, jax.Array]:
    """``(value, violation)`` of every mapping, each ``[n]``; ``value`` is the weighted sum of log metrics."""
    if isinstance(problem.structure, LevelStructure):

        def one(mapping: LevelMapping) -> tuple[jax.Array, jax.Array]:
            cost = evaluate_levels(problem.structure, problem.workload, problem.hardware, mapping)
            metrics = {
                "energy": cost.energy,
                "delay": cost.cycles,
                "edp": cost.energy * cost.cycles,
                "last_level_accesses": outermost_accesses(cost),
            }
            logs = [weight * jnp.log(metrics[name]) for name, weight in objective]
            return total(logs), jnp.asarray(cost.violation, float)

        return jax.vmap(one)(batch)
    cost = evaluate_batch(problem, batch)
    if any(name == "last_level_accesses" for name, _ in objective):
        raise SpecError("last_level_accesses is a metric of the Timeloop dialect")
    metrics = {"energy": cost.energy_pJ, "delay": cost.latency_s, "edp": cost.edp}
    return total([weight * jnp.log(metrics[name]) for name, weight in objective]), cost.violation
