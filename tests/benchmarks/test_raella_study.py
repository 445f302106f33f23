"""Own mappings against runs: ratios and limits counted by hand. The runs are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import raella_study

from accelax.studies.raella.networks import layers_of
from accelax.studies.raella.search import Solution
from accelax.studies.raella.statistics import COLUMNS, Statistics
from accelax.studies.raella.study import LayerResult, run_study

FACTORS = {
    ("chip", "Q"): 7,
    ("tile", "N"): 16,
    ("eDRAM_buf", "P"): 7,
    ("macro", "N"): 2,
    ("crossbar", "C"): 3,
    ("column", "M"): 128,
    ("column", "L"): 3,
    ("cim_unit", "C"): 256,
}


def result(**changes: object) -> LayerResult:
    """A 1 x 1 layer of 768 channels to 128, 7 x 7 positions, on RAELLA."""
    layer = replace(layers_of("resnet18")[17], C=768, M=128, P=7, Q=7, Wstride=1, Hstride=1)
    factors = {**FACTORS, **changes.pop("factors", {})}  # type: ignore[dict-item]
    return LayerResult("raella", replace(layer, **changes), Statistics(), Solution(factors, {}, 1.0), 1e-9)


def test_a_mapping_that_breaks_nothing() -> None:
    assert raella_study.violations(result(), batch=32, tiles=16) == []


def test_limits_that_are_broken_are_named() -> None:
    # 512 outputs of 8 bits are twice what an output register holds, and 3 x 512 columns are too many.
    assert raella_study.violations(result(M=512, factors={("column", "M"): 512}), 32, 16) == [
        "output_register", "column",
    ]  # fmt: skip
    # 16 columns of positions in one crossbar take as many inputs each: 256 x 16 rows, and 768 x 16 x 8 bits; an eDRAM
    # has those of 7 x 16 positions of 2 images.
    wide = result(P=112, factors={("column", "P"): 16, ("column", "M"): 8}, M=8)
    assert raella_study.violations(wide, 32, 16) == ["rows", "input_buffer", "eDRAM"]
    assert raella_study.violations(result(), batch=32, tiles=8) == ["tile"]
    assert raella_study.violations(result(), batch=64, tiles=16) == ["N"]


def test_ratios_to_runs(tmp_path: Path) -> None:
    path = tmp_path / "statistics.csv"
    values = ["0.13", "0.13", "0.33", "0.5", "0.06", "3", "4", "0.42"]
    rows = [",".join(["resnet18", str(index), *values]) for index in range(21)]
    path.write_text("\n".join([",".join(("dnn", "layer", *COLUMNS)), *rows]), encoding="utf-8")
    own = run_study(("resnet18",), path).of("raella", "resnet18")[10]
    run = {"arch": "raella", "dnn": "resnet18", "layer": 10, "batch": 32, "tiles": 16}
    worse = {**run, "energy_pJ": {"Total": own.solution.total_pJ * 2}, "cycles": own.solution.cycles}
    better = {**run, "energy_pJ": {"Total": own.solution.total_pJ}, "cycles": own.solution.cycles / 1.25}
    found = raella_study.compare_own([worse, better], path)
    assert found == {"raella": {"edp_ratio_max": pytest.approx(1.25), "capacity_violations": 0}}
