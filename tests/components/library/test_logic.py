"""Arithmetic units, gates, networks and dummies against the rows of their sources."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


ROWS = [
    # class, action, pJ and µm² of the row at 40 nm and at 45 nm as Accelergy has it
    ("intadder", "add", 0.21, 278, 0.266, 483),
    ("aladdin_adder", "read", 0.21, 278, 0.266, 483),
    ("intmultiplier", "multiply", 12.68, 6350, 16.04, 11039),
    ("comparator", "compare", 0.02947, 71, 0.0373, 123.4),
    ("counter", "count", 0.25074, 495.5, 0.317, 861.4),
    ("aladdin_register", "read", 0.009, 5.98, 0.0114, 10.4),
]


@pytest.mark.parametrize(("kind", "action", "at_40", "area_40", "at_45", "area_45"), ROWS)
def test_rows_at_40_and_45_nm(kind, action, at_40, area_40, at_45, area_45) -> None:
    row, newer = price(kind, technology=40), price(kind, technology=45)

    assert row.energy_pJ[action] == pytest.approx(at_40)
    assert row.area_um2 == pytest.approx(area_40)
    assert newer.energy_pJ[action] == pytest.approx(at_45, rel=5e-3)
    assert newer.area_um2 == pytest.approx(area_45, rel=5e-3)


@pytest.mark.parametrize(
    ("node", "factor"),
    [(130, 3.88), (90, 2.40), (65, 1.57), (45, 1.265), (40, 1.0), (32, 0.834), (16, 0.220), (7, 0.119)],
)
def test_rows_at_the_nodes_of_the_reference_tool(node: int, factor: float) -> None:
    assert price("intadder", technology=node).energy_pJ["add"] == pytest.approx(0.21 * factor, rel=5e-3)


def test_leakage_of_a_row_in_watts() -> None:
    assert price("intadder", technology=45).leak_power_W == pytest.approx(0.00304e-12 / 1e-9, rel=5e-3)
    assert price("intmultiplier", technology=45).leak_power_W == pytest.approx(0.101e-12 / 1e-9, rel=5e-3)


@pytest.mark.parametrize("name", ["width", "n_bits", "datawidth"])
def test_a_width_has_three_names(name: str) -> None:
    assert price("intadder", technology=40, **{name: 8}).energy_pJ["add"] == pytest.approx(0.21 / 4)


def test_a_multiplier_goes_by_the_product_of_its_widths() -> None:
    assert price("multiplier", technology=40, width_a=8, width_b=16).energy_pJ["mult"] == pytest.approx(12.68 / 8)
    assert price("multiplier", technology=40, n_bits=8).energy_pJ["mult"] == pytest.approx(12.68 / 16)


def test_a_mac_is_a_multiplier_and_an_adder() -> None:
    mac = price("intmac", technology=40, width=8)

    assert mac.energy_pJ["compute"] == pytest.approx(12.68 / 16 + 0.21 / 4)  # 0.845
    assert mac.energy_pJ["mac_gated"] == 0.0
    assert mac.energy_pJ["mac_reused"] == pytest.approx(0.21 / 4)
    assert mac.area_um2 == pytest.approx(6350 / 16 + 278 / 4)
    mixed = price("mac", technology=40, multiplier_width=8, adder_width=16)
    assert mixed.energy_pJ["mac_random"] == pytest.approx(12.68 / 16 + 0.21 / 2)


def test_a_higher_supply_costs_more() -> None:
    low, high = (price("intadder", technology=45, voltage=voltage).energy_pJ["add"] for voltage in (0.8, 1.0))

    assert high / low == pytest.approx(1.0177 / 0.69302, rel=1e-4)


def test_neurosim_s_parts_at_32_nm() -> None:
    assert price("shift_add", technology=32, n_bits=7).energy_pJ["shift_add"] == pytest.approx(0.07387862, rel=1e-5)
    assert price("shift_add", technology=32, n_bits=8).energy_pJ["shift_add"] == pytest.approx(0.08442199, rel=1e-5)
    assert price("shift_add", technology=32, n_bits=8).area_um2 == pytest.approx(86.29125, rel=1e-5)
    assert price("neurosim_adder", technology=32, width=8).energy_pJ["add"] == pytest.approx(0.020884928)
    assert price("dff", technology=32).area_um2 == pytest.approx(2.614886)
    assert price("flip_flop", technology=32, n_bits=4).energy_pJ["write"] == pytest.approx(4 * 0.003107891)
    assert price("NAND_gate", technology=32).area_um2 == pytest.approx(0.3268608)
    assert price("NOT_gate", technology=32, n_gates=2).area_um2 == pytest.approx(2 * 0.2179072)


def test_a_wider_register_of_a_shift_add_has_more_flip_flops() -> None:
    usual, wider = (price("shift_add", technology=32, n_bits=8, shift_register_n_bits=bits) for bits in (16, 20))

    assert wider.area_um2 - usual.area_um2 == pytest.approx(4 * 2.614886)
    assert wider.energy_pJ["read"] - usual.energy_pJ["read"] == pytest.approx(4 * 0.003107891)


def test_a_multiplexer_is_a_tree() -> None:
    two, eight = (price("mux", technology=32, width=4, n_inputs=inputs) for inputs in (2, 8))

    assert two.area_um2 == pytest.approx(4 * (3 * 0.3268608 + 0.2179072))
    assert eight.area_um2 == pytest.approx(7 * two.area_um2)


def test_floating_point_figures_at_45_nm() -> None:
    def energy(kind: str, mantissa: int) -> float:
        return price(kind, technology=45, mantissa_bits=mantissa).energy_pJ["compute"]

    assert [energy("fpadder", bits) for bits in (10, 23)] == pytest.approx([0.4, 0.9])
    assert [energy("fpmultiplier", bits) for bits in (10, 23)] == pytest.approx([1.1, 3.7])
    assert energy("fpmac", 23) == pytest.approx(4.6)
    assert price("fpmac", technology=45, datawidth=32).energy_pJ["compute"] == pytest.approx(51.979)


def test_networks() -> None:
    assert price("router", technology=32).energy_pJ["transfer"] == pytest.approx(20.74)
    assert price("bus", technology=32, width=256).energy_pJ["read"] == pytest.approx(13.824)
    line = price("wire", length=1e-3, width=8, activity=0.5)
    assert line.energy_pJ["transfer"] == pytest.approx(0.5 * 8 * 2e-10 * 1e-3 * 0.49 * 1e12)  # 0.392
    mesh = price("XY_NoC", technology=32, n_PE_rows=4, n_PE_cols=6, width=32, tile_side=1e-3)
    hop = 20.74 / 8 + 0.5 * 32 * 2e-10 * 1e-3 * 0.49 * 1e12
    assert mesh.energy_pJ["transfer_hop"] == pytest.approx(hop)
    assert mesh.energy_pJ["transfer_random"] == pytest.approx(5 * hop)
    assert mesh.area_um2 == pytest.approx(24 * 150e3 / 8)


@pytest.mark.parametrize(
    ("kind", "action"), [("dummy_storage", "update"), ("dummy_compute", "compute"), ("dummy", "read")]
)
def test_dummies_cost_nothing_whatever_is_stated(kind: str, action: str) -> None:
    estimate = REGISTRY.choose(kind, {"technology": -1, "width": 0}, action).estimate

    assert (estimate.energy_pJ[action], estimate.area_um2, estimate.leak_power_W) == (0.0, 0.0, 0.0)
