"""Exhaustive search against brute force over all mappings, and the proof it leaves."""

from __future__ import annotations

import math

import pytest

import accelax as ax
from accelax.search.exhaustive import ExhaustiveSearch
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
