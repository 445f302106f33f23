"""Parts of TIMELY, Newton, FORMS, BRAHMS, NeuRRAM, Jia, AtomLayer and Colonnade: their papers' figures, and scaling."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY
from accelax.components.library.neurosim_logic import ADDER, FLIP_FLOP
from accelax.components.library.published import Published, for_actions


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


STATED = [
    # class, node, action, pJ, µm²
    ("timely_psubBuf", 65, "read", 0.0023, 5), ("timely_xsubBuf", 65, "drive", 0.00062, 5),
    ("timely_iadder", 65, "add", 0.0368, 40), ("timely_charging_comparator", 65, "compare", 0.0417, 40),
    ("timely_dtc", 65, "convert", 0.0375, 240), ("timely_tdc", 65, "convert", 0.145, 310),
    ("timely_input_output_buffer", 65, "read", 203.776, 40), ("timely_input_output_buffer", 65, "write", 496.624, 40),
    ("newton_adc", 32, "convert", 2.583333, 1500), ("forms_adc", 32, "read", 0.22619, 284.375),
    ("brahms_dac", 40, "convert", 0.291, 438), ("wan_shift_add", 130, "read", 0.1, 170),
    ("wan_variable_precision_adc", 130, "convert", 0.3, 400), ("wan_analog_sample", 130, "sample", 1.2, 45),
    ("wan_analog_integrator", 130, "integrate", 0.25, 350), ("jia_datapath", 65, "read", 12, 10535),
    ("jia_shift_add", 65, "read", 2.25, 5000), ("jia_zero_gate", 65, "read", 0.5, 174),
    ("atomlayer_register_ladder", 32, "read", 0.083, 1620),
    ("atomlayer_input_buffer_transfers", 32, "read", 6.46, 2100), ("raaam_edram", 16, "read", 2641.92, 131570),
    ("raaam_edram", 16, "write", 2519.04, 131570),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "node", "action", "energy", "area"), STATED)
def test_figures(kind, node, action, energy, area) -> None:
    found = price(kind, technology=node)

    assert found.energy_pJ[action] == pytest.approx(energy)
    assert found.area_um2 == pytest.approx(area)


@pytest.mark.parametrize(
    ("kind", "attributes", "energy", "area"),
    [
        ("newton_adc", {"technology": 32, "resolution": 7}, 1 / 4, 1 / 4),
        ("newton_adc", {"technology": 32, "converted_bits": 6}, 6 / 9, 1),
        ("forms_adc", {"technology": 32, "resolution": 6}, 4, 4),
        ("timely_dtc", {"technology": 65, "resolution": 9}, 2, 2),
        ("timely_xsubbuf", {"technology": 65, "rows": 12}, 1, 12),
        ("wan_shift_add", {"technology": 130, "n_steps": 3, "voltage": 0.9}, 3 / 4, 1),
        ("wan_variable_precision_adc", {"technology": 130, "n_steps": 5}, 5, 1),
        ("wan_analog_integrator", {"technology": 130, "n_steps": 7}, 7, 1),
        ("wan_analog_sample", {"technology": 130, "width": 8}, 1, 8),
        ("jia_datapath", {"technology": 65, "voltage": 0.85}, (0.85 / 1.2) ** 2, 1),
        ("jia_zero_gate", {"technology": 65, "rows": 3}, 1, 3),
        ("atomlayer_register_ladder", {"technology": 32, "width": 32, "depth": 64}, 2 * 0.5**0.78, 1),
        ("raaam_edram", {"technology": 16, "width": 512}, 1 / 2, 1 / 2),
    ],
)
def test_sizes(kind, attributes, energy, area) -> None:
    stated = next(row for row in STATED if row[0].lower() == kind)

    found = price(kind, **attributes)

    assert found.energy_pJ[stated[2]] == pytest.approx(stated[3] * energy)
    assert found.area_um2 == pytest.approx(stated[4] * area)


def test_node_and_leakage() -> None:
    """From 65 to 32 nm: (0.6118 - 0.6258 + 0.471) / (2.4032 - 3.5184 + 1.975) = 0.5314 of the energy, area 0.31."""
    part = Published({"read": 2.0}, 10.0, 65, leak_power_W=1e-6)

    found = part.scaled(32, width=3)

    assert found.energy_pJ["read"] == pytest.approx(2 * 3 * 0.53144, rel=1e-4)
    assert found.area_um2 == pytest.approx(10 * 3 * 0.31)
    assert found.leak_power_W == pytest.approx(3e-6 * 0.53144, rel=1e-4)
    assert price("raaam_edram", technology=16).leak_power_W == pytest.approx(381e-6)
    assert price("jia_shift_add", technology=65).leak_power_W == pytest.approx(1.2e-12 / 540e-9)
    assert for_actions(1.0, "a", "b", free=("c",)) == {"a": 1.0, "b": 1.0, "c": 0.0}


def test_leakage_is_stated_at_one_voltage() -> None:
    """Energy falls with the square of the voltage; the datapath leaks 2.4 pJ in 540 ns at 1.2 V, and so at any."""
    at_full, at_half = (price("jia_datapath", technology=65, voltage=volts) for volts in (1.2, 0.6))

    assert at_half.energy_pJ["read"] == pytest.approx(3)
    assert at_half.leak_power_W == at_full.leak_power_W == pytest.approx(2.4e-12 / 540e-9)


def test_colonnade() -> None:
    """The logic of 16 cells is 0.03 of an adder of 16 bits, half switching; the register 0.3 of a flip-flop."""
    # from 32 nm and 0.902 V to 65 nm and 0.8 V; flip-flops of high-performance devices
    charge, area = (65 / 32) ** 1.4 * (0.8 / 0.902) ** 2, (65 / 32) ** 2
    adder, adder_area = charge * ADDER["current"].of(16, 32)[0], area * ADDER["current"].of(16, 32)[1]
    bit = charge * ADDER["current"].of(1, 32)[0]
    flip_flop = charge * 0.575 * FLIP_FLOP["current"].of(1, 32)[0]

    logic = price("colonnade_cim_logic", technology=65, width=16, switching_activity=0.5, voltage_energy_scale=0.8)
    port = price("colonnade_cim_logic_input_port", technology=65, switching_activity=0.5, n_instances=128)
    register = price("colonnade_register", technology=65, voltage_energy_scale=4)

    assert logic.energy_pJ["read"] == pytest.approx(0.03 * adder * 0.5 * 0.8)
    assert logic.area_um2 == pytest.approx(0.9 * adder_area)
    assert port.energy_pJ["read"] == pytest.approx(128 * (bit + 0.64e-3) * 0.25)
    assert port.area_um2 == 0
    assert register.energy_pJ["write"] == pytest.approx(0.3 * 4 * flip_flop)
