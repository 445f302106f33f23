"""The searchers by name. Each is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any

from accelax.encode.level_problem import LevelProblem
from accelax.errors import SpecError, UnsupportedError, did_you_mean
from accelax.search.bounding import Bounding
from accelax.search.certified import Certified
from accelax.search.objective import Objective
from accelax.search.protocol import Searcher

SEARCHERS = ("certified", "random", "exhaustive", "gradient", "evolutionary")


def find_searcher(searcher: str | Searcher, problem: Any, seconds: float) -> Searcher:
    """The searcher of a name; an object with ``init``, ``ask`` and ``tell`` is returned as it is.

    ``seconds`` is the budget, which ``certified`` divides. Raises SpecError for anything else.
    """
    if not isinstance(searcher, str):
        missing = [name for name in ("init", "ask", "tell") if not callable(getattr(searcher, name, None))]
        if missing:
            raise SpecError(f"searcher: expected a name or an object with init, ask and tell, got {searcher!r}")
        return searcher
    levels = isinstance(problem, LevelProblem)
    if searcher == "certified":
        return Certified(bounds_for(problem), _climbers() if levels else _samples(), seconds)
    if searcher == "random":
        return _samples()
    if searcher == "evolutionary":
        return _climbers()
    if searcher in SEARCHERS:
        return Bounding(_exhaustive if searcher == "exhaustive" else _gradient)
    raise SpecError(f"unknown searcher {searcher!r}{did_you_mean(searcher, SEARCHERS)}")


def bounds_for(problem: Any) -> Bounding | None:
    """What proves bounds for a problem; None where nothing does."""
    package, name = ("chain", "ChainSearch") if isinstance(problem, LevelProblem) else ("tree", "TreeSearch")
    try:
        module = importlib.import_module(f"accelax.search.{package}")
    except ModuleNotFoundError:
        return None
    return Bounding(getattr(module, name))


def _climbers() -> Searcher:
    from accelax.search.evolutionary import Evolutionary

    return Evolutionary()


def _samples() -> Searcher:
    from accelax.search.sampling import Sampling

    return Sampling()


def _exhaustive(problem: Any, objective: Objective) -> Any:
    try:
        module = importlib.import_module("accelax.search.exhaustive")
    except ModuleNotFoundError:
        raise UnsupportedError("the searcher 'exhaustive'") from None
    return module.ExhaustiveSearch(problem, objective)


def _gradient(problem: Any, objective: Objective) -> Any:
    try:
        module = importlib.import_module("accelax.search.relaxed")
    except ModuleNotFoundError:
        raise UnsupportedError("the searcher 'gradient'") from None
    return module.GradientSearch(problem, objective)
