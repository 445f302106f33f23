"""Hardware and mappings relaxed together: slopes, values, rounding, and what comes of it."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import accelax as ax
from accelax.codesign import relaxed, relaxed_network
from accelax.codesign.choice import Goal
from accelax.codesign.family import build_family, divide, variants_of
from accelax.codesign.gradient import relaxed_starts, rounded
from accelax.codesign.knobs import Grid, read_knobs
from accelax.codesign.limits import Limits
from accelax.codesign.network import read_network
from accelax.codesign.relaxed import RelaxedNetwork, advance, descend, screen, spread
from accelax.codesign.relaxed_network import Heat, Point, lean, merit, objective, shortfall, state_at, totals_of
from accelax.search.objective import parse_objective
from accelax.search.relaxed import bound_classes
from tests.codesign.small import KNOBS, specification
from tests.codesign.test_codesign import brute_force, layers

EDP = Goal(1.0, 1.0)
WIDE = {"variables.buffer_depth": (8, 400, 8), "variables.bandwidth": (0.5, 4.0, 0.5)}
HEAT = Heat(0.02, 0.05, 0.01)


def network(
    knobs=WIDE, given=None, goal: Goal = EDP, limits: dict[str, float] | None = None, elide: bool = True
) -> RelaxedNetwork:
    """Two layers and some knobs, relaxed."""
    found = given or [
        ax.Layer(specification(16, 8, 32, clock=1e-9), "a", 3),
        ax.Layer(specification(4, 24, 8, clock=1e-9), "b"),
    ]
    for layer in found:
        layer.specification.rules = dataclasses.replace(layer.specification.rules, first_read_elision=elide)
    chosen = read_knobs(knobs)
    variant = variants_of(read_network(found), [])[0]
    return RelaxedNetwork.of(list(zip(variant.counts, variant.layers, strict=True)), chosen, goal, limits)


def point_of(one: RelaxedNetwork, seed: int = 0) -> Point:
    """A point with random knobs and factors."""
    random = np.random.default_rng(seed)
    free = tuple(jnp.asarray(random.normal(size=stack.programs.lower.shape)) for stack in one.network.stacks)
    return Point(jnp.asarray(random.uniform(0.2, 0.8, len(one.knobs))), free)


@pytest.mark.parametrize("limits", [None, {"area_um2": 3000.0, "energy_pJ": 1e5}])
def test_slopes_of_every_knob_and_factor_agree_with_differences(limits):
    one = network(limits=limits)
    with jax.enable_x64(True):
        begin = point_of(one)
        fixed = jax.jit(lambda p: merit(one.form, one.network, p, HEAT)[1][1])(begin)

        def value(point: Point):
            """The logarithm of the objective and its limits, with the choice of classes held."""
            state = state_at(one.form, one.network, point, HEAT.maxima)
            totals = totals_of(one.network, state, fixed.shares)
            found = objective(one.form, totals)
            over = relaxed_network.overshoot(one.form, one.network, totals)
            found += relaxed_network.penalty(over, HEAT.limits)
            for excess, weight in zip(state.excess, fixed.weights, strict=True):
                found += jnp.sum(weight * relaxed_network.penalty(excess, HEAT.limits))
            return found

        # classes other than the chosen ones are kept going by a weight of their own: here they must not count
        chosen = jax.tree.map(lambda share: share > 0.999, fixed.shares)
        slope = jax.jit(jax.grad(lambda p: merit(one.form, one.network, p, HEAT)[0]))(begin)
        value = jax.jit(value)
        step = 1e-6
        for knob in range(len(one.knobs)):
            ends = [value(begin.replace(knobs=begin.knobs.at[knob].add(side))) for side in (step, -step)]
            assert float(slope.knobs[knob]) == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=5e-3, abs=2e-3)
        assert all(bool(rows.any(axis=1).all()) for rows in chosen)
        for layer, klass in np.argwhere(np.asarray(chosen[0])):
            for slot in range(begin.free[0].shape[-1]):
                ends = []
                for side in (step, -step):
                    moved = begin.free[0].at[layer, klass, slot].add(side)
                    ends.append(value(begin.replace(free=(moved,))))
                wanted = float(ends[0] - ends[1]) / (2 * step)
                assert float(slope.free[0][layer, klass, slot]) == pytest.approx(wanted, rel=5e-3, abs=2e-3)


def test_with_the_hardware_fixed_the_optimum_is_that_of_one_layer_alone():
    layer = ax.Layer(specification(16, 8, 32), "a")
    fixed = {"variables.buffer_depth": (64, 64)}
    one = network(fixed, [layer], elide=False)
    found = descend(one, starts=1)[0]
    there = ax.encode(layer.specification.with_values({"variables.buffer_depth": 64}))
    alone = bound_classes(there, parse_objective("edp")).bounds.min()
    assert math.exp(found.log) == pytest.approx(alone, rel=0.02)
    assert math.exp(found.log) >= alone * (1 - 1e-3)


def test_padding_changes_nothing():
    small, large = ax.Layer(specification(4, 1, 8), "a"), ax.Layer(specification(16, 8, 32), "b")
    both, alone = network(given=[small, large]), network(given=[small])
    with jax.enable_x64(True):
        begin = point_of(alone)
        width = both.network.stacks[0].programs.lower.shape
        own = begin.free[0].shape
        free = jnp.zeros(width).at[0, : own[1], : own[2]].set(begin.free[0][0])
        price = jax.jit(state_at, static_argnums=0)
        wide = price(both.form, both.network, Point(begin.knobs, (free,)), 0.02)
        narrow = price(alone.form, alone.network, begin, 0.02)
    assert own[2] < width[2]
    np.testing.assert_allclose(wide.costs[0][0, : own[1]], narrow.costs[0][0], rtol=1e-9)


def test_all_starts_and_all_strides_share_one_compilation(monkeypatch):
    traces = []
    original = relaxed.merit
    monkeypatch.setattr(relaxed, "merit", lambda *given: traces.append(1) or original(*given))
    advance.clear_cache()
    found = descend(network(), seed=3)
    assert len(found) == relaxed.STARTS
    assert len(traces) == 1
    advance.clear_cache()


def test_starts_end_in_one_place_where_memories_are_as_full(monkeypatch):
    monkeypatch.setattr(relaxed, "EMPTY", (0.0,))
    found = descend(network(), starts=4)
    assert found[-1].log - found[0].log < 0.02


def test_more_empty_memories_are_larger():
    one = network({"variables.buffer_depth": (8, 400, 8)})
    found = descend(one, starts=len(relaxed.EMPTY))
    depths = [design.values["variables.buffer_depth"] for design in found]
    assert depths == sorted(depths)
    assert depths[-1] > 1.05 * depths[0]


@pytest.mark.parametrize("name", ["area_um2", pytest.param("energy_pJ", marks=pytest.mark.slow), "power_W"])
def test_limits_are_kept(name):
    goal = {"energy_pJ": Goal(0.0, 1.0), "power_W": Goal(0.0, 1.0)}.get(name, Goal(1.0, 0.0))
    loose = _total(name, goal, None)
    limit = 0.9 * loose
    assert _total(name, goal, limit) <= limit * 1.02


@pytest.mark.parametrize("name", ["cycles", pytest.param("latency_s", marks=pytest.mark.slow)])
def test_limits_of_time_are_kept_where_energy_alone_is_asked_for(name):
    least, loose = _total(name, Goal(0.0, 1.0), None, fast=True), _total(name, Goal(1.0, 0.0), None, fast=True)
    limit = math.sqrt(least * loose)
    assert loose > 1.3 * limit
    assert _total(name, Goal(1.0, 0.0), limit, fast=True) <= limit * 1.02


def test_where_there_are_many_classes_the_best_are_kept(monkeypatch):
    every = network()
    monkeypatch.setattr(relaxed, "CLASSES", 4)
    monkeypatch.setattr(relaxed, "CHUNKS", 8)
    one = network()
    assert all(layer.classes > 2 * relaxed.CLASSES for layers in one.layers for layer in layers)
    with jax.enable_x64(True):
        kept = screen(one, spread(len(one.knobs), 4, 0), math.inf)
    assert [stack.programs.lower.shape[1] for stack in kept.network.stacks] == [4] * len(kept.network.stacks)
    best, of_all = descend(one, starts=4)[0], descend(every, starts=4)[0]
    assert best.log <= of_all.log + 0.02


def _total(name: str, goal: Goal, limit: float | None, fast: bool = False) -> float:
    """What a limited total comes to at the relaxed optimum; with ``fast``, bandwidth costs energy."""
    given = [ax.Layer(specification(16, 8, 32, clock=1e-9), "a", 3)]
    if fast:
        given[0].specification.set("architecture.DRAM.attributes.vector_access_energy", "50 + 20 * bandwidth")
    one = network(given=given, goal=goal, limits={name: 1e30 if limit is None else limit})
    with jax.enable_x64(True):
        course = one.begin(spread(len(one.knobs), 1, 0))
        for first in range(0, relaxed.STEPS, relaxed.STRIDE):
            course, _ = advance(one.form, one.network, course, np.arange(first, first + relaxed.STRIDE) / relaxed.STEPS)
        point = jax.tree.map(lambda leaf: leaf[0], course.point)
        state = jax.jit(state_at, static_argnums=0)(one.form, one.network, point, 0.02)
        leaning = lean(one.form, one.network, state, Heat(0.02, 0.001, 0.01))
        over = relaxed_network.overshoot(one.form, one.network, leaning.totals)
        assert float(shortfall(one.form, one.network, state, leaning)) < 0.2
    return float(np.exp(np.asarray(over)[0] + one.network.limits[0]))


def test_rounding_begins_with_the_nearest_and_goes_up():
    knobs = read_knobs({"variables.buffer_depth": (8, 40, 8), "variables.bandwidth": (1, 4)})
    variant = variants_of(read_network(layers()), [])[0]
    family = build_family(variant, Grid(knobs))
    found = [
        family.grid.values_at(p) for p in rounded(family, {"variables.buffer_depth": 18.0, "variables.bandwidth": 2.9})
    ]
    assert found == [
        {"variables.buffer_depth": 16.0, "variables.bandwidth": 3.0},
        {"variables.buffer_depth": 24.0, "variables.bandwidth": 3.0},
    ]
    family.allowed[:] = False
    assert list(rounded(family, {"variables.buffer_depth": 18.0, "variables.bandwidth": 2.9})) == []


@pytest.mark.parametrize(("objective_name", "powers"), [("edp", (1, 1)), ("energy", (1, 0)), ("delay", (0, 1))])
def test_the_rounded_design_is_near_the_best_of_all(objective_name, powers):
    optimum = min(brute_force(layers(), powers).values())
    found = ax.codesign(layers(), knobs=KNOBS, objective=objective_name, seconds=20, method="gradient")
    assert found.method == "gradient"
    assert found.lower_bound == 0
    assert optimum * (1 - 1e-9) <= found.value <= 1.03 * optimum
    assert found.total["edp"] is not None


def test_structures_are_relaxed_one_by_one():
    chosen = read_knobs({"variables.lanes": (1, 4, "x2"), "variables.buffer_depth": (8, 24, 8)})
    network_layers = read_network(layers())
    structural, numeric = divide(network_layers, chosen)
    found = relaxed_starts(variants_of(network_layers, structural), numeric, Goal(0.0, 1.0), Limits({}), 0, math.inf)
    assert found[0].family == 2  # four lanes are the fastest
    assert [start.design.log for start in found] == sorted(start.design.log for start in found)


def test_interruption_while_relaxing_and_after_the_first_design():
    def at_once(progress) -> None:
        raise KeyboardInterrupt

    def later(progress) -> None:
        if progress.value is not None:
            raise KeyboardInterrupt

    early = ax.codesign(layers(), knobs=KNOBS, method="gradient", seconds=20, progress=at_once)
    assert early.interrupted
    assert early.knobs is None
    late = ax.codesign(layers(), knobs=KNOBS, method="gradient", seconds=20, progress=later)
    assert late.interrupted
    assert late.knobs is not None
    assert math.isfinite(late.value)


@pytest.mark.slow
def test_a_grid_too_large_to_lay_out_is_beaten_nowhere_by_random_machines_in_the_same_time():
    knobs = {
        "variables.buffer_depth": (8, 2048),
        "variables.bandwidth": (0.25, 16, 0.01),
        "architecture.DRAM.attributes.vector_access_energy": (50, 200, 0.5),
    }
    given = [ax.Layer(specification(64, 32, 128), "a", 3), ax.Layer(specification(16, 64, 32), "b")]
    values = {
        method: ax.codesign(given, knobs=knobs, seconds=12, method=method).value
        for method in ("gradient", "certified", "random")
    }
    assert values["gradient"] <= values["random"] * (1 + 1e-9)
    assert values["certified"] <= values["random"] * (1 + 1e-9)
