"""The searchers by name; those that prove bounds are imported when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax

from accelax.encode.level_problem import LevelProblem
from accelax.errors import SpecError, UnsupportedError, did_you_mean
from accelax.search.bounding import Bounding
from accelax.search.certified import HEAD_START, Certified
from accelax.search.evolutionary import Evolutionary
from accelax.search.objective import Objective
from accelax.search.protocol import Searcher
from accelax.search.refining import Refining
from accelax.search.sampling import Sampling

LEVELS_SHARE = 0.25
"""The partner's share on a chain of levels, where a walk that comes to its end is worth most."""
SEARCHERS = ("certified", "random", "exhaustive", "gradient", "evolutionary")


def find_searcher(searcher: str | Searcher, problem: Any, seconds: float) -> Searcher:
    """The searcher of a name; an object with ``init``, ``ask`` and ``tell`` is returned as it is.

    ``seconds`` is the budget, which ``certified`` divides. Raises SpecError for anything else, UnsupportedError for a
    searcher that does not know the dialect.
    """
    if not isinstance(searcher, str):
        missing = [name for name in ("init", "ask", "tell") if not callable(getattr(searcher, name, None))]
        if missing:
            raise SpecError(f"searcher: expected a name or an object with init, ask and tell, got {searcher!r}")
        return searcher
    if searcher not in SEARCHERS:
        raise SpecError(f"unknown searcher {searcher!r}{did_you_mean(searcher, SEARCHERS)}")
    if searcher == "random":
        return Sampling()
    levels = isinstance(problem, LevelProblem)
    if searcher == "certified":
        if levels:
            bounds = None if problem.structure.imperfect else Bounding(_staged(seconds))
            return Certified(bounds, _partner(problem), HEAD_START * seconds, LEVELS_SHARE)
        return Certified(Bounding(_tree), Sampling(), math.inf)
    if not levels:
        raise UnsupportedError(f"the searcher {searcher!r} in the AccelForge dialect")
    if searcher == "evolutionary":
        return Evolutionary()
    return Bounding(_exhaustive if searcher == "exhaustive" else _gradient)


def _partner(problem: LevelProblem) -> Searcher:
    """What searches beside the bounds: on a processor, what needs no compilation; a device is worth one.

    Imperfect mappings are counted one by one without compilation, which takes longer.
    """
    quick = jax.default_backend() == "cpu" and not problem.structure.imperfect
    return Refining() if quick else Evolutionary()


def _staged(seconds: float) -> Callable[[Any, Objective], Any]:
    from accelax.search.staged import StagedSearch

    return lambda problem, objective: StagedSearch(problem, objective, seconds)


def _tree(problem: Any, objective: Objective) -> Any:
    from accelax.search.tree import TreeSearch

    return TreeSearch(problem, objective)


def _exhaustive(problem: Any, objective: Objective) -> Any:
    from accelax.search.exhaustive import ExhaustiveSearch

    return ExhaustiveSearch(problem, objective)


def _gradient(problem: Any, objective: Objective) -> Any:
    from accelax.search.relaxed import GradientSearch

    return GradientSearch(problem, objective)
