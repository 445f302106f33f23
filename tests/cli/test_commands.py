"""The three commands as a user runs them, on small files of both dialects."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from accelax.cli import map as map_command
from accelax.cli.check import check_files
from accelax.cli.evaluate import evaluate_files

FILES = Path(__file__).parent.parent / "broken"
TIMELOOP, ACCELFORGE = str(FILES / "timeloop.yaml"), str(FILES / "accelforge.yaml")


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def accelax(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "accelax", *words], capture_output=True, text=True, timeout=120)


def figures(capsys, path: str, *settings: str) -> dict:
    assert evaluate_files([path], settings, as_json=True, explain=False) == 0
    return json.loads(capsys.readouterr().out)


def test_check_says_what_it_read(capsys):
    assert check_files([TIMELOOP]) == 0
    assert check_files([ACCELFORGE]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "fine: timeloop specification, gemm with M=32 N=32 K=32, DRAM > GLB > RF > MAC, a complete mapping",
        "fine: accelforge specification, Einsum T1, DRAM > GLB > MAC, a complete mapping",
    ]


@pytest.mark.parametrize("words", [("--help",), ("map", "--help"), ("--version",), ("check", TIMELOOP)])
def test_quick_commands_take_under_a_second_of_processor_time(words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = accelax(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 1.0


@pytest.mark.parametrize("words", [(), ("evaluate",), ("evaluate", TIMELOOP, "--colour"), ("mapp", TIMELOOP)])
def test_a_wrong_command_line_is_bad_input(words):
    assert accelax(*words).returncode == 2


def test_a_missing_file_is_bad_input():
    done = accelax("check", "no_such_file.yaml")
    assert done.returncode == 2
    assert "no_such_file.yaml" in done.stderr
    assert done.stdout == ""


def test_evaluate_prints_tables_loop_nest_and_terms():
    done = accelax("evaluate", TIMELOOP, "--explain")
    assert done.returncode == 0, done.stderr
    # 32^3 multiply-accumulates of 1 pJ on 32 units.
    assert "32,768 x 1 pJ = 32,768" in done.stdout
    assert "| for N in [0:4)" in done.stdout
    assert "<< Compute >>" in done.stdout
    assert "total cycles: max(" in done.stdout
    assert done.stderr == ""


def test_a_setting_changes_the_number_it_names(capsys):
    cheap, dear = figures(capsys, TIMELOOP), figures(capsys, TIMELOOP, "architecture.GLB.attributes.read_bandwidth=1")
    # One word a cycle for 8,192 + 1,024 reads of the buffer instead of 16.
    assert cheap["levels"]["GLB"]["cycles"] == 1024
    assert dear["levels"]["GLB"]["cycles"] == 9216


def test_a_mapping_that_does_not_fit_is_printed_with_its_reason(capsys):
    assert evaluate_files([TIMELOOP], ["architecture.GLB.attributes.depth=100"], as_json=True, explain=False) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["valid"] is False
    # A: 32 x 32, B: 32 x 8, Z: 32 x 8 words in 100 lines of 4.
    assert err.startswith("invalid mapping: GLB needs 1536 words")
    assert "400" in err


GATING = """\
    sparse_optimizations:
      action_optimization:
      - {type: gating, options: [{target: A, condition_on: [B]}]}
"""


def test_a_feature_that_is_missing_is_named(tmp_path):
    path = tmp_path / "sparse.yaml"
    path.write_text(Path(TIMELOOP).read_text().replace("    name: RF\n", "    name: RF\n" + GATING))
    done = accelax("evaluate", str(path))
    assert done.returncode == 3, done.stderr
    assert "is not supported yet" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_other_dialect_reports_by_component(capsys):
    assert evaluate_files([ACCELFORGE], [], as_json=False, explain=True) == 0
    out = capsys.readouterr().out
    # 16 * 24 * 32 multiply-accumulates of 0.5 J.
    assert "12,288 x 0.5 J = 6,144" in out
    assert "GLB [ T0:96 ]" in out
    assert "not in these terms" not in out


class Impatient:
    """Presses Ctrl-C at the second report of the search."""

    def __init__(self, stream):
        self.reports = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __call__(self, progress):
        self.reports += 1
        if self.reports == 2:
            raise KeyboardInterrupt


def test_map_finds_writes_and_survives_ctrl_c(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(map_command, "ProgressLine", Impatient)
    text = Path(TIMELOOP).read_text()
    free = tmp_path / "free.yaml"
    free.write_text(text[: text.index("mapping:\n")] + text[text.index("ERT:\n") :])
    options = map_command.MapOptions("energy", 30.0, as_json=True, directory=tmp_path / "out", searcher="random")
    assert map_command.map_files([str(free)], options) == 130
    found = json.loads(capsys.readouterr().out)
    assert found["interrupted"] is True
    assert found["value"] == found["result"]["energy_pJ"]
    # What was written is a mapping of the same specification, with the same energy.
    again = evaluate_files([str(free), str(tmp_path / "out" / "mapping.yaml")], [], as_json=True, explain=False)
    assert again == 0
    assert json.loads(capsys.readouterr().out)["energy_pJ"] == found["value"]
