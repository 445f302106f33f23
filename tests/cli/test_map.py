"""The map command around a fake search: what it prints, writes and returns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

import accelax
from accelax.cli import map as map_command
from accelax.errors import SpecError
from accelax.ir import Compute, Einsum, Mapping, Storage, Temporal, Tensor
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.lowered import LevelConstraints, LevelReuse, LoweredLevels

EINSUM = Einsum("sum", (("K", 8),), (Tensor("A", ((("K", 1),),)),))
MACHINE = LevelMachine((Level("DRAM"), Level("RF")), LevelCompute("MAC"))
LOWERED = LoweredLevels(EINSUM, MACHINE, (LevelConstraints(),) * 2, (LevelReuse(),) * 2)
NODES = (Storage("DRAM", ("A",)), Temporal("K", 2), Storage("RF", ("A",)), Temporal("K", 1), Compute("sum", "MAC"))


class WritableMapping(Mapping):
    def to_yaml(self) -> str:
        return "mapping: []\n"


@dataclass
class FakeSpecification:
    objectives: tuple[str, ...] = ()
    dialect: str = "timeloop"

    def lowered(self) -> LoweredLevels:
        return LOWERED


@dataclass
class FakeSearch:
    """Stands in for ``accelax.map``: remembers how it was called and returns a fixed result."""

    figures: dict[str, Any]
    mapping: Mapping | None = field(default_factory=lambda: WritableMapping(NODES))
    interrupted: bool = False
    reason: str | None = None
    lower_bound: float = 0.0
    calls: list[dict] = field(default_factory=list)

    def __call__(self, spec, **arguments):
        self.calls.append(arguments)
        arguments["progress"](10, 0.1, None)
        return SimpleNamespace(
            value=123.0,
            mapping=self.mapping,
            result=SimpleNamespace(to_dict=lambda: self.figures),
            evaluated=5000,
            seconds=1.25,
            lower_bound=self.lower_bound,
            gap=1 - self.lower_bound / 123.0,
            optimal=self.lower_bound == 123.0,
            interrupted=self.interrupted,
            reason=self.reason,
        )


@pytest.fixture
def search(monkeypatch, eyeriss_figures) -> FakeSearch:
    fake = FakeSearch(eyeriss_figures)
    monkeypatch.setattr(map_command, "load_specification", lambda files: FakeSpecification())
    monkeypatch.setattr(map_command, "keep_compiled_programs", lambda: None)
    monkeypatch.setattr(accelax, "map", fake, raising=False)
    return fake


def run(objective: str | None = None, *, as_json: bool = False, directory=None) -> int:
    return map_command.map_files(["a.yaml"], objective, 2.0, 7, as_json=as_json, directory=directory)


def test_tables_and_the_loop_nest_go_to_stdout_and_the_talk_to_stderr(search, capsys):
    assert run() == 0
    out, err = capsys.readouterr()
    assert "RF [ A:2 ]" in out
    assert "total" in out
    assert err == "best edp 123, without a bound; 5,000 mappings in 1.2 s\n"
    assert search.calls[0] | {"progress": None} == {"objective": ("edp",), "seconds": 2.0, "seed": 7, "progress": None}


def test_json_is_one_object(search, capsys):
    search.lower_bound = 61.5
    assert run("energy", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["objective"], found["value"], found["lower_bound"], found["gap"]) == ("energy", 123, 61.5, 0.5)
    assert (found["optimal"], found["evaluated"], found["interrupted"]) == (False, 5000, False)
    assert found["mapping"] == "mapping: []\n"
    assert found["result"]["energy_pJ"] == 61904


def test_the_files_metrics_are_the_default_objective(search, monkeypatch, capsys):
    monkeypatch.setattr(map_command, "load_specification", lambda files: FakeSpecification(("delay", "energy")))
    run()
    assert search.calls[0]["objective"] == ("delay", "energy")
    assert "best delay,energy 123" in capsys.readouterr().err


def test_weights_reach_the_search_as_numbers(search):
    run("energy=0.25,delay=1")
    assert search.calls[0]["objective"] == {"energy": 0.25, "delay": 1.0}


def test_a_weight_that_is_no_number_is_bad_input(search):
    with pytest.raises(SpecError, match=r"expected name=weight with a number, got 'delay=x'"):
        run("energy=0.25,delay=x")


def test_an_endless_budget_is_bad_input(search):
    with pytest.raises(SpecError, match="finite"):
        map_command.map_files(["a.yaml"], None, float("nan"), 0, as_json=False, directory=None)


def test_ctrl_c_prints_the_best_so_far(search, capsys):
    search.interrupted = True
    assert run() == 130
    out, err = capsys.readouterr()
    assert "RF [ A:2 ]" in out
    assert err.startswith("interrupted: best edp 123")


def test_nothing_fits(search, capsys):
    search.mapping, search.reason = None, "GLB needs 176 words, has 160"
    assert run() == 1
    assert capsys.readouterr() == ("", "no valid mapping: GLB needs 176 words, has 160\n")


def test_ctrl_c_before_anything_was_found(search, capsys):
    search.mapping, search.interrupted = None, True
    assert run() == 130
    assert capsys.readouterr() == ("", "interrupted before a valid mapping was found\n")


def test_a_directory_receives_mapping_loop_nest_and_result(search, tmp_path):
    run(directory=tmp_path / "new")
    assert (tmp_path / "new" / "mapping.yaml").read_text() == "mapping: []\n"
    assert (tmp_path / "new" / "loopnest.txt").read_text().startswith("DRAM [ A:8 ]\n")
    written = json.loads((tmp_path / "new" / "result.json").read_text())
    assert written["run"]["files"] == ["a.yaml"]
    assert written["run"]["seed"] == 7
    assert written["run"]["versions"]["accelax"] == accelax.__version__
    assert written["value"] == 123
