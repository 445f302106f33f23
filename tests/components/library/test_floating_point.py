"""Floating-point units of formats between and beyond half and single precision, by hand."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY

BFLOAT16 = {"mantissa_bits": 7, "exponent_bits": 8}
ADD_BFLOAT16 = 0.4 - 0.5 * 3 / 13
MULTIPLY_BFLOAT16 = 1.1 + 2.6 / (24**2 - 11**2) * (8**2 - 11**2)
TO_32 = 0.456936 / 0.69302


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


def test_an_adder_is_linear_in_the_mantissa() -> None:
    """Three bits below half precision on the line through 0.4 pJ at 10 and 0.9 pJ at 23 bits."""
    adder = price("fpadder", technology=45, **BFLOAT16)

    assert adder.energy_pJ["add"] == adder.energy_pJ["compute"] == pytest.approx(ADD_BFLOAT16)
    assert adder.area_um2 == pytest.approx(4184 * 16 / 32)


def test_a_multiplier_is_affine_in_the_square_of_the_mantissa() -> None:
    multiplier = price("fpmultiplier", technology=45, **BFLOAT16)

    assert multiplier.energy_pJ["multiply"] == pytest.approx(MULTIPLY_BFLOAT16)
    assert multiplier.area_um2 == pytest.approx(7700 * 64 / 576)


def test_an_exponent_takes_area_alone() -> None:
    short, long = (price("fpmac", technology=45, mantissa_bits=10, exponent_bits=bits) for bits in (5, 8))

    assert short.energy_pJ == long.energy_pJ
    assert long.area_um2 - short.area_um2 == pytest.approx(4184 * 3 / 32 + 7700 * 24 * 3 / 576)


def test_a_mac_is_both_at_any_node() -> None:
    mac = price("fpmac", technology=32, **BFLOAT16)

    assert mac.energy_pJ["mac_random"] == pytest.approx((ADD_BFLOAT16 + MULTIPLY_BFLOAT16) * TO_32)
    assert mac.area_um2 == pytest.approx(0.46 * (4184 * 16 / 32 + 7700 * 64 / 576))
    assert mac.leak_power_W == 0


def test_without_a_mantissa_the_published_table_prices_a_mac() -> None:
    half, single = (price("fpmac", technology=45, width=bits) for bits in (16, 32))

    assert single.energy_pJ["mac"] == pytest.approx(51.979)
    assert half.energy_pJ["mac"] == pytest.approx(51.979 / 4)
    assert (half.area_um2, half.leak_power_W) == (pytest.approx(4120 / 4), pytest.approx(518.524e-6 / 4))
