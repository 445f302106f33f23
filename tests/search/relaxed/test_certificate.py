"""The bound from any point is a bound."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.ir import Rules
from accelax.search.objective import parse_objective
from accelax.search.relaxed import Relaxation, bound_classes, enumerate_classes
from accelax.search.relaxed.certificate import log_floor, lowest, without_offsets
from accelax.search.relaxed.cost import price, relaxed_cost, smooth_maximum
from accelax.search.relaxed.program import class_program
from accelax.search.relaxed.solve import RelaxedOptimum
from tests.search.brute_force import optimum
from tests.search.relaxed.relaxed_cases import exact, exact_metrics, random_mappings, three_levels
from tests.search.small_problems import small_problems

WEIGHTS = {"energy": (1.0, 0.0, 0.0), "delay": (0.0, 1.0, 0.0)}


def best_floors(problem, random, weight, most=60):
    """A bound of each class from a few random points, multipliers and temperatures."""
    relaxation = Relaxation(problem)
    layout = relaxation.layout
    classes, complete = enumerate_classes(problem, relaxation.box, most)
    if not complete:
        return None
    programs = [class_program(problem, layout, relaxation.box, klass) for klass in classes]
    shared = layout.shared
    floors, offsets = np.full(len(classes), -np.inf), None
    with jax.enable_x64(True):
        prices = price(problem.structure, problem.hardware, shared)
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *programs)
        limits = problem.structure.n_levels + len(shared.spread_level)
        for _ in range(4):
            share = random.dirichlet(np.full(max(layout.n_slots, 1), 0.3), len(classes))[:, : layout.n_slots]
            at = RelaxedOptimum(
                x=share * shared.bounds.sum(),
                multipliers=random.exponential(0.1, (len(classes), limits)),
                temperature=np.full(len(classes), 10.0 ** random.uniform(-3, 0)),
            )
            found, offsets = jax.vmap(
                lambda program, point: log_floor(problem.structure, prices, shared, program, weight, point)
            )(stacked, at)
            floors = np.maximum(floors, np.nan_to_num(np.asarray(found), nan=-np.inf, posinf=np.inf))
    return without_offsets(floors, np.asarray(offsets), weight, np.zeros((len(classes), 3)))


def test_no_mapping_is_below_the_bound_of_random_points():
    whole = Rules(first_read_elision=False)
    problem, random = three_levels(4, 4, 6, size=20, rules=whole, read_bandwidth=0.5), np.random.default_rng(0)
    rows = [row for row in random_mappings(problem, 0, 300) if float(exact(problem, row).violation) == 0]
    best = np.array([exact_metrics(problem, row) for row in rows]).min(axis=0)
    assert 0 < best_floors(problem, random, np.array([1.0, 0.0, 0.0])).min() <= best[0]
    assert 0 < best_floors(problem, random, np.array([0.0, 1.0, 0.0])).min() <= best[1]


@pytest.mark.slow
def test_no_optimum_is_below_the_bound_of_random_points():
    random, compared = np.random.default_rng(0), 0
    for case in small_problems(21, 8):
        spec = case.specification()
        problem = ax.encode(spec)
        best = optimum(spec)
        for name, weight in WEIGHTS.items():
            bounds = best_floors(problem, random, np.array(weight))
            if bounds is not None:
                compared += 1
                assert bounds.min() <= best[name][0], (case.name, case.rules, name)
    assert compared >= 6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["energy", "delay", "edp"])
def test_no_optimum_is_below_the_bound_of_the_solver(name):
    for case in small_problems(31, 4):
        spec = case.specification()
        found = bound_classes(ax.encode(spec), parse_objective(name))
        assert found.lower_bound <= optimum(spec)[name][0], (case.name, case.rules)


def test_the_relaxed_cost_is_convex_in_logarithms():
    random = np.random.default_rng(2)
    for case in small_problems(13, 10):
        problem = ax.encode(case.specification())
        relaxation = Relaxation(problem)
        layout = relaxation.layout
        prices = price(problem.structure, problem.hardware, layout.shared)
        for klass in enumerate_classes(problem, relaxation.box, 6)[0]:
            program = class_program(problem, layout, relaxation.box, klass)

            def values(x, program=program, problem=problem, prices=prices, shared=layout.shared):
                cost = relaxed_cost(problem.structure, prices, shared, program, x, 0.1, smooth_maximum)
                return np.concatenate([cost.logs, cost.excess])

            one, other = random.uniform(0.0, 2.0, (2, layout.n_slots))
            middle, ends = values((one + other) / 2), (values(one) + values(other)) / 2
            assert (middle <= ends + 1e-9).all(), case.name


def test_the_lowest_point_fills_the_cheapest_slots_first():
    relaxation = Relaxation(three_levels(8, 6, 12))
    layout = relaxation.layout
    classes, _ = enumerate_classes(relaxation.problem, relaxation.box)
    random = np.random.default_rng(1)
    with jax.enable_x64(True):
        for klass in classes[::5]:
            program = class_program(relaxation.problem, layout, relaxation.box, klass)
            slope = random.normal(size=layout.n_slots)
            want = 0.0
            for rank, bound in enumerate(layout.shared.bounds):
                slots = np.flatnonzero((layout.shared.rank[rank] > 0) & (program.upper > 0))
                want += bound * slope[slots].min()
            assert float(lowest(layout.shared, program, slope)) == pytest.approx(want, rel=1e-12)


def test_the_lowest_point_respects_the_bounds():
    relaxation = Relaxation(three_levels(8, 6, 12))
    layout = relaxation.layout
    klass = enumerate_classes(relaxation.problem, relaxation.box)[0][0]
    program = class_program(relaxation.problem, layout, relaxation.box, klass)
    slope = np.arange(layout.n_slots, dtype=float)
    tight = program.replace(upper=np.minimum(program.upper, np.log(3.0)), lower=program.lower + 0.1)
    with jax.enable_x64(True):
        want = 0.0
        for rank, bound in enumerate(layout.shared.bounds):
            slots = np.flatnonzero(layout.shared.rank[rank] > 0)
            grid = np.linspace(0.1, np.log(3.0), 400)
            a, b = np.meshgrid(grid, grid)
            c = bound - a - b
            legal = (c >= 0.1 - 1e-9) & (c <= np.log(3.0) + 1e-9)
            values = slope[slots[0]] * a + slope[slots[1]] * b + slope[slots[2]] * c
            want += values[legal].min()
        assert float(lowest(layout.shared, tight, slope)) == pytest.approx(want, abs=0.05)
        empty = program.replace(upper=program.upper * 0.0)
        assert float(lowest(layout.shared, empty, slope)) == np.inf


def test_offsets_of_a_product_are_taken_off_in_proportion():
    floors, offsets = np.log([100.0]), np.array([[2.0, 0.0, 0.0]])
    weight, least = np.array([1.0, 1.0, 0.0]), np.array([[8.0, 0.0, 0.0]])
    assert without_offsets(floors, offsets, weight, least) == pytest.approx([75.0])
    for energy, delay in itertools.product((8.0, 10.0, 20.0), (1.0, 5.0)):
        bound = without_offsets(np.log([energy * delay]), offsets, weight, least)[0]
        assert bound <= (energy - 2.0) * delay
    assert without_offsets(floors, offsets, weight, np.array([[1.0, 0, 0]])) == [0.0]
