"""RAELLA's compounds against the figures that its artifact prints, and without the artifact's quirks."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from accelax.components.library.buffer_points import buffer_energies, small_sram_buffer
from accelax.components.library.neurosim_logic import ADDER, FLIP_FLOP, SHIFT_ADD
from accelax.components.library.raella import (
    d_flip_flop,
    isaac_cell_value,
    output_quantize_edram,
    raella_dac,
    raella_input_buffer,
    raella_output_center_offset_correct,
    raella_output_register,
    shift_add_with_adc_action_share,
)  # fmt: skip

QUIRKS = {"technology": 32, "artifact_quirks": True}
INPUTS = {"width": 32, "depth": 512, "input_bits": 8}
REGISTER = {"width": 128, "depth": 32, "entry_bits": 16, "n_flags": 512}


@pytest.mark.parametrize(
    ("width", "depth", "read", "write", "area"),
    [(256, 32, 3.003554, 4.113184, 3480.498), (256, 16, 1.752397, 2.398609, 1760.841)],
)
def test_buffers_of_isaac(width, depth, read, write, area) -> None:
    found = small_sram_buffer(technology=32, width=width, depth=depth)

    assert found.energy_pJ["read"] == pytest.approx(read, abs=6e-7)
    assert found.energy_pJ["update"] == pytest.approx(write, abs=6e-7)
    assert found.area_um2 == pytest.approx(area, abs=6e-4)


def test_a_buffer_is_scaled_down_by_the_power_of_its_depth() -> None:
    """Half the depth takes (1/2)^0.78 of the memory's energy and one counter bit, 0.002439 pJ, less."""
    whole, _ = buffer_energies(256, 32, 32, "2023")
    half, _ = buffer_energies(256, 16, 32, "2023")

    assert half - 0.011127356 == pytest.approx((whole - 0.013566749) * 0.5**0.78)


