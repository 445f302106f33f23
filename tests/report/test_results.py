"""Results are told apart by what they hold; what is wrong is said with its place."""

from __future__ import annotations

import copy
import json

import pytest

from accelax.errors import SpecError
from accelax.report.results import read_results, results_of


def test_kinds_are_told_apart(level_result, tree_result, search, network, front, sweep, codesign):
    found = [results_of(f).kind for f in (level_result, tree_result, search, network, front, sweep, codesign)]
    assert found == ["evaluation", "evaluation", "search", "network", "front", "sweep", "codesign"]


def test_identical_layers_are_one_part(network):
    parts = results_of(network).parts
    assert [(part.name, part.count, part.names) for part in parts] == [
        ("conv1", 3, ("conv1", "conv2")),
        ("conv3", 1, ("conv3",)),
        ("fc", 1, ("fc",)),
    ]
    assert [part.name for part in results_of(network).evaluated] == ["conv1", "conv3"]
    assert [name for name, _ in results_of(network).searches] == ["conv1", "conv3"]


def test_points_of_a_front_a_sweep_and_a_codesign(front, sweep, codesign):
    points = results_of(front).points
    assert points is not None
    assert points.values[1] == (2e6, 400, 6)
    swept = results_of(sweep).points
    assert swept is not None
    assert (swept.metrics, swept.all_optimal) == (("energy_pJ", "cycles"), False)
    assert swept.values == ((3e6, 10.0), (1e6, 30.0), (2e6, 40.0))
    designs = results_of(codesign).points
    assert designs is not None
    assert (designs.metrics, designs.units, designs.bounds) == (
        ("area_um2", "edp"), {"edp": "pJ·cycles"}, {"edp": 4e14},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n  broken", "x.json:2:3: expected the JSON that accelax prints with --json: Expecting property name"),
        ("[1]", "x.json: expected a result, a JSON object; got a list"),
        (
            '{"energy": 3, "cycles": 4}',
            "x.json: not a result of evaluate, map, codesign or sweep: it holds energy, cycles",
        ),
        ("{}", "it holds nothing"),
        ('{"metrics": ["energy"], "front": [{}]}', "x.json: a damaged result: KeyError 'energy'"),
        ("[" * 100000, "x.json: expected a result, got JSON that cannot be read"),
        ('{"a": ' + "9" * 5000 + "}", "x.json: expected a result, got JSON that cannot be read"),
    ],
)
def test_what_is_no_result(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(SpecError) as error:
        read_results("x.json")
    assert message in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        read_results(tmp_path / "none.json")
    (tmp_path / "picture.json").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(SpecError, match="expected JSON, got bytes that are no text"):
        read_results(tmp_path / "picture.json")


def test_every_number_that_is_missing_is_named(search, tmp_path):
    broken = copy.deepcopy(search)
    broken["result"]["energy_pJ"] = None
    broken["result"]["levels"]["DRAM"]["cycles"] = "many"
    del broken["result"]["levels"]["shared_glb"]["tensors"]["Inputs"]["reads"]
    broken["history"][1] = [1.0, 2.0]
    (tmp_path / "r.json").write_text(json.dumps(broken))
    with pytest.raises(SpecError) as error:
        read_results(tmp_path / "r.json")
    place = tmp_path / "r.json"
    assert [str(problem) for problem in error.value.problems] == [
        f"{place}: result.energy_pJ: expected a number, got nothing",
        f"{place}: result.levels.DRAM.cycles: expected a number, got text",
        f"{place}: result.levels.shared_glb.tensors.Inputs.reads: expected a number, got nothing",
        f"{place}: history[1]: expected [seconds, value, lower bound], got [1.0, 2.0]",
    ]


def test_tables_that_are_missing_are_named(tree_result):
    with pytest.raises(SpecError, match="latency_per_component: expected a table, got nothing"):
        results_of({**tree_result, "latency_per_component": None})
