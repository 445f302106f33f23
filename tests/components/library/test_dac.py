"""Ladders against a nodal analysis of every code, and converters of one line."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from accelax.components import Declined
from accelax.components.library.dac import (
    bit_flips,
    code_probabilities,
    dac_c2c_ladder,
    dac_r2r_ladder,
    ladder_form,
    mean_form,
    pulse_dac,
    voltage_dac,
)  # fmt: skip

HISTOGRAM = np.array([0.4, 0.1, 0.2, 0.3])
CONTROLLER_PJ = 80 * 2 * (1.0 * 22e-9) ** 2 * 1e12


def drawn(code: int, bits: int) -> float:
    """What a ladder draws for a code, from the currents between its nodes: arms of 2 units, 1 unit between nodes."""
    ones = [code >> place & 1 for place in range(bits)]
    conductance, current = np.zeros((bits, bits)), np.zeros(bits)
    for node in range(bits):
        conductance[node, node] += 0.5
        current[node] = 0.5 * ones[node]
        if node:
            conductance[node, node] += 1
            conductance[node - 1, node - 1] += 1
            conductance[node, node - 1] -= 1
            conductance[node - 1, node] -= 1
    conductance[0, 0] += 0.5  # the arm that ends the ladder
    voltage = np.linalg.solve(conductance, current)
    return sum(one * (1 - v) for one, v in zip(ones, voltage, strict=True))


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_a_ladder_is_a_quadratic_form(bits: int) -> None:
    form = ladder_form(bits)

    for code in range(2**bits):
        ones = np.array([code >> place & 1 for place in range(bits)])
        assert ones @ form @ ones == pytest.approx(drawn(code, bits))


def test_means_over_codes() -> None:
    assert mean_form(HISTOGRAM, 2) == pytest.approx(sum(p * drawn(c, 2) for c, p in enumerate(HISTOGRAM)))
    high, low = 0.2 + 0.3, 0.1 + 0.3
    assert bit_flips(HISTOGRAM, 2) == pytest.approx(high * (1 - high) + low * (1 - low))


def test_histograms_of_other_sizes() -> None:
    assert code_probabilities(HISTOGRAM, 2).tolist() == pytest.approx(HISTOGRAM.tolist())
    assert code_probabilities(None, 3).tolist() == [1 / 8] * 8
    assert code_probabilities(np.array([1.0, 2.0, 1.0]), 2).tolist() == pytest.approx([0.25, 0.25, 0.25, 0.25])


def test_capacitors() -> None:
    """Of 1 fF at 1 V: the charge, 0.082 pJ of control per bit at 32 nm, flip-flops; 3 fF and 2 µm² around per bit."""
    found = dac_c2c_ladder(technology=32, resolution=2, voltage=1.0, unit_capacitance=1e-15, hist=HISTOGRAM)

    control = CONTROLLER_PJ * (32 / 22) ** 2
    expected = 1e-3 * mean_form(HISTOGRAM, 2) + control + 0.004770342 * bit_flips(HISTOGRAM, 2)
    assert found.energy_pJ["convert"] == pytest.approx(expected)
    flat = dac_c2c_ladder(
        technology=32, resolution=2, voltage=1.0, unit_capacitance=1e-15, hist=HISTOGRAM, stacked=True
    )
    assert flat.area_um2 == pytest.approx(2 * 2.614886)
    assert found.area_um2 > flat.area_um2 + 2 * 2


def test_resistors_draw_for_as_long_as_they_hold() -> None:
    """Settling to half a step of 2 bits takes ln 8 time constants."""
    common = {"technology": 22, "resolution": 2, "voltage": 1.0, "unit_resistance": 5e3, "hist": HISTOGRAM}

    short = dac_r2r_ladder(**common)
    slow = dac_r2r_ladder(**common, load_resistance=1e4, load_capacitance=1e-12)

    assert slow.latency_s["convert"] == pytest.approx(1e-8 * math.log(8))
    assert short.latency_s["convert"] == 1e-9
    longer = slow.latency_s["convert"] - 1e-9
    expected = longer / 1e4 * mean_form(HISTOGRAM, 2) * 1e12
    assert slow.energy_pJ["convert"] - short.energy_pJ["convert"] == pytest.approx(expected)


def test_lines() -> None:
    """10 fF at 1 V: to the mean of 0, 1/3, 2/3, 1, or up to 15 pulses."""
    level = (0.1 + 0.4 + 0.9) / 3

    levels = voltage_dac(resolution=4, voltage=1.0, load_capacitance=1e-14, hist=HISTOGRAM, driver_area=2.0)
    pulses = pulse_dac(resolution=4, voltage=1.0, load_capacitance=1e-14, hist=HISTOGRAM, driver_area=2.0)

    assert levels.energy_pJ["convert"] == pytest.approx(0.01 * level)
    assert levels.area_um2 == pytest.approx(16)
    assert pulses.energy_pJ["convert"] == pytest.approx(0.15 * level)
    assert (pulses.area_um2, pulses.latency_s["convert"]) == (2.0, pytest.approx(15e-9))


def test_bits_of_a_ladder_do_not_vary() -> None:
    with pytest.raises(Declined, match="whole number of bits"):
        jax.grad(lambda bits: dac_r2r_ladder(technology=22, resolution=bits, voltage=1.0).energy_pJ["read"])(3.0)
    with pytest.raises(Declined, match="more than 12 bits"):
        dac_c2c_ladder(technology=22, resolution=13, voltage=1.0)


def test_gradients(x64: None) -> None:
    def energy(histogram, voltage, capacitance):
        return dac_c2c_ladder(
            technology=22, resolution=3, voltage=voltage, unit_capacitance=capacitance * 1e-15, hist=histogram
        ).energy_pJ["convert"]

    at = (jnp.asarray(HISTOGRAM), 0.9, 2.0)
    gradient = jax.grad(energy, argnums=(0, 1, 2))(*at)

    step = 1e-6
    for index in range(4):
        change = step * np.eye(4)[index]
        difference = (energy(at[0] + change, *at[1:]) - energy(at[0] - change, *at[1:])) / (2 * step)
        assert gradient[0][index] == pytest.approx(float(difference), rel=1e-5)
    for index in (1, 2):
        up, down = (energy(*(v + sign * step * (i == index) for i, v in enumerate(at))) for sign in (1, -1))
        assert gradient[index] == pytest.approx(float(up - down) / (2 * step), rel=1e-5)
