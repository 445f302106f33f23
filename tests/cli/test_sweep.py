"""The sweep command: its file, its output and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import accelax
from accelax.cli import sweep as command
from accelax.cli.exits import guard
from accelax.cli.sweep import SweepBar, SweepOptions, speed
from accelax.cli.sweep_file import read_sweep_file
from accelax.errors import SpecError
from accelax.sweeps import SweepProgress

READ = "architecture.buffer.attributes.read_bandwidth"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setattr(command, "keep_compiled_programs", lambda: None)


@pytest.fixture
def file(root, tmp_path):
    """Write a sweep file; ``axes`` and further lines as they are given."""

    def write(axes=f"{READ}: [1, 3]", more="", name="sweep.yaml"):
        files = "arch/two_level.yaml", "workload/bert_base/layer_03.yaml", "mapping/two_level_bert_base.yaml"
        text = f"files: [{', '.join(str(root / 'configs' / one) for one in files)}]\naxes:\n  {axes}\n{more}\n"
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def run(path, **options) -> int:
    return guard(lambda: command.sweep_file(path, SweepOptions(**options)))


def test_points_are_printed_and_written(file, tmp_path, capsys):
    output, table = tmp_path / "r.jsonl", tmp_path / "r.csv"
    assert run(file(), output=output, csv=table) == 0
    out, err = capsys.readouterr()
    assert "best points by edp" in out
    assert err == "2 of 2 points, 2 valid\n"
    assert len(output.read_text().splitlines()) == 3
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [row[READ] for row in rows] == ["1", "3"]


def test_json_holds_the_header_the_best_and_all_points(file, capsys):
    assert run(file(more="objective: energy\nmode: zip"), as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["header"]["objective"] == "energy"
    assert found["best"]["value"] == min(point["energy_pJ"] for point in found["points"])
    assert [point["values"][READ] for point in found["points"]] == [1, 3]


def test_the_command_that_gives_it_again_is_told(file, tmp_path, capsys):
    output = tmp_path / "r.jsonl"
    path = file(more="set: [architecture.buffer.attributes.depth=600]")
    assert run(path, as_json=True, output=output) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run"]["command"] == f"accelax sweep {path}"
    assert [Path(name).name for name in found["run"]["files"][:1]] == ["two_level.yaml"]
    assert found["run"]["set"] == ["architecture.buffer.attributes.depth=600"]
    assert set(found["run"]["versions"]) == {"accelax", "jax"}
    assert json.loads(output.read_text().splitlines()[0])["run"] == found["run"]
    assert run(path, as_json=True, output=output, resume=True, workers=1) == 0
    assert json.loads(capsys.readouterr().out)["run"] == found["run"]


def test_only_resume_goes_on_from_a_file(file, tmp_path, capsys):
    output = tmp_path / "r.jsonl"
    assert run(file(), output=output) == 0
    lines = output.read_text().splitlines(keepends=True)
    output.write_text("".join(lines[:2]) + lines[2][:20])
    assert run(file(), output=output) == 2
    assert "r.jsonl: the file is there already" in capsys.readouterr().err
    assert run(file(), output=output, resume=True) == 0
    assert output.read_text() == "".join(lines)
    err = capsys.readouterr().err
    assert "r.jsonl:3: the last line was not written to its end; its point is evaluated again" in err


def test_an_interrupted_sweep_says_where_its_points_are(file, tmp_path, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(accelax, "sweep", interrupt, raising=False)
    assert run(file(), output=tmp_path / "r.jsonl") == 130
    assert "r.jsonl holds what is done; --resume goes on from there" in capsys.readouterr().err


def test_a_network_is_swept_with_its_layers(root, tmp_path, capsys):
    path = tmp_path / "sweep.yaml"
    layers = root / "configs/workload/bert_base"
    lines = [f"files: {root}/configs/arch/two_level.yaml", f"layers: [{layers}/layer_03.yaml, {layers}/layer_02.yaml]"]
    path.write_text("\n".join([*lines, f"axes: {{{READ}: [3]}}", "map: true", "tolerance: 0.5", "seconds: 3"]))
    assert run(str(path), as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(network) for network in found["header"]["networks"].values()] == [2]
    assert found["points"][0]["gap"] <= 0.5


@pytest.mark.parametrize(
    ("axes", "more", "message"),
    [
        ("architecture.buffer.attributes.dept: [1]", "", ":3:3: architecture.buffer.attributes.dept: nothing called"),
        (f"{READ}: {{low: 4, high: 2}}", "", f":3:3: {READ}: the range is reversed: 4 is above 2"),
        (f"{READ}: {{low: 4}}", "", "expected {low: ..., high: ...}"),
        (f"{READ}: 4", "", "expected a list of values"),
        (f"{READ}: [4]", "moed: grid", ":4:1: unknown key 'moed'; did you mean 'mode'?"),
        (f"{READ}: [4]", "points: x", ":4:9: points: expected int, got 'x'"),
        (f"{READ}: [4]", "seed: true", "seed: expected int, got True"),
        (f"{READ}: [4]", "mode: gird", "did you mean 'grid'"),
        (f"{READ}: [4]", "set: [architecture.buffer.attributes.dept=3]", "--set architecture.buffer.attributes.dept=3"),
    ],
)
def test_mistakes_are_told_with_their_place(file, capsys, axes, more, message):
    path = file(axes, more)
    assert run(path) == 2
    err = capsys.readouterr().err
    assert message in err
    if message.startswith(":"):
        assert f"{path}{message}" in err


def test_resume_needs_an_output(file, capsys):
    assert run(file(), resume=True) == 2
    assert "--resume: give the file with --output" in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_named(file, capsys, tmp_path):
    assert run(file(), output=tmp_path / "missing" / "r.jsonl") == 2
    assert "missing/r.jsonl: the results cannot be written: No such file or directory" in capsys.readouterr().err


def test_paths_are_relative_to_the_sweep_file(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(
        "files: a.yaml\nlayers: [net/*.yaml]\naxes:\n  problem: [p.yaml, [q.yaml, r.yaml]]\n  x.y: {low: 1, high: 2}\n"
    )
    found = read_sweep_file(path)
    assert found.files == (str(tmp_path / "a.yaml"),)
    assert found.layers == (str(tmp_path / "net/*.yaml"),)
    pair = [str(tmp_path / "q.yaml"), str(tmp_path / "r.yaml")]
    assert found.axes == {"problem": [str(tmp_path / "p.yaml"), pair], "x.y": (1, 2)}


def test_a_file_without_anything_is_told_what_is_missing(tmp_path):
    (tmp_path / "empty.yaml").write_text("mode: grid\n")
    with pytest.raises(SpecError) as caught:
        read_sweep_file(Path(tmp_path / "empty.yaml"))
    assert [problem.path for problem in caught.value.problems] == ["axes", "files"]


def test_speed_and_time_left_are_words():
    assert speed(SweepProgress(100, 1000, 2.0, found=50)) == "25 points/s, 0:36 left"
    assert speed(SweepProgress(1, 100_000, 1.0)) == "1 points/s, 27:46:39 left"


def test_no_bar_is_drawn_where_stderr_is_no_terminal(capsys):
    with SweepBar() as bar:
        bar(SweepProgress(1, 2, 1.0))
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with SweepBar() as bar:
        bar(SweepProgress(250, 1000, 10.0))
    assert "250/1000" in stream.getvalue()
    assert "25 points/s, 0:30 left" in stream.getvalue()


def test_the_example_is_swept(root, capsys):
    assert run(str(root / "examples" / "sweep_eyeriss.yaml")) == 0
    assert capsys.readouterr().err.startswith("200 of 200 points, ")
