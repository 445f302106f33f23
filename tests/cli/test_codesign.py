from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from accelax.cli.codesign import parse_constraint, parse_knob
from accelax.cli.exits import ExitCode

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = [str(CONFIGS / "arch" / "gemmini_like.yaml"), str(CONFIGS / "workload" / "gemmini_layer.yaml")]
SMALL = ["--set", "problem.instance.C=16", "--set", "problem.instance.K=16", "--set", "rules.link_transfers=off"]
KNOB = ["--knob", "variables.spad_depth=256:1024:256", "--seconds", "1"]


def run(*arguments: str) -> int:
    from typer.testing import CliRunner

    from accelax.cli.app import app

    outcome = CliRunner().invoke(app, ["codesign", *arguments])
    run.out, run.err = outcome.stdout, outcome.stderr  # type: ignore[attr-defined]
    return outcome.exit_code


def test_json_has_the_design_and_its_layers(tmp_path: Path) -> None:
    assert run(*FILES, *SMALL, *KNOB, "--json", "-o", str(tmp_path)) == ExitCode.FINE
    figures = json.loads(run.out)  # type: ignore[attr-defined]
    assert figures["knobs"]["variables.spad_depth"] in (256, 512, 768, 1024)
    assert 0 <= figures["lower_bound"] <= figures["value"]
    assert figures["sensitivity"][0]["kind"] == "knob"
    assert json.loads((tmp_path / "result.json").read_text())["value"] == figures["value"]
    assert list(tmp_path.glob("01_*.yaml"))
    command = shlex.split(figures["run"]["command"])
    assert command[: 2 + len(FILES)] == ["accelax", "codesign", *FILES]
    assert command[-8:] == ["--knob", KNOB[1], *SMALL]
    assert command[command.index("--seconds") + 1] == "1.0"
    assert json.loads((tmp_path / "result.json").read_text())["run"] == figures["run"]
    assert figures["run"]["set"] == SMALL[1::2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--knob", "variables.spad_dept=1:2"], "did you mean 'spad_depth'"),
        (["--knob", "variables.spad_depth=9:2"], "reversed"),
        (["--knob", "variables.spad_depth"], "expected PATH=LOW:HIGH"),
        ([*KNOB, "--constraint", "area_um2=1"], "the smallest machine has"),
        ([*KNOB, "--constraint", "area_um2"], "expected NAME=LIMIT"),
    ],
)
def test_mistakes_are_one_line_and_code_2(arguments: list[str], words: str) -> None:
    assert run(*FILES, *arguments) == ExitCode.BAD_INPUT
    assert words in run.err  # type: ignore[attr-defined]


def test_knobs_and_constraints_are_read() -> None:
    assert parse_knob("a.b=1:2") == ("a.b", (1.0, 2.0))
    assert parse_constraint("power_W=2") == ("power_W", 2.0)
    with pytest.raises(ValueError, match="expected PATH"):
        parse_knob("a=1")
