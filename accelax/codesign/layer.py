"""Search one layer on one machine: here, or in worker processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from accelax.codesign.pool import costs_on
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware
from accelax.search.budget import PROOF, Budget
from accelax.search.driver import membership, run
from accelax.search.judge import TOLERANCE, Judge, Judgement
from accelax.search.objective import parse_objective
from accelax.search.record import Record
from accelax.search.searchers import find_searcher
from accelax.search.workers import start_workers

FINALISTS = 12
"""Mappings of one search that are judged under harder rules."""
RETURNED = 3
"""Mappings that a search hands back."""


@dataclass(frozen=True)
class LayerTask:
    """Search layer ``key`` on ``machine`` for the least ``energy^alpha * cycles^(1 - alpha)``.

    known
        Mappings to begin with.
    target
        The log of a value: to prove that nothing is below it is enough.
    tolerance
        A gap that is small enough, as a fraction.
    """

    key: Any
    machine: LevelHardware
    alpha: float
    seconds: float
    known: tuple[Mapping, ...] = ()
    target: float = math.inf
    tolerance: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Solved:
    """The log of the bound, the mappings found, the best first, and how many were evaluated."""

    log_bound: float
    mappings: tuple[Mapping, ...]
    evaluated: int


@dataclass(frozen=True)
class Layer:
    """What a search needs of a layer: the specification, which says what is allowed, and the problem as asked for.

    ``below`` is the problem under rules that make no mapping dearer (:mod:`accelax.codesign.below`): the same object
    where those are the rules asked for.
    """

    specification: Any
    problem: LevelProblem
    below: LevelProblem


class _Finals(Record):
    """A record that keeps the best few mappings that were judged exactly."""

    def __init__(self, judge: Judge, contains: Callable[[Mapping], bool]):
        super().__init__(judge, None, contains)
        self.finals: dict[Mapping, float] = {}

    def observe_mappings(self, mappings: Sequence[Mapping], found: Judgement) -> None:
        """Note what fits."""
        for mapping, values, excess in zip(mappings, found.values, found.excess, strict=True):
            if excess <= TOLERANCE:
                self.finals[mapping] = values[0]
        if len(self.finals) > 4 * FINALISTS:
            self.finals = dict(self.best_finals()[:FINALISTS])

    def best_finals(self) -> list[tuple[Mapping, float]]:
        """The mappings by value."""
        return sorted(self.finals.items(), key=lambda entry: entry[1])


@dataclass(frozen=True)
class _Limited:
    """A searcher told of a better incumbent than there is, so that it proves, and looks for, no more than is wanted."""

    searcher: Any
    limit: float
    tolerance: float

    def init(self, problem: Any, objective: Any, seed: int) -> Any:
        """As the searcher."""
        return self.searcher.init(problem, objective, seed)

    def ask(self, state: Any, incumbent: float, seconds: float) -> Any:
        """As the searcher, below the limit; done when that is proved."""
        limit = min(incumbent * (1 - self.tolerance), self.limit)
        state, found = self.searcher.ask(state, limit, seconds)
        state.done = state.done or state.lower_bound >= limit * (1 - PROOF)
        return state, found

    def tell(self, state: Any, candidates: Any, scores: Any) -> Any:
        """As the searcher."""
        done = state.done
        state = self.searcher.tell(state, candidates, scores)
        state.done = state.done or done
        return state


def solve(layer: Layer, task: LayerTask) -> Solved:
    """Search one layer. The bound, and the search, are under the rules of :mod:`accelax.codesign.below`."""
    weighted = {name: 2 * w for name, w in (("energy", task.alpha), ("delay", 1 - task.alpha)) if w > 0}
    objective = parse_objective(weighted)
    there = layer.below.replace(hardware=task.machine)  # type: ignore[attr-defined]
    contains = membership(layer.specification)
    record = _Finals(Judge(there, objective), contains)
    if task.known:
        record.add(list(task.known))
    limit = math.exp(min(2 * task.target, 700.0))
    searcher = _Limited(find_searcher("certified", there, task.seconds), limit, task.tolerance)
    state, interrupted = run(searcher, there, objective, task.seed, Budget(task.seconds, task.tolerance), record)
    if interrupted:
        raise KeyboardInterrupt
    record.judge_contenders()
    bound = max(record.lower_bound, state.lower_bound if state is not None else 0.0)
    log_bound = math.log(bound) / 2 if bound > 0 else -math.inf
    return Solved(log_bound, _finalists(layer, task, record), record.evaluated)


def _finalists(layer: Layer, task: LayerTask, record: _Finals) -> tuple[Mapping, ...]:
    """The best few mappings, under the rules asked for."""
    contains = record.contains
    assert contains is not None
    finals = [m for m, _ in record.best_finals()[:FINALISTS] if contains(m)]
    if record.best is not None and record.best not in finals:
        finals.insert(0, record.best)
    if not finals or layer.problem is layer.below:
        return tuple(finals[:1])
    energy, cycles = costs_on(layer.problem, task.machine, finals)
    values = [
        (e**task.alpha * c ** (1 - task.alpha), place) for place, (e, c) in enumerate(zip(energy, cycles, strict=True))
    ]
    return tuple(finals[place] for value, place in sorted(values)[:RETURNED] if math.isfinite(value))


class Solver:
    """Solves tasks one after the other, or in ``workers`` processes of their own.

    A context manager: it ends its processes. Ctrl-C reaches the caller, not the workers.
    """

    def __init__(self, layers: dict[Any, Layer], workers: int = 1):
        self.layers, self.workers = layers, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Solver:
        if self.workers > 1:
            self._pool = start_workers(self.workers, _begin, (self.layers,))
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def solve(self, tasks: Sequence[LayerTask]) -> Iterator[Solved]:
        """The results, in the order of the tasks."""
        if self._pool is None:
            return (solve(self.layers[task.key], task) for task in tasks)
        return self._pool.map(_work, tasks)


_LAYERS: dict[Any, Layer] = {}


def _begin(layers: dict[Any, Layer]) -> None:
    """Start a worker."""
    _LAYERS.update(layers)


def _work(task: LayerTask) -> Solved:
    return solve(_LAYERS[task.key], task)
