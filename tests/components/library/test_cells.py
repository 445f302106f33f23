"""Cells: V² t / R with the resistance of the wires, between off and on."""

from __future__ import annotations

import pytest

from accelax.components import Declined
from accelax.components.library.cells import CELLS, cell, cell_kind, memory_cell, wire_resistance

ISAAC = {"technology": 32, "rows": 128, "cols": 128, "cell_config": "isaac", "neurosim": "2023"}
RAELLA = {"technology": 32, "rows": 512, "cols": 1024, "cell_config": "raella", "neurosim": "2023"}


@pytest.mark.parametrize(
    ("cell_config", "rows", "cols", "ohm"),
    [("isaac", 128, 128, 165.7), ("raella", 512, 1024, 1908.4), ("raella", 512, 512, 1272.3)],
)
def test_wires(cell_config, rows, cols, ohm) -> None:
    assert wire_resistance(CELLS[cell_config], rows, cols) == pytest.approx(ohm, rel=2e-4)


@pytest.mark.parametrize(
    ("array", "a", "g", "read"),
    [
        # 0.2² V² * 1 ns / 20 kΩ = 0.002 pJ; on: / (2000 + 165.707 Ω), / (1333 + 1908.417 Ω)
        (ISAAC, 1, 0, 0.002), (ISAAC, 1, 1, 0.01846972), (ISAAC, 0, 1, 0.0),
        (RAELLA, 1, 0, 0.002), (RAELLA, 1, 1, 0.01234028), ({**RAELLA, "cols": 512}, 1, 1, 0.01535345),
        (ISAAC, 0.130992, 0.1448725, 0.000575), ({**ISAAC, "neurosim": "current"}, 1, 0, 0.001983565),
        ({**RAELLA, "neurosim": "current"}, 1, 0, 0.001825782),
    ],
)  # fmt: skip
def test_reading(array, a, g, read) -> None:
    found = memory_cell(**array, average_input_value=a, average_cell_value=g)

    assert found.energy_pJ["read"] == pytest.approx(read, rel=1e-3 if read == 0.000575 else 2e-6)


@pytest.mark.parametrize(
    ("array", "g", "write"),
    [
        # 2² V² * 40 ns / (2000 + 165.707 Ω) + 0.0065 pJ; off / 20 kΩ
        (ISAAC, 0, 73.885406703), (ISAAC, 1, 8.006536703), (RAELLA, 0, 49.364384415), (RAELLA, 1, 8.003264415),
        ({**ISAAC, "neurosim": "current"}, 1, 7.940798106), ({**RAELLA, "neurosim": "current"}, 0, 49.364432786),
    ],
)  # fmt: skip
def test_writing(array, g, write) -> None:
    found = memory_cell(**array, average_input_value=0, average_cell_value=g)

    assert found.energy_pJ["write"] == pytest.approx(write, rel=2e-6)


def test_a_unit_of_two_cells() -> None:
    """RAELLA's resnet18/010: 2 * 0.318334 * (0.002 + 0.01034028 * 0.0384117) pJ; 2 * 5.49 * (0.032 µm)²."""
    statistics = {"average_input_value": 0.318334, "average_cell_value": 0.0384117}

    found = cell(**RAELLA, **statistics, width_cells=2)
    quirky = cell(**RAELLA, **statistics, width_cells=2, artifact_quirks=True)

    assert found.energy_pJ["read"] == pytest.approx(0.001526, rel=3e-4)
    assert found.area_um2 == pytest.approx(0.011244, rel=3e-5)
    assert found.energy_pJ["write"] == pytest.approx(2 * quirky.energy_pJ["write"])
    assert quirky.energy_pJ["read"] == found.energy_pJ["read"]
    assert cell(**RAELLA, **statistics, width_cells=2, depth_cells=4).area_um2 == pytest.approx(4 * found.area_um2)


def test_pulse_trains_and_overrides() -> None:
    one = memory_cell(**ISAAC, average_input_value=0.5, average_cell_value=0)
    train = memory_cell(**ISAAC, average_input_value=0.5, average_cell_value=0, temporal_dac_bits=4)
    strong = memory_cell(**ISAAC, average_input_value=0.5, average_cell_value=0, resistance_off=10e3, read_voltage=0.4)

    assert train.energy_pJ["read"] == pytest.approx(15 * one.energy_pJ["read"])
    assert strong.energy_pJ["read"] == pytest.approx(2 * 4 * one.energy_pJ["read"])


def test_an_sram_cell_only_leaks() -> None:
    """10 features of 65 nm at 1 V and 0.2002 pA per nm, feature and volt."""
    found = memory_cell(
        technology=65, rows=768, cols=768, average_input_value=1, average_cell_value=1, cell_config="jia", voltage=1.0
    )

    assert set(found.energy_pJ.values()) == {0.0}
    assert found.leak_power_W == pytest.approx(65 * 10 * 0.2002e-12)
    assert found.area_um2 == pytest.approx(426 * 0.065**2)


def test_cells_are_found_by_name_or_file() -> None:
    assert cell_kind("models/memory_cells/rram_raella_isca_2023.cell.yaml") is CELLS["raella"]
    assert cell_kind(r"C:\cells\isaac.cell", area_F2=4.0).pitch == 2.0
    with pytest.raises(Declined, match="no known cell of isaac, raella"):
        cell_kind("unknown.cell")
