"""Judge candidates: batches on the device, lists of mappings exactly, in float64 on the host."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.encode.level_mapspace import Layout, unpack
from accelax.encode.level_problem import LevelProblem
from accelax.errors import UnsupportedError
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.search.objective import (
    UNFIT,
    Objective,
    criterion_values,
    log_metrics,
    outermost_accesses,
    scores,
    weights,
)

TOLERANCE = 1e-12
"""Relative excess below which a constraint counts as met, as in the results of ``evaluate``."""
EXACT_CHUNK = 64
"""Mappings evaluated at once on the host."""


@dataclass(frozen=True)
class Judgement:
    """Exact values of mappings, one tuple per mapping with one number per criterion, and how far each is from fitting.

    ``metrics`` are those that the criteria are made of: energy, delay, edp and, in Timeloop's dialect,
    last_level_accesses. A mapping that the model cannot count has an infinite ``excess``.
    """

    metrics: tuple[dict[str, float], ...]
    values: tuple[tuple[float, ...], ...]
    excess: tuple[float, ...]

    def scores(self) -> np.ndarray:
        """The same as ``[criteria, n]`` scores: see :func:`~accelax.search.objective.scores`."""
        rows = [[math.log(value) if value > 0 else -math.inf for value in values] for values in self.values]
        for row, excess in zip(rows, self.excess, strict=True):
            if excess > TOLERANCE:
                row[0] = UNFIT * (1 + math.log1p(min(excess, 1e300)))
        return np.array(rows, dtype=float).reshape(len(rows), len(rows[0]) if rows else 0).T


class Judge:
    """Judges candidates for one problem and one objective."""

    def __init__(self, problem: Any, objective: Objective):
        self.problem, self.objective = problem, objective
        self.levels = isinstance(problem, LevelProblem)
        self.least_lanes = float(problem.space.least_lanes) if self.levels else 0.0
        self._on_device: Any = None

    def batch(self, candidates: Any) -> tuple[Any, Any]:
        """``(scores, logs)`` of a batch: ``[criteria, n]``, and the logs of all metrics ``[4, n]``.

        On the device; a batch of a chain of levels that is made of numpy arrays stays on the host.
        """
        if isinstance(candidates, LevelMapping) and isinstance(candidates.factor[0][0], np.ndarray):
            return self.on_host(candidates)
        if self._on_device is None:
            weight = jnp.asarray(weights(self.objective), float)
            self._on_device = jax.device_put((self.problem, jnp.asarray(self.least_lanes, float), weight))
        problem, least, weight = self._on_device
        logs, violation = measure(problem, candidates, least)
        return _score(logs, violation, weight), logs

    def on_host(self, rows: LevelMapping) -> tuple[np.ndarray, np.ndarray]:
        """The same as :meth:`batch` in float64, of a batch of numpy arrays on a chain of levels."""
        from accelax.search.exact_batch import exact_costs

        cost = exact_costs(self.problem, rows)
        lanes = lane_shortfall(self.problem.structure, rows, self.least_lanes)
        accesses = outermost_accesses(self.problem.structure, cost)
        columns = np.broadcast_arrays(
            *map(np.asarray, (cost.energy, cost.cycles, accesses, np.maximum(cost.violation, lanes))), rows.keep[0][0]
        )
        with np.errstate(divide="ignore"):
            energy, delay, outer = (np.log(column) for column in columns[:3])
        logs = np.stack([energy, delay, energy + delay, outer])
        parts = weights(self.objective)[:, :, None]
        table = np.where(parts > 0, parts * logs, 0.0).sum(axis=1)
        excess = columns[3]
        table[0] = np.where(excess > TOLERANCE, UNFIT * (1 + np.log1p(excess)), table[0])
        return table, logs

    def exact(self, mappings: Sequence[Mapping]) -> Judgement:
        """Values and excess of each mapping, in float64: the numbers that ``evaluate`` gives."""
        metrics: list[dict[str, float]] = []
        excess: list[float] = []
        evaluate = self._levels if self.levels else self._trees
        for start in range(0, len(mappings), EXACT_CHUNK):
            for found, over in evaluate(mappings[start : start + EXACT_CHUNK]):
                metrics.append(found)
                excess.append(over)
        values = tuple(criterion_values(found, self.objective) for found in metrics)
        return Judgement(tuple(metrics), values, tuple(excess))

    def _levels(self, mappings: Sequence[Mapping]) -> list[tuple[dict[str, float], float]]:
        """A chunk of mappings of a chain of levels: the model runs once, on numpy arrays ``[n]``."""
        from accelax.encode.level_mapping import encode_mapping
        from accelax.search.exact_batch import exact_costs

        problem = self.problem
        encoded, places = [], []
        for place, mapping in enumerate(mappings):
            try:
                encoded.append(encode_mapping(problem.structure, problem.lowered, mapping))
                places.append(place)
            except UnsupportedError:
                continue
        found = [(_nothing(), math.inf)] * len(mappings)
        if not encoded:
            return found
        rows = jax.tree.map(lambda *leaves: np.asarray(leaves, dtype=float), *encoded)
        cost = exact_costs(problem, rows)
        excess = np.maximum(cost.violation, lane_shortfall(problem.structure, rows, self.least_lanes))
        accesses = outermost_accesses(problem.structure, cost)
        table = np.broadcast_arrays(*map(np.asarray, (cost.energy, cost.cycles, accesses, excess)), places)
        for energy, cycles, outer, over, place in zip(*(column.tolist() for column in table), strict=True):
            named = {"energy": energy, "delay": cycles, "edp": energy * cycles, "last_level_accesses": outer}
            found[int(place)] = (named, over)
        return found

    def _trees(self, mappings: Sequence[Mapping]) -> list[tuple[dict[str, float], float]]:
        """Mappings of the AccelForge dialect, one by one."""
        from accelax.encode.tree_mapping import encode_mapping
        from accelax.model.tree import evaluate_tree

        problem, found = self.problem, []
        for mapping in mappings:
            try:
                numbers = encode_mapping(problem.lowered, mapping)
            except UnsupportedError:
                found.append((_nothing(), math.inf))
                continue
            cost = evaluate_tree(problem.structure, problem.workload, problem.hardware, numbers)
            named = {"energy": float(cost.energy), "delay": float(cost.latency), "edp": float(cost.edp)}
            found.append((named, float(cost.violation)))
        return found


def _nothing() -> dict[str, float]:
    """The metrics of a mapping that cannot be counted."""
    return dict.fromkeys(("energy", "delay", "edp", "last_level_accesses"), math.inf)


@jax.jit
def measure(problem: Any, batch: Any, least_lanes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The log metrics ``[4, n]`` and violations ``[n]`` of a batch.

    Compiled apart from random numbers, which would be computed again wherever the model reads them, and free of the
    objective, so that all share it.
    """
    rows = unpack(batch) if isinstance(batch, Layout) else batch
    logs, violation = log_metrics(problem, rows)
    if isinstance(problem.structure, LevelStructure):
        violation = jnp.maximum(violation, lane_shortfall(problem.structure, rows, least_lanes))
    return logs, violation


_score = jax.jit(scores)


def lane_shortfall(structure: LevelStructure, rows: LevelMapping, least_lanes: Any) -> Any:
    """``[n]``: by how much, relatively, the spatial factors miss the least utilization that the constraints ask for."""
    lanes: Any = 1.0
    for level, fanout in enumerate(structure.is_fanout):
        for factor in rows.factor[level] if fanout else ():
            lanes = lanes * factor
    return least_lanes / lanes - 1.0


def count_of(candidates: Any) -> int:
    """How many mappings a batch holds."""
    leaf = candidates.factor if isinstance(candidates, Layout) else jax.tree.leaves(candidates)[0]
    return leaf.shape[-1] if isinstance(candidates, Layout) else leaf.shape[0]


def decode_some(problem: Any, candidates: Any, places: Sequence[int]) -> list[Mapping]:
    """The mappings of a batch at ``places``."""
    if not len(places):
        return []
    index = np.asarray(places)
    if isinstance(candidates, Layout):
        picked: Any = unpack(jax.tree.map(lambda leaf: np.asarray(leaf)[..., index], candidates))
    else:
        picked = jax.tree.map(lambda leaf: np.asarray(leaf)[index], candidates)
    return [problem.decode(picked, i) for i in range(len(index))]
