"""The macros under ``configs/cim/macros``: evaluated, worked out by hand, swept, and put into tiles and systems."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import accelax as ax
from accelax.components.activity import activity
from accelax.components.library.adc import adc_energy_pJ
from accelax.ir import LoweredLevels
from accelax.report.energy_tables import energy_figures

CIM = Path(__file__).parents[2] / "configs/cim"
MACS = {
    # rows times weights of a full array
    "jia_jssc_2020": 2304 * (256 // 8), "sinangil_jssc_2021": 64 * 16, "wan_nature_2022": 256 * 128,
    "wang_vlsi_2022": 64 * 16 * 8, "colonnade_jssc_2021": 128 * (128 // 8), "basic_analog": 16 * 16,
}  # fmt: skip
SYSTEMS = {
    "macro": ("systems/one_macro.yaml",),
    "tile": ("systems/weights_resident_lpddr4.yaml", "tiles/input_output_buffers.yaml"),
    "chip": ("systems/lpddr4.yaml", "chips/global_buffer.yaml", "tiles/input_output_buffers.yaml"),
}


@dataclass(frozen=True)
class Figures:
    """What a run says: pJ by component without leakage, all pJ, µm² by component, seconds, cycles."""

    energy: dict[str, float]
    total: float
    area: dict[str, float]
    seconds: float
    cycles: int


def macro(name: str, system: str = "macro", **variables: float) -> ax.Specification:
    files = [*SYSTEMS[system], f"macros/{name}/macro.yaml", f"macros/{name}/variables.yaml"]
    spec = ax.Specification.from_yaml_files(
        *(CIM / file for file in [*files, "macros/problem.yaml", "macros/full_array.yaml"])
    )
    for key, value in variables.items():
        spec.set(f"variables.{key}", value)
    return spec


def figures(name: str, **variables: float) -> Figures:
    """Of a macro alone with a full array."""
    spec = macro(name, "macro", **variables)
    result: dict[str, Any] = ax.evaluate(spec).to_dict()
    assert result["valid"], result["reason_if_invalid"]
    parts = energy_figures(spec.energy_tables())["components"]
    return Figures(
        {n: sum(t["energy_pJ"] for t in level["tensors"].values()) for n, level in result["levels"].items()},
        result["energy_pJ"],
        {n: part["area_um2"] * part["instances"] for n, part in parts.items()},
        result["latency"],
        result["cycles"],
    )


def rises(values: list[float]) -> bool:
    return all(one < next_one for one, next_one in pairwise(values))


def falls(values: list[float]) -> bool:
    return rises([-value for value in values])


@pytest.mark.parametrize("name", MACS)
def test_a_full_array_uses_all_of_a_macro(name: str) -> None:
    spec = macro(name)
    lowered = spec.lowered()
    assert isinstance(lowered, LoweredLevels)
    problem = lowered.einsum
    assert problem.bound("C") * problem.bound("M") == MACS[name]
    result = ax.evaluate(spec).to_dict()
    assert result["valid"]
    assert result["computes"] == MACS[name] * problem.bound("X") * problem.bound("Y") * problem.bound("Z")
    assert result["utilization"] == 1.0


@pytest.mark.parametrize("name", MACS)
def test_every_component_is_priced(name: str) -> None:
    tables = energy_figures(macro(name).energy_tables())["components"]
    assert all(action["energy_pJ"] >= 0 for part in tables.values() for action in part["actions"])
    unused = {"outside", "free_mac", "weight_drivers", "wordline", "bitcell_capacitor"}
    unused |= {"c2c_multiplier_digital_port", "digital_logic_input_ports"}
    assert {n for n, part in tables.items() if part["area_um2"] == 0} <= unused


@pytest.mark.parametrize("name", MACS)
def test_energy_and_speed_rise_with_the_supply(name: str) -> None:
    low, high = figures(name, VOLTAGE=0.9), figures(name, VOLTAGE=1.0)
    assert high.total > low.total
    assert high.seconds < low.seconds
    assert high.area.keys() == low.area.keys()


def test_jia_by_hand() -> None:
    one = figures("jia_jssc_2020", INPUT_BITS=1, WEIGHT_BITS=1, OUTPUT_BITS=1)
    assert one.cycles == 1
    assert one.seconds == pytest.approx(54 * 25e-9)
    # 2 fF above each of 2304 x 256 cells, charged to 0.85 V
    assert one.energy["bitcell_capacitor"] == pytest.approx(2304 * 256 * 2e-3 * 0.85**2)
    # 256 conversions, and 12 pJ and 2.25 pJ at 1.2 V for each
    conversion = 0.275 * float(adc_energy_pJ(8, 65, 1 / one.seconds))
    assert one.energy["adc"] == pytest.approx(256 * conversion)
    assert conversion == pytest.approx(1.79, rel=0.01)
    assert one.energy["out_datapath"] == pytest.approx(256 * 12 * (0.85 / 1.2) ** 2)
    assert one.energy["shift_add"] == pytest.approx(256 * 2.25 * (0.85 / 1.2) ** 2)
    # a register at each of 2304 rows, and a line past 768 cells where the input is one
    line = 768 * 6.5 * (0.2 * 426**0.5 * 0.065 + 2 * 4 * 0.065 * 1.17)
    toggle = 5.86 * (65 / 32) ** 1.4
    row = 0.85**2 * (2 * toggle + 0.2 * (0.4 * toggle + line)) * 1e-3
    assert one.energy["row_drivers"] == pytest.approx(2304 * row)
    # cells of 426 squared feature sizes
    assert one.area["cim_unit"] == pytest.approx(768 * 768 * 426 * 0.065**2)


def test_jia_takes_a_step_for_each_input_bit() -> None:
    assert [figures("jia_jssc_2020", INPUT_BITS=bits).cycles for bits in (1, 2, 4, 8)] == [1, 2, 4, 8]


def test_sinangil_by_hand() -> None:
    mean = 0.25 * 6**0.5
    one = figures("sinangil_jssc_2021", AVERAGE_INPUT_VALUE=mean, AVERAGE_WEIGHT_VALUE=mean)
    assert one.seconds == pytest.approx(5.5e-9)
    # 16 fF at each of 16 columns, in proportion to both operands
    assert one.energy["binary_weighting_capacitors"] == pytest.approx(16 * 16e-3 * 0.64 * mean**2 * 3.5)
    conversion = 3.5 * float(adc_energy_pJ(4, 7, 1 / 5.5e-9))
    assert one.energy["adc"] == pytest.approx(16 * conversion)
    # pulses of a mean input at 64 rows
    pulses = 15 * mean
    idle = figures("sinangil_jssc_2021", AVERAGE_INPUT_VALUE=0, AVERAGE_WEIGHT_VALUE=0)
    assert idle.energy["counter"] == 0
    single = figures("sinangil_jssc_2021", AVERAGE_INPUT_VALUE=1 / 15, AVERAGE_WEIGHT_VALUE=0)
    assert one.energy["counter"] == pytest.approx(pulses * single.energy["counter"])


def test_sinangil_energy_follows_the_data() -> None:
    means = [0.25 * value**0.5 for value in (0, 1, 4, 9, 15)]
    totals = [figures("sinangil_jssc_2021", AVERAGE_INPUT_VALUE=m, AVERAGE_WEIGHT_VALUE=m).total for m in means]
    assert rises(totals)
    # the chip's rises 2.3-fold
    assert totals[-1] / totals[0] == pytest.approx(2.3, rel=0.1)


def test_neurram_by_hand() -> None:
    # one magnitude bit in, three bits out: one integration, three conversions, one phase
    one = figures("wan_nature_2022", INPUT_BITS=1, OUTPUT_BITS=3)
    assert one.seconds == pytest.approx(0.27e-6 + 3 * 0.3e-6 + 0.3e-6)
    assert one.energy["wordline"] == pytest.approx(256 * (48 + 2.1 * 256) * 1e-3 * 1.8**2)
    assert one.energy["shift_add"] == pytest.approx(256 * 0.1 * 3)
    assert one.energy["adc"] == pytest.approx(256 * 0.3 * 3)
    assert one.energy["integrator"] == pytest.approx(256 * 0.25)
    assert one.energy["sample"] == pytest.approx(256 * 1.2)


def test_neurram_splits_long_inputs_over_two_phases() -> None:
    # seven magnitude bits: 4 and 3, so that 15 + 7 steps integrate and 10 + (10 - 4) convert
    two = figures("wan_nature_2022", INPUT_BITS=8, OUTPUT_BITS=10)
    assert two.cycles == 7
    assert two.seconds == pytest.approx(22 * 0.27e-6 + 16 * 0.3e-6 + 2 * 0.3e-6)
    assert two.energy["integrator"] == pytest.approx(256 * 0.25 * 22)
    assert two.energy["adc"] == pytest.approx(256 * 0.3 * 16)
    one = figures("wan_nature_2022", INPUT_BITS=8, OUTPUT_BITS=10, ONE_PHASE=1)
    assert one.seconds == pytest.approx(127 * 0.27e-6 + 10 * 0.3e-6 + 0.3e-6)


def test_wang_by_hand() -> None:
    one = figures("wang_vlsi_2022")
    assert one.cycles == 8
    assert one.seconds == pytest.approx(8 * 6.9e-9 * 0.7**1.1)
    conversion = 3.15 * float(adc_energy_pJ(8, 22, 1 / (6.9e-9 * 0.7**1.1)))
    assert one.energy["adc"] == pytest.approx(8 * 16 * conversion)
    # uniform over 15 values: a mean rise of (15^2 - 1) / (6 * 15 * 14), past 1.67 times 2 fF and 4 fF
    rise = (15**2 - 1) / (6 * 15 * 14)
    assert one.energy["c2c_multiplier_analog_port"] == pytest.approx(8 * 1024 * 1.67 * 6e-3 * rise)
    # eight bits of 2 fF and 4 fF, a quarter of which rise to the root mean square of the input
    square = sum(value**2 for value in range(15)) / 15 / 14**2
    flips = 0.466667 * (1 - 0.466667)
    charge = 8 * 6e-3 * square**0.5 * flips
    assert one.energy["c2c_multiplier_digital_port"] == pytest.approx(8 * 1024 * charge)


def test_colonnade_by_hand() -> None:
    # weights of eight bits in fifteen columns; eight rows, fifteen columns and a register of two on the longest path
    one = figures("colonnade_jssc_2021", WEIGHT_BITS=8)
    assert one.seconds == pytest.approx((15 + 8 + 2) * 0.4e-9)
    assert figures("colonnade_jssc_2021", WEIGHT_BITS=8, AT_100_MHZ=1).seconds == pytest.approx(10e-9)
    # without pipelining a bit waits for all 16 registers
    unpipelined = figures("colonnade_jssc_2021", WEIGHT_BITS=8, INPUT_BITS=8, BIT_PIPELINED=0)
    assert unpipelined.seconds == pytest.approx(8 * 17 * 25 * 0.4e-9)


def test_colonnade_registers_speed_it_up() -> None:
    seconds = [figures("colonnade_jssc_2021", REGISTERS_PER_COLUMN=count).seconds for count in (1, 2, 4, 8, 16)]
    assert falls(seconds)


def test_basic_analog_by_hand() -> None:
    one = figures("basic_analog")
    assert one.seconds == pytest.approx(1e-7)
    assert one.energy["adc"] == pytest.approx(16 * float(adc_energy_pJ(8, 65, 2e7)))
    # 255 pulses of 1 ns at 0.1 V through 256 cells between 1 Mohm and 250 kohm
    conductance = 1e-6 + 3e-6 * 0.466667
    pulses = 255 * 0.5277
    assert one.energy["cim_unit"] == pytest.approx(256 * pulses * 1e-2 * 1e-9 * conductance * 1e12, rel=1e-3)


def test_means_are_those_of_the_stated_distributions() -> None:
    """What ``variables.yaml`` says of its averages, through encodings and slices."""

    def mean(histogram: list[float], *arguments: Any, **more: Any) -> float:
        return float(activity(np.asarray(histogram, dtype=float), *arguments, **more).average)

    jia = activity(np.asarray([0.0, 0, 0, 8, 4, 2, 1]), "magnitude", 1)
    assert jia.bits == pytest.approx([0.2, 1 / 3])
    sinangil = [0.0, 0, 0, 3, 2, 1, 0]
    assert mean(sinangil, "magnitude", 4, total_bits=4) == pytest.approx(0.2278, abs=1e-4)
    neurram = [5.0, 5, 6, 6, 7, 7, 8, 8, 8, 7, 7, 6, 6, 5, 5]
    inputs = [mean(neurram, "magnitude", 1, total_bits=bits) for bits in (1, 2, 3, 7)]
    assert inputs == pytest.approx([0.458333, 0.479167, 0.5, 0.5], abs=1e-6)
    assert mean(neurram, "differential", 4, total_bits=8) == pytest.approx(0.245833, abs=1e-6)
    assert activity(np.ones(15), "offset", 1).bits == pytest.approx([0.466667] * 4, abs=1e-6)
    assert mean(sinangil, "offset", 8, total_bits=8) == pytest.approx(0.5277, abs=1e-4)
    assert activity(np.ones(7), "offset", 1).bits == pytest.approx([0.428571] * 3, abs=1e-6)


@pytest.mark.parametrize("name", MACS)
@pytest.mark.parametrize("system", ["tile", "chip"])
def test_a_macro_is_part_of_a_tile_and_of_a_chip(name: str, system: str) -> None:
    spec = macro(name, system)
    spec.set("problem.instance.P", 4)
    found = ax.map(spec, seconds=2.0)
    assert found.mapping is not None
    result = ax.evaluate(spec.with_mapping(found.mapping)).to_dict()
    assert result["valid"]
    levels = result["levels"]
    written = sum(tensor["reads"] for tensor in levels["weight_drivers"]["tensors"].values())
    assert bool(written) == (system == "chip")
    assert ("global_buffer" in levels) == (system == "chip")
    assert levels["main_memory"]["tensors"]["Inputs"]["reads"] > 0
    # of four positions of the output, four macros may take one each
    alone = ax.evaluate(macro(name)).to_dict()
    assert result["cycles"] <= 4 * alone["cycles"]
    assert result["energy_pJ"] > alone["energy_pJ"]
