"""The mappings that no other beats in every metric, from searches that weigh the metrics differently."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from accelax.encode import encode
from accelax.errors import SpecError
from accelax.ir import Mapping
from accelax.report.units import metric_units
from accelax.search.budget import Budget
from accelax.search.driver import checked_bound, membership, run
from accelax.search.explain import why_nothing_fits
from accelax.search.judge import TOLERANCE, Judge, Judgement, decode_some
from accelax.search.objective import METRICS, UNFIT, Objective, check_objective, parse_objective
from accelax.search.protocol import Searcher
from accelax.search.record import Progress, Record
from accelax.search.searchers import find_searcher

if TYPE_CHECKING:
    from accelax.spec.specification import Specification

UNEVEN = (4.0, 1.5, 16.0)
"""How much more one metric weighs than the others, in the searches after those of equal weights."""
MOST = 4096
"""Points that are kept while searching."""


@dataclass(frozen=True)
class FrontPoint:
    """A mapping and its values, one per metric: no other mapping found is better in one and as good in all others."""

    values: tuple[float, ...]
    mapping: Mapping


@dataclass(frozen=True)
class ParetoResult:
    """The non-dominated mappings that were found, by rising first metric.

    ``lower_bounds`` are proved bounds of each metric alone, 0 where there is none. Units as in ``SearchResult.value``.
    """

    metrics: tuple[str, ...]
    front: tuple[FrontPoint, ...]
    lower_bounds: tuple[float, ...]
    evaluated: int
    seconds: float
    startup_seconds: float = 0.0
    interrupted: bool = False
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything by name as plain numbers and text."""
        names = ("evaluated", "seconds", "startup_seconds", "interrupted", "reason")
        points = [
            {**dict(zip(self.metrics, point.values, strict=True)), "mapping": point.mapping.to_yaml()}
            for point in self.front
        ]
        bounds = dict(zip(self.metrics, self.lower_bounds, strict=True))
        facts = {name: getattr(self, name) for name in names}
        units = metric_units(self.front[0].mapping.dialect, self.metrics) if self.front else {}
        return {"metrics": list(self.metrics), "units": units, "lower_bounds": bounds, **facts, "front": points}

    def plot(self, path: str | Path) -> None:
        """Draw the front of two metrics into a file; needs the ``plot`` extra."""
        from accelax.report.plots import plot_front

        plot_front([point.values for point in self.front], self.metrics, path)


def asks_for_front(objective: object) -> bool:
    """Whether an objective is a tuple or list of at least two metric names.

    >>> asks_for_front(("energy", "delay")), asks_for_front("edp"), asks_for_front([("energy", 1), ("delay", 2)])
    (True, False, False)
    """
    return isinstance(objective, (tuple, list)) and len(objective) > 1 and all(isinstance(n, str) for n in objective)


