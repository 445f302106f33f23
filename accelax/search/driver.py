"""Search for a mapping within a budget, keep the best, and report it re-evaluated in float64."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from accelax.encode import encode
from accelax.encode.level_mapspace import unpack
from accelax.evaluation import evaluate
from accelax.ir import LoweredTree, Mapping
from accelax.search.explain import why_nothing_fits
from accelax.search.objective import (
    UNFIT,
    Objective,
    check_objective,
    exact_values,
    log_metrics,
    parse_objective,
    scores,
    weights,
)
from accelax.search.population import CHILDREN, CLIMBERS, newcomers, step

if TYPE_CHECKING:
    from accelax.spec.specification import Specification

Progress = Callable[[int, float, "float | None"], None]
Score = tuple[float, ...]
Chunks = Iterator[tuple[int, list[tuple[Score, Mapping]]]]
FINALISTS = 16
"""Mappings re-evaluated in float64 at the end: float32 may swap neighbours in the ranking."""
STEPS = 8
"""Steps of the climbers between two looks at the clock."""
TREE_CHUNK = 4096


@dataclass(frozen=True)
class SearchResult:
    """What a search found. ``value`` is in pJ, cycles or pJ x cycles (AccelForge: J, s or J x s).

    ``lower_bound`` is 0 while nothing is proved, so ``gap = 1 - lower_bound / value`` is then 1. ``mapping`` and
    ``result`` are None when nothing fits; ``reason`` then says what is missing. ``seconds`` were spent searching, after
    ``startup_seconds`` of compilation and the first chunk. ``history`` are (seconds, value) pairs.
    """

    value: float
    mapping: Mapping | None
    result: Any
    evaluated: int
    seconds: float
    lower_bound: float = 0.0
    interrupted: bool = False
    reason: str | None = None
    startup_seconds: float = 0.0
    history: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    @property
    def gap(self) -> float:
        """How far from the optimum the value can be at most, as a fraction of it."""
        return 1.0 - self.lower_bound / self.value if self.value else 0.0

    @property
    def optimal(self) -> bool:
        """Whether the value is proved to be the optimum."""
        return self.mapping is not None and self.gap <= 0.0


def map_spec(
    spec: Specification,
    objective: str | Sequence[str | tuple[str, float]] | MappingABC[str, float] | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> SearchResult:
    """Search the mapspace of ``spec`` for a mapping that minimises ``objective``.

    The search runs on the device in chunks until ``seconds`` have passed since the end of the first chunk: compilation
    comes on top. Ctrl-C ends it with the best found so far (a compilation under way is finished first). For one seed
    and one number of chunks the trajectory is the same.

    Args:
        spec: a specification; a mapping in it is one more constraint.
        objective: ``energy``, ``delay`` (or ``latency``), ``edp``, ``last_level_accesses``; several in order of
            importance; or weights, see :func:`parse_objective`. None takes the file's own, or ``edp``.
        seconds: the budget.
        seed: of the random numbers.
        progress: called with (mappings evaluated, seconds, best value or None) before compilation, with 0 mappings, and
            after every chunk.

    Raises:
        SpecError: the specification or the objective is wrong, or no mapping obeys the constraints.
        UnsupportedError: something in the specification is not modelled.
    """
    goal = parse_objective(objective if objective is not None else (spec.objectives or ("edp",)))
    check_objective(goal, spec.dialect)
    problem = encode(spec)
    tree = isinstance(problem.lowered, LoweredTree)
    record = _Record(progress or (lambda evaluated, elapsed, value: None))
    interrupted = False
    try:
        record.show(0.0)
        for count, found in (_tree_chunks if tree else _level_chunks)(problem, goal, seed):
            record.add(count, found)
            if record.elapsed >= seconds:
                break
    except KeyboardInterrupt:
        interrupted = True
    return _finish(spec, problem, goal, record, interrupted)


class _Record:
    """The best so far, and how long it took."""

    def __init__(self, progress: Progress):
        self.progress = progress
        self.finalists: list[tuple[Score, Mapping]] = []
        self.history: list[tuple[float, float]] = []
        self.evaluated = 0
        self.begin = time.perf_counter()
        self.first: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the end of the first chunk."""
        return 0.0 if self.first is None else time.perf_counter() - self.first

    @property
    def startup(self) -> float:
        """Seconds until the end of the first chunk."""
        return (time.perf_counter() if self.first is None else self.first) - self.begin

    def add(self, count: int, found: list[tuple[Score, Mapping]]) -> None:
        """Merge the best of a chunk: the best distinct mappings stay."""
        self.first = time.perf_counter() if self.first is None else self.first
        self.evaluated += count
        unique: dict[Mapping, Score] = {}
        for score, mapping in [*found, *self.finalists]:
            unique[mapping] = min(score, unique.get(mapping, score))
        self.finalists = sorted(((s, m) for m, s in unique.items()), key=lambda pair: pair[0])[:FINALISTS]
        self.show(self.elapsed)

    def show(self, elapsed: float) -> None:
        """Report the figures; a better value than any before enters the history."""
        best = self.finalists[0][0][0] if self.finalists else math.inf
        value = math.exp(best) if best < UNFIT else None
        if value is not None and (not self.history or value < self.history[-1][1]):
            self.history.append((elapsed, value))
        self.progress(self.evaluated, elapsed, value)


