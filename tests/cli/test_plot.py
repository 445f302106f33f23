"""The plot command: what it writes, what it says is left out, and what it refuses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from accelax.cli.exits import ExitCode, guard
from accelax.cli.plot import PlotOptions, plot_result
from accelax.errors import SpecError
from accelax.sweeps.journal import written as line_of

pytest.importorskip("matplotlib")

PNG, SVG = b"\x89PNG\r\n", b"<?xml"


@pytest.fixture
def result(tmp_path, eyeriss_figures) -> Path:
    """An older result: no bandwidths, no nest, no history."""
    return written(tmp_path / "result.json", eyeriss_figures)


def written(path: Path, figures) -> Path:
    path.write_text(figures if isinstance(figures, str) else json.dumps(figures))
    return path


def plot(source: Path | str, **options) -> int:
    return plot_result(str(source), PlotOptions(**options))


FRONT = {
    "metrics": ["energy", "delay"], "lower_bounds": {"energy": 1.0, "delay": 0.0}, "evaluated": 2, "seconds": 1.0,
    "interrupted": False, "front": [{"energy": 2.0, "delay": 3.0, "mapping": ""}, {"energy": 3.0, "delay": 2.0}],
}  # fmt: skip


@pytest.mark.parametrize(("ending", "begin"), [("png", PNG), ("svg", SVG)])
def test_one_figure_into_a_file(result, tmp_path, capsys, ending, begin):
    assert plot(result, output=tmp_path / "new" / f"x.{ending}", kind="latency") == 0
    assert (tmp_path / "new" / f"x.{ending}").read_bytes().startswith(begin)
    assert capsys.readouterr() == ("", f"wrote {tmp_path}/new/x.{ending}\n")


def test_a_file_gets_the_main_figure(result, tmp_path):
    plot(result, output=tmp_path / "a.svg")
    assert "energy (nJ)" in (tmp_path / "a.svg").read_text()
    plot(written(tmp_path / "front.json", FRONT), output=tmp_path / "b.svg")
    assert "no other is better in both" in (tmp_path / "b.svg").read_text()


def test_all_figures_into_a_directory_and_what_is_left_out(result, tmp_path, capsys):
    assert plot(result, output=tmp_path / "figures") == 0
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert names == ["energy.png", "energy.svg", "latency.png", "latency.svg"]
    assert capsys.readouterr().err.splitlines() == [
        f"wrote energy, latency to {tmp_path}/figures, as png and svg",
        "left out: roofline: the file does not tell the word sizes and bandwidths of the levels",
        "left out: pareto: there is no front: map --pareto, codesign and sweep give one",
        "left out: history: there is no history of a search",
        "left out: loopnest: the file holds no loop nest (results of accelax before 0.1 did not)",
    ]


def test_the_nest_of_one_layer_into_a_file_and_of_all_into_a_directory(eyeriss_figures, tmp_path, capsys):
    nest = [{"kind": "storage", "component": "DRAM", "tensors": {"A": 4}}]
    found = {"objective": "edp", "value": 1.0, "lower_bound": 0.0, "history": [], "mapping": "", "same_as": None}
    layers = [
        {"name": n, "count": c, **found, "result": {**eyeriss_figures, "nest": nest}} for n, c in [("a", 1), ("b/c", 2)]
    ]
    source = written(tmp_path / "r.json", {"layers": layers, "total": None, "largest_gap": 1.0})
    plot(source, kind="loopnest", output=tmp_path / "x.svg")
    assert "the loop nest of b/c, the layer with the most energy" in capsys.readouterr().err
    plot(source, kind="loopnest", output=tmp_path / "all")
    names = {path.stem for path in (tmp_path / "all").iterdir()}
    assert names == {"loopnest_01_a", "loopnest_02_b_c"}


def test_the_page_is_written_beside_the_result(result, tmp_path, capsys):
    assert plot(result) == 0
    assert (tmp_path / "result.html").read_text().startswith("<!DOCTYPE html>")
    assert capsys.readouterr().err.startswith(f"wrote {tmp_path}/result.html\nleft out: roofline: ")


def test_a_page_and_a_figure_at_once(result, tmp_path):
    plot(result, output=tmp_path / "a.png", html=tmp_path / "b.html")
    assert {path.name for path in tmp_path.iterdir()} == {"result.json", "a.png", "b.html"}


def test_results_from_standard_input(eyeriss_figures, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(eyeriss_figures)))
    assert plot("-", output=tmp_path / "a.png") == 0
    with pytest.raises(SpecError, match="standard input needs --output or --html"):
        plot("-")


def test_the_lines_of_a_sweep(tmp_path, capsys):
    header = {
        "accelax_sweep": 2,
        "points": 3,
        "objective": "edp",
        "networks": {"": [["gemm", 1]]},
        "axes": {"a": [1, 2]},
    }
    figures = {"value": 6.0, "energy_pJ": 2.0, "cycles": 3.0, "latency_s": None, "edp": 6.0, "area_um2": 1.0}
    row = {"values": {"a": 1}, "valid": True, **figures, "layers": {}}
    lines = [header, {"point": 0, **row}, {"point": 1, **row, "energy_pJ": 3.0, "cycles": 2.0}]
    whole = b"".join(map(line_of, lines)).decode()
    source = written(tmp_path / "s.jsonl", whole + '{"point":2,"val')
    assert plot(source, output=tmp_path / "s.svg") == 0
    assert "no other is better in both" in (tmp_path / "s.svg").read_text()
    assert "s.jsonl" in capsys.readouterr().err.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "enrgy"}, r"--kind: expected one of energy, .*, all; got 'enrgy'.*energy"),
        (
            {"kind": "all", "output": Path("x.png")},
            "--kind all draws several figures: give --output a directory, not x.png",
        ),
        ({"kind": "history", "output": Path("x.png")}, "nothing to draw: history: there is no history of a search"),
        ({"output": Path("x.docx")}, r"x\.docx: expected a name that ends in \.png or \.svg"),
    ],
)
def test_mistakes(result, monkeypatch, tmp_path, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=message):
        plot(result, **options)
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("text", ["", "mapping: []\n", '{"a": 1}', "[]", "null", '{"levels": {}, "compute_unit": 3}'])
def test_files_that_are_no_results_are_bad_input(tmp_path, capsys, text):
    source = written(tmp_path / "x.json", text)
    assert guard(lambda: plot(source)) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err.startswith(f"{source}:")
    assert not (tmp_path / "x.html").exists()


def test_a_place_that_cannot_be_written_is_bad_input(result, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert guard(lambda: plot(result, html=tmp_path / "file" / "x.html")) == ExitCode.BAD_INPUT
    assert guard(lambda: plot(result, output=tmp_path / "file" / "x.png")) == ExitCode.BAD_INPUT
    assert "Traceback" not in capsys.readouterr().err


def test_the_command_on_what_evaluate_prints(root, tmp_path):
    def accelax(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "accelax", *words], capture_output=True, text=True, timeout=120)

    spec = str(root / "tests" / "broken" / "timeloop.yaml")
    done = accelax("evaluate", spec, "--json")
    source = written(tmp_path / "r.json", done.stdout)
    assert json.loads(done.stdout)["run"]["command"] == f"accelax evaluate {spec}"
    done = accelax("plot", str(source), "--kind", "loopnest", "-o", str(tmp_path / "nest.svg"))
    assert (done.returncode, done.stderr) == (0, f"wrote {tmp_path}/nest.svg\n")
    assert "GLB" in (tmp_path / "nest.svg").read_text()
