"""What a sweep returns, made by hand."""

from __future__ import annotations

import builtins
import csv

import pytest

from accelax.errors import SpecError
from accelax.ir import Mapping
from accelax.ir.mapping import Compute, Temporal
from accelax.sweeps import SweepProgress, SweepResult
from accelax.sweeps.journal import Contents
from accelax.sweeps.mapping_text import to_lists
from accelax.sweeps.result import joined, part_files, result_of

NEST = Mapping((Temporal("K", 4), Compute("Z", "MAC")), bounds=(("K", 4),))
OTHER = Mapping((Temporal("K", 8), Compute("Z", "MAC")), bounds=(("K", 8),))


def row(point, value, valid=True, layers=None, **more):
    figures = {"value": value, "energy_pJ": 10.0 - point, "cycles": None, "latency_s": float(point), "edp": value}
    return {
        "point": point, "values": {"variables.a": point, "problem": "net"}, "valid": valid, **figures,
        "area_um2": 1.0, "layers": layers or {}, **more,
    }  # fmt: skip


def result(*rows, points=9, **header):
    networks = {"net": [["conv", 2], ["fc", 1]]}
    given = {"points": points, "networks": networks, "mappings": {1: [None, to_lists(OTHER)]}, **header}
    return SweepResult(tuple(rows), given)


def test_the_best_is_valid_and_has_the_least_of_a_figure():
    found = result(row(1, 5.0), row(2, 3.0), row(3, 1.0, valid=False), row(4, None))
    assert found.best()["point"] == found.best("edp")["point"] == 2
    assert found.best("energy")["point"] == 4
    assert found.best("delay") is found.best("latency") is found.points[0]
    assert found.best(lambda one: -one["point"])["point"] == 4
    assert not found.complete


@pytest.mark.parametrize("rows", [(), (row(0, 1.0, valid=False),), (row(0, None),)])
def test_no_valid_point_has_no_best(rows):
    with pytest.raises(SpecError, match="no point of the sweep is valid"):
        result(*rows).best()


def test_mappings_of_a_point_or_of_all_points_of_a_variant():
    own = row(0, 1.0, layers={"mapping": [to_lists(NEST), None]})
    found = result(own, row(1, 1.0, variant=1), row(2, 1.0))
    assert found.mapping(0) == found.mapping(0, "conv") == NEST
    assert found.mapping(0, "fc") is None
    assert found.mapping(1, "fc") == found.mapping(1, -1) == OTHER
    assert found.mapping(2) is None
    with pytest.raises(SpecError, match="point 7 is not there"):
        found.mapping(7)
    with pytest.raises(SpecError, match="no layer 'con'; did you mean 'conv'"):
        found.mapping(0, "con")
    with pytest.raises(SpecError, match="no layer 2 among 2"):
        found.mapping(0, 2)


def test_tables_have_a_column_for_every_axis_and_figure(tmp_path):
    found = result(row(0, 5.0, gap=0.1), row(1, None, valid=False, reason="no room"))
    found.to_csv(tmp_path / "x.csv")
    with open(tmp_path / "x.csv", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert list(first)[:4] == ["point", "variables.a", "problem", "valid"]
    assert (first["gap"], first["reason"], first["cycles"]) == ("0.1", "", "")
    assert (second["value"], second["reason"]) == ("", "no room")


def test_pandas_is_named_where_it_is_missing(monkeypatch):
    original = builtins.__import__

    def without(name, *more, **options):
        if name == "pandas":
            raise ImportError(name)
        return original(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SpecError, match=r"pip install 'accelax\[frame\]'"):
        result(row(0, 1.0)).frame()


def test_parts_are_found_in_the_order_of_their_numbers(tmp_path):
    for name in ("r.jsonl.part10", "r.jsonl.part2", "r.jsonl.part0", "r.jsonl.parted", "r.jsonl.corrupt"):
        (tmp_path / name).write_text("")
    assert [path.suffix for path in part_files(tmp_path / "r.jsonl")] == [".part0", ".part2", ".part10"]


def test_parts_keep_their_notes_and_the_points_their_order(tmp_path):
    parts = [
        Contents({"fingerprint": "f", "points": 3}, {number: row(number, 1.0) for number in numbers}, notes=[note])
        for numbers, note in (((2, 0), "first"), ((1,), "second"))
    ]
    found = joined([(tmp_path / "a", parts[0]), (tmp_path / "b", parts[1])])
    assert [one["point"] for one in found.points] == [0, 1, 2]
    assert found.notes == ("first", "second")
    assert found.complete
    assert result_of(parts[1], parts[1].rows, ()).header["mappings"] == {}


def test_only_the_points_of_this_run_count_for_its_speed():
    resumed = SweepProgress(done=70, total=100, seconds=5.0, found=20)
    assert resumed.points_per_s == 10.0
    assert resumed.seconds_left == 3.0
    assert SweepProgress(20, 100, 5.0, found=20).seconds_left is None
    assert SweepProgress(1, 2, 0.0).points_per_s == 0.0
