"""The macro benchmark: errors, averages and verdicts from rows, and rows from the macros."""

from __future__ import annotations

import json

import cimloop
import pytest
from cimloop_cases import MACROS, Row, Run, basic_analog, jia, rows, run

ROWS = [
    Row("area_breakdown", "one", "adc um2", 100.0, 90.0),
    Row("area_breakdown", "one", "cells um2", 10.0, 10.4),
    Row("area_breakdown", "one", "misc um2", 5.0, 0.0, modelled=False),
    Row("voltage_sweep_energy", "one", "pJ", 4.0, 4.2),
    Row("tutorial", "one", "pJ", 4.0, 8.0),
]
PUBLISHED = {"area_breakdown": 8, "voltage_sweep_energy": 5}


def test_an_error_is_over_the_published_figure() -> None:
    assert [row.error_percent for row in ROWS] == pytest.approx([-10, 4, -100, 5, 100])


def test_averages_hold_all_rows() -> None:
    averages = cimloop.summary(ROWS, PUBLISHED)
    area = averages["area_breakdown"]
    assert area["rows"] == 3
    assert area["average_percent"] == pytest.approx(38)
    assert area["average_modelled_percent"] == pytest.approx(7)
    assert area["met"] is False
    assert area["met_modelled"] is True
    assert averages["voltage_sweep_energy"]["met"] is True
    assert averages["tutorial"]["met"] is averages["tutorial"]["met_modelled"] is None


def test_whole_percents_are_compared() -> None:
    slightly = [Row("area_breakdown", "one", "um2", 1.0, 1.0849)]
    assert cimloop.summary(slightly, PUBLISHED)["area_breakdown"]["met"] is True
    more = [Row("area_breakdown", "one", "um2", 1.0, 1.0851)]
    assert cimloop.summary(more, PUBLISHED)["area_breakdown"]["met"] is False


def test_the_table_lists_every_row_and_marks_misses() -> None:
    text = cimloop.table(ROWS, cimloop.summary(ROWS, PUBLISHED))
    lines = text.splitlines()
    assert sum("one " in line for line in lines) == len(ROWS)
    assert next(line for line in lines if "adc um2" in line).endswith("-10.0% *")
    assert next(line for line in lines if "cells um2" in line).endswith("+4.0%")
    assert next(line for line in lines if "misc um2" in line).endswith("* not modelled")
    assert any(line.endswith(" MISSED, met by what is modelled") for line in lines)


def test_a_run_adds_up_components() -> None:
    one = Run({"adc": 3.0, "cells": 1.0}, {"adc": 2.0, "cells": 5.0}, 2e-9, 100.0)
    assert one.energy() == 4
    assert one.energy("adc") == 3
    assert one.area("cells") == 5
    assert one.tops() == pytest.approx(0.1)
    assert one.tops_per_watt("cells") == 200


def test_variables_are_set_back() -> None:
    before = run("basic_analog")
    changed = run("basic_analog", VOLTAGE=1.2)
    assert changed.energy() > before.energy()
    assert run("basic_analog") == before


def test_the_rows_of_a_macro() -> None:
    one = run("basic_analog")
    stated = {
        "total_energy_pJ": one.energy(), "area_um2": one.area(), "macs": 256, "tops_per_mm2": 0.07, "tops_per_w": 4.0,
    }  # fmt: skip
    found = list(basic_analog(stated))
    assert [row.error_percent for row in found[:3]] == pytest.approx([0, 0, 0])
    assert found == rows({"tutorial_1_basic_analog": stated})
    assert set(MACROS) >= {"jia_jssc_2020", "colonnade_jssc_2021"}


def test_jia_has_a_row_for_every_figure() -> None:
    stated = {
        "1b_sweep": {"voltage": [0.85], "tops": [1.0], "tops_per_w": [1.0], "tops_per_mm2": [1.0]},
        "area_m2": {"adc": 1e-6, "cim": 1e-6, "nmc_data_path": 1e-6, "sparsity_controller": 1e-6},
        "energy_pJ_per_adc_use": {
            "voltage": [0.85], "adc": [1.0], "cim": [1.0], "nmc_data_path": [1.0], "n_columns": 256,
        },
        "tops_vs_input_bits": {"bits": [1, 2], "tops": [1.0, 0.5]},
    }  # fmt: skip
    found = list(jia(stated))
    assert len(found) == 3 + 3 + 4 + 2
    # 2304 x 256 products in 1.35 us, half as many a second with two bits
    by_figure = {row.figure: row.model for row in found}
    assert by_figure["TOPS at 0.85 V"] == pytest.approx(2 * 2304 * 256 / 1.35e-6 * 1e-12)
    assert by_figure["TOPS with 2-bit inputs"] == pytest.approx(by_figure["TOPS at 0.85 V"] / 2)


def test_the_exit_status_tells_whether_averages_are_met(tmp_path, capsys, monkeypatch) -> None:
    file = tmp_path / "reference.json"
    one = run("basic_analog")
    stated = {"total_energy_pJ": one.energy(), "area_um2": 1.0, "macs": 256, "tops_per_mm2": 1.0, "tops_per_w": 1.0}
    file.write_text(json.dumps({"paper_average_errors_percent": {}, "tutorial_1_basic_analog": stated}))
    monkeypatch.setattr("sys.argv", ["cimloop.py", "--reference", str(file), "--json"])
    assert cimloop.main() == 0
    said = json.loads(capsys.readouterr().out)
    assert said["met"] is True
    assert [row["figure"] for row in said["rows"]] == ["pJ", "um2", "multiply-accumulates", "TOPS/mm2", "TOPS/W"]
    monkeypatch.setattr(cimloop, "rows", lambda reference: ROWS)
    file.write_text(json.dumps({"paper_average_errors_percent": PUBLISHED}))
    assert cimloop.main() == 1
