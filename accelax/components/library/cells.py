"""Compute-in-memory cells: what a pulse through a resistive cell costs, and what writing it costs.

A read pulse of voltage V and length t through a cell costs V² t G. The conductance G lies between those of the off and
the on state as the average cell value says, and the wires of the row and the column are in series with the cell: 0.530
ohm per feature size of wire length, which gives the 166, 1272 and 1908 ohm of NeuroSim's arrays of ISAAC (128 x 128)
and RAELLA (512 x 512 and 512 x 1024 cells).

``neurosim`` chooses between two sets of figures: ``2023``, the set the RAELLA artifact was run with (no wire resistance
in series with an off cell), and ``current``.
"""

from __future__ import annotations

import os.path
from dataclasses import dataclass, replace

from accelax.components.estimate import SECONDS, SHARE, VOLTAGE, Attribute, Estimate
from accelax.components.library.cell_files import read_cell
from accelax.components.numbers import Number, sqrt
from accelax.components.registry import Declined, component
from accelax.components.scaling import energy_scale

SET_2023 = "2023"
CURRENT_SET = "current"
NEUROSIM = Attribute(kind="text", choices=(SET_2023, CURRENT_SET))
"""Which set of NeuroSim's figures prices cells and drivers."""
WIRE_OHM_PER_FEATURE = 0.5302631
"""Of row and column wires: 165.707 ohm through 128 + 128 cells of 1.2207 features, at 32 nm."""


@dataclass(frozen=True)
class CellKind:
    """A cell: its size in squared feature sizes, its resistances in ohm, how it is read and set, and its load on a row.

    ``access_width`` is that of its access device in feature sizes, 0 for a cross-point without any; wire and gate of a
    cell count ``capacitance_scale`` times, and ``extra_fF`` hangs on the row besides. An SRAM cell is not resistive:
    ``transistor_width`` is that of its n and p transistors in feature sizes, ``leak_scale`` multiplies its leakage.
    """

    area_F2: Number
    resistance_on: Number = 1e3
    resistance_off: Number = 1e5
    access_width: Number = 1.0
    read_voltage: Number = 0.2
    set_voltage: Number = 2.0
    set_pulse_s: Number = 40e-9
    capacitance_scale: Number = 1.0
    extra_fF: Number = 0.0
    is_resistive: bool = True
    transistor_width: Number = 10.0
    leak_scale: Number = 1.0

    @property
    def pitch(self) -> Number:
        """The side of the square cell in feature sizes."""
        return sqrt(self.area_F2)

    @property
    def has_access_device(self) -> bool:
        """Whether it is no cross-point."""
        return self.access_width != 0


def _sram(area_F2: float, access_width: float, **others: float) -> CellKind:
    """An SRAM cell."""
    return CellKind(area_F2, access_width=access_width, is_resistive=False, **others)


CELLS = {
    "isaac": CellKind(1.49011611938, 2e3, 20e3, access_width=0.0),
    "raella": CellKind(5.49011611938, 1333.0, 20e3),
    "wan": CellKind(
        125.73964497, 25e4, 1e6, access_width=0.0, read_voltage=0.5, set_voltage=1.75, set_pulse_s=8520e-9,
        extra_fF=-0.1,
    ),
    "jia": _sram(426.0, 4.0, capacitance_scale=6.5),
    "sinangil": _sram(1080.0, 1.0, capacitance_scale=0.1),
    "wang": _sram(400.0, 1.0, extra_fF=3.0),
    "colonnade": _sram(130.0, 7.0, transistor_width=5.0, leak_scale=4.5),
    "sram": _sram(400.0, 1.0),
}  # fmt: skip
"""Cells by name: those of ISAAC, RAELLA, NeuRRAM (``wan``) and of CiMLoop's SRAM macros, and a plain SRAM cell."""

SRAM_LEAK_W = {SET_2023: 2.004e-13, CURRENT_SET: 2.002e-13}
"""Of an SRAM cell per nm of node, feature size of ``transistor_width`` and volt."""

WRITE_OVERHEAD_PJ = {
    (SET_2023, False): 0.006536703, (SET_2023, True): 0.003264415,
    (CURRENT_SET, False): 0.006536, (CURRENT_SET, True): 0.003315,
}  # fmt: skip
"""Of charging the lines of one cell, by the set and whether the cell has an access device; 32 nm."""

CELL_ATTRIBUTES = {
    "rows": Attribute(valid=(64, 1024)),
    "cols": Attribute(valid=(64, 2048)),
    "average_input_value": Attribute(least=0.0, above=False, valid=(0, 1)),
    "average_cell_value": SHARE,
    "read_pulse_width": SECONDS,
    "read_voltage": VOLTAGE,
    "voltage": VOLTAGE,
    "resistance_on": Attribute("ohm"),
    "resistance_off": Attribute("ohm"),
    "cell_area": Attribute("F^2"),
    "cell_config": Attribute(kind="text"),
    "neurosim": NEUROSIM,
    "temporal_dac_bits": Attribute("bit", least=0.0, above=False),
    "artifact_quirks": Attribute(kind="flag"),
}


def cell_kind(cell_config: str, **overrides: Number | None) -> CellKind:
    """The cell of a parameter file, or one that is known by a name in the file's, with the given fields replaced.

    Raises:
        Declined: there is no such file and no known cell's name occurs in it, or the file is no cell's.

    >>> cell_kind("cells/rram_isaac_isca_2016.cell.yaml", resistance_on=1000).resistance_on
    1000
    """
    given = {field: value for field, value in overrides.items() if value is not None}
    if os.path.isfile(cell_config):
        return replace(CellKind(1.0), **read_cell(cell_config) | given)
    stem = cell_config.replace("\\", "/").rsplit("/", 1)[-1].lower()
    for name, kind in CELLS.items():
        if name in stem:
            return replace(kind, **given) if given else kind
    raise Declined(f"there is no file {cell_config!r}, and no known cell of {', '.join(CELLS)}", "cell_config")


