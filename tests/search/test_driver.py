"""Whole searches on a small machine. The optimum of the small case was found by enumerating its mapspace here."""

from __future__ import annotations

import itertools
import math

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.errors import SpecError, UnsupportedError
from accelax.search import driver
from tests.search.cases import SIZES, specification

PINNED = {
    "DRAM": {"temporal": {"permutation": ["M", "N", "K"]}},
    "BUF": {"dataspace": {"keep": ["A", "B", "Z"]}, "temporal": {"permutation": ["K", "M", "N"]}},
    "MAC": {"spatial": {"factors": ["M=1", "N=1", "K=1"]}},
}
"""Leaves the split of every rank between DRAM and the buffer."""


@pytest.fixture(scope="module")
def found():
    return ax.map(specification(), "edp", seconds=0.5, seed=1)


def test_the_mapping_found_evaluates_to_the_value_and_obeys_the_constraints(found):
    spec = specification()
    figures = ax.evaluate(spec.with_mapping(found.mapping)).to_dict()
    assert figures["valid"]
    assert found.value == figures["energy_pJ"] * figures["cycles"]
    assert spec.mapspace.contains(found.mapping)
    assert (found.lower_bound, found.gap, found.optimal, found.interrupted, found.reason) == (0, 1, False, False, None)
    assert found.evaluated > 0
    assert found.seconds >= 0.5
    values = [value for _, value in found.history]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(found.value, rel=1e-5)


def test_the_batch_agrees_with_the_mapping_found(found):
    problem = ax.encode(specification())
    cost = jax.jit(ax.evaluate_batch)(problem, problem.encode_mappings([found.mapping]))
    assert float(cost.energy_pJ[0]) == pytest.approx(found.result.energy_pJ, rel=1e-6)
    assert float(cost.cycles[0]) == found.result.cycles


def test_one_seed_and_one_number_of_chunks_give_one_answer():
    first, second = (ax.map(specification(), "energy", seconds=0, seed=7) for _ in range(2))
    assert first.mapping == second.mapping
    assert (first.value, first.evaluated) == (second.value, second.evaluated)


def pinned_optimum(objective) -> tuple[float, ...]:
    """The best of all mappings that the pinned constraints leave, evaluated one by one."""
    values = []
    parts = [[d for d in range(1, size + 1) if size % d == 0] for size in SIZES.values()]
    for inner in itertools.product(*parts):
        factors = [f"{rank}={f}" for rank, f in zip(SIZES, inner, strict=True)]
        outer = [f"{rank}={SIZES[rank] // f}" for rank, f in zip(SIZES, inner, strict=True)]
        changes = {name: {kind: dict(body) for kind, body in rules.items()} for name, rules in PINNED.items()}
        changes["BUF"]["temporal"]["factors"], changes["DRAM"]["temporal"]["factors"] = factors, outer
        result = ax.evaluate(specification(**changes))
        if result.valid:
            values.append(driver.exact_values(result.to_dict(), driver.parse_objective(objective)))
    return min(values)


@pytest.mark.parametrize("objective", ["energy", "delay", ["delay", "last_level_accesses"], {"energy": 1, "delay": 2}])
def test_a_small_mapspace_is_searched_to_its_optimum(objective):
    spec = specification(**PINNED)
    got = ax.map(spec, objective, seconds=0)
    best = pinned_optimum(objective)
    values = driver.exact_values(got.result.to_dict(), driver.parse_objective(objective))
    assert values == pytest.approx(best, rel=1e-12)
    assert got.value == values[0]
    assert spec.mapspace.contains(got.mapping)


def test_a_complete_mapping_is_found_again():
    changes = {
        "DRAM": {"temporal": {"factors": ["M=4", "N=4", "K=1"], "permutation": ["M", "N", "K"]}},
        "BUF": {
            "dataspace": {"keep": ["A", "B", "Z"]},
            "temporal": {"factors": ["M=3", "N=2", "K=6"], "permutation": ["K", "N", "M"]},
        },
        "MAC": {"spatial": {"factors": ["M=1", "N=1", "K=1"]}},
    }
    spec = specification(**changes)
    assert spec.mapping is not None
    got = ax.map(spec, seconds=0)
    assert spec.mapspace.contains(got.mapping)
    assert got.result.energy_pJ == ax.evaluate(spec).energy_pJ


def test_nothing_fits_says_what_is_missing_and_why_it_cannot_shrink():
    rules = {"dataspace": {"keep": ["A", "B", "Z"]}, "temporal": {"factors": ["M=3", "N=4", "K=1"]}}
    got = ax.map(specification(depth=10, **PINNED | {"BUF": rules}), seconds=0)
    assert got.mapping is None
    assert got.value == math.inf
    assert not got.optimal
    assert got.reason == "BUF needs 19 words (A 3 + B 4 + Z 12), has 10; smallest tile of Z alone is 12"


def test_constraints_that_leave_no_factors_name_themselves():
    rules = {"temporal": {"factors": ["M=5"]}}
    with pytest.raises(SpecError, match=r"no perfect factorization of M=12 obeys the constraints \(BUF: M=5"):
        ax.map(specification(BUF=rules), seconds=0)


def test_a_wrong_objective_is_refused_before_anything_is_compiled():
    with pytest.raises(SpecError, match="unknown objective"):
        ax.map(specification(), "speed")


def test_progress_starts_with_nothing_evaluated():
    calls = []
    ax.map(specification(**PINNED), seconds=0, progress=lambda *figures: calls.append(figures))
    assert calls[0] == (0, 0.0, None)
    assert calls[1][0] > 0
    assert calls[1][2] is not None


@pytest.mark.parametrize("after", [0, 2])
def test_ctrl_c_keeps_the_best_so_far(after):
    calls = itertools.count()

    def press(evaluated: int, seconds: float, value: float | None) -> None:
        if next(calls) == after:
            raise KeyboardInterrupt

    got = ax.map(specification(**PINNED), seconds=60, progress=press)
    assert got.interrupted
    assert (got.mapping is not None) == (after > 0)
    if after:
        assert got.result.valid
    else:
        assert got.evaluated == 0


def test_ctrl_c_during_the_final_evaluation_keeps_what_was_judged(monkeypatch):
    calls = itertools.count()

    def judge(spec):
        if next(calls) == 1:
            raise KeyboardInterrupt
        return ax.evaluate(spec)

    monkeypatch.setattr(driver, "evaluate", judge)
    got = ax.map(specification(**PINNED), seconds=0)
    assert got.interrupted
    assert got.result.valid


def test_imperfect_factors_are_refused_by_name():
    rules = {"temporal": {"factors": ["M=5,2", "N=1", "K=1"]}}
    with pytest.raises(UnsupportedError, match="imperfect factors"):
        ax.map(specification(BUF=rules), seconds=0)


def test_budget_is_counted_after_the_first_chunk(monkeypatch):
    spent = driver._Record(lambda *_: None)
    clock = itertools.count(100.0, 10.0)
    monkeypatch.setattr(driver.time, "perf_counter", lambda: next(clock))
    spent.begin = 0.0
    assert spent.elapsed == 0
    spent.add(5, [])
    assert spent.startup == 100
    assert np.isclose(spent.elapsed, 20)
