"""Run a searcher on a problem within a budget, and report the best mapping re-evaluated in float64."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingABC
from typing import TYPE_CHECKING, Any

from accelax.encode import encode
from accelax.errors import UnsupportedError
from accelax.evaluation import evaluate
from accelax.ir import Mapping
from accelax.search.budget import Budget, searcher_of
from accelax.search.explain import why_nothing_fits
from accelax.search.judge import Judge
from accelax.search.objective import Objective, check_objective, exact_values, name_of, parse_objective
from accelax.search.protocol import Searcher, SearchState
from accelax.search.record import Progress, Record
from accelax.search.result import SearchResult
from accelax.search.searchers import find_searcher

if TYPE_CHECKING:
    from accelax.spec.specification import Specification

Goal = str | Sequence[str | tuple[str, float]] | MappingABC[str, float]
SLICE = 0.25
"""Seconds that a searcher may work between two looks at the clock."""
FIRST_SECONDS = 15.0
"""A budget may be exceeded by so much while no mapping was judged at all."""


def search(
    spec: Specification,
    objective: Goal | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult:
    """Search the mapspace of one specification: see :func:`accelax.search.map_spec`.

    Here several names in ``objective`` are criteria in order of importance.
    """
    goal = parse_objective(objective if objective is not None else (spec.objectives or ("edp",)))
    check_objective(goal, spec.dialect)
    settings = spec.search_settings
    budget = Budget.of(settings, seconds, tolerance)
    problem = encode(spec)
    chosen = searcher_of(settings) if searcher is None else searcher
    record = Record(Judge(problem, goal), progress, membership(spec))
    state, interrupted = run(find_searcher(chosen, problem, seconds), problem, goal, seed, budget, record)
    name = chosen if isinstance(chosen, str) else type(chosen).__name__
    return conclude(spec, problem, goal, record, state, interrupted, name)


def run(
    searcher: Searcher, problem: Any, goal: Objective, seed: int, budget: Budget, record: Record
) -> tuple[SearchState | None, bool]:
    """Alternate asking, judging and telling until the budget ends or everything is known.

    Returns the last state, None when the start was interrupted, and whether the search was interrupted.
    """
    state: Any = None
    try:
        record.show()
        state = searcher.init(problem, goal, seed)
        record.clock.startup = state.startup_seconds
        while not record.over(budget, state.done) or _is_too_early(record, budget, state.done):
            left = budget.seconds - record.clock.elapsed
            state, candidates = searcher.ask(state, record.value, min(max(left, SLICE / 10), SLICE))
            state = searcher.tell(state, candidates, record.add(candidates))
            record.clock.startup = state.startup_seconds
            record.learn(state.lower_bound, state.evaluated)
    except KeyboardInterrupt:
        return state, True
    return state, False


def _is_too_early(record: Record, budget: Budget, done: bool) -> bool:
    """Whether a search whose budget is over goes on because it has not even one mapping."""
    return not record.judged and not done and record.clock.elapsed < budget.seconds + FIRST_SECONDS


def membership(spec: Specification) -> Callable[[Mapping], bool]:
    """Whether a mapping is in the mapspace of ``spec``; one that cannot be told (fused mappings) is taken to be."""
    mapspace = spec.mapspace

    def contains(mapping: Mapping) -> bool:
        try:
            return mapspace.contains(mapping)
        except UnsupportedError:
            return True

    return contains


def conclude(
    spec: Specification,
    problem: Any,
    goal: Objective,
    record: Record,
    state: SearchState | None,
    interrupted: bool,
    searcher: str,
) -> SearchResult:
    """Judge the finalists exactly and return the best that fits, or the reason why none does."""
    seconds = record.clock.elapsed
    try:
        record.judge_contenders()
    except KeyboardInterrupt:
        interrupted = True
    if state is not None:
        record.lower_bound = max(record.lower_bound, state.lower_bound)
    common: dict[str, Any] = {
        "evaluated": record.evaluated,
        "seconds": seconds,
        "classes": state.classes if state is not None else 0,
        "interrupted": interrupted,
        "searcher": searcher,
        "objective": name_of(goal),
        "startup_seconds": record.clock.startup,
    }
    if record.best is None:
        reason = why_nothing_fits(spec, problem, record.nearest[1], math.isinf(record.lower_bound))
        return SearchResult(math.inf, None, None, reason=reason, **common)
    result = evaluate(spec.with_mapping(record.best))
    value = exact_values(result.to_dict(), goal)[0]
    record.note()
    bound = checked_bound(record.lower_bound, value)
    explanation = state.explain() if state is not None else ""
    return SearchResult(
        value,
        record.best,
        result,
        lower_bound=bound,
        explanation=explanation or None,
        history=tuple(record.history),
        **common,
    )


def checked_bound(lower_bound: float, value: float) -> float:
    """The bound, unless a mapping contradicts it: then there is none, and a warning says so."""
    if lower_bound > value * (1 + 1e-9):
        warnings.warn(
            f"a mapping of value {value:.12g} contradicts the bound {lower_bound:.12g}: please report it",
            RuntimeWarning,
            stacklevel=3,
        )
        return 0.0
    return min(lower_bound, value)
