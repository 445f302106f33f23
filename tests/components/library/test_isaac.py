"""ISAAC's parts: powers over rates, and how they scale."""

from __future__ import annotations

import jax
import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY, Declined
from accelax.components.library.isaac import adc_table, column_readout


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, {"technology": 32, **attributes}).estimate


@pytest.mark.parametrize(
    ("kind", "attributes", "action", "energy", "area"),
    [
        ("isaac_router", {}, "read", 20.74, 150000), ("isaac_router", {"artifact_quirks": True}, "read", 20.74, 37500),
        ("isaac_router_shared_by_four", {"width": 128}, "read", 10.37, 18750),
        ("isaac_eDRAM", {"width": 256, "depth": 2048}, "update", 20.45, 83000),
        ("isaac_edram", {"width": 128, "depth": 2048}, "read", 20.45 / 2, 41500),
        ("isaac_eDRAM_bus", {"width": 256}, "read", 13.824, 7500), ("isaac_shift_add", {}, "shift_add", 0.021, 60),
        ("isaac_dac", {}, "drive", 0.41667, 0.166015625),
        ("isaac_dac", {"resolution": 3}, "read", 4 * 0.41667, 0.6640625),
        ("isaac_chip2chip_link", {"technology": 65, "width": 64}, "read", 13, 11.5e6),
        ("isaac_adc", {}, "convert", 1.6666667, 1200),
    ],
)  # fmt: skip
def test_parts(kind, attributes, action, energy, area) -> None:
    found = price(kind, **attributes)

    assert found.energy_pJ[action] == pytest.approx(energy)
    assert found.area_um2 == pytest.approx(area)


def test_energies_are_powers_over_rates() -> None:
    """A buffer of 16384 bits lasts 1.70667 µs at 128 * 8 * 1.2e7 / (100 / 128) bits a second; 2048 bits leave.

    eDRAM: 20.7 mW over twelve units, read and written: 20.44 pJ per 256 bit. Bus: 7 mW, 0.0540 pJ per bit. Router:
    42 mW over four tiles, 20.74 pJ per 256 bit.
    """
    seconds = 16384 / (9.6e9)
    bits = 16384 + 2048

    for kind, milliwatts, per_bits in (("isaac_edram", 20.7, bits * 2 / 256), ("isaac_edram_bus", 7, bits / 256),
                                       ("isaac_router", 42 / 4, bits / 256)):  # fmt: skip
        assert price(kind).energy_pJ["read"] == pytest.approx(milliwatts * 1e9 / 12 * seconds / per_bits, rel=4e-4)
    assert price("isaac_adc").energy_pJ["read"] == pytest.approx(16e-3 / (8 * 1.2e9) * 1e12)


@pytest.mark.parametrize(
    ("bits", "energy", "area"),
    [
        (4, 0.79, 361.04), (5, 0.99, 476.91), (6, 1.20, 626.91), (7, 1.42, 845.18), (8, 1.6667, 1200),
        (9, 1.969, 1827.9), (10, 2.379, 3002), (11, 2 * 2.379, 6004), (3, 0.395, 180.52),
    ],
)  # fmt: skip
def test_converter_table(bits, energy, area) -> None:
    assert adc_table(bits) == (pytest.approx(energy, rel=1e-4), pytest.approx(area, rel=1e-4))


def test_the_table_is_smooth_in_the_bits(x64: None) -> None:
    def cost(bits):
        energy, area = adc_table(bits)
        return energy + area * 1e-3

    step = 1e-6
    for bits in (5.0, 6.4, 7.0, 8.0, 8.9):
        assert jax.grad(cost)(bits) == pytest.approx((cost(bits + step) - cost(bits - step)) / (2 * step), rel=1e-4)
    assert adc_table(7.0)[0] < adc_table(7.5)[0] < adc_table(8.0)[0]


def test_column_readout() -> None:
    """Four converters of 845.18 µm², of which 0.4401025 conversions take place: 0.624946 pJ."""
    found = column_readout(technology=32, resolution=7, n_adcs=4, adc_action_share=0.4401025)

    assert found.energy_pJ["read"] == pytest.approx(0.624946, rel=1e-6)
    assert found.area_um2 == pytest.approx(3380.72)
    assert column_readout(technology=32, resolution=8, n_adcs=8, adc_area_share=0.5).area_um2 == pytest.approx(4800)


def test_column_readout_with_drivers() -> None:
    alone = column_readout(technology=32, resolution=8, n_adcs=1)
    both = column_readout(
        technology=32, resolution=8, n_adcs=1, include_column_drivers=0.5, cols=128, cell_config="isaac"
    )

    assert both.area_um2 == pytest.approx(alone.area_um2 + 631.68 / 2)
    with pytest.raises(Declined, match="needs the attributes 'cols'"):
        column_readout(technology=32, resolution=8, n_adcs=1, include_column_drivers=1)
