"""Drivers of the rows and columns of a compute-in-memory array.

Reading a row costs what toggles at every step (the register and the decoder) and, in proportion to the average input,
what is charged with the row: the wire along all columns, the gates of their access devices, and the driver itself.
Without access devices the driver must also supply the current of all cells of the row, and its own gate grows with
their conductance. All of this is geometry; the gates per access device, the driver's own load and its size per
conductance are calibrated at NeuroSim's arrays of ISAAC (128 x 128, no access devices) and RAELLA (512 x 512 and
512 x 1024 cells), at which the law is exact. On other arrays of 22 to 65 nm and 64 to 1024 columns, energies are within
some 10 % of NeuroSim's, areas within some 40 %. The law is smooth in rows, columns and cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from accelax.components.estimate import Attribute, Estimate
from accelax.components.library.array_lines import (
    FINFET_AREA,
    FINFET_CAPACITANCE,
    PLANAR_AREA,
    PLANAR_CAPACITANCE,
    WIRE_FF_PER_UM,
    WRITE_DRIVER_F2,
    shrunk,
)  # fmt: skip
from accelax.components.library.cells import (
    CELL_ATTRIBUTES,
    CELLS,
    CURRENT_SET,
    SET_2023,
    CellKind,
    cell_kind,
    pulses_per_read,
)  # fmt: skip
from accelax.components.numbers import Number, where
from accelax.components.registry import component

NODE = 32
NOMINAL_V = 0.9
"""The supply of the calibration points."""
BASE_VOLTAGE_POWER = 1.958
DRIVE_VOLTAGE_POWER = -0.75
AREA_VOLTAGE_POWER = -2.6
"""A driver of given conductance is wider, and so costs more, the lower its supply."""
FINFET_GATE = -0.33
"""Power of the node of an access device's gate below 22 nm, where its width comes in whole fins."""
CROSS_POINT_OWN_LOAD = 0.034
"""The load of a driver without its width, over what toggles at every step, where there are no access devices."""
GATE_FF = {SET_2023: 0.0295520744, CURRENT_SET: 0.0541024414}
"""Of the access device of one cell, per feature size of its width, at 32 nm: high-performance and low-power ones."""
LEAK_W = {SET_2023: 2.4123e-10, CURRENT_SET: 2.4101e-10}
"""Of the driver of one row or one column at 32 nm."""
CROSS_POINT_ROW_UM2 = 3.21
"""Of a row driver without its width, which grows with the conductance of the row; 32 nm."""
SWITCH_PJ, SWITCH_UM2 = 0.0083089856217 / 512, (6905.89 - 3233.304) / 1024
"""Of a column's switch where columns share converters: per row, and in all; 32 nm, current set."""


@dataclass(frozen=True)
class ArrayPoint:
    """What NeuroSim says of one array at 32 nm and 0.9 V: pJ of one row or column, µm² of all drivers."""

    cell: str
    rows: int
    cols: int
    row_base_pJ: float
    row_on_pJ: float
    row_write_pJ: float
    row_area_um2: float
    column_write_pJ: float
    column_area_um2: float


POINTS = {
    (SET_2023, False): ArrayPoint(
        "isaac", 128, 128, 0.006215781, 0.014571213, 3.329433081, 822.016, 2.176585e-05, 631.68
    ),
    (SET_2023, True): ArrayPoint(
        "raella", 512, 1024, 0.006215781, 0.044988931, 7.752229262, 1941.948, 1.481965e-05, 3233.304
    ),
    (CURRENT_SET, False): ArrayPoint(
        "isaac", 128, 128, 0.009540684, 0.053141584, 14.476370484, 1675.648, 2.836248e-05, 631.68
    ),
    (CURRENT_SET, True): ArrayPoint(
        "raella", 512, 1024, 0.009543442, 0.069680528, 8.60579854, 1941.948, 1.8464127e-05, 3233.304
    ),
}
"""The calibration points, by the set of figures and whether cells have access devices."""

DRIVER_ATTRIBUTES = {
    **{name: CELL_ATTRIBUTES[name] for name in ("rows", "cols", "cell_config", "neurosim", "cell_area")},
    "resistance_on": CELL_ATTRIBUTES["resistance_on"],
    "average_input_value": CELL_ATTRIBUTES["average_input_value"],
    "voltage": Attribute("V", valid=(0.7, 1.8)),
    "voltage_dac_bits": Attribute("bit"),
    "temporal_dac_bits": Attribute("bit"),
    "temporal_spiking": Attribute(kind="flag"),
    "cols_active_at_once": Attribute(),
}


