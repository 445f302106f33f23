"""Capacitors and wires that are charged to voltages which follow the data.

Raising a capacitor C from a voltage v to w draws C (w - v) V from the supply V; lowering it draws nothing. Over a
distribution of values that follow one another independently, the mean rise is the integral of F (1 - F) over the
voltage, with F the share of values below it; where the capacitor is emptied between values it is the mean value.
"""

from __future__ import annotations

from accelax.components.estimate import VOLTAGE, Attribute, Estimate
from accelax.components.numbers import Number, namespace
from accelax.components.registry import component
from accelax.components.scaling import area_scale

DENSITY_F_PER_M2 = 2.3e-3
DENSITY_NODE = 22
SEPARATION_UM2 = 1.0
"""Around each capacitor."""
WIRE_F_PER_M = 2e-10
HISTOGRAM = Attribute(kind="values")
"""Probabilities, or counts, of values at equal distances, the first one zero."""


def mean_level(histogram: Number) -> Number:
    """The mean of values 0 to 1 at equal distances, weighted by a histogram along the last axis.

    >>> import numpy as np
    >>> float(mean_level(np.array([1.0, 0.0, 1.0])))
    0.5
    """
    space = namespace(histogram)
    levels = space.arange(histogram.shape[-1]) / max(histogram.shape[-1] - 1, 1)
    return (histogram * levels).sum(-1) / histogram.sum(-1)


def mean_rise(histogram: Number) -> Number:
    """The mean of max(0, next - last) over two independent values of 0 to 1, weighted by a histogram.

    >>> import numpy as np
    >>> float(mean_rise(np.array([1.0, 1.0])))
    0.25
    """
    space = namespace(histogram)
    below = space.cumsum(histogram / histogram.sum(-1, keepdims=True), axis=-1)[..., :-1]
    return (below * (1.0 - below)).sum(-1) / max(histogram.shape[-1] - 1, 1)


def expected_rise(histogram: Number | None, zero_between_values: bool, target: Number) -> Number:
    """The mean rise as a share of the supply: of a histogram, or up to ``target`` from zero where there is none."""
    if histogram is None:
        return target
    return mean_level(histogram) if zero_between_values else mean_rise(histogram)


@component(
    "capacitor",
    accuracy=80,
    source="C V dV; 2.3 fF/µm² at 22 nm",
    formula="switch = capacitance * voltage^2 * mean rise over value_probabilities; raise_voltage_to = C * target * V",
    attributes={
        "capacitance": Attribute("F"),
        "voltage": VOLTAGE,
        "stacked": Attribute(kind="flag"),
        "cap_f_per_m2": Attribute("F/m^2"),
        "value_probabilities": HISTOGRAM,
        "zero_between_values": Attribute(kind="flag"),
        "target_voltage": Attribute("V", least=0.0, above=False),
    },
)
def capacitor(
    *,
    technology: Number,
    capacitance: Number,
    voltage: Number,
    value_probabilities: Number | None = None,
    zero_between_values: bool = True,
    target_voltage: Number | None = None,
    stacked: bool = False,
    cap_f_per_m2: Number | None = None,
) -> Estimate:
    """A capacitor; one that is ``stacked`` on other parts takes no area of its own.

    Without probabilities or a target it is charged to the full supply.
    """
    full = capacitance * voltage**2 * 1e12
    target = 1.0 if target_voltage is None else target_voltage / voltage
    switch = full * expected_rise(value_probabilities, zero_between_values, target)
    density = DENSITY_F_PER_M2 / area_scale(DENSITY_NODE, technology) if cap_f_per_m2 is None else cap_f_per_m2
    area = 0.0 if stacked else capacitance / density * 1e12 + SEPARATION_UM2
    energy = {"switch": switch, "read": switch, "raise_voltage_to": full * target, "write": 0.0, "update": 0.0}
    return Estimate(energy, area)


@component(
    "wire_capacitance", "analog_wire",
    accuracy=70,
    source="C V dV; 0.2 fF/µm",
    formula="switch = 2e-10 F/m * length * voltage^2 * mean rise",
    attributes={
        "length": Attribute("m"),
        "voltage": VOLTAGE,
        "capacitance_per_m": Attribute("F/m"),
        "value_probabilities": HISTOGRAM,
        "zero_between_values": Attribute(kind="flag"),
        "width": Attribute("bit"),
    },
)  # fmt: skip
def wire_capacitance(
    *,
    length: Number,
    voltage: Number = 0.7,
    capacitance_per_m: Number = WIRE_F_PER_M,
    width: Number = 1,
    value_probabilities: Number | None = None,
    zero_between_values: bool = True,
) -> Estimate:
    """``width`` wires of ``length`` metres, charged to the full supply unless probabilities of values are given."""
    rise = expected_rise(value_probabilities, zero_between_values, 1.0)
    switch = width * length * capacitance_per_m * voltage**2 * rise * 1e12
    return Estimate({"switch": switch, "read": switch, "transfer": switch, "write": 0.0, "update": 0.0})
