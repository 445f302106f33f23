"""The default searcher: one that proves bounds, and one that climbs while the gap stays open, in turns."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from accelax.errors import UnsupportedError
from accelax.search.bounding import Bounding
from accelax.search.objective import Objective
from accelax.search.protocol import Candidates, Searcher, SearchState
from accelax.search.record import gap_of

HEAD_START = 0.6
"""The part of a budget that the bounds of a chain of levels have before the partner, which compiles the model."""
PARTNER_SHARE = 0.5
"""The partner's part of the time after that."""
SMALL_GAP = 1e-3
"""Below this gap a partner would gain next to nothing, and the bounds have the time for a proof."""
FRUITLESS_TURNS = 64
"""Turns of the partner after which nothing is taken to fit, when the bounds are done without a mapping that does."""


@dataclass
class CertifiedState(SearchState):
    """The states of both sides, the time that each has had, and whose candidates are being judged.

    ``waiting`` are candidates of the bounds with their scores that the partner has not seen yet.
    """

    problem: Any = None
    objective: Objective = ()
    seed: int = 0
    bounds: Any = None
    partner: Any = None
    bound_seconds: float = 0.0
    partner_seconds: float = 0.0
    partner_turns: int = 0
    partners_turn: bool = False
    alone: bool = False
    waiting: list[tuple[Candidates, Any]] = field(default_factory=list)

    def explain(self) -> str:
        """What the bounds say."""
        return self.bounds.explain() if self.bounds is not None else ""


class Certified:
    """``certified``: bounds and candidates of one searcher; a partner's candidates where that leaves a gap.

    A partner with a method ``welcome(state, mappings, scores)`` is told the candidates of the bounds before its turns.
    ``bounds`` may be None, or refuse the problem: then the partner searches alone and nothing is proved. A partner that
    refuses leaves the bounds alone. ``head_start`` are the seconds that the bounds have before the partner's first
    turn, unless they are done sooner; after that ``share`` of the time is the partner's. Where they are infinite, the
    partner has a turn only if the bounds end without a mapping or without a bound.
    """

    def __init__(
        self, bounds: Bounding | None, partner: Searcher | None, head_start: float, share: float = PARTNER_SHARE
    ):
        self.bounds, self.partner, self.head_start, self.share = bounds, partner, head_start, share

    def init(self, problem: Any, objective: Objective, seed: int) -> CertifiedState:
        """Start the bounds. Raises UnsupportedError when neither side can search the problem."""
        state = CertifiedState(problem=problem, objective=objective, seed=seed)
        if self.bounds is not None:
            try:
                state.bounds = self.bounds.init(problem, objective, seed)
            except UnsupportedError:
                if self.partner is None:
                    raise
        if state.bounds is None:
            self._start_partner(state)
        return self._summary(state, math.inf)

    def ask(self, state: CertifiedState, incumbent: float, seconds: float) -> tuple[CertifiedState, Candidates]:
        """The candidates of the side whose turn it is."""
        begin, startup = time.perf_counter(), state.startup_seconds
        state.partners_turn = self._is_partners_turn(state, incumbent)
        if state.partners_turn and state.partner is None:
            self._start_partner(state)
            state.partners_turn = state.partner is not None
        found: Candidates = []
        try:
            if state.partners_turn:
                state.partner_turns += 1
                for mappings, told in state.waiting:
                    self.partner.welcome(state.partner, mappings, told)  # type: ignore[union-attr]
                state.waiting.clear()
                state.partner, found = self.partner.ask(state.partner, incumbent, seconds)  # type: ignore[union-attr]
            elif not state.bounds.done:
                state.bounds, found = self.bounds.ask(state.bounds, incumbent, seconds)  # type: ignore[union-attr]
        finally:
            self._summary(state, incumbent)
        self._charge(state, time.perf_counter() - begin - (state.startup_seconds - startup))
        return state, found

    def tell(self, state: CertifiedState, candidates: Candidates, scores: Any) -> CertifiedState:
        """Hand the scores to the side that asked."""
        begin = time.perf_counter()
        if state.partners_turn:
            state.partner = self.partner.tell(state.partner, candidates, scores)  # type: ignore[union-attr]
        elif state.bounds is not None:
            state.bounds = self.bounds.tell(state.bounds, candidates, scores)  # type: ignore[union-attr]
            if candidates and hasattr(self.partner, "welcome"):
                state.waiting.append((candidates, scores))
        self._charge(state, time.perf_counter() - begin)
        return state

    def _is_partners_turn(self, state: CertifiedState, incumbent: float) -> bool:
        if self.partner is None or state.alone:
            return False
        if state.bounds is None or state.bounds.done:
            return not self._is_enough(state, incumbent)
        if gap_of(incumbent, state.bounds.lower_bound) < SMALL_GAP:
            return False
        late = state.bound_seconds - self.head_start
        return late >= 0 and state.partner_seconds * (1 - self.share) <= late * self.share

    def _is_enough(self, state: CertifiedState, incumbent: float) -> bool:
        """Whether what the bounds found by their end needs no partner: one that has no share finds mappings at most."""
        found = state.bounds is not None and state.bounds.lower_bound > 0 and math.isfinite(incumbent)
        return found and math.isinf(self.head_start)

    def _start_partner(self, state: CertifiedState) -> None:
        """Compile the partner's model; where it refuses the problem, the bounds stay alone."""
        try:
            state.partner = self.partner.init(state.problem, state.objective, state.seed)  # type: ignore[union-attr]
        except UnsupportedError:
            if state.bounds is None:
                raise
            state.alone = True

    def _charge(self, state: CertifiedState, seconds: float) -> None:
        if state.partners_turn:
            state.partner_seconds += seconds
        else:
            state.bound_seconds += seconds

    def _summary(self, state: CertifiedState, incumbent: float) -> CertifiedState:
        """Bring bound, counts and ``done`` up to date."""
        sides = [side for side in (state.bounds, state.partner) if side is not None]
        state.lower_bound = max([side.lower_bound for side in sides], default=0.0)
        state.evaluated = sum(side.evaluated for side in sides)
        state.classes = max([side.classes for side in sides], default=0)
        state.startup_seconds = sum(side.startup_seconds for side in sides)
        bounds_done = state.bounds is None or state.bounds.done
        complete = state.bounds is not None and state.bounds.complete and math.isfinite(incumbent)
        if complete or self._is_enough(state, incumbent) or self.partner is None or state.alone:
            state.done = bounds_done
        elif state.partner is not None and bounds_done:
            hopeless = state.bounds is not None and math.isinf(incumbent) and state.partner_turns >= FRUITLESS_TURNS
            state.done = state.partner.done or hopeless
        return state
