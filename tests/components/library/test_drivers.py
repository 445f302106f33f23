"""Drivers of rows and columns: exact at the calibrated arrays, and physical between them."""

from __future__ import annotations

import jax
import pytest

from accelax.components.library.drivers import (
    array_col_drivers,
    array_row_drivers,
    input_row_drivers,
    weight_row_drivers,
)  # fmt: skip

SMALL = {"technology": 32, "rows": 128, "cols": 128, "cell_config": "isaac"}
LARGE = {"technology": 32, "rows": 512, "cols": 1024, "cell_config": "raella"}


@pytest.mark.parametrize(
    ("array", "neurosim", "off", "on", "write", "area"),
    [
        (SMALL, "2023", 0.006215781, 0.014571213, 3.329433081, 822.016),
        (LARGE, "2023", 0.006215781, 0.044988931, 7.752229262, 1941.948),
        (SMALL, "current", 0.009540684, 0.053141584, 14.476370484, 1675.648),
        (LARGE, "current", 0.009543442, 0.069680528, 8.60579854, 1941.948),
    ],
)
def test_calibrated_arrays(array, neurosim, off, on, write, area) -> None:
    at = [array_row_drivers(**array, average_input_value=a, neurosim=neurosim) for a in (0, 1)]

    assert [one.energy_pJ["read"] for one in at] == pytest.approx([off, on], rel=1e-9)
    assert at[0].energy_pJ["write"] == pytest.approx(write)
    assert at[0].area_um2 == pytest.approx(area)


def test_half_as_many_columns() -> None:
    found = array_row_drivers(**{**LARGE, "cols": 512}, average_input_value=1, neurosim="2023")

    assert found.energy_pJ["read"] == pytest.approx(0.026514021, rel=1e-8)


def test_energy_is_affine_in_the_input_and_in_the_columns() -> None:
    """The studied layer: 0.006215781 + 0.008355432 * 0.130992 and 0.006215781 + 0.03877315 * 0.318334."""
    studied = [
        input_row_drivers(**SMALL, average_input_value=0.130992, neurosim="2023").energy_pJ["read"],
        input_row_drivers(**LARGE, average_input_value=0.318334, neurosim="2023").energy_pJ["read"],
    ]
    assert studied == pytest.approx([0.00731, 0.018559], rel=5e-5)

    for array in (SMALL, LARGE):
        first, second, third = (
            array_row_drivers(**{**array, "cols": cols}, average_input_value=1).energy_pJ["read"]
            for cols in (100, 200, 300)
        )
        assert third - second == pytest.approx(second - first)
        assert second > first


def test_a_line_of_wire_and_gates() -> None:
    """Per cell of 2.343 features of 32 nm: 0.015 fF of wire and 0.0541 fF of gate, at 1.2² V²."""
    more, less = (
        array_row_drivers(**{**LARGE, "cols": cols}, average_input_value=1, voltage=1.2).energy_pJ["read"]
        for cols in (1100, 100)
    )

    assert more - less == pytest.approx(1.44 * (0.0149958 + 0.0541024) * 1000 * 1e-3, rel=1e-5)


def test_stronger_cells_without_access_devices_need_wider_drivers() -> None:
    strong, weak = (
        array_row_drivers(**SMALL, average_input_value=1, resistance_on=ohm).energy_pJ["read"] for ohm in (1e3, 1e6)
    )
    same = [
        array_row_drivers(**LARGE, average_input_value=1, resistance_on=ohm).energy_pJ["read"] for ohm in (1e3, 1e6)
    ]

    assert strong > 4 * weak
    assert same[0] == same[1]


def test_converters_in_the_drivers() -> None:
    plain = array_row_drivers(**LARGE, average_input_value=0.5)
    levels = array_row_drivers(**LARGE, average_input_value=0.5, voltage_dac_bits=4)
    pulses = array_row_drivers(**LARGE, average_input_value=0.5, temporal_dac_bits=4, temporal_spiking=True)
    held = array_row_drivers(**LARGE, average_input_value=0.5, temporal_dac_bits=4)

    assert levels.area_um2 == pytest.approx(8 * plain.area_um2)
    off = array_row_drivers(**LARGE, average_input_value=0).energy_pJ["read"]
    assert pulses.energy_pJ["read"] - off == pytest.approx(15 * (plain.energy_pJ["read"] - off))
    assert held.energy_pJ["read"] == plain.energy_pJ["read"]


def test_roles() -> None:
    whole = array_row_drivers(**SMALL, average_input_value=1)

    assert input_row_drivers(**SMALL, average_input_value=1).energy_pJ == {
        "read": whole.energy_pJ["read"], "write": 0.0, "update": 0.0,
    }  # fmt: skip
    assert weight_row_drivers(**SMALL).energy_pJ["read"] == whole.energy_pJ["write"]


def test_columns_switch_where_they_share_converters() -> None:
    shared = array_col_drivers(**LARGE, cols_active_at_once=512)
    own = array_col_drivers(**LARGE, cols_active_at_once=1024)

    assert shared.energy_pJ["read"] == pytest.approx(0.0083089856217)
    assert shared.area_um2 == pytest.approx(6905.89)
    assert own.energy_pJ["read"] == 0
    assert own.area_um2 == pytest.approx(3233.304)
    assert array_col_drivers(**SMALL, neurosim="2023").area_um2 == pytest.approx(631.68)


@pytest.mark.parametrize("cell_config", ["isaac", "raella", "jia"])
def test_gradients_in_the_size_of_the_array(cell_config: str, x64: None) -> None:
    def cost(rows, cols, node):
        found = array_row_drivers(
            technology=node, rows=rows, cols=cols, average_input_value=0.3, cell_config=cell_config
        )
        return found.energy_pJ["read"] + found.energy_pJ["write"] + found.area_um2

    at = (512.0, 700.0, 40.0)
    gradient = jax.grad(cost, argnums=(0, 1, 2))(*at)

    for index, value in enumerate(at):
        step = 1e-5 * value
        up, down = (cost(*(v + sign * step * (i == index) for i, v in enumerate(at))) for sign in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / (2 * step), rel=1e-6)
