"""Metrics from below: where a level may need one cycle less than compiled code says."""

from __future__ import annotations

import dataclasses
import math

import pytest

import accelax as ax
from accelax.search.criteria import exact_metrics, lowest_metrics
from tests.search.cases import specification


@pytest.fixture(scope="module")
def evaluated():
    """A structure and the cost of some mapping of it that fits."""
    from accelax.search.exhaustive import ExhaustiveSearch
    from accelax.search.objective import parse_objective

    spec = specification()
    search = ExhaustiveSearch(ax.encode(spec), parse_objective("edp"))
    mapping = search.advance(math.inf, 1.0)[-1]
    result = ax.evaluate(spec.with_mapping(mapping))
    return ax.encode(spec).structure, result.cost, result.to_dict()


def test_metrics_are_those_of_the_report(evaluated):
    structure, cost, figures = evaluated
    metrics = exact_metrics(structure, cost)
    assert metrics["energy"] == figures["energy_pJ"]
    assert metrics["delay"] == figures["cycles"]
    assert metrics["edp"] == figures["energy_pJ"] * figures["cycles"]
    assert lowest_metrics(structure, cost) == metrics


def test_a_quotient_just_above_a_whole_number_may_be_that_number(evaluated):
    structure, cost, _ = evaluated
    compute = float(cost.nest.compute_cycles)
    slowdown = (compute / (2.0 * compute), 1.0, 1.0)
    late = tuple(2.0 * compute + 1.0 for _ in slowdown)
    total = 2.0 * compute + 1.0
    leak = (total, 0.0, 0.0)
    changed = dataclasses.replace(
        cost, slowdown=slowdown, level_cycles=late, cycles=total, leakage=leak, energy=100.0 + total
    )
    lowest = lowest_metrics(structure, changed)
    assert lowest["delay"] == 2.0 * compute
    assert lowest["energy"] == pytest.approx(100.0 + 2.0 * compute, rel=1e-15)


def test_what_does_not_fit_is_infinite(evaluated):
    structure, cost, _ = evaluated
    assert set(exact_metrics(structure, dataclasses.replace(cost, violation=0.5)).values()) == {math.inf}
    assert exact_metrics(structure, dataclasses.replace(cost, energy=math.nan))["edp"] == math.inf
