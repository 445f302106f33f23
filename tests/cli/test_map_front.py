"""The map command in search of a front, around a fake search."""

from __future__ import annotations

import json

import pytest

import accelax
from accelax.cli import map_front as command
from accelax.cli.map import MapOptions
from accelax.errors import SpecError
from accelax.ir import Compute, Mapping
from accelax.search import ParetoResult
from accelax.search.pareto import FrontPoint
from accelax.search.record import Progress


class WritableMapping(Mapping):
    def to_yaml(self) -> str:
        return "mapping: []\n"


@pytest.fixture
def search(monkeypatch):
    monkeypatch.setattr(command, "keep_compiled_programs", lambda: None)
    monkeypatch.setattr(command, "load_specification", lambda files, settings: "the specification")

    def fake(spec, objective, **arguments):
        arguments["progress"](Progress(10, 0.1, None, 0.0))
        assert (spec, objective) == ("the specification", ("energy", "delay"))
        points = [FrontPoint(values, WritableMapping((Compute("Z", "MAC"),))) for values in fake.values]
        reason = None if points else "RF needs 9 words, has 8"
        return ParetoResult(objective, tuple(points), (90.0, 0.0), 12, 0.5, 1.0, fake.interrupted, reason)

    fake.values, fake.interrupted = [(100.0, 9.0), (200.0, 4.0)], False
    monkeypatch.setattr(accelax, "map", fake, raising=False)
    return fake


def run(**options) -> int:
    return command.map_pareto(["a.yaml"], "energy, delay", MapOptions(**options))


def test_a_table_goes_to_stdout(search, capsys):
    assert run() == 0
    out, err = capsys.readouterr()
    assert "100" in out
    assert err == "2 mappings on the front, energy at least 90; 12 mappings in 0.5 s\n"


def test_json_files_and_a_plot(search, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    assert run(as_json=True, directory=tmp_path, plot=tmp_path / "front.png") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["front"][1] == {"energy": 200.0, "delay": 4.0, "mapping": "mapping: []\n"}
    assert found["lower_bounds"] == {"energy": 90.0, "delay": 0.0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["001.yaml", "002.yaml", "front.png", "result.json"]


def test_nothing_fits_and_ctrl_c(search, capsys):
    search.values = []
    assert run() == 1
    assert capsys.readouterr() == ("", "no valid mapping: RF needs 9 words, has 8\n")
    search.interrupted = True
    assert run(as_json=True) == 130
    out, err = capsys.readouterr()
    assert json.loads(out)["front"] == []
    assert err == "interrupted before a valid mapping was found\n"


@pytest.mark.parametrize(("metrics", "options"), [("energy", {}), ("energy,delay", {"objective": "edp"})])
def test_mistakes(search, metrics, options):
    with pytest.raises(SpecError, match="--pareto"):
        command.map_pareto(["a.yaml"], metrics, MapOptions(**options))