def test_output_quantize() -> None:
    """Half of the eDRAM's words and 32 multiplications: 10.225 + 32 * 0.25 * 0.659340; ISAAC: 47 of 256 bits."""
    raella = output_quantize_edram(width=256, depth=2048, storage_for_scales=2048 * 128, **QUIRKS)
    isaac = output_quantize_edram(width=256, depth=2048, storage_for_scales=2048 * 128 // 2.67, **QUIRKS)

    assert raella.energy_pJ["read"] == pytest.approx(15.499722, abs=6e-7)
    assert raella.area_um2 == pytest.approx(41500)
    assert isaac.energy_pJ["read"] == pytest.approx(9.029214, abs=6e-7)
    assert isaac.area_um2 == pytest.approx(15238.28125)


def test_center_offset() -> None:
    """An eighth of a buffer of 64 b x 16 and a multiplier of 4 b x 12 b: 12.68 * 48 / 1024 * 0.659340 pJ at 45 nm."""
    found = raella_output_center_offset_correct(width=8, center_entries=256, **QUIRKS)

    assert found.energy_pJ["read"] == pytest.approx(0.424874, abs=6e-7)
    assert found.area_um2 == pytest.approx(461.853335, rel=1e-6)


def test_input_buffer() -> None:
    quirky = raella_input_buffer(**INPUTS, **QUIRKS)

    assert quirky.energy_pJ["read"] == pytest.approx(2.469669, abs=6e-7)
    assert quirky.energy_pJ["update"] == pytest.approx(1.563046, abs=6e-7)
    assert quirky.energy_pJ["write"] == quirky.energy_pJ["update"]
    assert quirky.area_um2 == pytest.approx(3832.05638, abs=1e-4)


def test_input_buffer_without_quirks() -> None:
    """Two reads only where speculation recovers; an update reads what it replaces; the adder (0.105 pJ) is of 40 nm."""
    steady = raella_input_buffer(technology=32, **INPUTS)
    speculating = raella_input_buffer(technology=32, **INPUTS, adc_action_share=0.42)
    signed = raella_input_buffer(technology=32, **INPUTS, adc_action_share=1.2, speculation_enabled=True)

    assert steady.energy_pJ["read"] == pytest.approx(2.469669 / 2, abs=4e-7)
    assert speculating.energy_pJ["read"] == pytest.approx(2.469669, abs=6e-7)
    assert signed.energy_pJ["read"] == speculating.energy_pJ["read"]
    quirky = raella_input_buffer(**INPUTS, **QUIRKS)
    more = steady.energy_pJ["update"] - quirky.energy_pJ["update"] - steady.energy_pJ["read"]
    assert more == pytest.approx(2 * 0.105 * (0.7587546 - 0.6593403))


@pytest.mark.parametrize(
    ("share", "read", "update"),
    [(1.0, 1.066795, 1.62161), (0.42, 0.467535, 0.712318), (0.4401025, 0.48898, 0.744916), (2.0, 2.153071, 3.274461)],
)
def test_output_register(share, read, update) -> None:
    """s * 1.066795 + f * 0.019481 and s * 1.62161 + f * 0.031242, f = 1 unless s is 1."""
    found = raella_output_register(**REGISTER, **QUIRKS, speculation_adc_scale=share)

    assert found.energy_pJ["read"] == pytest.approx(read, abs=7e-7)
    assert found.energy_pJ["update"] == pytest.approx(update, abs=7e-7)
    assert found.area_um2 == pytest.approx(1590.807904, abs=1e-4)


def test_signed_inputs_alone_do_not_touch_the_flags() -> None:
    found = raella_output_register(technology=32, **REGISTER, speculation_adc_scale=2.0, speculation_enabled=False)
    half = raella_output_register(technology=32, **REGISTER, speculation_adc_scale=0.5)

    assert found.energy_pJ["read"] == pytest.approx(2 * 1.066795, abs=2e-6)
    assert half.energy_pJ["read"] == pytest.approx(1.066795 / 2 + 0.019481, abs=2e-6)


def test_shift_add_drivers_and_flip_flop() -> None:
    raella = shift_add_with_adc_action_share(technology=32, resolution=7, n_adcs=4, adc_action_share=0.4401025)
    isaac = shift_add_with_adc_action_share(technology=32, resolution=8)
    dac = raella_dac(technology=32, rows=512, cols=1024, average_input_value=0.318334)

    assert raella.energy_pJ["update"] == pytest.approx(0.032514, abs=5e-7)
    assert raella.area_um2 == pytest.approx(302.01936, rel=1e-6)
    assert (isaac.energy_pJ["update"], isaac.area_um2) == (pytest.approx(0.08442199), pytest.approx(86.29125))
    assert dac.energy_pJ["read"] == pytest.approx(0.018559, abs=5e-7)
    assert dac.area_um2 == pytest.approx(2109.30073)
    assert d_flip_flop(technology=32).area_um2 == pytest.approx(2.614886)
    assert sum(d_flip_flop(technology=32).energy_pJ.values()) == 0


@pytest.mark.parametrize(
    ("figures", "neurosim", "bits", "energy", "area"),
    [
        (ADDER, "2023", 12, 0.03064249, 73.54368), (ADDER, "current", 12, 0.02438735, 35.30097),
        (SHIFT_ADD, "2023", 7, 0.07387862, 75.50484), (SHIFT_ADD, "current", 8, 0.1307922, 86.29125),
        (FLIP_FLOP, "2023", 8, 0.02486313, 20.91909), (FLIP_FLOP, "current", 8, 0.03816274, 20.91909),
    ],
)  # fmt: skip
def test_digital_parts(figures, neurosim, bits, energy, area) -> None:
    found = figures[neurosim].of(bits, 32)

    assert found[:2] == (pytest.approx(energy, rel=2e-6), pytest.approx(area, rel=2e-6))
    assert found[2] > 0


def test_cells_of_isaac_from_bit_densities() -> None:
    """Of 8 bits: (2 * 1.9299 + 1.9351) / 12 of the four cells' full value, and / 8 as the artifact has it."""
    densities = np.array([0.4735, 0.4716, 0.48, 0.4865, 0.4882, 0.4889, 0.4882, 0.4881])

    assert isaac_cell_value(densities) == pytest.approx(5.7949 / 12)
    assert isaac_cell_value(densities, artifact_quirks=True) == pytest.approx(5.7949 / 8)


def test_gradients_in_sizes(x64: None) -> None:
    def cost(depth, columns, share):
        register = raella_output_register(
            technology=32, width=128, depth=depth, entry_bits=16, n_flags=columns, speculation_adc_scale=share
        )
        inputs = raella_input_buffer(technology=32, width=32, depth=16 * depth, input_bits=8)
        drivers = raella_dac(technology=32, rows=columns, cols=2 * columns, average_input_value=0.3)
        return sum(sum(one.energy_pJ.values()) + 1e-3 * one.area_um2 for one in (register, inputs, drivers))

    at = (32.0, 512.0, 0.44)
    gradient = jax.grad(cost, argnums=(0, 1, 2))(*at)

    for index, value in enumerate(at):
        step = 1e-5 * value
        up, down = (cost(*(v + sign * step * (i == index) for i, v in enumerate(at))) for sign in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / (2 * step), rel=1e-5)
