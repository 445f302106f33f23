"""Every example runs and prints what it promises."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PRINTS = {
    "evaluate_mapping": ("16384 lines: ", "688128 cycles, 100% busy", "shared_glb of 12000 lines: "),
    "score_many_mappings": ("of 10000 fit", "best: ", "target: weight_register"),
    "energy_gradient": ("shares:", "DRAM", "shared_glb", "mac"),
    "sweep_buffer": ("16384 lines: best EDP",),
    "timeloop_dropin": ("512 lines: ", "2048 lines: ", "J*cycle", "wrote "),
    "codesign_transformer": ("1024 designs: variables.spad_depth ", "above the best design's", "mm2: EDP", "1 % more "),
    "map_layer": ("mappings in", "busy", "target: shared_glb"),
    "raella_study": ("84 layers mapped in", "geometric mean", "efficiency 3.9 (2.9 to 4.9), throughput 2 (0.7 to 3.3)"),
    "read_accelforge": ("DRAM at 256 Gbit/s: 4.72 ms, bound by MAC", "DRAM at 32 Gbit/s", "bound by DRAM"),
}


ARGUMENTS = {"map_layer": ["2"], "codesign_transformer": ["6"], "raella_study": ["resnet18"]}
"""What keeps an example short."""


@pytest.mark.parametrize("name", PRINTS)
def test_example(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *ARGUMENTS.get(name, [])])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    for text in PRINTS[name]:
        assert text in printed


def test_there_are_at_most_nine_short_examples() -> None:
    files = sorted(EXAMPLES.glob("*.py"))
    assert [file.stem for file in files] == sorted(PRINTS)
    assert len(files) <= 9
    assert all(len(file.read_text().splitlines()) < 60 for file in files)