def line_fF(kind: CellKind, cols: Number, technology: Number, neurosim: str) -> Number:
    """fF of a row line: 0.2 fF per µm of wire and the gates of the access devices of ``cols`` cells."""
    wire = WIRE_FF_PER_UM * kind.pitch * technology * 1e-3
    gates = GATE_FF[neurosim] * kind.access_width * shrunk(technology, PLANAR_CAPACITANCE, FINFET_GATE)
    return cols * (kind.capacitance_scale * (wire + gates) + kind.extra_fF)


@cache
def own_loads(neurosim: str, has_access_device: bool) -> tuple[float, float]:
    """A driver's own load over what toggles at every step, and pJ of its width times ohm per column.

    Both make the law exact at the calibration point.
    """
    point = POINTS[neurosim, has_access_device]
    kind = CELLS[point.cell]
    line = NOMINAL_V**2 * line_fF(kind, point.cols, NODE, neurosim) * 1e-3
    rest = point.row_on_pJ - point.row_base_pJ - line
    if has_access_device:
        return float(rest / point.row_base_pJ), 0.0
    drive = rest - CROSS_POINT_OWN_LOAD * point.row_base_pJ
    return CROSS_POINT_OWN_LOAD, float(drive * kind.resistance_on / point.cols)


def row_energies(
    kind: CellKind, cols: Number, technology: Number, voltage: Number, neurosim: str
) -> tuple[Number, Number]:
    """pJ of reading a row whatever its input, and of what a full input adds.

    >>> [round(float(value), 9) for value in row_energies(CELLS["raella"], 512, 32, 0.9, "2023")]
    [0.006215781, 0.02029824]
    """
    own, drive = own_loads(neurosim, kind.has_access_device)
    supply = voltage / NOMINAL_V
    base = POINTS[neurosim, kind.has_access_device].row_base_pJ * supply**BASE_VOLTAGE_POWER
    base = base * shrunk(technology, PLANAR_CAPACITANCE, FINFET_CAPACITANCE)
    width = drive * cols / kind.resistance_on * supply**DRIVE_VOLTAGE_POWER
    width = width * shrunk(technology, PLANAR_AREA, FINFET_AREA)
    return base, voltage**2 * line_fF(kind, cols, technology, neurosim) * 1e-3 + own * base + width


def row_write_pJ(kind: CellKind, rows: Number, cols: Number, voltage: Number, neurosim: str) -> Number:
    """pJ at 32 nm of driving a row for writing: grows with the columns, and without access devices with all cells."""
    point = POINTS[neurosim, kind.has_access_device]
    size = cols / point.cols
    if not kind.has_access_device:
        size = size * rows / point.rows * CELLS[point.cell].resistance_on / kind.resistance_on
    return point.row_write_pJ * size * (voltage / NOMINAL_V) ** 2


def row_area_um2(
    kind: CellKind, rows: Number, cols: Number, technology: Number, voltage: Number, neurosim: str
) -> Number:
    """µm² of all row drivers; those of an SRAM include what writes its columns."""
    point = POINTS[neurosim, kind.has_access_device]
    per_row: Number = point.row_area_um2 / point.rows
    if not kind.has_access_device:
        width = cols / kind.resistance_on / (point.cols / CELLS[point.cell].resistance_on)
        width = width * (voltage / NOMINAL_V) ** AREA_VOLTAGE_POWER
        per_row = CROSS_POINT_ROW_UM2 + (per_row - CROSS_POINT_ROW_UM2) * width
    writers = 0.0 if kind.is_resistive else cols * WRITE_DRIVER_F2 * (NODE * 1e-3) ** 2
    return (rows * per_row + writers) * shrunk(technology, PLANAR_AREA, FINFET_AREA)