def map_front(
    spec: Specification,
    metrics: Sequence[str],
    seconds: float = 10.0,
    seed: int = 0,
    *,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ParetoResult:
    """Search the mappings that no other beats in all of ``metrics``.

    One search after the other, with equal shares of ``seconds``: each metric alone, all weighed equally (as a product
    of powers), then one weighed more than the others. Everything that any of them evaluates may enter the front.

    Raises SpecError and UnsupportedError as :func:`accelax.search.map_spec`.
    """
    names = tuple(criterion[0][0] for criterion in parse_objective(list(metrics)))
    check_objective(parse_objective(list(names)), spec.dialect)
    if len(names) < 2:
        raise SpecError(f"a front needs two metrics, got {', '.join(names)}")
    problem = encode(spec)
    archive = Archive(problem, names, membership(spec))
    goals = directions(names)
    bounds = [0.0] * len(names)
    startup, evaluated, elapsed, interrupted = 0.0, 0, 0.0, False
    record: Record | None = None
    for number, goal in enumerate(goals):
        offset = Progress(evaluated, elapsed, None, 0.0)
        record = FrontRecord(Judge(problem, goal), archive, _shifted(progress, offset))
        chosen = find_searcher(searcher or "certified", problem, seconds / len(goals))
        state, interrupted = run(chosen, problem, goal, seed + number, Budget(seconds / len(goals)), record)
        if number < len(names) and state is not None:
            bounds[number] = state.lower_bound
        evaluated, startup = evaluated + record.evaluated, startup + record.clock.startup
        elapsed += record.clock.elapsed
        hopeless = state is not None and state.done and not archive.points
        if interrupted or hopeless:
            break
    front = archive.exact_front()
    reason = None
    if not front and record is not None:
        reason = why_nothing_fits(spec, problem, record.nearest[1], math.isinf(record.lower_bound))
    limits = tuple(
        checked_bound(bound, min(point.values[i] for point in front)) if front else 0.0
        for i, bound in enumerate(bounds)
    )
    return ParetoResult(names, front, limits, evaluated, elapsed, startup, interrupted, reason)


def directions(metrics: Sequence[str]) -> list[Objective]:
    """The objectives of the searches: single metrics first, then products.

    >>> for goal in directions(["energy", "delay"])[:4]:
    ...     print(goal)
    ((('energy', 1.0),),)
    ((('delay', 1.0),),)
    ((('energy', 1.0), ('delay', 1.0)),)
    ((('energy', 4.0), ('delay', 1.0)),)
    """
    found: list[Objective] = [(((name, 1.0),),) for name in metrics]
    found.append((tuple((name, 1.0) for name in metrics),))
    for weight in UNEVEN:
        for heavy in metrics:
            found.append((tuple((name, weight if name == heavy else 1.0) for name in metrics),))
    return found


class Archive:
    """The points that no other dominates, of all that were evaluated."""

    def __init__(self, problem: Any, metrics: Sequence[str], contains: Callable[[Mapping], bool]):
        self.problem, self.metrics, self.contains = problem, tuple(metrics), contains
        self.rows = [METRICS.index(name) for name in metrics]
        self.logs = np.empty((0, len(self.rows)))
        self.points: list[Mapping] = []

    def add_batch(self, candidates: Any, scores: np.ndarray, logs: np.ndarray) -> None:
        """Points of a batch that was judged on the device: ``scores`` ``[criteria, n]``, ``logs`` ``[4, n]``."""
        points = np.asarray(logs, dtype=float)[self.rows].T
        valid = np.flatnonzero((scores[0] < UNFIT) & np.isfinite(points).all(axis=1))
        fresh = valid[non_dominated(points[valid])]
        merged = np.concatenate([self.logs, points[fresh]])
        keep = non_dominated(merged)[:MOST]
        old, new = keep[keep < len(self.logs)], keep[keep >= len(self.logs)] - len(self.logs)
        mappings = decode_some(self.problem, candidates, fresh[new].tolist())
        self.points = [self.points[i] for i in old] + mappings
        self.logs = np.concatenate([self.logs[old], points[fresh[new]]])

    def add_mappings(self, mappings: Sequence[Mapping], found: Judgement) -> None:
        """Points that were judged exactly."""
        fitting = [i for i, excess in enumerate(found.excess) if excess <= TOLERANCE]
        rows = [[math.log(max(found.metrics[i][name], 1e-300)) for name in self.metrics] for i in fitting]
        merged = np.concatenate([self.logs, np.array(rows, dtype=float).reshape(-1, len(self.metrics))])
        keep = non_dominated(merged)[:MOST]
        everyone = [*self.points, *(mappings[i] for i in fitting)]
        self.points, self.logs = [everyone[i] for i in keep], merged[keep]

    def exact_front(self) -> tuple[FrontPoint, ...]:
        """The front by exact values, by rising first metric."""
        members = [mapping for mapping in self.points if self.contains(mapping)]
        found = Judge(self.problem, tuple((((name, 1.0),)) for name in self.metrics)).exact(members)
        fitting = [i for i, excess in enumerate(found.excess) if excess <= TOLERANCE]
        values = np.array([found.values[i] for i in fitting], dtype=float).reshape(-1, len(self.metrics))
        front = [FrontPoint(found.values[fitting[i]], members[fitting[i]]) for i in non_dominated(values)]
        return tuple(sorted(front, key=lambda point: point.values))


class FrontRecord(Record):
    """A record that hands everything it judges to an archive as well."""

    def __init__(self, judge: Judge, archive: Archive, progress: Callable[[Progress], None] | None):
        super().__init__(judge, progress, archive.contains)
        self.archive = archive

    def observe_batch(self, candidates: Any, scores: np.ndarray, logs: Any) -> None:
        """A batch was judged."""
        self.archive.add_batch(candidates, scores, np.asarray(logs))

    def observe_mappings(self, mappings: Sequence[Mapping], found: Judgement) -> None:
        """Mappings were judged exactly."""
        self.archive.add_mappings(mappings, found)


def non_dominated(points: np.ndarray) -> np.ndarray:
    """The places of the points ``[n, metrics]`` that no other dominates, one of each set of equal ones.

    A point dominates another when it is no worse in any metric and differs in one.

    >>> non_dominated(np.array([[1, 4], [2, 2], [2, 3], [4, 1], [2, 2]])).tolist()
    [0, 1, 3]
    """
    order = np.lexsort(points.T[::-1])
    ranked = points[order]
    if points.shape[1] == 2:
        before = np.minimum.accumulate(np.concatenate([[np.inf], ranked[:, 1]]))[:-1]
        return np.sort(order[ranked[:, 1] < before])
    kept: list[int] = []
    for place, point in enumerate(ranked):
        if not kept or not (ranked[kept] <= point).all(axis=1).any():
            kept.append(place)
    return np.sort(order[kept])


def _shifted(progress: Callable[[Progress], None] | None, offset: Progress) -> Callable[[Progress], None] | None:
    """``progress`` with the figures of the searches before; the value of one weighing says nothing of the whole."""
    if progress is None:
        return None

    def show(figures: Progress) -> None:
        progress(Progress(offset.evaluated + figures.evaluated, offset.seconds + figures.seconds, None, 0.0))

    return show
