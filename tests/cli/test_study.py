"""``accelax study raella``: what it prints and writes, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accelax.cli.app import app

RUN = ["study", "raella", "--dnn", "qdqbert"]


def test_tables_and_files(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*RUN, "--output", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "geometric means over the networks" in done.stdout
    assert "3.9 (2.9 to 4.9)" in done.stdout
    assert "qdqbert: first, middle and last layer" in done.stdout
    assert "raella: packing and pricing" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["areas.csv", "layers.csv", "networks.csv"]


def test_one_json_object() -> None:
    done = CliRunner().invoke(app, [*RUN, "--json"])
    figures = json.loads(done.stdout)
    assert len(figures["layers"]) == 4 * 72
    assert figures["networks"][0]["architecture"] == "isaac_like"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dnn", "resnet81"], "unknown network 'resnet81'; did you mean 'resnet18'?"),
        (["--dnn", "resnet18", "--plot"], "--plot draws into a directory: give one by --output"),
        (["--dnn", "resnet18", "--statistics", "missing.csv"], "missing.csv: No such file or directory"),
    ],
)
def test_bad_input(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["study", "raella", *arguments])
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_an_interrupt_prints_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelax.cli import study

    def interrupt(self: study.StudyLine, machine: str, counted: int) -> None:
        if machine == "raella":
            raise KeyboardInterrupt

    monkeypatch.setattr(study.StudyLine, "__call__", interrupt)
    done = CliRunner().invoke(app, RUN)
    assert done.exit_code == 130
    assert "isaac_like" in done.stdout
    assert "raella " not in done.stdout
