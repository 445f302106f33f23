"""``accelax energy`` as a user runs it, and that what it writes reads back as the same machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import accelax
from accelax.cli.energy import show_energy

BROKEN = Path(__file__).parent.parent / "broken"
COMPONENTS, TIMELOOP, ACCELFORGE = (str(BROKEN / f"{name}.yaml") for name in ("components", "timeloop", "accelforge"))


def show(path: str, *settings: str, as_json: bool = False, explain: bool = False, directory: Path | None = None) -> int:
    return show_energy([path], settings, as_json=as_json, explain=explain, directory=directory)


def test_tables_are_printed_for_both_dialects(capsys):
    for path, word in ((COMPONENTS, "sram (80 %)"), (TIMELOOP, "given"), (ACCELFORGE, "given")):
        assert show(path) == 0
        assert word in capsys.readouterr().out


def test_settings_and_json(capsys):
    def energy(*settings: str) -> float:
        assert show(COMPONENTS, *settings, as_json=True) == 0
        parts = json.loads(capsys.readouterr().out)["components"]
        return next(action["energy_pJ"] for action in parts["L1"]["actions"] if action["action"] == "read")

    assert energy("architecture.L1.attributes.depth=4096") > energy() > 0


def test_an_explanation_says_how_far_the_models_are_from_the_file(capsys, tmp_path):
    path = tmp_path / "clocked.yaml"
    text = (
        Path(TIMELOOP).read_text(encoding="utf-8").replace("depth_words:", "global_cycle_seconds: 1e-9\n  depth_words:")
    )
    path.write_text(text, encoding="utf-8")
    assert show(str(path), explain=True) == 0
    out = capsys.readouterr().out
    assert any(
        line.split()[:3] == ["GLB", "read", "6"] and line.split()[-2:] == ["(80", "%)"] for line in out.splitlines()
    )
    assert show(TIMELOOP, explain=True) == 0  # without a clock nobody knows what leaks in a cycle
    assert "'GLB': it leaks, and the attribute 'global_cycle_seconds'" in " ".join(capsys.readouterr().out.split())


def test_what_is_written_reads_back_as_the_same_machine(tmp_path, capsys):
    assert show(COMPONENTS, directory=tmp_path / "new") == 0
    assert "wrote" in capsys.readouterr().err
    text = (BROKEN / "components.yaml").read_text(encoding="utf-8")
    whole = tmp_path / "spec.yaml"
    tables = [(tmp_path / "new" / name).read_text(encoding="utf-8") for name in ("ERT.yaml", "ART.yaml")]
    whole.write_text("\n".join([text, *tables]), encoding="utf-8")
    priced = accelax.Specification.from_yaml_files(COMPONENTS).lowered()
    assert accelax.Specification.from_yaml_files(whole).lowered() == priced


def test_exit_codes(tmp_path):
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "accelax", "energy", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((BROKEN / "components.yaml").read_text().replace("class: intadder", "class: intader"))
    done = run(str(wrong))
    assert done.returncode == 2
    assert "no estimator knows the class 'intader'" in done.stderr
    assert done.stderr.startswith(f"{wrong}:")
    assert run("no_such_file.yaml").returncode == 2
    refused = tmp_path / "refused.yaml"
    refused.write_text((BROKEN / "components.yaml").read_text() + "globals: {accelergy_plug_ins: [mine.py]}\n")
    assert run(str(refused)).returncode == 3


def test_help_does_not_wait_for_the_library():
    code = (
        "import sys, accelax.cli.app, accelax.spec.timeloop.specification;"
        " print([m for m in sys.modules if m.startswith('accelax.components.library') or m == 'jax'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
