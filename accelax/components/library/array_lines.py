"""The lines of a compute-in-memory array from its geometry: drivers along the rows, switches below the columns, cells.

A line crosses ``cols`` cells. Each adds its share of wire, 0.2 fF per µm of its side, and the gates of the two access
transistors it drives. A driver is a register bit in front of a pass gate: it toggles two flip-flops' worth of
capacitance at every step, and four tenths of one more where the input is not zero. The capacitance and the area of a
flip-flop are those of NeuroSim's at 32 nm; a planar device shrinks its capacitance with the power 1.4 of the node and
its area with the power 2, a FinFET (below 22 nm), whose width comes in whole fins, with 0.63 and 1.71. These powers,
the gates per µm and the sizes of switches and writers were read off arrays that NeuroSim 1.3 sizes at 130 to 7 nm.
"""

from __future__ import annotations

from accelax.components.estimate import SHARE, VOLTAGE, Attribute, Estimate
from accelax.components.numbers import Number, maximum, minimum, sqrt, where
from accelax.components.registry import component

NODE = 32.0
FINFET_NODE = 22.0
FLIP_FLOP_FF = 5.86
"""What one toggle of a flip-flop charges at 32 nm: 4.770 fJ at 0.902 V (NeuroSim)."""
FLIP_FLOP_UM2 = 2.614886
PLANAR_CAPACITANCE, FINFET_CAPACITANCE = 1.4, 0.63
PLANAR_AREA, FINFET_AREA = 2.0, 1.71
PASS_GATE = 0.4
"""Of a driver, in flip-flops, both of area and of capacitance: a compromise, NeuroSim's range from 0.2 to 1.05."""
WIRE_FF_PER_UM = 0.2
GATE_FF_PER_UM = {"low_power": 1.17, "high_performance": 0.577}
"""Of gate width, with its overlaps."""
DEVICE_CAPACITANCE = {"low_power": 1.0, "high_performance": 0.575}
"""Of a flip-flop, over the low-power one."""
LEAK_A_PER_UM = {"low_power": 100e-12, "high_performance": 100e-9}
"""Of transistor width: the targets of the ITRS for low standby power and for high performance."""
WRITE_DRIVER_F2 = 2760.0
"""Area of what writes one column of an SRAM."""
SWITCH_F2 = 16.0
"""Area of a column's switch per row and per feature size of access width."""
SWITCH_GATES = 1.6
"""Gate of a column's switch over the gates of all its rows' access transistors."""

DEVICE = Attribute(kind="text", choices=tuple(LEAK_A_PER_UM))
LINE_ATTRIBUTES = {
    "voltage": VOLTAGE,
    "rows": Attribute(valid=(16, 4096)),
    "cols": Attribute(valid=(16, 4096)),
    "average_input_value": SHARE,
    "pulses": Attribute(least=0.0, above=False),
    "cell_area": Attribute("F^2"),
    "access_width": Attribute("F", least=0.0, above=False),
    "capacitance_scale": Attribute(),
    "extra_capacitance": Attribute("F", least=-1e-9),
    "device": DEVICE,
    "sram": Attribute(kind="flag"),
    "columns_at_once": Attribute(),
    "transistor_width": Attribute("F", least=0.0, above=False),
    "cells": Attribute(),
}


def shrunk(technology: Number, planar: float, finfet: float) -> Number:
    """A quantity at a node over that at 32 nm: one power of the node down to 22 nm, another one below.

    >>> float(shrunk(64, 2, 1)), float(shrunk(11, 1, 0))
    (4.0, 0.6875)
    """
    above, below = maximum(technology, FINFET_NODE), minimum(technology, FINFET_NODE)
    return (above / NODE) ** planar * (below / FINFET_NODE) ** finfet


def toggled_fF(technology: Number, device: str) -> Number:
    """fF charged by one toggle of a flip-flop bit.

    >>> float(toggled_fF(32, "low_power"))
    5.86
    """
    return FLIP_FLOP_FF * DEVICE_CAPACITANCE[device] * shrunk(technology, PLANAR_CAPACITANCE, FINFET_CAPACITANCE)


def flip_flop_um2(technology: Number) -> Number:
    """Area of a flip-flop bit."""
    return FLIP_FLOP_UM2 * shrunk(technology, PLANAR_AREA, FINFET_AREA)


