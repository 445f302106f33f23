"""Drivers of the rows and columns of a compute-in-memory array.

Reading a row costs a part that is always there (the decoder) and a part in proportion to the average input (charging
the row wire and the gates on it). The second grows with the length of the wire: NeuroSim's 512 x 512 and 512 x 1024
arrays of RAELLA's cell give its slope and its offset, and one array of each kind of cell its scale, so that the law is
exact at those arrays and may be differentiated with respect to the rows, the columns and the size of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelax.components.estimate import SHARE, VOLTAGE, Attribute, Estimate
from accelax.components.library.cells import (
    CELL_ATTRIBUTES,
    CELLS,
    CURRENT_SET,
    SET_2023,
    CellKind,
    cell_kind,
    pulses_per_read,
)  # fmt: skip
from accelax.components.numbers import Number
from accelax.components.registry import component
from accelax.components.scaling import area_scale, energy_scale

NODE = 32
LEAK_W = {SET_2023: 2.4123e-7, CURRENT_SET: 2.4101e-10}
"""Of the driver of one row or one column at 32 nm; 2023's are high-performance, the current ones low-power devices."""
_SLOPE_512_PJ, _SLOPE_1024_PJ = 0.026514021 - 0.006215781, 0.044988931 - 0.006215781
WIRE_OFFSET_CELLS = 512 * (2 * _SLOPE_512_PJ - _SLOPE_1024_PJ) / (_SLOPE_1024_PJ - _SLOPE_512_PJ)
"""The driver's own load as a length of row wire, in RAELLA's cells."""


@dataclass(frozen=True)
class ArrayPoint:
    """What NeuroSim says of one array at 32 nm: pJ and µm² of all its drivers."""

    cell: str
    rows: int
    cols: int
    row_base_pJ: float
    row_on_pJ: float
    row_write_pJ: float
    row_area_um2: float
    column_read_pJ: float
    column_write_pJ: float
    column_area_um2: float


POINTS = {
    (SET_2023, False): ArrayPoint(
        "isaac", 128, 128, 0.006215781, 0.014571213, 3.329433081, 822.016, 0.0, 2.176585e-05, 631.68
    ),
    (SET_2023, True): ArrayPoint(
        "raella", 512, 1024, 0.006215781, 0.044988931, 7.752229262, 1941.948, 0.0, 1.481965e-05, 3233.304
    ),
    (CURRENT_SET, False): ArrayPoint(
        "isaac", 128, 128, 0.009540684, 0.053141584, 14.476370484, 1675.648, 0.0, 2.836248e-05, 631.68
    ),
    (CURRENT_SET, True): ArrayPoint(
        "raella", 512, 1024, 0.009543442, 0.069680528, 8.60579854, 1941.948, 0.0083089856217, 1.8464127e-05, 6905.89
    ),
}
"""The calibration points, by the set of figures and whether the cell has an access device."""

DRIVER_ATTRIBUTES = {
    **{name: CELL_ATTRIBUTES[name] for name in ("rows", "cols", "cell_config", "neurosim", "cell_area")},
    "average_input_value": Attribute(least=0.0, above=False, valid=(0, 1)),
    "voltage_dac_bits": Attribute("bit"),
    "temporal_dac_bits": Attribute("bit"),
    "temporal_spiking": Attribute(kind="flag"),
    "voltage_scale": VOLTAGE,
    "include_column_drivers": SHARE,
}


def wire_load(kind: CellKind, cols: Number) -> Number:
    """The load on a row, as a length of wire in feature sizes: its columns and the driver itself."""
    return kind.pitch * cols + CELLS["raella"].pitch * WIRE_OFFSET_CELLS


def row_energies(kind: CellKind, rows: Number, cols: Number, neurosim: str) -> tuple[Number, Number, Number]:
    """pJ at 32 nm of reading a row at zero, of what a full input adds to it, and of writing a row.

    >>> [round(value, 9) for value in row_energies(CELLS["raella"], 512, 512, SET_2023)[:2]]
    [0.006215781, 0.02029824]
    """
    point = POINTS[neurosim, kind.has_access_device]
    cross_point, accessed = POINTS[neurosim, False], POINTS[neurosim, True]
    per_row = (accessed.row_base_pJ - cross_point.row_base_pJ) / (accessed.rows - cross_point.rows)
    length = wire_load(kind, cols) / wire_load(CELLS[point.cell], point.cols)
    base = point.row_base_pJ + per_row * (rows - point.rows)
    return base, (point.row_on_pJ - point.row_base_pJ) * length, point.row_write_pJ * length


