"""Fronts: which points stay, against all mappings of a small mapspace."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import accelax as ax
from accelax.errors import SpecError
from accelax.search.pareto import Archive, FrontPoint, ParetoResult, non_dominated
from tests.search.cases import SIZES, specification
from tests.search.test_driver import PINNED

POINTS = [[1, 5], [2, 4], [2, 5], [3, 3], [3, 3], [4, 4], [5, 1]]


def test_points_that_no_other_dominates():
    assert non_dominated(np.array(POINTS)).tolist() == [0, 1, 3, 6]
    assert non_dominated(np.empty((0, 2))).tolist() == []
    # Only the third metric tells [2, 5, 0] from [2, 4, 1].
    assert non_dominated(np.array([[2, 4, 1], [2, 5, 0], [2, 5, 1], [2, 4, 1]])).tolist() == [0, 1]


def test_many_metrics_agree_with_two():
    points = np.random.default_rng(0).integers(0, 30, (400, 2)).astype(float)
    wide = np.concatenate([points, np.zeros((400, 1))], axis=1)
    assert sorted(map(tuple, points[non_dominated(points)])) == sorted(map(tuple, points[non_dominated(wide)]))


def every_mapping() -> list[tuple[float, float]]:
    """Energy and cycles of all mappings that the pinned constraints leave, evaluated one by one."""
    values = []
    parts = [[d for d in range(1, size + 1) if size % d == 0] for size in SIZES.values()]
    for inner in itertools.product(*parts):
        changes = {name: {kind: dict(body) for kind, body in rules.items()} for name, rules in PINNED.items()}
        changes["BUF"]["temporal"]["factors"] = [f"{r}={f}" for r, f in zip(SIZES, inner, strict=True)]
        changes["DRAM"]["temporal"]["factors"] = [
            f"{rank}={SIZES[rank] // f}" for rank, f in zip(SIZES, inner, strict=True)
        ]
        result = ax.evaluate(specification(**changes))
        if result.valid:
            values.append((result.energy_pJ, float(result.cycles)))
    return values


@pytest.fixture(scope="module")
def found():
    return ax.map(specification(**PINNED), ("energy", "delay"), seconds=0, searcher="random")


def test_the_front_of_a_small_mapspace_is_that_of_all_its_mappings(found):
    points = np.array(every_mapping())
    best = sorted(map(tuple, points[non_dominated(points)]))
    assert [point.values for point in found.front] == [pytest.approx(values, rel=1e-12) for values in best]
    for point in found.front:
        result = ax.evaluate(specification(**PINNED).with_mapping(point.mapping))
        assert (result.energy_pJ, result.cycles) == point.values


def test_what_the_result_says_besides(found):
    assert found.metrics == ("energy", "delay")
    assert found.evaluated >= 8192
    assert (found.lower_bounds, found.interrupted, found.reason) == ((0.0, 0.0), False, None)
    figures = found.to_dict()
    assert figures["front"][0]["energy"] == found.front[0].values[0]
    assert figures["front"][0]["mapping"] == found.front[0].mapping.to_yaml()
    assert figures["lower_bounds"] == {"energy": 0.0, "delay": 0.0}


def test_a_single_name_in_a_tuple_is_a_plain_objective():
    assert ax.map(specification(**PINNED), ("energy",), seconds=0, searcher="random").objective == "energy"


def test_names_that_mean_one_metric_are_no_front():
    with pytest.raises(SpecError, match="needs two metrics, got delay"):
        ax.map(specification(), ("delay", "latency"))


def test_nothing_fits():
    got = ax.map(specification(1, **PINNED), ("energy", "delay"), seconds=0, searcher="random")
    assert got.front == ()
    assert got.reason.startswith("BUF needs")


def test_ctrl_c_keeps_the_front_so_far():
    def press(progress):
        if progress.evaluated:
            raise KeyboardInterrupt

    got = ax.map(specification(**PINNED), ("energy", "delay"), seconds=60, searcher="random", progress=press)
    assert got.interrupted
    assert got.front


def test_the_archive_takes_mappings_that_were_judged_exactly():
    from accelax.search.judge import Judge
    from accelax.search.objective import parse_objective

    spec = specification(**PINNED)
    problem = ax.encode(spec)
    import jax

    batch = problem.sample(jax.random.key(0), 200)
    mappings = [problem.decode(batch, i) for i in range(200)]
    archive = Archive(problem, ("energy", "delay"), spec.mapspace.contains)
    archive.add_mappings(mappings, Judge(problem, parse_objective("edp")).exact(mappings))
    values = [(r.energy_pJ, float(r.cycles)) for m in mappings if (r := ax.evaluate(spec.with_mapping(m))).valid]
    best = sorted(map(tuple, np.array(values)[non_dominated(np.array(values))]))
    assert [point.values for point in archive.exact_front()] == best


def test_a_plot_of_the_front(tmp_path, found):
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "front.png")
    assert (tmp_path / "front.png").stat().st_size > 1000
    three = ParetoResult(("a", "b", "c"), (FrontPoint((1.0, 2.0, 3.0), found.front[0].mapping),), (0.0,) * 3, 1, 0.0)
    with pytest.raises(ax.AccelaxError, match="front of 3 metrics"):
        three.plot(tmp_path / "three.png")
