"""Lines of compute arrays: worked by hand, limits, and the arrays of the macros that they serve."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from accelax.components import REGISTRY, NoEstimate
from accelax.components.library.array_lines import (
    cell_fF,
    column_switches,
    flip_flop_um2,
    line_drivers,
    shrunk,
    sram_compute_cell,
    toggled_fF,
)  # fmt: skip

JIA = {"technology": 65, "rows": 768, "cols": 768, "cell_area": 426, "access_width": 4, "capacitance_scale": 6.5}
LINE = {"technology": 32, "voltage": 1.0, "rows": 100, "cols": 100, "cell_area": 100, "access_width": 2}


def read(**attributes) -> float:
    return float(line_drivers(**attributes).energy_pJ["read"])


def test_a_node_shrinks_by_two_laws_that_meet_at_22_nm() -> None:
    assert shrunk(32, 1.4, 0.63) == 1
    assert shrunk(22, 1.4, 0.63) == pytest.approx((22 / 32) ** 1.4)
    assert shrunk(7, 1.4, 0.63) == pytest.approx((22 / 32) ** 1.4 * (7 / 22) ** 0.63)
    assert shrunk(22.001, 1.4, 0.63) == pytest.approx(shrunk(21.999, 1.4, 0.63), rel=1e-3)


def test_a_flip_flop_is_neurosims_at_32_nm() -> None:
    # 4.770342 fJ at 0.902 V
    assert toggled_fF(32, "low_power") * 0.9023**2 == pytest.approx(4.770342, rel=1e-3)
    assert flip_flop_um2(32) == 2.614886
    assert flip_flop_um2(64) == pytest.approx(4 * 2.614886)
    assert toggled_fF(32, "high_performance") < toggled_fF(32, "low_power")


def test_a_cell_adds_wire_and_two_gates_to_its_line() -> None:
    # 10 features of 32 nm of wire and two gates of 64 nm
    assert cell_fF(32, 100, 2, "low_power") == pytest.approx(0.2 * 0.32 + 2 * 0.064 * 1.17)
    assert cell_fF(32, 100, 0, "low_power") == pytest.approx(0.064)
    assert cell_fF(32, 100, 2, "low_power", 3.0, 1e-15) == pytest.approx(3 * (0.064 + 0.128 * 1.17) + 1)


def test_a_line_by_hand() -> None:
    idle = 2 * 5.86e-3
    full = 0.4 * 5.86e-3 + 100 * (0.064 + 0.128 * 1.17) * 1e-3
    assert read(**LINE, average_input_value=0.0) == pytest.approx(idle)
    assert read(**LINE) == pytest.approx(idle + full)
    assert read(**LINE, average_input_value=0.25) == pytest.approx(idle + 0.25 * full)
    assert read(**LINE, average_input_value=0.5, pulses=15) == pytest.approx(idle + 7.5 * full)
    assert read(**LINE | {"voltage": 0.5}) == pytest.approx((idle + full) / 4)


def test_the_line_of_jias_array() -> None:
    """NeuroSim's array of 768 x 768 such cells takes 3.24 pJ at 0.85 V, and 0.023 pJ at an input of zero."""
    assert read(**JIA, voltage=0.85) == pytest.approx(3.238, rel=0.02)
    assert read(**JIA, voltage=0.85, average_input_value=0.0) == pytest.approx(0.0235, rel=0.04)


def test_area_is_that_of_registers_and_of_writers_of_columns() -> None:
    drivers = line_drivers(**LINE, sram=False).area_um2
    assert drivers == pytest.approx(100 * 1.4 * 2.614886)
    assert line_drivers(**LINE).area_um2 == pytest.approx(drivers + 100 * 2760 * 0.032**2)


def test_switches_are_where_columns_share_a_converter() -> None:
    array = {"technology": 65, "voltage": 0.85, "rows": 768, "cols": 768, "access_width": 4}
    shared = column_switches(**array, columns_at_once=256)
    gates_um = 768 * 4 * 0.065
    assert shared.energy_pJ["read"] == pytest.approx(1.6 * 1.17 * gates_um * 0.85**2 * 1e-3)
    assert shared.area_um2 == pytest.approx(16 * 4 * 768 * 768 * 0.065**2)
    own = column_switches(**array, columns_at_once=768)
    assert own.energy_pJ["read"] == own.area_um2 == 0


def test_a_cell_leaks_by_its_width_and_costs_nothing_to_read() -> None:
    cells = sram_compute_cell(technology=65, voltage=0.8, cell_area=130, cells=4, transistor_width=10)
    assert cells.energy_pJ["read"] == 0
    assert cells.area_um2 == pytest.approx(4 * 130 * 0.065**2)
    # 0.65 um of low-power transistors at 100 pA/um
    assert cells.leak_power_W == pytest.approx(4 * 0.8 * 100e-12 * 0.65)
    hot = sram_compute_cell(
        technology=65, voltage=0.8, cell_area=130, cells=4, transistor_width=10, device="high_performance"
    )
    assert hot.leak_power_W == pytest.approx(1000 * cells.leak_power_W)


@pytest.mark.parametrize("attribute", ["technology", "voltage", "cols", "average_input_value"])
def test_gradients_are_those_of_finite_differences(attribute: str) -> None:
    attributes = {**LINE, "technology": 45.0, "average_input_value": 0.3}

    def energy(value: jax.Array) -> jax.Array:
        return line_drivers(**{**attributes, attribute: value}).energy_pJ["read"]

    with jax.enable_x64(True):
        at = jnp.asarray(float(attributes[attribute]))
        step = 1e-4 * at
        slope = (energy(at + step) - energy(at - step)) / (2 * step)
        assert float(jax.grad(energy)(at)) == pytest.approx(float(slope), rel=1e-5)


def test_wrong_attributes_are_refused_by_name() -> None:
    with pytest.raises(NoEstimate, match="'device' must be one of low_power, high_performance"):
        REGISTRY.choose("line_drivers", {**LINE, "device": "fast"})
    with pytest.raises(NoEstimate, match="'cell_area' is missing"):
        REGISTRY.choose("line_drivers", {key: value for key, value in LINE.items() if key != "cell_area"})
    with pytest.raises(NoEstimate, match="'average_input_value' must be at least 0 and at most 1"):
        REGISTRY.choose("line_drivers", {**LINE, "average_input_value": 1.5})
    warned = REGISTRY.choose("line_drivers", {**LINE, "rows": 8}).warnings
    assert warned == ("rows = 8 is outside the range 16 to 4096 of the source",)