def wire_resistance(kind: CellKind, rows: Number, cols: Number) -> Number:
    """Ohm in series with a cell: the row wire along all columns and the column wire along all rows."""
    return WIRE_OHM_PER_FEATURE * kind.pitch * (rows + cols)


def conductances(kind: CellKind, rows: Number, cols: Number, neurosim: str) -> tuple[Number, Number]:
    """Siemens of an off and of an on cell within its array; the set of 2023 has no wire in series with an off cell."""
    wire = wire_resistance(kind, rows, cols)
    return 1 / (kind.resistance_off + (0.0 if neurosim == SET_2023 else wire)), 1 / (kind.resistance_on + wire)


def read_pJ(
    kind: CellKind, rows: Number, cols: Number, average_cell_value: Number, pulse_s: Number, neurosim: str
) -> Number:
    """pJ of one full read pulse through a cell of an average value between 0 (off) and 1 (on): V² t G."""
    off, on = conductances(kind, rows, cols, neurosim)
    conductance = off + (on - off) * average_cell_value
    return kind.read_voltage**2 * pulse_s * conductance * 1e12


def write_pJ(
    kind: CellKind, rows: Number, cols: Number, average_cell_value: Number, technology: Number, neurosim: str
) -> Number:
    """pJ of setting a cell: V² t G of the state it leaves, and the charge of its lines.

    A cell that will hold 1 starts off, so that the average value moves the cost from the on to the off conductance.
    """
    off, on = conductances(kind, rows, cols, neurosim)
    conductance = on + (off - on) * average_cell_value
    lines = WRITE_OVERHEAD_PJ[neurosim, kind.has_access_device] * energy_scale(32, technology)
    return kind.set_voltage**2 * kind.set_pulse_s * conductance * 1e12 + lines


def pulses_per_read(temporal_dac_bits: Number) -> Number:
    """Unit pulses of the largest input of a temporal converter of that many bits: 2^n - 1; one without any."""
    return 2.0**temporal_dac_bits - 1.0


@component(
    "memory_cell", "cim_cell", "reram_cell",
    accuracy=80,
    source="V² t G with series wire resistance, calibrated on NeuroSim 1.3 arrays at 32 nm",
    formula="read = average_input_value * (2^temporal_dac_bits - 1) * V^2 * t * G(average_cell_value)",
    attributes=CELL_ATTRIBUTES,
)  # fmt: skip
def memory_cell(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    average_input_value: Number,
    average_cell_value: Number,
    cell_config: str,
    read_pulse_width: Number = 1e-9,
    temporal_dac_bits: Number = 1,
    read_voltage: Number | None = None,
    resistance_on: Number | None = None,
    resistance_off: Number | None = None,
    cell_area: Number | None = None,
    voltage: Number = 0.9,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """One cell of a crossbar; an SRAM cell is read by its drivers, so that it costs its area alone."""
    kind = cell_kind(
        cell_config, read_voltage=read_voltage, resistance_on=resistance_on, resistance_off=resistance_off,
        area_F2=cell_area,
    )  # fmt: skip
    area = kind.area_F2 * (technology * 1e-3) ** 2
    if not kind.is_resistive:
        leak = SRAM_LEAK_W[neurosim] * kind.leak_scale * kind.transistor_width * technology * voltage
        return Estimate({"read": 0.0, "compute": 0.0, "write": 0.0, "update": 0.0}, area, leak)
    pulse = read_pJ(kind, rows, cols, average_cell_value, read_pulse_width, neurosim)
    write = write_pJ(kind, rows, cols, average_cell_value, technology, neurosim)
    read = average_input_value * pulses_per_read(temporal_dac_bits) * pulse
    return Estimate({"read": read, "compute": read, "write": write, "update": 0.0}, area)


@component(
    "cell", "pim_cell", "cim_unit",
    accuracy=80,
    source="cells side by side in a compute-in-memory unit, as CiMLoop and RAELLA compose them",
    formula="width_cells * memory_cell; area also times depth_cells",
    attributes={**CELL_ATTRIBUTES, "width_cells": Attribute(), "depth_cells": Attribute()},
)  # fmt: skip
def cell(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    average_input_value: Number,
    average_cell_value: Number,
    cell_config: str,
    width_cells: Number = 1,
    depth_cells: Number = 1,
    read_pulse_width: Number = 1e-9,
    temporal_dac_bits: Number = 1,
    read_voltage: Number | None = None,
    resistance_on: Number | None = None,
    resistance_off: Number | None = None,
    cell_area: Number | None = None,
    voltage: Number = 0.9,
    neurosim: str = CURRENT_SET,
    artifact_quirks: bool = False,
) -> Estimate:
    """``width_cells`` cells that are read together; with ``artifact_quirks`` a write charges one of them."""
    one = memory_cell(
        technology=technology, rows=rows, cols=cols, average_input_value=average_input_value,
        average_cell_value=average_cell_value, cell_config=cell_config, read_pulse_width=read_pulse_width,
        temporal_dac_bits=temporal_dac_bits, read_voltage=read_voltage, resistance_on=resistance_on,
        resistance_off=resistance_off, cell_area=cell_area, voltage=voltage, neurosim=neurosim,
    )  # fmt: skip
    energy = {action: value * width_cells for action, value in one.energy_pJ.items()}
    if artifact_quirks:
        energy["write"] = one.energy_pJ["write"]
    cells = width_cells * depth_cells
    return Estimate(energy, one.area_um2 * cells, one.leak_power_W * cells)
