"""The bounds of a chain of levels: labels first, and all mappings where they are few enough to be looked at."""

from __future__ import annotations

import math
import time
from typing import Any

from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.search.bounded import BoundedSearch
from accelax.search.budget import PROOF
from accelax.search.objective import Objective

LISTED_AT_ONCE = 1e3
"""Up to so many combinations of factors and kept tensors, the mapspace is listed before anything else."""
LISTED_LATER = 2e7
"""Up to so many it is listed when the labels have not closed the gap."""
SCORED_AT_ONCE = 1 << 18
"""Mappings that numpy scores within a second."""
SCORED_PER_SECOND = 3e5
COMPILE_SECONDS = 10.0
"""What it takes until compiled code scores the first ones, which numpy is too slow for."""


class StagedSearch:
    """A :class:`~accelax.search.bounded.BoundedSearch` made of ``ChainSearch`` and ``ExhaustiveSearch``.

    ``seconds`` is the budget of the whole: a mapspace that cannot be looked at within it is left to the labels.
    ``complete`` says that all mappings were looked at, so that no later criterion is left to improve either.
    """

    def __init__(self, problem: LevelProblem, objective: Objective, seconds: float):
        self.problem, self.objective, self.seconds = problem, objective, seconds
        self.lower_bound, self.done, self.complete = 0.0, False, False
        self.combinations = _combinations(problem)
        self.listed: Any = None
        self.labels: BoundedSearch | None = None
        self.spent = 0.0
        if self.combinations <= LISTED_AT_ONCE:
            self._list(SCORED_AT_ONCE)
        if self.listed is None:
            from accelax.search.chain import ChainSearch

            self.labels = ChainSearch(problem, objective)

    @property
    def evaluated(self) -> int:
        """Mappings scored one by one."""
        return 0 if self.listed is None else self.listed.evaluated

    @property
    def classes(self) -> int:
        """Classes that the labels tell apart."""
        return int(getattr(self.labels, "classes", 0))

    def explain(self) -> str:
        """What the labels say of their gap, where they can."""
        explain = getattr(self.labels, "explain", None)
        return str(explain()) if callable(explain) else ""

    def advance(self, incumbent: float, seconds: float) -> list[Mapping]:
        """Work for about ``seconds``; see the protocol."""
        chosen = self._chosen()
        begin = time.perf_counter()
        try:
            found = chosen.advance(incumbent, seconds) if chosen is not None else []
        finally:
            self.spent += time.perf_counter() - begin
            parts = [part for part in (self.labels, self.listed) if part is not None]
            self.lower_bound = max([self.lower_bound, *(part.lower_bound for part in parts)])
            single = len(self.objective) == 1
            closed = single and math.isfinite(incumbent) and self.lower_bound >= incumbent * (1 - PROOF)
            self.complete = self.listed is not None and self.listed.done
            waiting = self.listed is None and self.combinations <= LISTED_LATER
            labelled = self.labels is None or self.labels.done
            self.done = self.complete or (labelled and self.listed is None and (closed or not waiting))
        return found

    def _chosen(self) -> Any:
        """Whose turn it is: the listing's once the labels are done."""
        if self.labels is None:
            return self.listed
        if self.labels.done and self.listed is None and self.combinations <= LISTED_LATER:
            left = self.seconds - self.spent - COMPILE_SECONDS
            self._list(max(SCORED_PER_SECOND * left, SCORED_AT_ONCE))
            self.combinations = math.inf
        if self.listed is not None and not self.listed.done:
            return self.listed
        return None if self.labels.done else self.labels

    def _list(self, most: float) -> None:
        """List the mapspace if it has at most so many mappings to score."""
        from accelax.search.exhaustive import ExhaustiveSearch

        listed = ExhaustiveSearch(self.problem, self.objective, most)
        self.listed = listed if listed.size <= most else None


def _combinations(problem: LevelProblem) -> float:
    """Combinations of factors and of kept tensors; many of them are not worth listing."""
    space = problem.space
    free = int(((space.keep_probability > 0) & (space.keep_probability < 1)).sum())
    return math.prod(map(float, space.n_factors)) * 2.0**free
