"""Energy tables: figures, rounding for people only, Accelergy's files, and what --explain tells."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from rich.console import Console

from accelax.components import Choice, Estimate, Estimator, Refusal
from accelax.components.energy_tables import AreaEntry, EnergyEntry, EnergyTables, Term
from accelax.report.energy_tables import art_yaml, energy_figures, ert_yaml, render_energy_tables

SRAM = Choice(
    Estimator("sram", ("SRAM",), Estimate, 80.0, "fitted in our lab", "a * width"),
    Estimate({"read": 2.0}),
    warnings=("depth = 8 is outside the range 64 to 65536 of the source",),
    refusals=(Refusal("cacti", "the attribute 'n_banks' is missing", "n_banks"),),
    others=("rough_sram",),
)
ADDER = Choice(Estimator("adder", ("adder",), Estimate, 70.0, "a data sheet"), Estimate({"add": 0.25}))


@pytest.fixture
def tables() -> EnergyTables:
    read = (
        Term("storage", "SRAM", "read", 2.0, SRAM, 1, 1.5),
        Term("adders[0..1]", "adder", "add", 0.25, ADDER, 2),
    )
    area = (Term("storage", "SRAM", "area", np.float64(100.0), SRAM),)
    return EnergyTables(
        energies=(
            EnergyEntry("GLB", "read", 7.0, read, 2.0),
            EnergyEntry("GLB", "count", 1 / 3, (Term("", "adder", "add", 1 / 3, ADDER),), arguments={"used": 2}),
            EnergyEntry("MAC", "compute", 2.5),
        ),
        areas=(AreaEntry("GLB", np.float64(100.0), area), AreaEntry("MAC", 10.0)),
        instances={"GLB": 1, "MAC": 32},
        classes={"GLB": "buffer", "MAC": "intmac"},
    )


def printed(figures: dict, *, explain: bool = False) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(render_energy_tables(figures, explain=explain))
    return capture.get()


def test_figures_hold_every_term_and_who_was_asked(tables):
    figures = energy_figures(tables)
    glb = figures["components"]["GLB"]
    assert (glb["class"], glb["instances"], glb["area_um2"]) == ("buffer", 1, 100.0)
    read = glb["actions"][0]
    assert (read["action"], read["energy_pJ"], read["scale"]) == ("read", 7.0, 2.0)
    assert [term["total"] for term in read["terms"]] == [3.0, 0.5]
    assert read["terms"][0]["declined"] == [{"estimator": "cacti", "reason": "the attribute 'n_banks' is missing"}]
    assert read["terms"][0]["not_asked"] == ["rough_sram"]
    assert figures["area_um2"] == 100 + 32 * 10
    assert len(figures["warnings"]) == 1
    assert type(glb["area_um2"]) is float


def test_the_files_are_those_of_accelergy(tables):
    ert = yaml.safe_load(ert_yaml(tables))["ERT"]
    assert ert["version"] == "0.4"
    assert [table["name"] for table in ert["tables"]] == ["system_top_level.GLB[1..1]", "system_top_level.MAC[1..32]"]
    assert ert["tables"][0]["actions"][1] == {"name": "count", "arguments": {"used": 2}, "energy": 1 / 3}
    assert yaml.safe_load(ert_yaml(tables, 3))["ERT"]["tables"][0]["actions"][1]["energy"] == 0.333
    art = yaml.safe_load(art_yaml(tables))["ART"]
    assert art["tables"][1] == {"name": "system_top_level.MAC[1..32]", "area": 10.0}


def test_the_table_shows_actions_estimators_and_what_the_file_gives(tables):
    lines = printed(energy_figures(tables)).splitlines()
    first = next(line for line in lines if "GLB x1" in line)
    assert first.split()[-5:] == ["(80", "%),", "adder", "(70", "%)"]
    assert any("count(used=2)" in line for line in lines)
    assert any(line.split()[:1] == ["MAC"] and line.split()[-1] == "given" for line in lines)
    assert any("warning: GLB (storage SRAM, sram): depth = 8 is outside" in line for line in lines)
    assert not any("declined" in line for line in lines)


def test_an_explanation_has_formulae_sources_and_refusals(tables):
    text = printed(energy_figures(tables), explain=True)
    for part in (
        "read: 7 pJ (times 2 for the component)",
        "storage SRAM read: 2 x 1.5 = 3 pJ by sram, 80 %",
        "adders[0..1] adder add: 0.25 x 2 parts = 0.5 pJ by adder, 70 %",
        "cacti declined: the attribute 'n_banks' is missing",
        "less accurate, not asked: rough_sram",
        "warning: depth = 8 is outside",
        "compute: 2.5 pJ (given)",
        "formula: a * width",
        "source: fitted in our lab",
    ):
        assert part in text


def test_given_entries_are_compared_with_estimates(tables):
    own = (Term("", "intmac", "compute", 3.0, ADDER),)
    estimates = EnergyTables(
        (EnergyEntry("MAC", "compute", 3.0, own), EnergyEntry("GLB", "read", 9.0)),
        (AreaEntry("MAC", 5.0, own),),
        notes=("no estimator knows the class 'X'",),
    )
    figures = energy_figures(tables, estimates)
    assert [(row["component"], row["what"], row["error_percent"]) for row in figures["compared"]] == [
        ("MAC", "compute", pytest.approx(20.0)),
        ("MAC", "area", pytest.approx(-50.0)),
    ]
    text = printed(figures, explain=True)
    assert any(line.split()[:5] == ["MAC", "compute", "2.5", "3", "+20.00"] for line in text.splitlines())
    assert "no estimate: no estimator knows the class 'X'" in text
