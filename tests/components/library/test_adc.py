"""The regression over surveyed converters against its check values, and what it does between whole bits."""

from __future__ import annotations

import math

import jax
import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY, NoEstimate
from accelax.components.library.adc import adc_area_um2, adc_energy_pJ


@pytest.mark.parametrize(
    ("bits", "rate", "node", "energy", "area"),
    [
        (8, 1e9, 32, 1.714, 5972), (7, 1e9, 32, 1.312, 5513), (10, 1e7, 32, 3.310, 3163), (8, 1e8, 22, 0.8472, 2199),
        (8, 1e8, 65, 6.494, 11860), (8, 1e9, 7, 0.0984, 561.4),
    ],
)  # fmt: skip
def test_check_values(bits, rate, node, energy, area) -> None:
    found = adc_energy_pJ(bits, node, rate)

    assert found == pytest.approx(energy, rel=4e-4)
    assert adc_area_um2(found, node, rate) == pytest.approx(area, rel=2e-4)


def test_worked_by_hand() -> None:
    """Of 8 bits at 1 GS/s the bits bound: 128.3068 + 8 * 3.22052 = 154.0710 is below the rate's 154.2654.

    The signal is 48.1648 + 1.7609 = 49.9257 dB, so a conversion takes 10^-10.41453 / 2 = 1.92508e-11 of the unit, which
    is exp(24.57942 + 1.88004 * 3.46574 - 2.82913 * 2.07944) = exp(25.21212) = 8.902e10 pJ.
    """
    assert 10**-10.41453 / 2 * math.exp(25.21212) == pytest.approx(1.7137, rel=1e-4)
    assert adc_energy_pJ(8, 32, 1e9) == pytest.approx(1.7137, rel=1e-4)


def test_slow_converters_are_bounded_by_their_bits() -> None:
    assert adc_energy_pJ(8, 32, 1e3) == pytest.approx(adc_energy_pJ(8, 32, 1e4))
    assert adc_energy_pJ(8, 32, 1e10) > 3 * adc_energy_pJ(8, 32, 1e9)


def test_a_staircase_unless_relaxed() -> None:
    for bits in (5, 8, 11):
        assert adc_energy_pJ(bits, 32, 1e4, relaxed=True) == pytest.approx(adc_energy_pJ(bits, 32, 1e4))
    jump = adc_energy_pJ(8 + 1e-9, 32, 1e4) / adc_energy_pJ(8, 32, 1e4)
    assert jump == pytest.approx(10 ** (-3.2205225111842 / 10))
    assert adc_energy_pJ(8 + 1e-9, 32, 1e4, relaxed=True) == pytest.approx(adc_energy_pJ(8, 32, 1e4))


def test_relaxed_gradient_in_the_bits(x64: None) -> None:
    def energy(bits):
        return adc_energy_pJ(bits, 32, 1e6, relaxed=True)

    step = 1e-5
    for bits in (7.0, 8.0, 9.3):
        assert jax.grad(energy)(bits) == pytest.approx((energy(bits + step) - energy(bits - step)) / (2 * step))


def test_converters_share_the_throughput() -> None:
    one = REGISTRY.choose("ADC", {"technology": 32, "resolution": 8, "throughput": 1e9}).estimate
    four = REGISTRY.choose("cim_adc", {"technology": 32, "adc_resolution": 8, "throughput": 4e9, "n_adcs": 4}).estimate

    assert four.energy_pJ["convert"] == pytest.approx(one.energy_pJ["read"])
    assert four.area_um2 == pytest.approx(4 * one.area_um2)
    assert four.latency_s["convert"] == pytest.approx(1e-9)
    assert one.leak_power_W == 0


def test_a_static_share_flows_all_the_time() -> None:
    attributes = {"technology": 32, "resolution": 8, "throughput": 1e9, "static_share": 0.2}

    found = REGISTRY.choose("sar_adc", attributes).estimate

    assert found.energy_pJ["convert"] == pytest.approx(0.8 * 1.71368, rel=1e-5)
    assert found.leak_power_W == pytest.approx(0.2 * 1.71368e-12 * 1e9, rel=1e-5)


def test_below_four_bits_and_without_any() -> None:
    assert adc_energy_pJ(2, 32, 1e9) == pytest.approx(adc_energy_pJ(4, 32, 1e9))
    choice = REGISTRY.choose("adc", {"technology": 32, "resolution": 3, "throughput": 1e9})
    assert "resolution = 3 bit is outside the range 4 to 20 bit" in choice.warnings[0]
    with pytest.raises(NoEstimate, match="'resolution' is missing"):
        REGISTRY.choose("adc", {"technology": 32, "throughput": 1e9})
