"""Search for a mapping within a budget, keep the best, and report it re-evaluated in float64."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from accelax.encode import encode
from accelax.evaluation import evaluate
from accelax.ir import LoweredTree, Mapping
from accelax.search.objective import Objective, parse_objective, scores

if TYPE_CHECKING:
    from accelax.spec.specification import Specification

Progress = Callable[[int, float, "float | None"], None]
FINALISTS = 16
"""Mappings re-evaluated in float64 at the end: float32 may swap neighbours in the ranking."""
TREE_CHUNK = 4096


@dataclass(frozen=True)
class SearchResult:
    """What a search found. ``value`` is in pJ, cycles or pJ x cycles (AccelForge: J, s or J x s).

    ``lower_bound`` is 0 while nothing is proved, so ``gap = 1 - lower_bound / value`` is then 1. ``mapping`` and
    ``result`` are None when nothing fits; ``reason`` then says what is missing. ``history`` are (seconds, value) pairs.
    """

    value: float
    mapping: Mapping | None
    result: Any
    evaluated: int
    seconds: float
    lower_bound: float = 0.0
    interrupted: bool = False
    reason: str | None = None
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
    objective: str | Sequence[str] | dict[str, float] | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> SearchResult:
    """Search the mapspace of ``spec`` for a mapping that minimises ``objective``.

    The search runs on the device in chunks until ``seconds`` have passed, counted from the first chunk's start;
    compilation comes on top. Ctrl-C ends it with the best found so far. For one seed and one number of chunks the
    trajectory is the same.

    Args:
        spec: a specification; a mapping in it only adds its constraints.
        objective: ``energy``, ``delay`` (or ``latency``), ``edp``, ``last_level_accesses``; several in order of
            importance; or a dict of weights. None takes the file's own, or ``edp``.
        seconds: the budget.
        seed: of the random numbers.
        progress: called with (mappings evaluated, seconds, best value or None) after every chunk.

    Raises:
        SpecError: the specification or the objective is wrong, or no mapping obeys the constraints.
        UnsupportedError: something in the specification is not modelled.
    """
    goal = parse_objective(objective if objective is not None else (spec.objectives or ("edp",)))
    lowered = spec.lowered()
    problem = encode(spec)
    chunks = _tree_chunks if isinstance(lowered, LoweredTree) else _level_chunks
    begin = time.perf_counter()
    finalists: list[tuple[float, Mapping]] = []
    history: list[tuple[float, float]] = []
    evaluated, interrupted = 0, False
    try:
        for count, found in chunks(problem, goal, seed):
            evaluated += count
            finalists = _merge(finalists, found)
            elapsed = time.perf_counter() - begin
            best = finalists[0][0] if finalists and math.isfinite(finalists[0][0]) else None
            if best is not None and (not history or math.exp(best) < history[-1][1]):
                history.append((elapsed, math.exp(best)))
            if progress is not None:
                progress(evaluated, elapsed, None if best is None else math.exp(best))
            if elapsed >= seconds:
                break
    except KeyboardInterrupt:
        interrupted = True
    return _finish(spec, goal, finalists, evaluated, time.perf_counter() - begin, interrupted, tuple(history))


def _level_chunks(problem: Any, goal: Objective, seed: int) -> Iterator[tuple[int, list[tuple[float, Mapping]]]]:
    """Hill climbing on a chain of levels: yields (mappings evaluated, the best of them with their scores)."""
    from accelax.encode.level_mapspace import express
    from accelax.search.population import CHILDREN, CLIMBERS, STEPS, UNFIT, climb, start

    space = problem.space
    climbers = start(problem, space, jax.random.key(seed), goal)
    count = CLIMBERS * CHILDREN
    while True:
        score = np.asarray(climbers.score)
        order = np.argsort(score)[:FINALISTS]
        batch = jax.tree.map(np.asarray, express(space, jax.tree.map(lambda leaf: leaf[order], climbers.genome)))
        best = [
            (float(score[i]) if score[i] < UNFIT else math.inf, problem.decode(batch, k)) for k, i in enumerate(order)
        ]
        yield count, best
        climbers = climb(problem, space, climbers, goal)
        count = CLIMBERS * CHILDREN * STEPS + CLIMBERS // 8


def _tree_chunks(problem: Any, goal: Objective, seed: int) -> Iterator[tuple[int, list[tuple[float, Mapping]]]]:
    """Random sampling of LoopTrees."""
    key = jax.random.key(seed)
    judge = jax.jit(scores, static_argnames="objective")
    while True:
        key, own = jax.random.split(key)
        batch = problem.sample(own, TREE_CHUNK)
        value, violation = (np.asarray(x) for x in judge(problem, batch, objective=goal))
        score = np.where(violation > 0, np.inf, value)
        order = np.lexsort((violation, score))[:FINALISTS]
        yield TREE_CHUNK, [(float(score[i]), problem.decode(batch, int(i))) for i in order]


def _merge(old: list[tuple[float, Mapping]], new: list[tuple[float, Mapping]]) -> list[tuple[float, Mapping]]:
    """The best distinct mappings of both lists, best first."""
    unique: dict[Mapping, float] = {}
    for score, mapping in [*new, *old]:
        unique[mapping] = min(score, unique.get(mapping, math.inf))
    return sorted(((s, m) for m, s in unique.items()), key=lambda pair: pair[0])[:FINALISTS]


def _finish(
    spec: Specification,
    goal: Objective,
    finalists: list[tuple[float, Mapping]],
    evaluated: int,
    elapsed: float,
    interrupted: bool,
    history: tuple[tuple[float, float], ...],
) -> SearchResult:
    """Re-evaluate the finalists exactly and return the best that fits, or the reason why none does."""
    judged = [(mapping, evaluate(spec.with_mapping(mapping))) for _, mapping in finalists]
    fitting = [(_value(result, goal), mapping, result) for mapping, result in judged if result.valid]
    if not fitting:
        reason = judged[0][1].reason_if_invalid if judged else "nothing was evaluated"
        return SearchResult(math.inf, None, None, evaluated, elapsed, 0.0, interrupted, reason, history)
    value, mapping, result = min(fitting, key=lambda entry: entry[0])
    first = _value(result, goal[:1])
    return SearchResult(
        first if len(goal) > 1 and goal[1][1] < 1e-3 else value,
        mapping,
        result,
        evaluated,
        elapsed,
        0.0,
        interrupted,
        None,
        history,
    )


def _value(result: Any, goal: Objective) -> float:
    """The objective of an exact result: the product of its metrics to the power of their weights."""
    figures = result.to_dict()
    if figures.get("cycles") is None:
        metrics = {"energy": figures["energy"], "delay": figures["latency"], "edp": figures["edp"]}
    else:
        outer = next(iter(figures["levels"].values()))["tensors"].values()
        accesses = sum(t["reads"] + t["fills"] + t["updates"] for t in outer)
        energy, cycles = figures["energy_pJ"], figures["cycles"]
        metrics = {"energy": energy, "delay": cycles, "edp": energy * cycles, "last_level_accesses": accesses}
    return math.prod(metrics[name] ** weight for name, weight in goal)