@component(
    "array_row_drivers", "row_drivers",
    accuracy=80,
    source="NeuroSim 1.3 arrays at 32 nm, continued along the row wire",
    formula="read = base + average_input_value * (2^temporal_dac_bits - 1 if temporal_spiking) * slope(cols)",
    attributes=DRIVER_ATTRIBUTES,
)  # fmt: skip
def array_row_drivers(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    average_input_value: Number,
    cell_config: str,
    voltage_dac_bits: Number = 1,
    temporal_dac_bits: Number = 1,
    temporal_spiking: bool = False,
    cell_area: Number | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """All row drivers of an array, whose area is stated; energies are of one row.

    A converter to n voltage levels has 2^(n-1) drivers per row; one to pulse trains sends up to 2^n - 1 pulses.
    """
    kind = cell_kind(cell_config, area_F2=cell_area)
    point = POINTS[neurosim, kind.has_access_device]
    base, slope, write = row_energies(kind, rows, cols, neurosim)
    pulses = pulses_per_read(temporal_dac_bits) if temporal_spiking else 1.0
    node = energy_scale(NODE, technology)
    read = node * (base + average_input_value * pulses * slope)
    area = point.row_area_um2 * rows / point.rows * area_scale(NODE, technology) * 2.0 ** (voltage_dac_bits - 1)
    return Estimate({"read": read, "drive": read, "write": node * write}, area, LEAK_W[neurosim] * rows * node)


@component(
    "input_row_drivers",
    accuracy=80,
    source="NeuroSim 1.3 arrays at 32 nm, continued along the row wire",
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
    voltage_dac_bits: Number = 1,
    temporal_dac_bits: Number = 1,
    temporal_spiking: bool = False,
    cell_area: Number | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """The drivers that put inputs on the rows of an array; only reading costs."""
    all_of = array_row_drivers(
        technology=technology, rows=rows, cols=cols, average_input_value=average_input_value,
        cell_config=cell_config, voltage_dac_bits=voltage_dac_bits, temporal_dac_bits=temporal_dac_bits,
        temporal_spiking=temporal_spiking, cell_area=cell_area, neurosim=neurosim,
    )  # fmt: skip
    energy = {"read": all_of.energy_pJ["read"], "write": 0.0, "update": 0.0}
    return Estimate(energy, all_of.area_um2, all_of.leak_power_W)


@component(
    "weight_row_drivers",
    accuracy=80,
    source="NeuroSim 1.3 arrays at 32 nm, continued along the row wire",
    formula="reading a weight for the array is array_row_drivers' write",
    attributes=DRIVER_ATTRIBUTES,
)
def weight_row_drivers(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    cell_config: str,
    cell_area: Number | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """The drivers that write weights into an array."""
    all_of = array_row_drivers(
        technology=technology, rows=rows, cols=cols, average_input_value=0.0, cell_config=cell_config,
        cell_area=cell_area, neurosim=neurosim,
    )  # fmt: skip
    energy = {"read": all_of.energy_pJ["write"], "write": 0.0, "update": 0.0}
    return Estimate(energy, all_of.area_um2, all_of.leak_power_W)


@component(
    "array_col_drivers", "column_drivers",
    accuracy=70,
    source="NeuroSim 1.3 arrays at 32 nm, in proportion to the columns",
    formula="read and write are those of a calibrated array; area is per column",
    attributes=DRIVER_ATTRIBUTES,
)  # fmt: skip
def array_col_drivers(*, technology: Number, cols: Number, cell_config: str, neurosim: str = CURRENT_SET) -> Estimate:
    """All column drivers of an array; energies are of one column, which does not depend on the data."""
    point = POINTS[neurosim, cell_kind(cell_config).has_access_device]
    node = energy_scale(NODE, technology)
    read = node * point.column_read_pJ
    energy = {"read": read, "drive": read, "write": node * point.column_write_pJ, "update": 0.0}
    area = point.column_area_um2 * cols / point.cols * area_scale(NODE, technology)
    return Estimate(energy, area, LEAK_W[neurosim] * cols * node)
