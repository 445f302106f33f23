"""Bounds of all classes and the gradient searcher, on one small problem that is compiled once."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.errors import UnsupportedError
from accelax.search.judge import Judge
from accelax.search.objective import parse_objective
from accelax.search.relaxed import Box, GradientSearch, bound_classes, class_of, whole_box
from tests.search.brute_force import optimum
from tests.search.cases import specification
from tests.search.relaxed.relaxed_cases import random_mappings


@pytest.fixture(scope="module")
def spec():
    return specification(depth=24)


@pytest.fixture(scope="module")
def best(spec):
    return optimum(spec)


@pytest.mark.parametrize("name", ["energy", "delay", "edp"])
def test_bounds_are_below_the_optimum_and_near_it(spec, best, name):
    found = bound_classes(ax.encode(spec), parse_objective(name))
    value = best[name][0]
    assert found.complete
    assert 0.4 * value < found.lower_bound <= value
    assert len(found.bounds) == len(found.classes) == len(found.factors)
    assert found.factors.prod(axis=1) == pytest.approx(np.tile([12, 8, 6], (len(found.bounds), 1)), rel=0.3)


def test_no_mapping_costs_less_than_its_class_allows(spec):
    problem = ax.encode(spec)
    goal = parse_objective("energy")
    found = bound_classes(problem, goal)
    by_class = dict(zip(found.classes, found.bounds, strict=True))
    rows = random_mappings(problem, 1, 400)
    batch = jax.tree.map(lambda *leaves: np.array(leaves), *rows)
    mappings = [problem.decode(batch, i) for i in range(400)]
    judged = Judge(problem, goal).exact(mappings)
    compared = 0
    for mapping, (value,), excess in zip(mappings, judged.values, judged.excess, strict=True):
        bound = by_class.get(class_of(problem, mapping))
        if excess <= 1e-12 and bound is not None:
            compared += 1
            assert bound <= value
    assert compared > 10


def test_a_cap_on_classes_leaves_no_bound(spec):
    found = bound_classes(ax.encode(spec), parse_objective("energy"), most=100)
    assert not found.complete
    assert found.lower_bound == 0
    assert len(found.bounds) == 100
    assert (found.bounds > 0).all()


@pytest.mark.slow
def test_a_smaller_box_has_no_lower_bound_than_the_whole(spec):
    problem = ax.encode(spec)
    goal, box = parse_objective("energy"), whole_box(problem)
    most = [list(row) for row in box.most]
    most[1] = [1.0] * len(most[1])
    part = bound_classes(problem, goal, Box(box.least, tuple(map(tuple, most))))
    assert part.lower_bound >= bound_classes(problem, goal).lower_bound * (1 - 1e-3)


def test_the_searcher_finds_the_optimum_and_proves_its_bound(spec, best):
    problem, goal = ax.encode(spec), parse_objective("energy")
    search = GradientSearch(problem, goal, seed=0)
    judge, incumbent = Judge(problem, goal), math.inf
    assert search.lower_bound == 0
    for _ in range(20):
        mappings = search.advance(incumbent, 0.5)
        judged = judge.exact(mappings)
        assert all(spec.mapspace.contains(mapping) for mapping in mappings)
        incumbent = min([incumbent, *(v[0] for v, e in zip(judged.values, judged.excess, strict=True) if e <= 1e-12)])
        assert search.lower_bound <= incumbent
        if search.done:
            break
    assert search.done
    assert incumbent == pytest.approx(best["energy"][0], rel=1e-9)


def test_the_search_is_the_same_for_the_same_seed(spec):
    found = []
    for _ in range(2):
        search = GradientSearch(ax.encode(spec), parse_objective("edp"), seed=5)
        found.append(search.advance(math.inf, 0.0))
    assert found[0] == found[1]


def test_imperfect_factors_are_refused():
    problem = ax.encode(specification(BUF={"temporal": {"factors": ["M=5,2"]}}))
    with pytest.raises(UnsupportedError, match="imperfect"):
        bound_classes(problem, parse_objective("energy"))
