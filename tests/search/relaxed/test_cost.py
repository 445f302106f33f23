"""The relaxed cost: never above the exact one, equal in clean cases, with the right slopes."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.ir import Rules
from accelax.search.relaxed import Relaxation, class_of
from accelax.search.relaxed.cost import price, relaxed_cost, smooth_maximum
from accelax.search.relaxed.program import class_program
from tests.search.relaxed.relaxed_cases import (
    COUNTEREXAMPLE,
    exact,
    exact_metrics,
    plain,
    random_mappings,
    three_levels,
)
from tests.search.small_problems import small_problems

COLD = 1e-9
UNELIDED = Rules(first_read_elision=False, first_fill_elision=False)


def relaxed(problem, mappings, classes=None):
    """``(metrics [n, 3], excess [n, G])`` of mappings, in float64 and with sharp maxima."""
    relaxation = Relaxation(problem)
    layout = relaxation.layout
    classes = classes or [class_of(problem, mapping) for mapping in mappings]
    programs = [class_program(problem, layout, relaxation.box, klass) for klass in classes]
    x = np.array([np.log(layout.pick(np.array(mapping.factor))) for mapping in mappings])
    prices = price(problem.structure, problem.hardware, layout.shared)
    logs, offsets, excess = [], [], []
    for program, at in zip(programs, x, strict=True):
        assert (at <= program.upper + 1e-9).all()
        assert (at >= program.lower - 1e-9).all()
        cost = relaxed_cost(problem.structure, prices, layout.shared, program, at, COLD)
        assert isinstance(cost.logs, np.ndarray)
        logs.append(cost.logs)
        offsets.append(cost.offsets)
        excess.append(cost.excess)
    return np.exp(logs) - np.array(offsets), np.array(excess)


def check_never_above(seed, count, mappings):
    """Compare on random small problems; returns how many mappings fit and how many energies are equal."""
    fitting, equal = 0, 0
    for case in small_problems(seed, count):
        problem = ax.encode(case.specification())
        rows = random_mappings(problem, seed, mappings)
        found, excess = relaxed(problem, rows)
        want = np.array([exact_metrics(problem, row) for row in rows])
        fits = np.array([float(exact(problem, row).violation) == 0 for row in rows])
        assert (found <= want * (1 + 1e-9))[fits].all(), (case.name, case.rules)
        assert (excess[fits] < 1e-9).all(), (case.name, case.rules)
        fitting += int(fits.sum())
        equal += int((found[fits, 0] > want[fits, 0] * (1 - 1e-9)).sum())
    return fitting, equal


def test_the_relaxed_cost_is_never_above_the_exact_one():
    fitting, equal = check_never_above(seed=5, count=8, mappings=60)
    assert fitting > 100
    assert equal > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_relaxed_cost_is_never_above_the_exact_one_on_many_problems(seed):
    assert check_never_above(seed=100 + seed, count=25, mappings=150)[0] > 800


@pytest.mark.parametrize("rules", [UNELIDED, dataclasses.replace(UNELIDED, link_transfers="off")])
def test_the_relaxed_cost_is_exact_without_halo_ceil_and_elision(rules):
    problem = three_levels(8, 6, 12, size=40, rules=rules, read_bandwidth=0.25, leak_energy=0.125)
    rows = random_mappings(problem, 3, 200)
    found, excess = relaxed(problem, rows)
    want = np.array([exact_metrics(problem, row) for row in rows])
    assert found == pytest.approx(want, rel=1e-9)
    overfull = np.array([float(exact(problem, row).violation) > 0 for row in rows])
    assert ((excess > 1e-9).any(axis=1) == overfull).all()


def test_the_offset_of_first_visits_is_exact_without_spatial_reduction():
    problem = three_levels(8, 6, 12)
    rows = random_mappings(problem, 4, 100)
    found, _ = relaxed(problem, rows)
    want = np.array([exact_metrics(problem, row) for row in rows])
    assert found[:, [0, 2]] == pytest.approx(want[:, [0, 2]], rel=1e-9)


def test_the_counterexample_needs_transparency():
    """A run of K through both levels: 16 tiles of 16 sums reach the registers, not 8 times as many."""
    problem = three_levels(rules=UNELIDED)
    mapping = plain(problem, *COUNTEREXAMPLE)
    own = class_of(problem, mapping)
    inner = own.loops[1]
    opaque = dataclasses.replace(inner, runs=(*inner.runs[:2], frozenset({2})), units=frozenset())
    blind = dataclasses.replace(own, loops=(own.loops[0], opaque, own.loops[2]))
    want = exact_metrics(problem, mapping)
    found, _ = relaxed(problem, [mapping, mapping], [own, blind])
    assert found[0] == pytest.approx(want, rel=1e-9)
    assert found[1, 0] > want[0] * 1.05
    assert float(exact(problem, mapping).traffic.fills[2][2]) == 256


def _sliding():
    """A convolution from the random problems, with everything in it that is differentiable."""
    return next(
        problem
        for problem in (ax.encode(case.specification()) for case in small_problems(2, 40))
        if any(problem.structure.is_sliding(t) for t in range(len(problem.structure.tensors)))
    )


@pytest.mark.parametrize("make", [_sliding, lambda: three_levels(12, 8, 6, size=30, read_bandwidth=0.5)])
def test_slopes_agree_with_finite_differences(make):
    problem = make()
    relaxation = Relaxation(problem)
    layout, row = relaxation.layout, random_mappings(problem, 1, 1)[0]
    program = class_program(problem, layout, relaxation.box, class_of(problem, row))

    def value(x, scale):
        hardware = jax.tree.map(lambda leaf: leaf * scale if np.isfinite(leaf) else leaf, problem.hardware)
        fixed = {name: getattr(problem.hardware, name) for name in ("mesh_x", "mesh_y", "cluster_size")}
        hardware = hardware.replace(mesh_x_compute=1.0 * problem.hardware.mesh_x_compute, **fixed)
        hardware = hardware.replace(mesh_y_compute=1.0 * problem.hardware.mesh_y_compute)
        prices = price(problem.structure, hardware, layout.shared)
        cost = relaxed_cost(problem.structure, prices, layout.shared, program, x, 0.1, smooth_maximum)
        return np.array([1.0, 0.7, 0.3]) @ cost.logs + 0.01 * cost.excess @ (cost.excess > -5.0)

    x = np.random.default_rng(0).uniform(0.1, 1.0, layout.n_slots)
    with jax.enable_x64(True):
        slope, along = jax.device_get(jax.grad(value, argnums=(0, 1))(x, 1.0))
    step = 1e-6
    for place in range(layout.n_slots):
        move = step * np.eye(layout.n_slots)[place]
        assert slope[place] == pytest.approx((value(x + move, 1.0) - value(x - move, 1.0)) / (2 * step), abs=1e-6)
    assert along == pytest.approx((value(x, 1.0 + step) - value(x, 1.0 - step)) / (2 * step), abs=1e-6)
    assert abs(along) > 1e-3
