from __future__ import annotations

import math
import time

import numpy as np
import pytest

import accelax as ax
from accelax.encode import encode
from accelax.search.pareto import non_dominated
from tests.codesign.small import KNOBS, specification
from tests.search.batch_levels import costs
from tests.search.brute_force import batches


def layers(clock: float | None = None) -> list[ax.Layer]:
    """Two layers, one of them three times."""
    return [
        ax.Layer(specification(4, 2, 4, clock=clock), "one", 3),
        ax.Layer(specification(2, 6, 2, clock=clock), "two"),
    ]


def front_of(spec: ax.Specification) -> np.ndarray:
    """``[n, 2]``: energy and cycles of all mappings that no other beats in both, from all there are."""
    problem, rows = encode(spec), np.zeros((0, 2))
    for batch in batches(spec):
        pairs = np.stack(costs(problem, batch), axis=1)
        rows = np.concatenate([rows, pairs[np.isfinite(pairs).all(axis=1)]])
        rows = rows[non_dominated(rows)]
    return rows


def brute_force(network: list[ax.Layer], powers: tuple[float, float]) -> dict[int, float]:
    """The least ``energy^a cycles^b`` of the network for each buffer depth: every choice of mappings is tried."""
    best = {}
    for depth in range(8, 41, 8):
        fronts = [
            layer.count * front_of(layer.specification.with_values({"variables.buffer_depth": depth}))
            for layer in network
        ]
        totals = (fronts[0][:, None] + fronts[1][None]).reshape(-1, 2)
        best[depth] = float((totals[:, 0] ** powers[0] * totals[:, 1] ** powers[1]).min())
    return best


@pytest.mark.parametrize(
    ("objective", "powers"),
    [("edp", (1, 1)), ("energy", (1, 0)), ("delay", (0, 1)), ({"energy": 1, "delay": 2}, (1, 2))],
)
def test_value_and_bound_agree_with_every_design_and_every_mapping(objective, powers) -> None:
    best = brute_force(layers(), powers)
    found = ax.codesign(layers(), knobs=KNOBS, objective=objective, seconds=15, tolerance=1e-7)
    assert found.value == pytest.approx(min(best.values()), rel=1e-9)
    assert found.lower_bound <= min(best.values()) * (1 + 1e-12)
    assert found.gap < (1e-6 if 0 in powers else 0.05)  # the two layers' trade-offs leave a duality gap
    assert found.knobs is not None
    assert best[int(found.knobs["variables.buffer_depth"])] == pytest.approx(found.value, rel=1e-9)


def test_the_bound_is_below_the_optimum_however_early_it_is_asked_for() -> None:
    optimum = min(brute_force(layers(), (1, 1)).values())
    found = ax.codesign(layers(), knobs=KNOBS, seconds=3, tolerance=1e-7)
    assert len(found.history) > 2
    assert all(bound <= optimum * (1 + 1e-12) <= value * (1 + 1e-9) for _, value, bound in found.history)


def test_front_is_exact_for_its_designs_and_rises() -> None:
    best = brute_force(layers(), (1, 1))
    found = ax.codesign(layers(), knobs=KNOBS, seconds=3, tolerance=1e-7)
    values = [point.value for point in found.front]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(found.value)
    for point in found.front:
        depth = int(point.knobs["variables.buffer_depth"])
        assert point.area_um2 == 100 * depth
        assert point.value >= best[depth] * (1 - 1e-9)


def test_total_is_that_of_the_layers_evaluated_one_by_one() -> None:
    found = ax.codesign(layers(clock=1e-9), knobs=KNOBS, seconds=3, tolerance=1e-3)
    figures = [(layer.count, layer.result.to_dict()) for layer in found.layers]
    assert found.total["energy_pJ"] == pytest.approx(sum(n * f["energy_pJ"] for n, f in figures))
    assert found.total["cycles"] == sum(n * f["cycles"] for n, f in figures)
    assert found.total["latency_s"] == pytest.approx(found.total["cycles"] * 1e-9)
    assert found.value == pytest.approx(found.total["edp"])


def test_identical_layers_are_searched_once() -> None:
    twice = [*layers(), ax.Layer(specification(4, 2, 4), "again", 2)]
    found = ax.codesign(twice, knobs=KNOBS, seconds=3, tolerance=1e-3)
    assert [(layer.count, layer.names) for layer in found.layers] == [(5, ("one", "again")), (1, ("two",))]


def test_a_workload_takes_the_place_of_the_problem() -> None:
    machine = specification(8, 8, 8)
    found = ax.codesign(machine, layers(), knobs=KNOBS, seconds=3, tolerance=1e-4)
    assert found.value == pytest.approx(ax.codesign(layers(), knobs=KNOBS, seconds=3, tolerance=1e-4).value, rel=2e-4)


def test_a_knob_that_changes_structure_makes_families() -> None:
    knobs = {"variables.lanes": (1, 4, "x2"), "variables.buffer_depth": (8, 24, 8)}
    found = ax.codesign(layers(), knobs=knobs, objective="delay", seconds=3, tolerance=1e-6)
    assert found.designs == 9
    assert found.knobs is not None
    assert found.knobs["variables.lanes"] == 4
    each = [
        ax.codesign(
            layers(), knobs={"variables.lanes": (n, n), "variables.buffer_depth": (8, 24, 8)}, objective="delay"
        )
        for n in (1, 2, 4)
    ]
    assert found.value == pytest.approx(min(one.value for one in each))
    assert found.lower_bound <= min(one.value for one in each) * (1 + 1e-9)


