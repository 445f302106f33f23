"""Exhaustive search against brute force over all mappings, and the proof it leaves."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import accelax as ax
from accelax.search import exhaustive
from accelax.search.exhaustive import ExhaustiveSearch, exact_values_of
from accelax.search.objective import exact_values, parse_objective
from tests.search.brute_force import OBJECTIVES, optimum
from tests.search.cases import specification
from tests.search.small_problems import problems


def solved(spec, objective="edp", incumbent=math.inf):
    search = ExhaustiveSearch(ax.encode(spec), parse_objective(objective))
    found = []
    while not search.done:
        found += search.advance(incumbent, 0.0)
    return search, found


@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_is_that_of_brute_force_and_proved(seed):
    for spec in problems(seed=100 + seed, count=1):
        best = optimum(spec)
        for objective in OBJECTIVES:
            search, found = solved(spec, objective)
            assert search.lower_bound == pytest.approx(best[objective][0], rel=1e-12)
            value = exact_values(ax.evaluate(spec.with_mapping(found[-1])).to_dict(), parse_objective(objective))
            assert value == pytest.approx((search.lower_bound,), rel=1e-15)
            assert spec.mapspace.contains(found[-1])


def test_nothing_better_than_a_good_incumbent_is_returned():
    spec = specification()
    best, _ = solved(spec)
    again, found = solved(spec, incumbent=best.lower_bound)
    assert found == []
    assert again.lower_bound == best.lower_bound


def test_where_nothing_fits_the_bound_is_infinite():
    search, found = solved(specification(depth=2, BUF={"dataspace": {"keep": ["A", "B", "Z"]}}))
    assert (search.lower_bound, found) == (math.inf, [])


def test_criteria_decide_in_order():
    """A slow buffer hides most of the mapping: among the fastest mappings the one of least energy wins."""
    spec = specification()
    fastest, _ = solved(spec, "delay")
    search, found = solved(spec, ["delay", "energy"])
    assert search.lower_bound == fastest.lower_bound
    problem, objective = ax.encode(spec), parse_objective(["delay", "energy"])
    listed = ExhaustiveSearch(problem, objective).list
    values = exact_values_of(listed, listed.mappings(np.arange(listed.size)), objective)
    assert search.best == min(zip(*values.tolist(), strict=True))
    assert exact_values(ax.evaluate(spec.with_mapping(found[-1])).to_dict(), objective) == search.best


@pytest.mark.parametrize("objective", ["edp", ["delay", "energy"]])
def test_compiled_code_finds_what_numpy_finds(monkeypatch, objective):
    spec = specification()
    expected, _ = solved(spec, objective)
    monkeypatch.setattr(exhaustive, "FEW", 0)
    monkeypatch.setattr(exhaustive, "CPU_CHUNK", 1 << 9)
    search, found = solved(spec, objective)
    assert (search.best, search.evaluated) == (expected.best, expected.evaluated)
    value = exact_values(ax.evaluate(spec.with_mapping(found[-1])).to_dict(), parse_objective(objective))
    assert value == search.best


DEVICES = """
import jax
import accelax as ax
from accelax.search import exhaustive
from tests.search.cases import specification

exhaustive.FEW, exhaustive.CPU_CHUNK = 0, 1 << 8
search = exhaustive.ExhaustiveSearch(ax.encode(specification()), ((("edp", 1.0),),))
found = []
while not search.done:
    found += search.advance(float("inf"), 0.0)
print(jax.local_device_count(), search.evaluated == search.size, repr(search.lower_bound))
"""


def test_all_local_devices_share_the_work():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    run = subprocess.run(
        [sys.executable, "-c", DEVICES], env=os.environ | flags, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["4", "True", repr(solved(specification())[0].lower_bound)]


def test_an_interruption_loses_nothing(monkeypatch):
    search = ExhaustiveSearch(ax.encode(specification()), parse_objective("edp"))
    monkeypatch.setattr(exhaustive, "NUMPY_CHUNK", 100)
    monkeypatch.setattr(exhaustive._NumpySweep, "width", 100)
    search.advance(math.inf, 0.0)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(exhaustive, "exact_values_of", interrupt)
        with pytest.raises(KeyboardInterrupt):
            search.advance(math.inf, 1.0)
    assert (search.evaluated, search.lower_bound, search.done) == (100, 0.0, False)
    while not search.done:
        search.advance(math.inf, 1.0)
    assert search.lower_bound == solved(specification())[0].lower_bound


def test_a_mapspace_too_long_to_list_is_left_alone(monkeypatch):
    monkeypatch.setattr(exhaustive, "enumerate_levels", lambda problem, most: None)
    search = ExhaustiveSearch(ax.encode(specification()), parse_objective("edp"))
    assert search.size == math.inf
    assert search.advance(math.inf, 1.0) == []
    assert (search.done, search.lower_bound) == (False, 0.0)