def _level_chunks(problem: Any, goal: Objective, seed: int) -> Chunks:
    """Hill climbing on a chain of levels: yields (mappings evaluated, the best of them with their scores)."""
    problem, space, weight = jax.device_put((problem, problem.space, weights(goal).astype(float)))
    climbers = newcomers(space, seed, len(goal))
    steps = 1
    while True:
        for _ in range(steps):
            climbers, leaders, score = step(problem, space, climbers, weight)
        layout, table = jax.device_get((leaders, score))
        batch = unpack(layout)
        scored = [tuple(map(float, row)) for row in table.T]
        yield CLIMBERS * CHILDREN * steps, [(row, problem.decode(batch, i)) for i, row in enumerate(scored)]
        steps = STEPS


@jax.jit
def _judge(problem: Any, batch: Any, weight: jax.Array) -> jax.Array:
    return scores(*log_metrics(problem, batch), weight)


def _tree_chunks(problem: Any, goal: Objective, seed: int) -> Chunks:
    """Random sampling of LoopTrees."""
    key = jax.random.key(seed)
    while True:
        key, own = jax.random.split(key)
        batch = problem.sample(own, TREE_CHUNK)
        table = np.asarray(_judge(problem, batch, weights(goal)))
        order = np.lexsort(table[::-1])[:FINALISTS]
        yield TREE_CHUNK, [(tuple(map(float, table[:, i])), problem.decode(batch, int(i))) for i in order]


def _finish(spec: Specification, problem: Any, goal: Objective, record: _Record, interrupted: bool) -> SearchResult:
    """Re-evaluate the finalists exactly and return the best that fits, or the reason why none does."""
    seconds, startup = record.elapsed, record.startup
    judged: list[tuple[Score, Mapping, Any]] = []
    try:
        for score, mapping in record.finalists:
            judged.append((score, mapping, evaluate(spec.with_mapping(mapping))))
    except KeyboardInterrupt:
        interrupted = True
    fitting = [
        (exact_values(result.to_dict(), goal), mapping, result)
        for score, mapping, result in judged
        if result.valid and score[0] < UNFIT
    ]
    common = {"interrupted": interrupted, "startup_seconds": startup, "history": tuple(record.history)}
    if not fitting:
        reason = why_nothing_fits(problem, judged[0][2]) if judged else "nothing was evaluated"
        return SearchResult(math.inf, None, None, record.evaluated, seconds, reason=reason, **common)
    values, mapping, result = min(fitting, key=lambda entry: entry[0])
    return SearchResult(values[0], mapping, result, record.evaluated, seconds, **common)
