"""Labels and listing in turns, around fakes; and the real ones on a small mapspace."""

from __future__ import annotations

import math

import pytest

import accelax as ax
from accelax.search import staged
from accelax.search.objective import parse_objective
from accelax.search.staged import StagedSearch
from tests.search.cases import specification

GOAL = parse_objective("energy")


class Labels:
    def __init__(self, problem, objective):
        self.lower_bound, self.done, self.classes = 0.0, False, 4

    def advance(self, incumbent, seconds):
        self.lower_bound += 10.0
        self.done = self.lower_bound >= 30
        return ["labels"]

    def explain(self):
        return "A in BUF"


class Listing:
    size = 5000

    def __init__(self, problem, objective, most):
        self.lower_bound, self.done, self.evaluated = 0.0, False, 0

    def advance(self, incumbent, seconds):
        self.lower_bound, self.done, self.evaluated = 40.0, True, self.size
        return ["listing"]


@pytest.fixture
def make(monkeypatch):
    """A staged search of a mapspace with ``combinations``, over the fakes."""
    import accelax.search.chain
    import accelax.search.exhaustive

    monkeypatch.setattr(accelax.search.chain, "ChainSearch", Labels)
    monkeypatch.setattr(accelax.search.exhaustive, "ExhaustiveSearch", Listing)

    def made(combinations, size=5000, seconds=10.0):
        monkeypatch.setattr(staged, "_combinations", lambda problem: combinations)
        monkeypatch.setattr(Listing, "size", size)
        return StagedSearch("problem", GOAL, seconds)

    return made


def turns(search, incumbent):
    names = []
    while not search.done and len(names) < 9:
        names += search.advance(incumbent, 0.1)
    return names


def test_a_small_mapspace_is_looked_at_at_once(make):
    search = make(1e3)
    assert turns(search, 40.0) == ["listing"]
    assert (search.lower_bound, search.complete, search.evaluated, search.classes) == (40, True, 5000, 0)
    assert search.explain() == ""


def test_a_larger_one_when_the_labels_leave_a_gap(make):
    search = make(1e7)
    assert turns(search, 40.0) == ["labels"] * 3 + ["listing"]
    assert (search.lower_bound, search.complete, search.classes) == (40, True, 4)
    assert search.explain() == "A in BUF"


def test_a_gap_that_the_labels_close_is_enough(make):
    search = make(1e7)
    assert turns(search, 30.0) == ["labels"] * 3
    assert (search.lower_bound, search.complete, search.evaluated) == (30, False, 0)


@pytest.mark.parametrize(("combinations", "size"), [(1e9, 5000), (1e7, 10_000_000), (1e7, math.inf)])
def test_one_too_large_for_the_time_never(make, combinations, size):
    search = make(combinations, size)
    assert turns(search, 40.0) == ["labels"] * 3
    assert (search.lower_bound, search.done, search.complete) == (30, True, False)


def test_a_small_mapspace_is_proved_optimal_and_says_so():
    found = ax.map(specification(), "energy", seconds=20)
    assert found.optimal
    assert found.searcher == "certified"
    assert found.lower_bound <= found.value
    random = ax.map(specification(), "energy", seconds=0, searcher="random")
    assert found.value <= random.value


def test_criteria_after_the_first_are_optimal_as_well():
    from accelax.search.driver import search

    found = search(specification(), ["delay", "energy"], seconds=60)
    assert found.optimal
    assert found.seconds < 30
    other = search(specification(), ["delay", "energy"], seconds=0, searcher="random")
    assert (found.value, found.result.energy_pJ) <= (other.value, other.result.energy_pJ)


def test_nothing_fits_is_proved():
    rules = {"dataspace": {"keep": ["A", "B", "Z"]}, "temporal": {"factors": ["M=3", "N=4", "K=1"]}}
    found = ax.map(specification(depth=10, BUF=rules), seconds=20)
    assert found.mapping is None
    assert found.reason.startswith("BUF needs 19 words (A 3 + B 4 + Z 12), has 10")
    assert found.reason.endswith("it would fit with 19 words in BUF; it is proved that nothing fits")
