"""Results that cannot be kept: told before a search, and shown all the same where a disk fills up in the end."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

import accelax
from accelax.cli import codesign, map_front, map_layers
from accelax.cli import map as map_command
from accelax.cli import sweep as sweep_command
from accelax.cli.exits import guard
from accelax.cli.map import MapOptions
from accelax.cli.places import claim
from accelax.cli.sweep import SweepOptions
from accelax.errors import SpecError

CONFIGS = Path(__file__).parents[2] / "configs"
MACHINE, LAYER = str(CONFIGS / "arch/two_level.yaml"), str(CONFIGS / "workload/bert_base/layer_03.yaml")
MAPPING = str(CONFIGS / "mapping/two_level_bert_base.yaml")
KNOB = ("architecture.buffer.attributes.depth=512:1024:512",)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    for command in (codesign, map_command, map_front, map_layers, sweep_command):
        monkeypatch.setattr(command, "keep_compiled_programs", lambda: None)


@pytest.fixture
def nowhere(tmp_path):
    """A place where nobody, root neither, can make a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "results"


@pytest.fixture
def sweep(tmp_path) -> str:
    axes = "axes: {architecture.buffer.attributes.read_bandwidth: [1, 3]}"
    (tmp_path / "sweep.yaml").write_text(f"files: [{MACHINE}, {LAYER}, {MAPPING}]\n{axes}\n")
    return str(tmp_path / "sweep.yaml")


def commands(directory, sweep):
    """Every command with a run that may be long, with each of its places in a directory."""
    into, plot = {"directory": directory}, {"plot": directory / "x.png"}
    yield from (lambda o=o: map_command.map_files([MACHINE, LAYER], MapOptions(**o)) for o in (into, plot))
    yield from (
        lambda o=o: map_front.map_pareto([MACHINE, LAYER], "energy,delay", MapOptions(**o)) for o in (into, plot)
    )
    yield lambda: map_layers.map_network([MACHINE], [LAYER], MapOptions(**into))
    for options in (into, plot):
        given = codesign.CodesignOptions(KNOB, **options)
        yield lambda given=given: codesign.codesign_files([MACHINE, LAYER], [], given)
    yield lambda: sweep_command.sweep_file(sweep, SweepOptions(csv=directory / "x.csv"))
    yield lambda: sweep_command.sweep_file(sweep, SweepOptions(output=directory / "x.jsonl"))


def test_nothing_is_searched_for_a_place_that_cannot_be_written(nowhere, sweep, capsys, monkeypatch):
    def never(*_, **__):
        raise AssertionError("searched")

    monkeypatch.setattr(accelax, "map", never)
    monkeypatch.setattr(accelax, "codesign", never)
    for command in commands(nowhere, sweep):
        assert guard(command) == 2
        err = capsys.readouterr().err
        assert str(nowhere) in err
        assert "Not a directory" in err


def test_a_result_is_shown_before_the_disk_is_full(tmp_path, sweep, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "x.csv")

    monkeypatch.setattr(Path, "write_text", full)
    quick = {"seconds": 2.0, "tolerance": 0.5, "directory": tmp_path / "out"}
    assert guard(lambda: map_command.map_files([MACHINE, LAYER], MapOptions(**quick))) == 2
    assert "for M in" in capsys.readouterr().out
    assert guard(lambda: map_layers.map_network([MACHINE], [LAYER], MapOptions(**quick))) == 2
    assert "layer" in capsys.readouterr().out
    assert guard(lambda: map_front.map_pareto([MACHINE, LAYER], "energy,delay", MapOptions(**quick))) == 2
    assert "energy" in capsys.readouterr().out
    monkeypatch.setattr("accelax.sweeps.result.SweepResult.to_csv", full)
    assert guard(lambda: sweep_command.sweep_file(sweep, SweepOptions(csv=tmp_path / "x.csv"))) == 2
    out, err = capsys.readouterr()
    assert "best points by edp" in out
    assert "No space left on device" in err


def test_a_claim_leaves_directories_alone_and_files_as_they_are(tmp_path):
    table = tmp_path / "old.csv"
    table.write_text("kept")
    claim(directory=tmp_path / "a" / "b", table=table)
    claim(table=tmp_path / "new.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "old.csv"]
    assert list((tmp_path / "a" / "b").iterdir()) == []
    assert table.read_text() == "kept"


def test_a_file_in_place_of_a_directory_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        claim(directory=tmp_path / "file")
    with pytest.raises(OSError, match=r"x\.csv"):
        claim(table=tmp_path / "file" / "x.csv")
    with pytest.raises(IsADirectoryError):
        claim(table=tmp_path)


def test_formats_of_figures_are_known_before_a_search(tmp_path):
    pytest.importorskip("matplotlib")
    claim(plot=tmp_path / "x.SVG")
    with pytest.raises(SpecError, match=r"x\.docx: expected a name that ends in \.png or \.svg"):
        claim(plot=tmp_path / "x.docx")
    assert list(tmp_path.iterdir()) == []


def test_plots_that_a_search_does_not_have_are_refused(tmp_path):
    options = MapOptions(plot=tmp_path / "x.png")
    with pytest.raises(SpecError, match="--plot draws one search, not those of --layers"):
        map_layers.map_network([MACHINE], [LAYER], options)
    with pytest.raises(SpecError, match="a front of two metrics, not of energy,delay,last_level_accesses"):
        map_front.map_pareto([MACHINE, LAYER], "energy,delay,last_level_accesses", options)