def test_area_limit_leaves_smaller_machines() -> None:
    best = brute_force(layers(), (1, 1))
    found = ax.codesign(layers(), knobs=KNOBS, constraints={"area_um2": 1600}, seconds=3, tolerance=1e-6)
    assert found.total["area_um2"] <= 1600
    assert found.value == pytest.approx(min(best[8], best[16]), rel=1e-6)


def test_limits_on_totals_hold() -> None:
    free = ax.codesign(layers(clock=1e-9), knobs=KNOBS, objective="delay", seconds=3)
    least = ax.codesign(layers(clock=1e-9), knobs=KNOBS, objective="energy", seconds=3)
    assert least.total["energy_pJ"] < free.total["energy_pJ"]
    limit = 0.5 * (least.total["energy_pJ"] + free.total["energy_pJ"])
    found = ax.codesign(
        layers(clock=1e-9), knobs=KNOBS, objective="delay", constraints={"energy_pJ": limit, "power_W": 1.0}, seconds=3
    )
    assert found.total["energy_pJ"] <= limit
    assert found.total["energy_pJ"] * 1e-12 / found.total["latency_s"] <= 1.0
    assert found.value >= free.value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"knobs": {"variables.bufer_depth": (8, 16)}}, "did you mean 'buffer_depth'"),
        ({"knobs": {"variables.buffer_depth": (16, 8)}}, "the range is reversed: 16 is above 8"),
        ({"knobs": {"variables.buffer_depth": (8, 16, 0)}}, "a step above 0"),
        ({"knobs": {"variables.buffer_depth": 8}}, "expected (low, high)"),
        ({"knobs": {"variables.buffer_depth": (1, 1e9)}}, "give a larger step"),
        ({"knobs": {}}, "at least one knob"),
        ({"knobs": KNOBS, "constraints": {"area": 3}}, "did you mean 'area_um2'"),
        ({"knobs": KNOBS, "constraints": {"area_um2": 1}}, "area_um2 <= 1: the smallest machine has 800"),
        ({"knobs": KNOBS, "constraints": {"power_W": 1}}, "the machine has no clock"),
        ({"knobs": KNOBS, "constraints": {"energy_pJ": 5}, "seconds": 1}, "energy_pJ <= 5: the least reached is"),
        ({"knobs": KNOBS, "method": "magic"}, "unknown method"),
        ({"knobs": KNOBS, "workers": 0}, "workers"),
        ({"knobs": KNOBS, "seed": -1}, "seed"),
        ({"knobs": {"variables.lanes": (1, 100)}}, "at most 64"),
        ({"knobs": KNOBS, "objective": "speed"}, "unknown objective"),
    ],
)
def test_mistakes_are_named(options, words) -> None:
    with pytest.raises(ax.SpecError) as caught:
        ax.codesign(layers(), **options)
    assert words in str(caught.value)


def test_machines_that_differ_between_layers_are_refused() -> None:
    other = ax.Layer(specification(4, 4, 4, lanes=4), "wide")
    with pytest.raises(ax.SpecError, match="wide: its machine"):
        ax.codesign([*layers(), other], knobs=KNOBS)


def test_interruption_keeps_the_best() -> None:
    calls = []

    def stop(progress) -> None:
        calls.append(progress)
        if progress.value is not None and len(calls) > 2:
            raise KeyboardInterrupt

    found = ax.codesign(layers(), knobs=KNOBS, seconds=3, tolerance=1e-9, progress=stop)
    assert found.interrupted
    assert found.knobs is not None
    assert 0 <= found.lower_bound <= min(brute_force(layers(), (1, 1)).values())
    early = ax.codesign(layers(), knobs=KNOBS, seconds=3, progress=_interrupt)
    assert early.interrupted


def _interrupt(progress) -> None:
    raise KeyboardInterrupt


def test_the_time_is_kept() -> None:
    begin = time.perf_counter()
    found = ax.codesign(layers(), knobs={"variables.buffer_depth": (8, 400)}, seconds=1.0, tolerance=0.0)
    assert found.seconds < 1.0 + 10.0
    assert time.perf_counter() - begin < 60
    assert math.isfinite(found.value)


@pytest.mark.parametrize("method", ["random", "grid"])
def test_baselines_never_beat_the_optimum(method) -> None:
    optimum = min(brute_force(layers(), (1, 1)).values())
    found = ax.codesign(layers(), knobs=KNOBS, seconds=3, method=method)
    assert found.lower_bound == 0
    assert found.method == method
    assert found.value >= optimum * (1 - 1e-9)
    assert found.value <= 1.5 * optimum


def test_bayesian_baseline_tries_machines() -> None:
    pytest.importorskip("optuna")
    found = ax.codesign(layers(), knobs=KNOBS, seconds=3, method="bayesian", seed=1)
    assert found.value >= min(brute_force(layers(), (1, 1)).values()) * (1 - 1e-9)
    assert found.searches >= 2


def test_a_grid_too_large_to_lay_out_is_thinned_and_nothing_is_proved() -> None:
    knobs = {"variables.buffer_depth": (1, 4096), "variables.bandwidth": (0.01, 4, 0.01)}
    found = ax.codesign(layers(), knobs=knobs, objective="delay", seconds=3)
    assert found.lower_bound == 0
    assert found.knobs is not None
    assert found.knobs["variables.bandwidth"] > 1  # from there on the two multipliers are what takes the time
