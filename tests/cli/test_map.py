"""The map command around a fake search: what it prints, writes and returns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

import accelax
from accelax.cli import map as map_command
from accelax.cli.map import MapOptions
from accelax.errors import SpecError
from accelax.ir import Compute, Einsum, Mapping, Storage, Temporal, Tensor
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.lowered import LevelConstraints, LevelReuse, LoweredLevels
from accelax.search import SearchResult
from accelax.search.record import Progress

EINSUM = Einsum("sum", (("K", 8),), (Tensor("A", ((("K", 1),),)),))
MACHINE = LevelMachine((Level("DRAM"), Level("RF")), LevelCompute("MAC"))
LOWERED = LoweredLevels(EINSUM, MACHINE, (LevelConstraints(),) * 2, (LevelReuse(),) * 2)
NODES = (Storage("DRAM", ("A",)), Temporal("K", 2), Storage("RF", ("A",)), Temporal("K", 1), Compute("sum", "MAC"))


class WritableMapping(Mapping):
    def to_yaml(self) -> str:
        return "mapping: []\n"


@dataclass
class FakeSpecification:
    dialect: str = "timeloop"

    def lowered(self) -> LoweredLevels:
        return LOWERED


@dataclass
class FakeSearch:
    """Stands in for ``accelax.map``: remembers how it was called and returns a fixed result."""

    figures: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    calls: list[dict] = field(default_factory=list)

    def __call__(self, spec, **arguments):
        self.calls.append(arguments)
        arguments["progress"](Progress(10, 0.1, None, 0.0))
        result = SimpleNamespace(to_dict=lambda: self.figures)
        found = SearchResult(123.0, WritableMapping(NODES), result, 5000, 1.25, objective="edp")
        return replace(found, **self.changes)


@pytest.fixture
def search(monkeypatch, eyeriss_figures) -> FakeSearch:
    fake = FakeSearch(eyeriss_figures)
    monkeypatch.setattr(map_command, "load_specification", lambda files, settings: FakeSpecification())
    monkeypatch.setattr(map_command, "keep_compiled_programs", lambda: None)
    monkeypatch.setattr(accelax, "map", fake, raising=False)
    return fake


def run(**options) -> int:
    return map_command.map_files(["a.yaml"], MapOptions(**options))


def test_tables_and_the_loop_nest_go_to_stdout_and_the_talk_to_stderr(search, capsys):
    assert run(seconds=2.0, seed=7, tolerance=0.1, searcher="random") == 0
    out, err = capsys.readouterr()
    assert "RF [ A:2 ]" in out
    assert "total" in out
    assert err == "best edp 123, without a bound; 5,000 mappings in 1.2 s\n"
    expected = {"objective": None, "seconds": 2.0, "seed": 7, "tolerance": 0.1, "searcher": "random"}
    assert search.calls[0] | {"progress": None} == {**expected, "progress": None}


def test_json_is_one_object(search, capsys):
    search.changes = {"lower_bound": 61.5, "history": ((0.5, 123.0, 61.5),), "explanation": "B in RF"}
    assert run(as_json=True) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["objective"], found["value"], found["lower_bound"], found["gap"]) == ("edp", 123, 61.5, 0.5)
    assert (found["optimal"], found["evaluated"], found["interrupted"]) == (False, 5000, False)
    assert found["history"] == [[0.5, 123, 61.5]]
    assert found["mapping"] == "mapping: []\n"
    assert found["result"]["energy_pJ"] == 61904
    assert err.endswith("gap 50 %: B in RF\n")


def test_weights_reach_the_search_as_numbers(search):
    run(objective="energy=0.25,delay=1")
    assert search.calls[0]["objective"] == {"energy": 0.25, "delay": 1.0}


def test_a_weight_that_is_no_number_is_bad_input(search):
    with pytest.raises(SpecError, match=r"expected name=weight with a number, got 'delay=x'"):
        run(objective="energy=0.25,delay=x")


def test_ctrl_c_prints_the_best_so_far(search, capsys):
    search.changes = {"interrupted": True}
    assert run() == 130
    out, err = capsys.readouterr()
    assert "RF [ A:2 ]" in out
    assert err.startswith("interrupted: best edp 123")


NOTHING = {"value": float("inf"), "mapping": None, "result": None, "reason": "GLB needs 176 words, has 160"}


def test_nothing_fits(search, capsys):
    search.changes = NOTHING
    assert run() == 1
    assert capsys.readouterr() == ("", "no valid mapping: GLB needs 176 words, has 160\n")


def test_nothing_fits_as_json(search, capsys):
    search.changes = NOTHING
    assert run(as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["value"], found["mapping"], found["result"]) == (None, None, None)
    assert found["reason"] == NOTHING["reason"]


def test_ctrl_c_before_anything_was_found(search, capsys):
    search.changes = NOTHING | {"interrupted": True}
    assert run() == 130
    assert capsys.readouterr() == ("", "interrupted before a valid mapping was found\n")


def test_a_directory_receives_mapping_loop_nest_and_result(search, tmp_path):
    run(directory=tmp_path / "new", seed=7)
    assert (tmp_path / "new" / "mapping.yaml").read_text() == "mapping: []\n"
    assert (tmp_path / "new" / "loopnest.txt").read_text().startswith("DRAM [ A:8 ]\n")
    written = json.loads((tmp_path / "new" / "result.json").read_text())
    assert written["run"]["files"] == ["a.yaml"]
    assert written["run"]["seed"] == 7
    assert written["run"]["versions"]["accelax"] == accelax.__version__
    assert written["value"] == 123


def test_a_plot_of_the_history(search, tmp_path):
    pytest.importorskip("matplotlib")
    search.changes = {"history": ((0.5, 130.0, 0.0), (0.7, 123.0, 61.5))}
    run(plot=tmp_path / "history.svg")
    assert "lower bound" in (tmp_path / "history.svg").read_text() or (tmp_path / "history.svg").stat().st_size > 4000
