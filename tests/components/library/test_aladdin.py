"""Rows of Aladdin's library at 40 nm, by hand: comparators, counters, registers, and what a MAC is made of."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY, NoEstimate
from accelax.components.library.aladdin import row_area_scale, row_energy_scale


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


@pytest.mark.parametrize(
    ("kind", "action", "energy", "area"),
    [("comparator", "compare", 0.02947, 71), ("counter", "count", 0.25074, 495.5), ("intadder", "add", 0.21, 278)],
)
def test_a_row_is_linear_in_its_bits(kind: str, action: str, energy: float, area: float) -> None:
    assert price(kind, technology=40).energy_pJ[action] == pytest.approx(energy)
    quarter = price(kind, technology=40, width=8)
    assert quarter.energy_pJ[action] == quarter.energy_pJ["read"] == pytest.approx(energy / 4)
    assert quarter.area_um2 == pytest.approx(area / 4)


def test_a_register_is_read_by_the_bit_and_written_for_nothing() -> None:
    register = price("register", technology=40, width=8, depth=4)

    assert register.energy_pJ == {"read": pytest.approx(0.072), "write": 0, "update": 0}
    assert register.area_um2 == pytest.approx(4 * 8 * 5.98)


def test_leakage_of_an_adder_and_of_a_multiplier() -> None:
    assert price("intadder", technology=40, width=16).leak_power_W == pytest.approx(1.2e-6)
    assert price("intmultiplier", technology=40, width_a=16, width_b=8).leak_power_W == pytest.approx(80e-6 / 8)
    whole = price("intmac", technology=40, width=32)
    assert whole.leak_power_W == pytest.approx(82.4e-6)


def test_widths_of_a_multiplier_fill_in_for_each_other() -> None:
    one_side = price("intmultiplier", technology=40, width=8, width_b=32)

    assert one_side.energy_pJ["multiply"] == pytest.approx(12.68 * 8 * 32 / 1024)
    assert one_side.area_um2 == pytest.approx(6350 / 4)


def test_a_mac_has_16_bits_unless_stated() -> None:
    assert price("mac", technology=40).energy_pJ["mac"] == pytest.approx(12.68 / 4 + 0.21 / 2)


def test_rows_are_met_at_40_and_45_nm_and_bent_between() -> None:
    """At 45 nm Accelergy has 1.265 times the row; 42.5 nm lies half way along the bend."""
    assert row_energy_scale(40) == pytest.approx(1)
    assert row_energy_scale(45) == pytest.approx(1.265, rel=1e-3)
    assert row_energy_scale(32) == pytest.approx(1.2650 * 0.456936 / 0.69302, rel=1e-3)
    assert row_area_scale(40) == pytest.approx(1)
    assert row_area_scale(90) == pytest.approx(row_area_scale(45) * 2.8)
    assert 1 < row_energy_scale(42.5) < row_energy_scale(45)


def test_a_voltage_scales_a_row_by_the_nodes_quadratic() -> None:
    """At 45 nm the energy is 1.103 V2 - 0.362 V + 0.2767: 0.69302 at 0.8 V."""
    low, nominal = (price("comparator", technology=45, voltage=volts) for volts in (0.6, 0.8))

    at_low = 1.103 * 0.36 - 0.362 * 0.6 + 0.2767
    assert low.energy_pJ["compare"] / nominal.energy_pJ["compare"] == pytest.approx(at_low / 0.69302)
    assert low.area_um2 == nominal.area_um2


def test_half_a_bit_is_refused() -> None:
    with pytest.raises(NoEstimate, match="'width' must be a whole number"):
        REGISTRY.choose("comparator", {"technology": 40, "width": 4.5})
