"""The multiplier of an analog voltage and a digital number in a ladder of capacitors (Wang et al., JSSC 2023).

The voltage enters at one port and charges, through the ladder, 1.67 times one bit's capacitors C and 2C however many
bits there are. The digital bits enter at the other and connect their capacitors to the voltage where they rise.
"""

from __future__ import annotations

from accelax.components.estimate import VOLTAGE, Attribute, Estimate
from accelax.components.library.capacitors import HISTOGRAM, capacitor, mean_rise
from accelax.components.numbers import Number, namespace, sqrt
from accelax.components.registry import component

REFERENCE_SHARE = 1.67
"""What the ladder shows its analog port of the capacitors of all bits, in those of one bit, on average."""
BOTH = 3.0
"""C and 2C of one bit, in C."""
SOURCE = "Wang et al., JSSC 2023, as CiMLoop models it"
PORT_ATTRIBUTES = {
    "resolution": Attribute("bit"),
    "voltage": VOLTAGE,
    "unit_capacitance": Attribute("F"),
    "a_hist": HISTOGRAM,
    "b_bit_distribution": HISTOGRAM,
    "cap_f_per_m2": Attribute("F/m^2"),
    "stacked": Attribute(kind="flag"),
}


def root_mean_square(histogram: Number) -> Number:
    """The root of the mean square of values 0 to 1 at equal distances, weighted by a histogram.

    >>> import numpy as np
    >>> float(root_mean_square(np.array([3.0, 1.0])))
    0.5
    """
    space = namespace(histogram)
    levels = space.arange(histogram.shape[-1]) / max(histogram.shape[-1] - 1, 1)
    return sqrt((histogram * levels**2).sum(-1) / histogram.sum(-1))


@component(
    "c2c_mult_input_port_a",
    accuracy=70,
    source=SOURCE,
    formula="1.67 * 3 * unit_capacitance * V^2 * mean rise over a_hist",
    attributes=PORT_ATTRIBUTES,
)
def c2c_mult_input_port_a(
    *,
    technology: Number,
    resolution: Number,
    voltage: Number,
    a_hist: Number,
    unit_capacitance: Number = 1e-15,
    cap_f_per_m2: Number | None = None,
    stacked: bool = False,
) -> Estimate:
    """The analog port, with the area of the multiplier's capacitors."""
    rise = BOTH * unit_capacitance * voltage**2 * mean_rise(a_hist) * 1e12
    area: Number = 0.0
    for size in (1, 2):
        area = area + resolution * capacitor(
            technology=technology, capacitance=size * unit_capacitance, voltage=voltage, stacked=stacked,
            cap_f_per_m2=cap_f_per_m2,
        ).area_um2  # fmt: skip
    energy = REFERENCE_SHARE * rise
    return Estimate({"read": energy, "switch_a": energy, "write": energy, "update": 0.0}, area)


@component(
    "c2c_mult_input_port_b",
    accuracy=70,
    source=SOURCE,
    formula="resolution * 3 * unit_capacitance * V * V_rms(a_hist) * mean p (1 - p) over b_bit_distribution",
    attributes=PORT_ATTRIBUTES,
)
def c2c_mult_input_port_b(
    *,
    resolution: Number,
    voltage: Number,
    a_hist: Number,
    b_bit_distribution: Number,
    unit_capacitance: Number = 1e-15,
) -> Estimate:
    """The digital port; its capacitors are those of the analog one."""
    flips = (b_bit_distribution * (1.0 - b_bit_distribution)).sum(-1) / b_bit_distribution.shape[-1]
    charge = resolution * BOTH * unit_capacitance * voltage**2 * root_mean_square(a_hist)
    energy = charge * flips * 1e12
    return Estimate({"read": energy, "switch_b": energy, "write": 0.0, "update": 0.0})
