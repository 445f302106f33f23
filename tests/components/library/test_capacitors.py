"""Capacitors charged to voltages that follow the data: sums over pairs of values."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from accelax.components.library.c2c_multiplier import c2c_mult_input_port_a, c2c_mult_input_port_b
from accelax.components.library.capacitors import capacitor, mean_level, mean_rise, wire_capacitance

VALUES = np.array([0.1, 0.4, 0.2, 0.3])
LEVELS = [0, 1 / 3, 2 / 3, 1]


def test_mean_rise_is_a_sum_over_pairs() -> None:
    pairs = sum(
        p * q * max(0.0, high - low)
        for p, low in zip(VALUES, LEVELS, strict=True) for q, high in zip(VALUES, LEVELS, strict=True)
    )  # fmt: skip

    assert mean_rise(VALUES) == pytest.approx(pairs)
    assert mean_rise(10 * VALUES) == pytest.approx(pairs)
    assert mean_level(VALUES) == pytest.approx(sum(p * v for p, v in zip(VALUES, LEVELS, strict=True)))
    assert mean_rise(np.stack([VALUES, [0, 0, 0, 1]])).tolist() == pytest.approx([pairs, 0])


def test_capacitor() -> None:
    """1 pF at 2 V: 4 pJ to the supply, 2 pJ to 1 V; 1 pF takes 435 µm² at 2.3 fF/µm²."""
    full = capacitor(technology=22, capacitance=1e-12, voltage=2.0)

    assert full.energy_pJ["switch"] == pytest.approx(4)
    assert capacitor(technology=22, capacitance=1e-12, voltage=2.0, target_voltage=1.0).energy_pJ[
        "raise_voltage_to"
    ] == pytest.approx(2)
    assert full.area_um2 == pytest.approx(1e3 / 2.3 + 1)
    assert capacitor(technology=22, capacitance=1e-12, voltage=2.0, stacked=True).area_um2 == 0
    assert capacitor(technology=7, capacitance=1e-12, voltage=2.0, cap_f_per_m2=1e-2).area_um2 == pytest.approx(101)


def test_capacitor_that_follows_values() -> None:
    common = {"technology": 22, "capacitance": 1e-12, "voltage": 1.0, "value_probabilities": VALUES}

    kept = capacitor(**common, zero_between_values=False)
    emptied = capacitor(**common)

    assert kept.energy_pJ["switch"] == pytest.approx(mean_rise(VALUES))
    assert emptied.energy_pJ["switch"] == pytest.approx(mean_level(VALUES))


def test_wire() -> None:
    """Eight wires of 1 mm and 0.2 pF at 0.7 V."""
    assert wire_capacitance(length=1e-3, width=8).energy_pJ["transfer"] == pytest.approx(8 * 0.2 * 0.49)


def test_multiplier_ports() -> None:
    """3 fF per bit: 1.67 of them rise with the voltage; of 4 bits, p (1 - p) times to the root mean square."""
    common = {"resolution": 4, "voltage": 1.0, "a_hist": VALUES}
    probabilities = np.array([0.5, 0.1, 0.0, 1.0])

    analog = c2c_mult_input_port_a(technology=22, **common)
    digital = c2c_mult_input_port_b(**common, b_bit_distribution=probabilities)

    assert analog.energy_pJ["read"] == pytest.approx(1.67 * 3e-3 * mean_rise(VALUES))
    assert analog.area_um2 == pytest.approx(4 * (3 / 2.3 + 2))
    square = 0.4 / 9 + 0.2 * 4 / 9 + 0.3
    assert digital.energy_pJ["read"] == pytest.approx(3e-3 * square**0.5 * (0.25 + 0.09))
    assert digital.area_um2 == 0


def test_gradients_in_the_distribution(x64: None) -> None:
    def energy(values):
        port = c2c_mult_input_port_b(
            resolution=4, voltage=1.0, a_hist=values, b_bit_distribution=jnp.asarray([0.2, 0.4])
        )
        return 1e3 * port.energy_pJ["read"] + mean_rise(values) + mean_level(values)

    gradient = jax.grad(energy)(jnp.asarray(VALUES))

    for index in range(4):
        change = 1e-6 * np.eye(4)[index]
        difference = (energy(jnp.asarray(VALUES + change)) - energy(jnp.asarray(VALUES - change))) / 2e-6
        assert gradient[index] == pytest.approx(float(difference), rel=1e-6)
