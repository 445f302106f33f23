"""The default searcher around two fakes: whose turn it is, what is proved, when it ends."""

from __future__ import annotations

import math

import pytest

from accelax.errors import UnsupportedError
from accelax.search import certified
from accelax.search.bounding import Bounding
from accelax.search.certified import Certified
from accelax.search.protocol import SearchState

GOAL = ((("energy", 1.0),),)


class Clock:
    """Time that passes only where a search works."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(certified.time, "perf_counter", lambda: self.now)


class Bounds:
    """A bounding search whose bound rises by 1 a turn, each of a second."""

    def __init__(self, clock, turns=99, evaluated=10):
        self.clock, self.turns, self.evaluated = clock, turns, evaluated
        self.lower_bound, self.done, self.classes = 0.0, False, 7
        self.incumbents = []

    def advance(self, incumbent, seconds):
        self.clock.now += 1.0
        self.incumbents.append(incumbent)
        self.lower_bound += 1.0
        self.done = len(self.incumbents) >= self.turns
        return ["bounds"]

    def explain(self):
        return f"{len(self.incumbents)} turns"


class Partner:
    """A searcher whose turns take a second each."""

    def __init__(self, clock, refuses=False):
        self.clock, self.refuses, self.told = clock, refuses, []

    def init(self, problem, objective, seed):
        if self.refuses:
            raise UnsupportedError("the fake")
        self.clock.now += 30.0
        return SearchState(evaluated=5, startup_seconds=30.0)

    def ask(self, state, incumbent, seconds):
        self.clock.now += 1.0
        return state, ["partner"]

    def tell(self, state, candidates, scores):
        self.told.append((candidates, scores))
        return state


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def turns(searcher, count, incumbent=math.inf):
    """Whose candidates come in the first turns, and the last state."""
    state = searcher.init("problem", GOAL, 0)
    names = []
    for _ in range(count):
        if state.done:
            break
        state, found = searcher.ask(state, incumbent, 1.0)
        state = searcher.tell(state, found, "scores")
        names += found
    return names, state


def test_the_bounds_have_a_head_start_and_then_half_of_the_time(clock):
    bounds, partner = Bounds(clock), Partner(clock)
    names, state = turns(Certified(Bounding(lambda p, o: bounds), partner, head_start=3.0), 9, 50.0)
    # Three seconds, then one turn each; the 30 s of compilation are nobody's.
    assert names == ["bounds"] * 3 + ["partner", "bounds", "partner", "bounds", "partner", "bounds"]
    assert state.startup_seconds == 30
    assert (state.lower_bound, state.evaluated, state.classes) == (6.0, 15, 7)
    assert state.explain() == "6 turns"
    assert set(bounds.incumbents) == {50.0}
    assert partner.told == [(["partner"], "scores")] * 3


def test_a_partner_that_wants_to_is_told_the_candidates_of_the_bounds(clock):
    class Welcoming(Partner):
        def welcome(self, state, mappings, scores):
            self.told.append((mappings, "welcome"))

    partner = Welcoming(clock)
    turns(Certified(Bounding(lambda p, o: Bounds(clock)), partner, 2.0), 5, 50.0)
    seen = [(["bounds"], "welcome"), (["partner"], "scores")]
    assert partner.told == [seen[0], seen[0], seen[1], seen[0], seen[1]]


def test_the_partner_goes_on_alone_when_the_bounds_are_done(clock):
    names, state = turns(Certified(Bounding(lambda p, o: Bounds(clock, 1)), Partner(clock), 3.0), 4, 50.0)
    assert names == ["bounds", "partner", "partner", "partner"]
    assert not state.done


def test_the_partner_has_no_turn_when_all_mappings_were_looked_at(clock):
    bounds = Bounds(clock, 2)
    bounds.complete = True
    names, state = turns(Certified(Bounding(lambda p, o: bounds), Partner(clock), 3.0), 9, 50.0)
    assert names == ["bounds"] * 2
    assert state.done


def test_a_small_gap_is_left_to_the_bounds(clock):
    names, _ = turns(Certified(Bounding(lambda p, o: Bounds(clock)), Partner(clock), 1.0), 4, 4.0001)
    # The gap is 1 - n / 4.0001 after n turns: the partner has a turn when it is large, none when it is 0.0025 %.
    assert names == ["bounds", "partner", "bounds", "partner"]
    bounds = Bounds(clock)
    bounds.lower_bound = 3.0
    names, _ = turns(Certified(Bounding(lambda p, o: bounds), Partner(clock), 1.0), 3, 4.0001)
    assert names == ["bounds"] * 3


def test_a_partner_without_a_share_helps_where_the_bounds_end_with_nothing(clock):
    names, state = turns(Certified(Bounding(lambda p, o: Bounds(clock, 2)), Partner(clock), math.inf), 5, 50.0)
    assert names == ["bounds"] * 2
    assert state.done
    names, _ = turns(Certified(Bounding(lambda p, o: Bounds(clock, 2)), Partner(clock), math.inf), 4)
    assert names == ["bounds", "bounds", "partner", "partner"]


def test_where_nothing_fits_it_ends_after_some_fruitless_turns(clock, monkeypatch):
    monkeypatch.setattr(certified, "FRUITLESS_TURNS", 2)
    names, state = turns(Certified(Bounding(lambda p, o: Bounds(clock, 1)), Partner(clock), 3.0), 9)
    assert names == ["bounds", "partner", "partner"]
    assert state.done


def test_without_a_partner_it_ends_with_the_bounds(clock):
    for partner in (None, Partner(clock, refuses=True)):
        names, state = turns(Certified(Bounding(lambda p, o: Bounds(clock, 5)), partner, 1.0), 9, 50.0)
        assert names == ["bounds"] * 5
        assert state.done


def refuse(problem, objective):
    raise UnsupportedError("bounds of that")


@pytest.mark.parametrize("bounds", [None, Bounding(refuse)])
def test_without_bounds_the_partner_searches_and_nothing_is_proved(clock, bounds):
    names, state = turns(Certified(bounds, Partner(clock), 3.0), 3)
    assert names == ["partner"] * 3
    assert (state.lower_bound, state.explain()) == (0.0, "")


def test_a_problem_that_neither_can_search_is_refused(clock):
    with pytest.raises(UnsupportedError, match="bounds of that"):
        Certified(Bounding(refuse), None, 1.0).init("problem", GOAL, 0)
    with pytest.raises(UnsupportedError, match="the fake"):
        Certified(Bounding(refuse), Partner(clock, refuses=True), 1.0).init("problem", GOAL, 0)


def test_an_interruption_inside_the_bounds_leaves_their_bound(clock):
    class Interrupted(Bounds):
        def advance(self, incumbent, seconds):
            super().advance(incumbent, seconds)
            raise KeyboardInterrupt

    searcher = Certified(Bounding(lambda p, o: Interrupted(clock)), None, 1.0)
    state = searcher.init("problem", GOAL, 0)
    with pytest.raises(KeyboardInterrupt):
        searcher.ask(state, math.inf, 1.0)
    assert state.lower_bound == 1.0


def test_a_bound_that_is_not_a_number_proves_nothing(clock):
    bounds = Bounds(clock)
    bounds.lower_bound = math.nan
    assert Bounding(lambda p, o: bounds).init("problem", GOAL, 0).lower_bound == 0.0