@component(
    "array_row_drivers", "row_drivers",
    accuracy=80,
    source="wire, gates and driver from the geometry, calibrated on NeuroSim 1.3 arrays at 32 nm",
    formula="read = base + average_input_value * (2^temporal_dac_bits - 1 if temporal_spiking) * V^2 * C(cols)",
    attributes=DRIVER_ATTRIBUTES,
)  # fmt: skip
def array_row_drivers(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    average_input_value: Number,
    cell_config: str,
    voltage: Number = NOMINAL_V,
    voltage_dac_bits: Number = 1,
    temporal_dac_bits: Number = 1,
    temporal_spiking: bool = False,
    cell_area: Number | None = None,
    resistance_on: Number | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """All row drivers of an array, whose area is stated; energies are of one row.

    A converter to n voltage levels has 2^(n-1) drivers per row; one to pulse trains sends up to 2^n - 1 pulses.
    """
    kind = cell_kind(cell_config, area_F2=cell_area, resistance_on=resistance_on)
    base, slope = row_energies(kind, cols, technology, voltage, neurosim)
    pulses = pulses_per_read(temporal_dac_bits) if temporal_spiking else 1.0
    read = base + average_input_value * pulses * slope
    write = row_write_pJ(kind, rows, cols, voltage, neurosim)
    write = write * shrunk(technology, PLANAR_CAPACITANCE, FINFET_CAPACITANCE)
    area = row_area_um2(kind, rows, cols, technology, voltage, neurosim) * 2.0 ** (voltage_dac_bits - 1)
    leak = LEAK_W[neurosim] * rows * technology / NODE * voltage / NOMINAL_V
    return Estimate({"read": read, "drive": read, "write": write}, area, leak)


@component(
    "input_row_drivers",
    accuracy=80,
    source="wire, gates and driver from the geometry, calibrated on NeuroSim 1.3 arrays at 32 nm",
    formula="array_row_drivers' read",
    attributes=DRIVER_ATTRIBUTES,
)
def input_row_drivers(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    average_input_value: Number,
    cell_config: str,
    voltage: Number = NOMINAL_V,
    voltage_dac_bits: Number = 1,
    temporal_dac_bits: Number = 1,
    temporal_spiking: bool = False,
    cell_area: Number | None = None,
    resistance_on: Number | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """The drivers that put inputs on the rows of an array; only reading costs."""
    all_of = array_row_drivers(
        technology=technology, rows=rows, cols=cols, average_input_value=average_input_value,
        cell_config=cell_config, voltage=voltage, voltage_dac_bits=voltage_dac_bits,
        temporal_dac_bits=temporal_dac_bits, temporal_spiking=temporal_spiking, cell_area=cell_area,
        resistance_on=resistance_on, neurosim=neurosim,
    )  # fmt: skip
    energy = {"read": all_of.energy_pJ["read"], "write": 0.0, "update": 0.0}
    return Estimate(energy, all_of.area_um2, all_of.leak_power_W)


@component(
    "weight_row_drivers",
    accuracy=60,
    source="calibrated on NeuroSim 1.3 arrays at 32 nm",
    formula="reading a weight for the array is array_row_drivers' write",
    attributes=DRIVER_ATTRIBUTES,
)
def weight_row_drivers(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    cell_config: str,
    voltage: Number = NOMINAL_V,
    cell_area: Number | None = None,
    resistance_on: Number | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """The drivers that write weights into an array."""
    all_of = array_row_drivers(
        technology=technology, rows=rows, cols=cols, average_input_value=0.0, cell_config=cell_config,
        voltage=voltage, cell_area=cell_area, resistance_on=resistance_on, neurosim=neurosim,
    )  # fmt: skip
    energy = {"read": all_of.energy_pJ["write"], "write": 0.0, "update": 0.0}
    return Estimate(energy, all_of.area_um2, all_of.leak_power_W)


@component(
    "array_col_drivers", "column_drivers",
    accuracy=70,
    source="NeuroSim 1.3 arrays at 32 nm, in proportion to the columns",
    formula="read = 0, or the switch of a column of as many rows where columns share converters",
    attributes=DRIVER_ATTRIBUTES,
)  # fmt: skip
def array_col_drivers(
    *,
    technology: Number,
    cols: Number,
    cell_config: str,
    rows: Number = 512,
    cols_active_at_once: Number | None = None,
    voltage: Number = NOMINAL_V,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """All column drivers of an array, whose area is stated; energies are of one column and regard no data.

    Switches between columns that share a converter are priced in the current set of figures alone.
    """
    point = POINTS[neurosim, cell_kind(cell_config).has_access_device]
    supply = (voltage / NOMINAL_V) ** 2
    node = supply * shrunk(technology, PLANAR_CAPACITANCE, FINFET_CAPACITANCE)
    switched: Number = 0.0
    if cols_active_at_once is not None and neurosim == CURRENT_SET:
        switched = where(cols_active_at_once < cols, 1.0, 0.0)
    read = node * switched * SWITCH_PJ * rows
    energy = {"read": read, "drive": read, "write": node * point.column_write_pJ, "update": 0.0}
    area = cols * (point.column_area_um2 / point.cols + switched * SWITCH_UM2)
    area = area * shrunk(technology, PLANAR_AREA, FINFET_AREA)
    return Estimate(energy, area, LEAK_W[neurosim] * cols * technology / NODE * voltage / NOMINAL_V)
