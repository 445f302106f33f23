"""What a search minimises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.errors import SpecError, did_you_mean
from accelax.model.evaluate import evaluate_batch
from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.batch import map_levels
from accelax.model.levels.evaluate import LevelCost
from accelax.model.ops import total

METRICS = ("energy", "delay", "edp", "last_level_accesses")
ALIASES = {"latency": "delay"}

UNFIT = 1e6
"""From here on the first score of a mapping tells its violation; the log of a metric is far below."""

Criterion = tuple[tuple[str, float], ...]
"""Metrics with their weights: the product of the metrics to the power of their weights."""
Objective = tuple[Criterion, ...]
"""Criteria in order of importance: a later one only decides between mappings equal in all earlier ones."""


def parse_objective(objective: str | Sequence[str | tuple[str, float]] | Mapping[str, float]) -> Objective:
    """Read an objective.

    One metric; several in order of importance (ties of the first go to the next, as in Timeloop); or weights, as a
    dictionary or as pairs: the product of the metrics to the power of their weights, so that energy and delay with
    weight 1 each are the energy-delay product. Raises SpecError for what is none of these.

    >>> parse_objective("latency")
    ((('delay', 1.0),),)
    >>> parse_objective(["delay", "energy"])
    ((('delay', 1.0),), (('energy', 1.0),))
    >>> parse_objective({"energy": 1, "delay": 2})
    ((('energy', 1.0), ('delay', 2.0)),)
    """
    if isinstance(objective, str):
        return (((_metric(objective), 1.0),),)
    entries = list(objective.items() if isinstance(objective, Mapping) else objective)
    if not entries:
        raise SpecError("an empty objective")
    if all(isinstance(entry, str) for entry in entries):
        return tuple(((name, 1.0),) for name in dict.fromkeys(_metric(str(entry)) for entry in entries))
    weights: dict[str, float] = {}
    for entry in entries:
        if isinstance(entry, str) or len(entry) != 2:
            raise SpecError(f"expected metrics alone, or all with weights, got {entry!r}")
        name = _metric(entry[0])
        weights[name] = weights.get(name, 0.0) + _weight(entry[0], entry[1])
    return (tuple(weights.items()),)


def _metric(name: object) -> str:
    """The metric that a name stands for."""
    plain = str(name).strip().lower().replace("-", "_")
    metric = ALIASES.get(plain, plain)
    if metric not in METRICS:
        raise SpecError(f"unknown objective {name!r}{did_you_mean(plain, (*METRICS, *ALIASES))}")
    return metric


def _weight(name: object, given: object) -> float:
    """A weight as a number: positive, since every metric is better when smaller."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < math.inf:
        raise SpecError(f"objective {name!r}: expected a positive weight, got {given!r}")
    return float(given)


def name_of(objective: Objective) -> str:
    """An objective in words: the criteria in order, each with weights where it has any.

    >>> name_of(parse_objective("latency")), name_of(parse_objective({"energy": 1, "delay": 2}))
    ('delay', 'energy=1,delay=2')
    """

    def criterion(parts: Criterion) -> str:
        if len(parts) == 1 and parts[0][1] == 1:
            return parts[0][0]
        return ",".join(f"{name}={weight:g}" for name, weight in parts)

    return ",".join(criterion(parts) for parts in objective)


def check_objective(objective: Objective, dialect: str) -> None:
    """Raise SpecError for a metric that a dialect does not have."""
    if dialect != "timeloop" and any(name == "last_level_accesses" for criterion in objective for name, _ in criterion):
        raise SpecError("last_level_accesses is a metric of the Timeloop dialect")


def log_metrics(problem: Any, batch: Any) -> tuple[jax.Array, jax.Array]:
    """``(logs, violation)`` of every mapping: the log of each of ``METRICS``, ``[4, n]``, and the excess, ``[n]``.

    No objective enters here, so that one compilation serves all. The AccelForge dialect has NaN for the last metric.
    """

    def of_levels(cost: LevelCost) -> tuple[jax.Array, ...]:
        accesses = outermost_accesses(problem.structure, cost)
        return jnp.log(cost.energy), jnp.log(cost.cycles), jnp.log(accesses), jnp.asarray(cost.violation, float)

    if isinstance(problem.structure, LevelStructure):
        energy, delay, accesses, violation = map_levels(problem, batch, of_levels)
    else:
        cost = evaluate_batch(problem, batch)
        energy, delay, violation = jnp.log(cost.energy_pJ * 1e-12), jnp.log(cost.latency_s), cost.violation
        accesses = jnp.full_like(energy, jnp.nan)
    return jnp.stack([energy, delay, energy + delay, accesses]), violation


def weights(objective: Objective) -> np.ndarray:
    """The weight of each of ``METRICS`` in each criterion, ``[criteria, 4]``.

    >>> weights(parse_objective(["delay", "energy"])).tolist()
    [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    """
    return np.array([[dict(criterion).get(name, 0.0) for name in METRICS] for criterion in objective])


def scores(logs: jax.Array, violation: jax.Array, weight: jax.Array) -> jax.Array:
    """Scores ``[criteria, n]``, smaller is better: the log of each criterion.

    Where a mapping does not fit, the first says so instead, and a smaller violation is better.
    """
    parts = jnp.where(weight[:, :, None] > 0, weight[:, :, None] * logs, 0.0)
    values = parts.sum(axis=1)
    values = jnp.where(jnp.isnan(values), jnp.inf, values)
    return values.at[0].set(jnp.where(violation > 0, UNFIT * (1 + jnp.log1p(violation)), values[0]))


def outermost_accesses(structure: LevelStructure, cost: LevelCost) -> Any:
    """Reads, fills and updates of all instances of the outermost storage level (Timeloop's last-level accesses)."""
    level, traffic = structure.is_fanout.index(False), cost.traffic
    accesses = total([*traffic.reads[level], *traffic.fills[level], *traffic.updates[level]])
    return accesses * cost.nest.instances[level]


def exact_values(figures: dict[str, Any], objective: Objective) -> tuple[float, ...]:
    """Each criterion of an evaluation's ``to_dict()``: pJ and cycles, or J and s without cycles."""
    if figures.get("cycles") is None:
        metrics = {"energy": figures["energy"], "delay": figures["latency"], "edp": figures["edp"]}
    else:
        outer = next(iter(figures["levels"].values()))["tensors"].values()
        accesses = sum((t["reads"] + t["fills"] + t["updates"]) * t["utilized_instances"] for t in outer)
        energy, cycles = figures["energy_pJ"], figures["cycles"]
        metrics = {"energy": energy, "delay": cycles, "edp": energy * cycles, "last_level_accesses": accesses}
    return criterion_values(metrics, objective)


def criterion_values(metrics: Mapping[Any, Any], objective: Objective) -> tuple[float, ...]:
    """Each criterion of an objective from the metrics by name.

    >>> criterion_values({"energy": 2.0, "delay": 3.0}, parse_objective({"energy": 1, "delay": 2}))
    (18.0,)
    """
    return tuple(math.prod(metrics[name] ** weight for name, weight in criterion) for criterion in objective)
