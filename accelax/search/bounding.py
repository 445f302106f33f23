"""A search that proves bounds, as a searcher."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accelax.ir import Mapping
from accelax.search.bounded import BoundedSearch
from accelax.search.objective import Objective
from accelax.search.protocol import SearchState


@dataclass
class BoundingState(SearchState):
    """The search itself, which keeps its own state. ``complete``: no mapping is left that could be better at all."""

    search: BoundedSearch | None = None
    complete: bool = False

    def explain(self) -> str:
        """What the search says of its gap, where it can."""
        explain = getattr(self.search, "explain", None)
        return str(explain()) if callable(explain) else ""


@dataclass(frozen=True)
class Bounding:
    """The searcher around what ``make(problem, objective)`` builds."""

    make: Callable[[Any, Objective], BoundedSearch]

    def init(self, problem: Any, objective: Objective, seed: int) -> BoundingState:
        """Build the search; it draws no random numbers."""
        return refreshed(BoundingState(search=self.make(problem, objective)))

    def ask(self, state: BoundingState, incumbent: float, seconds: float) -> tuple[BoundingState, list[Mapping]]:
        """Advance the search and hand out its candidates. An interruption leaves the bound valid."""
        assert state.search is not None
        try:
            found = state.search.advance(incumbent, seconds)
        finally:
            refreshed(state)
        return state, list(found)

    def tell(self, state: BoundingState, candidates: list[Mapping], scores: Any) -> BoundingState:
        """Nothing to learn: the next incumbent says it all."""
        return state


def refreshed(state: BoundingState) -> BoundingState:
    """``state`` with what its search says of itself; only bound and ``done`` are sure to be there."""
    search: Any = state.search
    bound = float(search.lower_bound)
    state.lower_bound = 0.0 if math.isnan(bound) else bound
    state.done = bool(search.done)
    state.complete = bool(getattr(search, "complete", False))
    state.evaluated = int(getattr(search, "evaluated", 0))
    state.classes = int(getattr(search, "classes", 0))
    state.startup_seconds = float(getattr(search, "startup_seconds", 0.0))
    return state
