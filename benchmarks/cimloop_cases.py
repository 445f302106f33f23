"""What the compute-in-memory macros of ``configs/cim`` say where their chips were measured: one row per figure.

A row is the figure of the chip's publication, as CiMLoop's authors read it, and ours, evaluated by the general model on
one matrix-vector product that fills the array. The categories are those whose average errors CiMLoop reports; figures
of which it reports none stand in categories of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import accelax as ax
from accelax.ir import LoweredLevels
from accelax.report.energy_tables import energy_figures
from accelax.spec.timeloop.specification import TimeloopSpecification

CONFIGS = Path(__file__).resolve().parent.parent / "configs/cim"
PUBLISHED = (
    "voltage_sweep_energy", "voltage_sweep_throughput", "input_bits_sweep_energy", "input_bits_sweep_throughput",
    "energy_breakdown", "area_breakdown",
)  # fmt: skip
"""The categories with an average error of CiMLoop's own."""
Reference = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One figure: what was published and what accelax says."""

    category: str
    macro: str
    figure: str
    reference: float
    model: float
    modelled: bool = True
    """False where the chip has something that no component of the macro stands for."""

    @property
    def error_percent(self) -> float:
        """How far accelax is above the published figure."""
        return 100 * (self.model / self.reference - 1)


@dataclass(frozen=True)
class Run:
    """One matrix-vector product: pJ and µm² of each component, seconds, and multiply-accumulates."""

    energy_pJ: Mapping[str, float]
    area_um2: Mapping[str, float]
    seconds: float
    macs: float

    def energy(self, *components: str) -> float:
        """pJ of some components, of all where none is named."""
        return sum(self.energy_pJ[name] for name in components or self.energy_pJ)

    def area(self, *components: str) -> float:
        """µm² of some components, of all where none is named."""
        return sum(self.area_um2[name] for name in components or self.area_um2)

    def tops(self) -> float:
        """Tera-operations per second, two to a multiply-accumulate."""
        return 2 * self.macs / self.seconds * 1e-12

    def tops_per_watt(self, *components: str) -> float:
        """Operations per pJ of some components, of all where none is named."""
        return 2 * self.macs / self.energy(*components)


@cache
def macro(name: str) -> TimeloopSpecification:
    """The specification of a macro alone with a problem that fills it."""
    files = ("systems/one_macro.yaml", f"macros/{name}/macro.yaml", f"macros/{name}/variables.yaml")
    shared = ("macros/problem.yaml", "macros/full_array.yaml")
    spec = ax.Specification.from_yaml_files(*(CONFIGS / file for file in (*files, *shared)))
    assert isinstance(spec, TimeloopSpecification)
    return spec


def run(name: str, **variables: float) -> Run:
    """Evaluate a macro with some of its variables set, which it has back afterwards."""
    spec = macro(name)
    before = {key: spec.variables[key] for key in variables}
    for key, value in variables.items():
        spec.set(f"variables.{key}", value)
    try:
        result = ax.evaluate(spec).to_dict()
        parts = energy_figures(spec.energy_tables())["components"]
        lowered = spec.lowered()
        assert isinstance(lowered, LoweredLevels)
    finally:
        for key, value in before.items():
            spec.set(f"variables.{key}", value)
    energy = {
        level: figures["leakage_pJ"] + sum(tensor["energy_pJ"] for tensor in figures["tensors"].values())
        for level, figures in result["levels"].items()
    }
    area = {part: figures["area_um2"] * figures["instances"] for part, figures in parts.items()}
    return Run(energy, area, result["latency"], lowered.einsum.bound("C") * lowered.einsum.bound("M"))


def jia(reference: Reference) -> Iterator[Row]:
    """Jia et al. 2020: efficiency with one bit at two voltages, both breakdowns, throughput over input bits."""
    name, array = "jia_jssc_2020", ("row_drivers", "weight_drivers", "cim_unit", "bitcell_capacitor", "column_drivers")
    parts = {"adc": ("adc",), "cim": array, "nmc_data_path": ("out_datapath", "shift_add")}
    sweep, energy = reference["1b_sweep"], reference["energy_pJ_per_adc_use"]
    for index, voltage in enumerate(sweep["voltage"]):
        one = run(name, VOLTAGE=voltage, INPUT_BITS=1, WEIGHT_BITS=1, OUTPUT_BITS=1)
        density = one.tops() / one.area("adc", *array) * 1e6
        at = f"at {voltage} V"
        yield Row("voltage_sweep_throughput", name, f"TOPS {at}", sweep["tops"][index], one.tops())
        per_watt = one.tops_per_watt("adc", *array)
        yield Row("voltage_sweep_energy", name, f"TOPS/W {at}", sweep["tops_per_w"][index], per_watt)
        yield Row("compute_density", name, f"TOPS/mm2 {at}", sweep["tops_per_mm2"][index], density)
        for part, components in parts.items():
            stated = energy[part][index] * energy["n_columns"]
            yield Row("energy_breakdown", name, f"{part} pJ {at}", stated, one.energy(*components))
    default, parts = run(name), {**parts, "sparsity_controller": ("sparsity_controller",)}
    for part, components in parts.items():
        yield Row("area_breakdown", name, f"{part} um2", reference["area_m2"][part] * 1e12, default.area(*components))
    bits = reference["tops_vs_input_bits"]
    for count, tops in zip(bits["bits"], bits["tops"], strict=True):
        model = run(name, INPUT_BITS=count, WEIGHT_BITS=1, OUTPUT_BITS=1).tops()
        yield Row("input_bits_sweep_throughput", name, f"TOPS with {count}-bit inputs", tops, model)


def sinangil(reference: Reference) -> Iterator[Row]:
    """Sinangil et al. 2021: energy over the value of outputs and over the voltage, and the breakdown of area.

    Inputs and weights have a mean of a quarter of the root of the output's value.
    """
    name = "sinangil_jssc_2021"

    def at(voltage: float, value: float) -> Run:
        mean = 0.25 * value**0.5
        return run(name, VOLTAGE=voltage, AVERAGE_INPUT_VALUE=mean, AVERAGE_WEIGHT_VALUE=mean)

    for value, energy in reference["energy_J_vs_output_value"].items():
        yield Row("data_values_energy", name, f"pJ at outputs of {value}", energy * 1e12, at(0.8, int(value)).energy())
    sweep = reference["energy_J_vs_voltage_out15"]
    for voltage, energy in zip(sweep["voltage"], sweep["energy"], strict=True):
        figure = f"pJ at {voltage} V, outputs of 15"
        yield Row("voltage_sweep_energy", name, figure, energy * 1e12, at(voltage, 15).energy())
    table = reference["tops_table"]
    for voltage, value, tops, per_watt in zip(*(table[k] for k in table), strict=True):
        one, where = at(voltage, value), f"at {voltage} V, outputs of {value}"
        yield Row("voltage_sweep_throughput", name, f"TOPS {where}", tops, one.tops())
        yield Row("voltage_sweep_energy", name, f"TOPS/W {where}", per_watt, one.tops_per_watt())
    parts = {
        "cim_circuitry": ("adc", "counter"),
        "original_macro": ("row_drivers", "column_drivers", "weight_drivers", "cim_unit"),
        "binary_weighting_caps": ("binary_weighting_capacitors",),
    }
    default = run(name)
    for part, components in parts.items():
        yield Row("area_breakdown", name, f"{part} um2", reference["area_m2"][part] * 1e12, default.area(*components))


def wan(reference: Reference) -> Iterator[Row]:
    """NeuRRAM, Wan et al. 2022: efficiency, throughput and energy by part over the bits of inputs and outputs."""
    name, weight_bits = "wan_nature_2022", reference["weight_bits"]
    parts = {
        "wl_switching": ("wordline", "wordline_drivers"),
        "neuron_ops_control": ("shift_add", "adc", "integrator", "sample", "weight_drivers"),
        "input_pulses": ("row_drivers", "cim_unit"),
    }
    for out_bits, in_bits, one_phase, tops, per_watt in reference["tops"]:
        one = run(name, INPUT_BITS=in_bits, OUTPUT_BITS=out_bits, WEIGHT_BITS=weight_bits, ONE_PHASE=one_phase)
        where = f"{in_bits} bits in, {out_bits} out, {'one phase' if one_phase else 'two phases'}"
        model = one.tops() * reference["n_cores"]
        yield Row("input_bits_sweep_throughput", name, f"TOPS of 48 cores, {where}", tops, model)
        yield Row("input_bits_sweep_energy", name, f"TOPS/W, {where}", per_watt, one.tops_per_watt())
    table = reference["energy_fJ_per_MAC"]
    for out_bits, in_bits, *energies in table["rows"]:
        one = run(name, INPUT_BITS=in_bits, OUTPUT_BITS=out_bits, WEIGHT_BITS=weight_bits)
        for part, femtojoule in zip(table["columns"][2:], energies, strict=True):
            stated = femtojoule * reference["ops_per_array"] * 1e-3
            figure = f"{part} pJ, {in_bits} bits in, {out_bits} out"
            yield Row("energy_breakdown", name, figure, stated, one.energy(*parts[part]))
    areas = {
        "neurons_frac": ("shift_add", "adc", "integrator", "sample"),
        "array_drivers_frac": ("wordline_drivers", "row_drivers", "column_drivers"),
        "rrams_frac": ("cim_unit",),
    }
    default, stated = run(name), reference["area_um2"]
    for part, components in areas.items():
        whole = stated["total"] * stated[part]
        yield Row("area_breakdown", name, f"{part.removesuffix('_frac')} um2", whole, default.area(*components))


def wang(reference: Reference) -> Iterator[Row]:
    """Wang et al. 2022: both breakdowns at 1 V, and efficiency, throughput and density over the voltage.

    Miscellaneous is control logic besides the drivers of weights; no publication says what is in it.
    """
    name, array = "wang_vlsi_2022", ("row_drivers", "select_wordline_drivers", "cim_unit", "column_drivers")
    ladder = ("c2c_multiplier_analog_port", "c2c_multiplier_digital_port")
    parts = {"adc": ("adc",), "dac": ("dac",), "mac": (*array, *ladder), "misc": ("weight_drivers",)}
    default = run(name)
    product = 2 / reference["tops_per_w_1V"] * default.macs
    for part, components in parts.items():
        share, known = reference["energy_fraction"][part], part != "misc"
        yield Row("energy_breakdown", name, f"{part} pJ", product * share, default.energy(*components), known)
    for part, components in parts.items():
        whole = reference["total_area_mm2"] * 1e6 * reference["area_fraction"][part]
        yield Row("area_breakdown", name, f"{part} um2", whole, default.area(*components), part != "misc")
    sweep = reference["voltage_sweep"]
    for voltage, density, per_watt in zip(*(sweep[k] for k in ("voltage", "tops_per_mm2", "tops_per_w")), strict=True):
        one, at = run(name, VOLTAGE=voltage), f"at {voltage} V"
        yield Row("voltage_sweep_energy", name, f"TOPS/W {at}", per_watt, one.tops_per_watt())
        stated = density * reference["total_area_mm2"]
        yield Row("voltage_sweep_throughput", name, f"TOPS {at}", stated, one.tops())
        yield Row("compute_density", name, f"TOPS/mm2 {at}", density, one.tops() / one.area() * 1e6)
    table = reference["table_iii"]
    for index, voltage in enumerate(table["voltage"]):
        one, at = run(name, VOLTAGE=voltage), f"at {voltage} V, table III"
        yield Row("voltage_sweep_energy", name, f"TOPS/W {at}", table["tops_per_w"][index], one.tops_per_watt())
        yield Row("voltage_sweep_throughput", name, f"TOPS {at}", table["tops"][index], one.tops())
        density = one.tops() / one.area() * 1e6
        yield Row("compute_density", name, f"TOPS/mm2 {at}", table["tops_per_mm2"][index], density)


def colonnade(reference: Reference) -> Iterator[Row]:
    """Colonnade, Kim et al. 2021: CiMLoop reports no average errors of it."""
    name = "colonnade_jssc_2021"
    parts = {
        "bitcell_array": ("cim_unit", "cim_logic"), "drivers": ("row_drivers", "digital_logic_input_ports"),
        "ctrl_reg": ("register",), "bl_decoder": ("column_drivers",),
    }  # fmt: skip
    measured = run(name, WEIGHT_BITS=8, AT_100_MHZ=1)
    for part, components in parts.items():
        energy = 0.1443 * measured.macs * reference["energy_8b_fraction"][part]
        yield Row("colonnade_energy_breakdown", name, f"{part} pJ", energy, measured.energy(*components))
    for part, components in parts.items():
        area = reference["area_fraction"]["total_um2"] * reference["area_fraction"][part]
        yield Row("colonnade_area_breakdown", name, f"{part} um2", area, measured.area(*components))
    for key, serial in (("fJ_per_mac_in_bits_eq_weight_bits", True), ("fJ_per_mac_1b_input", False)):
        for bits, *energies in reference[key]["rows"]:
            for voltage, energy in zip((0.6, 0.7, 0.8), energies, strict=True):
                in_bits = bits if serial else 1
                one = run(name, INPUT_BITS=in_bits, WEIGHT_BITS=bits, VOLTAGE=voltage, AT_100_MHZ=1)
                figure = f"fJ/MAC, {in_bits} x {bits} bits at {voltage} V"
                yield Row("colonnade_bits_sweep_energy", name, figure, energy, one.energy() / one.macs * 1e3)
    for key, pipelined in (("gops_vs_regs", 1), ("latency_us_vs_regs", 0)):
        counts = reference[key]["columns"][1:]
        for bits, *figures in reference[key]["rows"]:
            for registers, stated in zip(counts, figures, strict=True):
                one = run(
                    name, INPUT_BITS=bits, WEIGHT_BITS=bits, REGISTERS_PER_COLUMN=registers, BIT_PIPELINED=pipelined
                )
                unit, model = ("GOPS", one.tops() * 1e3) if pipelined else ("us", one.seconds * 1e6)
                figure = f"{unit}, {bits} bits, {registers} registers"
                yield Row("colonnade_registers_throughput", name, figure, stated, model)


def basic_analog(reference: Reference) -> Iterator[Row]:
    """What CiMLoop's first tutorial prints of its macro."""
    name, one = "basic_analog", run("basic_analog")
    density = one.tops() / one.area() * 1e6
    yield Row("tutorial", name, "pJ", reference["total_energy_pJ"], one.energy())
    yield Row("tutorial", name, "um2", reference["area_um2"], one.area())
    yield Row("tutorial", name, "multiply-accumulates", reference["macs"], one.macs)
    yield Row("tutorial", name, "TOPS/mm2", reference["tops_per_mm2"], density)
    yield Row("tutorial", name, "TOPS/W", reference["tops_per_w"], one.tops_per_watt())


MACROS = {
    "jia_jssc_2020": jia, "sinangil_jssc_2021": sinangil, "wan_nature_2022": wan, "wang_vlsi_2022": wang,
    "colonnade_jssc_2021": colonnade, "tutorial_1_basic_analog": basic_analog,
}  # fmt: skip
"""The rows of each entry of the reference."""


def rows(reference: Reference) -> list[Row]:
    """All rows of all macros that the reference has."""
    return [row for name, figures in MACROS.items() if name in reference for row in figures(reference[name])]
