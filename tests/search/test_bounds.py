"""No search states a bound above the optimum of a small problem. ``ACCELAX_BOUND_PROBLEMS=1000`` judges as many."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from accelax.encode import encode
from accelax.errors import UnsupportedError
from tests.search import bounds
from tests.search.brute_force import optimum
from tests.search.judge import SEARCHES, available, judge
from tests.search.small_problems import small_problems

PROBLEMS = int(os.environ.get("ACCELAX_BOUND_PROBLEMS", "10"))
MANY = 100
"""From as many problems on the median gap says something."""
LARGEST_GAP = 0.25


@pytest.mark.parametrize("name", sorted(available()))
def test_no_bound_is_above_the_optimum(name, tmp_path):
    dialect = SEARCHES[name][0]
    make = {name: available()[name]}
    tally = bounds.Tally(name)
    for problem in small_problems(11, PROBLEMS // 2, dialect):
        for _, verdict in bounds.judged(problem, make, ("alone",), seconds=2.0):
            tally.add(problem, verdict)
    assert tally.violations == []
    if PROBLEMS >= MANY:
        assert max(tally.figures()["first_gap"].values()) < LARGEST_GAP


class _Claims:
    """A search that claims a bound, and hands out what it is given."""

    def __init__(self, bound: float, candidates: list):
        self.lower_bound, self.done, self.candidates = bound, False, candidates

    def advance(self, incumbent: float, seconds: float) -> list:
        self.done = True
        return self.candidates


@pytest.fixture(scope="module")
def small() -> tuple:
    problem = next(iter(small_problems(12, 1, "timeloop")))
    return problem, problem.specification(), optimum(problem.specification())


def test_the_judge_finds_a_bound_that_is_none(small):
    _, spec, best = small
    value, mapping = best["energy"]
    honest = judge(lambda problem, goal: _Claims(0.9 * value, [mapping]), spec, "energy", value)
    assert (honest.violations, honest.done, honest.missed) == ([], True, False)
    assert honest.first == pytest.approx(0.9)
    for bound in (1.001 * value, math.inf, math.nan):
        verdict = judge(lambda problem, goal, bound=bound: _Claims(bound, [mapping]), spec, "energy", value)
        assert "above the optimum" in verdict.violations[0]


def test_the_judge_finds_wrong_candidates(small):
    _, spec, best = small
    value, mapping = best["energy"]
    better = judge(lambda problem, goal: _Claims(0.0, [mapping]), spec, "energy", 1.1 * value)
    assert "better than the optimum" in better.violations[0]
    broken = type(mapping)(mapping.nodes[1:], bounds=mapping.bounds)
    outside = judge(lambda problem, goal: _Claims(0.0, [broken]), spec, "energy", value)
    assert "not in the mapspace" in outside.violations[0]
    assert judge(lambda problem, goal: _Claims(0.0, []), spec, "energy", value).missed


def test_the_judge_tells_refusals_from_failures(small):
    _, spec, best = small

    def refuse(problem, goal):
        raise UnsupportedError("small problems")

    def fail(problem, goal):
        raise IndexError("oh")

    assert "small problems" in judge(refuse, spec, "delay", best["delay"][0]).refused
    assert judge(fail, spec, "delay", best["delay"][0]).violations == ["IndexError: oh"]


def test_the_script_reports_and_keeps_what_it_found(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(bounds, "available", lambda: {"chain": lambda problem, goal: _Claims(math.inf, [])})
    assert bounds.main(["--problems", "2", "--save", str(tmp_path), "--json"]) == 1
    out = capsys.readouterr()
    assert '"violations": 6' in out.out
    assert "chain, energy, alone: bound inf above the optimum" in out.err
    assert [path.name for path in Path(tmp_path).iterdir()] == ["chain_timeloop_0_0.yaml"]


def test_problems_can_be_encoded(small):
    problem, spec, _ = small
    assert encode(spec).structure.level_names[0] == "DRAM"
    assert problem.name == "timeloop_12_0"