def cell_fF(
    technology: Number,
    cell_area: Number,
    access_width: Number,
    device: str,
    capacitance_scale: Number = 1.0,
    extra_capacitance: Number = 0.0,
) -> Number:
    """fF that one cell adds to the line: wire along its side and two gates, scaled, and what else hangs on it.

    >>> round(float(cell_fF(100, 100, 5, "low_power")), 3)
    1.37
    """
    feature_um = technology * 1e-3
    gates = 2 * access_width * feature_um * GATE_FF_PER_UM[device]
    wire = WIRE_FF_PER_UM * sqrt(cell_area) * feature_um
    return capacitance_scale * (wire + gates) + extra_capacitance * 1e15


@component(
    "line_drivers",
    accuracy=70,
    source="wire and gate capacitance from the geometry of the cell; flip-flop of NeuroSim 1.3 at 32 nm",
    formula="read = V^2 * (C_flip_flop * (2 + 0.4 a p) + a p * cols * C_cell), a = average_input_value, p = pulses",
    attributes=LINE_ATTRIBUTES,
)
def line_drivers(
    *,
    technology: Number,
    voltage: Number,
    rows: Number,
    cols: Number,
    cell_area: Number,
    access_width: Number = 1.0,
    average_input_value: Number = 1.0,
    pulses: Number = 1.0,
    capacitance_scale: Number = 1.0,
    extra_capacitance: Number = 0.0,
    device: str = "low_power",
    sram: bool = True,
) -> Estimate:
    """The drivers of ``rows`` lines of ``cols`` cells each, whose area is stated; the energy is of one line and step.

    An input may take several ``pulses``. With ``sram`` the area has a write driver in each column.
    """
    register = toggled_fF(technology, device)
    line = register * PASS_GATE + cols * cell_fF(
        technology, cell_area, access_width, device, capacitance_scale, extra_capacitance
    )
    read = voltage**2 * (2 * register + average_input_value * pulses * line) * 1e-3
    area = rows * (1 + PASS_GATE) * flip_flop_um2(technology)
    if sram:
        area = area + cols * WRITE_DRIVER_F2 * (technology * 1e-3) ** 2
    return Estimate({"read": read, "drive": read, "write": 0.0, "update": 0.0}, area)


@component(
    "column_switches",
    accuracy=60,
    source="pass gates as wide as the access transistors of all rows together; sizes as NeuroSim 1.3 lays them out",
    formula="read = 1.6 * C_gate * access_width * rows * V^2 where columns share a converter, else 0",
    attributes=LINE_ATTRIBUTES,
)
def column_switches(
    *,
    technology: Number,
    voltage: Number,
    rows: Number,
    cols: Number,
    columns_at_once: Number,
    access_width: Number = 1.0,
    device: str = "low_power",
) -> Estimate:
    """What connects columns to the converters they share; the energy is of one column that is read.

    Where each column has its own converter there is no switch.
    """
    shared = where(columns_at_once < cols, 1.0, 0.0)
    width_um = access_width * rows * technology * 1e-3
    read = shared * SWITCH_GATES * GATE_FF_PER_UM[device] * width_um * voltage**2 * 1e-3
    area = shared * SWITCH_F2 * access_width * rows * cols * (technology * 1e-3) ** 2
    return Estimate({"read": read, "write": 0.0, "update": 0.0}, area)


@component(
    "sram_compute_cell",
    accuracy=70,
    source="its area is given; leakage per width of transistor as the ITRS targets it",
    formula="read = 0 (paid by the drivers); leak = V * I_leak * transistor_width",
    attributes=LINE_ATTRIBUTES,
)
def sram_compute_cell(
    *,
    technology: Number,
    voltage: Number,
    cell_area: Number,
    cells: Number = 1.0,
    transistor_width: Number = 20.0,
    device: str = "low_power",
) -> Estimate:
    """``cells`` SRAM cells that compute together; drivers pay for reading them.

    ``transistor_width`` is that of an n and a p transistor together, in feature sizes.
    """
    width_um = transistor_width * technology * 1e-3
    leak = cells * voltage * LEAK_A_PER_UM[device] * width_um
    area = cells * cell_area * (technology * 1e-3) ** 2
    return Estimate({"read": 0.0, "write": 0.0, "update": 0.0}, area, leak)
