"""Small buffers between, below and above the four that CACTI is known at, by hand."""

from __future__ import annotations

import math

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY
from accelax.components.library.buffer_points import READ_PJ, buffer_area, buffer_energies

READ_64, READ_128, WRITE_128 = 0.745091, 1.8085307, 2.7612204
"""pJ at 64 words of 64 and of 128 bit, 32 nm."""


def counter(bits: float) -> float:
    """pJ of the address counter, NeuroSim's adder of 2023."""
    return 0.001369784 + bits * 0.002439393


def test_a_known_buffer_adds_one_step_of_its_counter() -> None:
    read, write = buffer_energies(128, 64, 32, "2023")

    assert read == pytest.approx(READ_128 + counter(6))
    assert write == pytest.approx(WRITE_128 + counter(6))
    assert buffer_area(128, 64, 32, "2023") == pytest.approx(2697.83 + 2 * (2.94175 + 6 * 5.883497))


def test_between_two_widths_energy_is_a_power_law() -> None:
    """Half way between 64 and 128 on a logarithmic scale lies the geometric mean."""
    read, _ = buffer_energies(math.sqrt(64 * 128), 64, 32, "2023")

    assert read - counter(6) == pytest.approx(math.sqrt(READ_64 * READ_128))


def test_outside_the_widths_energy_goes_with_the_width() -> None:
    below, least, above = (buffer_energies(width, 64, 32, "2023")[0] - counter(6) for width in (16, 32, 512))

    assert least == pytest.approx(READ_PJ[0])
    assert below == pytest.approx(READ_PJ[0] / 2)
    assert above == pytest.approx(2 * READ_PJ[3])


def test_depth_has_a_power_and_a_longer_counter() -> None:
    read, _ = buffer_energies(128, 256, 32, "2023")

    assert read == pytest.approx(READ_128 * 4**0.78 + counter(8))
    assert buffer_area(128, 256, 32, "2023") == pytest.approx(4 * 2697.83 + 2 * (2.94175 + 8 * 5.883497))


def test_one_word_still_has_a_counter_of_one_bit() -> None:
    read, _ = buffer_energies(128, 1, 32, "2023")

    assert read == pytest.approx(READ_128 / 64**0.78 + counter(1))


def test_the_point_of_32_bits_has_512_words() -> None:
    assert buffer_energies(32, 512, 32, "2023")[0] == pytest.approx(1.2115102 + counter(9))
    assert buffer_area(32, 512, 32, "2023") == pytest.approx(3656.33 + 2 * (2.94175 + 9 * 5.883497))


def test_an_update_of_the_component_is_a_write() -> None:
    buffer = REGISTRY.choose("isaac_input_buffer", {"technology": 45, "width": 128, "depth": 64}).estimate

    to_45 = 0.69302 / 0.456936
    assert buffer.energy_pJ["update"] == buffer.energy_pJ["write"] == pytest.approx((WRITE_128 + counter(6)) * to_45)
    assert buffer.area_um2 == pytest.approx(2.2 * (2697.83 + 2 * (2.94175 + 6 * 5.883497)))
