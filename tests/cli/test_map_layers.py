"""The map command on a network, around a fake search."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

import accelax
from accelax.cli import map_layers as command
from accelax.cli.map import MapOptions
from accelax.ir import Compute, Mapping
from accelax.search import SearchResult, WorkloadResult
from accelax.search.layers import LayerResult
from accelax.search.record import Progress

MACHINE, NETWORK = "configs/arch/two_level.yaml", "configs/workload/bert_base"


class WritableMapping(Mapping):
    def to_yaml(self) -> str:
        return "mapping: []\n"


@pytest.fixture
def search(monkeypatch, eyeriss_figures):
    """Stands in for ``accelax.map``: every layer gets the same result, the last one none."""
    calls = []
    monkeypatch.setattr(command, "keep_compiled_programs", lambda: None)

    def fake(network, **arguments):
        calls.append((network, arguments))
        arguments["progress"](Progress(10, 0.1, None, 0.0, "1/2 a"))
        mapping, result = WritableMapping((Compute("Z", "MAC"),)), SimpleNamespace(to_dict=lambda: eyeriss_figures)
        found = SearchResult(5.0, mapping, result, 100, 0.5, objective="edp", lower_bound=5.0)
        nothing = SearchResult(float("inf"), None, None, 3, 0.5, objective="edp", reason="RF needs 9 words, has 8")
        results = [LayerResult(layer.name, layer.count, found) for layer in network]
        if fake.last_fails:
            results[-1] = LayerResult("last/one", 1, nothing)
        return WorkloadResult(tuple(results), 1.5, fake.interrupted)

    fake.calls, fake.interrupted, fake.last_fails = calls, False, False
    monkeypatch.setattr(accelax, "map", fake, raising=False)
    return fake


def run(root, layers, files=(MACHINE,), **options) -> int:
    paths = [str(root / name) for name in files], [str(root / name) for name in layers]
    return command.map_network(*paths, MapOptions(**options))


def test_a_table_and_totals_go_to_stdout(search, root, capsys):
    assert run(root, [NETWORK], objective="edp", seconds=2.0) == 0
    out, err = capsys.readouterr()
    assert "attention.projections" in out
    assert "network, one layer after the other: " in out
    assert err == "6 of 6 layers mapped, 6 optimal, largest gap 0 %; 600 mappings in 1.5 s\n"
    network, arguments = search.calls[0]
    assert network[0].count == 48
    assert (arguments["objective"], arguments["seconds"]) == ("edp", 2.0)


def test_an_unquoted_pattern_is_understood(search, root):
    run(root, [f"{NETWORK}/layer_01.yaml"], [MACHINE, f"{NETWORK}/layer_02.yaml", f"{NETWORK}/layer_03.yaml"])
    assert len(search.calls[0][0]) == 3


def test_settings_reach_every_layer(search, root):
    run(root, [NETWORK], settings=("problem.instance.M=64",))
    bounds = [dict(layer.specification.lowered().einsum.bounds)["M"] for layer in search.calls[0][0]]
    assert bounds == [64] * 6


def test_json_and_files(search, root, capsys, tmp_path):
    search.last_fails = True
    assert run(root, [NETWORK], as_json=True, directory=tmp_path / "out") == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["total"] is None
    assert (found["layers"][0]["value"], found["layers"][-1]["value"]) == (5.0, None)
    assert "last/one: no valid mapping: RF needs 9 words, has 8" in err
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files[0] == "01_attention.projections.yaml"
    assert len(files) == 6  # five mappings and the result
    assert json.loads((tmp_path / "out" / "result.json").read_text())["run"]["layers"] == [str(root / NETWORK)]


def test_ctrl_c(search, root, capsys):
    search.interrupted = True
    assert run(root, [NETWORK]) == 130
    assert capsys.readouterr().err.startswith("interrupted: 6 of 6")
