"""Rows of points: totals of layers, by hand."""

from __future__ import annotations

import numpy as np

from accelax.search.objective import parse_objective
from accelax.sweeps.rows import failed_row, row_of, rows_of

EDP = parse_objective("edp")


def columns(**given):
    plain = {"energy_pJ": [10.0, 20.0], "cycles": [5.0, 6.0], "latency_s": [0.5, 0.6], "area_um2": [7.0, 8.0]}
    return plain | {"violation": [0.0, 0.0]} | given


def test_totals_take_each_layer_as_often_as_it_occurs():
    row = row_of(4, {"variables.a": 1}, columns(), [3, 1], parse_objective({"energy": 1, "delay": 2}))
    assert row == {
        "point": 4,
        "values": {"variables.a": 1},
        "valid": True,
        "value": 50.0 * 21.0**2,
        "energy_pJ": 50.0,
        "cycles": 21.0,
        "latency_s": 3 * 0.5 + 0.6,
        "edp": 50e-12 * 21.0,
        "area_um2": 8.0,
        "layers": {"energy_pJ": [10.0, 20.0], "cycles": [5.0, 6.0], "latency_s": [0.5, 0.6], "violation": [0.0, 0.0]},
    }


def test_without_cycles_the_delay_is_in_seconds_and_the_value_in_joules():
    row = row_of(0, {}, columns(cycles=[None, None]), [1, 1], EDP)
    assert row["cycles"] is None
    assert row["edp"] == row["value"] == 30 * 1e-12 * 1.1


def test_without_a_clock_there_is_no_latency():
    row = row_of(0, {}, columns(latency_s=[None, None]), [1, 1], EDP)
    assert row["latency_s"] is None
    assert row["value"] == 30.0 * 11.0
    assert row["layers"]["latency_s"] == [None, None]


def test_one_layer_that_does_not_fit_makes_the_point_invalid():
    row = row_of(0, {}, columns(violation=[0.0, 0.25]), [1, 1], EDP)
    assert not row["valid"]
    assert row["energy_pJ"] == 30.0


def test_a_failed_point_has_its_reason_and_no_numbers():
    row = failed_row(2, {"variables.a": 1}, "no such thing")
    assert (row["point"], row["valid"], row["reason"]) == (2, False, "no such thing")
    assert row["energy_pJ"] is row["value"] is row["area_um2"] is None
    assert row["layers"] == {"energy_pJ": [], "cycles": [], "latency_s": [], "violation": []}


def test_many_points_are_as_many_single_ones():
    rng = np.random.default_rng(0)
    table = rng.random((3, 5, 4))
    together = rows_of(range(4), [{}] * 4, table, [1, 2, 3], EDP)
    names = ("energy_pJ", "cycles", "latency_s", "area_um2", "violation")
    for point, row in enumerate(together):
        alone = {name: table[:, place, point].tolist() for place, name in enumerate(names)}
        assert row == row_of(point, {}, alone, [1, 2, 3], EDP)
