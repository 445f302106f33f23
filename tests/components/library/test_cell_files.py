"""Parameter files of cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelax.components import Declined
from accelax.components.library.cell_files import read_cell
from accelax.components.library.cells import cell_kind, memory_cell

CROSS_POINT = """
// a cell of an older file
-MemCellType: memristor
-CellArea (F^2): 4.0   // not -CellArea (F^2): 9
-ResistanceOnAtReadVoltage (ohm): 3e3
-ResistanceOffAtReadVoltage (ohm): 30000
# -ReadVoltage (V): 5
-ReadVoltage (V): 0.3
-SetPulse (ns): 20
-AccessType: None
"""
SRAM = """
-MemCellType: SRAM  # SRAM or RRAM
-CellArea (F^2):  426
-CellCapacitanceMultiplier: 6.5
-CellCapacitanceAdjust (F): 2e-15 # Capacitance = (Nominal Capacitance) * Multiplier + Adjust
-AccessCMOSWidth (F): 4
-AccessType: None   # CMOS or None
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.cell"
    path.write_text(text)
    return str(path)


def test_a_cross_point(tmp_path: Path) -> None:
    kind = cell_kind(written(tmp_path, CROSS_POINT), area_F2=9.0)

    assert (kind.pitch, kind.resistance_on, kind.resistance_off, kind.read_voltage) == (3.0, 3e3, 3e4, 0.3)
    assert kind.set_pulse_s == pytest.approx(20e-9)
    assert not kind.has_access_device
    assert kind.is_resistive


def test_its_price(tmp_path: Path) -> None:
    """0.3² V² * 1 ns / 30 kΩ, without the wires that the set of 2023 leaves out."""
    found = memory_cell(
        technology=32, rows=64, cols=64, average_input_value=1, average_cell_value=0, neurosim="2023",
        cell_config=written(tmp_path, CROSS_POINT),
    )  # fmt: skip

    assert found.energy_pJ["read"] == pytest.approx(0.003)
    assert found.area_um2 == pytest.approx(4 * 0.032**2)


def test_an_sram_cell(tmp_path: Path) -> None:
    kind = cell_kind(written(tmp_path, SRAM))

    assert (kind.is_resistive, kind.access_width, kind.capacitance_scale) == (False, 4.0, 6.5)
    assert kind.extra_fF == pytest.approx(2.0)


def test_of_two_statements_the_first_holds(tmp_path: Path) -> None:
    text = "-MemCellType: RRAM\n-CellArea (F^2): 5\n-AccessType: CMOS\n-AccessType: None\n"

    assert cell_kind(written(tmp_path, text)).has_access_device


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-CellArea (F^2): 5", "not ''"), ("-MemCellType: PCM\n-CellArea (F^2): 5", "not 'pcm'"),
        ("-MemCellType: RRAM", "'CellArea' is missing"),
        ("-MemCellType: RRAM\n-CellArea (F^2): large", "must be a number, not 'large'"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Declined, match=reason):
        read_cell(written(tmp_path, text))
