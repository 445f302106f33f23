"""Digital-to-analog converters, whose energy depends on the values that they convert.

In a ladder of resistors (R, 2R) or capacitors (C, 2C) each bit drives one node. Kirchhoff's law at the nodes is a
tridiagonal system, diagonal 4, 5, ..., 5, 3 and -2 beside it, with the voltages of the bits on the right; a bit that
is one draws from the supply in proportion to what its node lacks of it. So the energy of a code with bits b is a
quadratic form, V² b (1 - A⁻¹) b, and the mean over a histogram needs the probabilities of pairs of bits alone.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from accelax.components.estimate import VOLTAGE, Attribute, Estimate
from accelax.components.library.capacitors import HISTOGRAM, capacitor, mean_level
from accelax.components.library.cells import CURRENT_SET, NEUROSIM
from accelax.components.library.neurosim_logic import FLIP_FLOP
from accelax.components.numbers import Number, is_plain, maximum, namespace
from accelax.components.registry import Declined, component

CONTROLLER_F_PER_M2 = 80.0
"""Of the controller per bit: 0.08 pJ at 32 nm and 1 V, in proportion to the square of both."""
RESISTOR_M2_PER_OHM = 2.35e-15
"""Area of a resistor at 22 nm; grows with the square of the node."""
MOST_BITS = 12


@cache
def code_bits(resolution: int) -> np.ndarray:
    """The bits of all codes, the least significant first: an array of 2^resolution rows.

    >>> code_bits(2).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    return (np.arange(2**resolution)[:, None] >> np.arange(resolution) & 1).astype(float)


@cache
def ladder_form(resolution: int) -> np.ndarray:
    """The quadratic form of a ladder in its bits, the least significant first, in units of V² times C or t / 2R.

    >>> ladder_form(1).tolist()
    [[0.5]]
    """
    diagonal = np.full(resolution, 5.0)
    diagonal[0] -= 1.0
    diagonal[-1] -= 2.0
    beside = -2.0 * (np.eye(resolution, k=1) + np.eye(resolution, k=-1))
    return np.eye(resolution) - np.linalg.inv(np.diag(diagonal) + beside)


@cache
def _onto_codes(bins: int, resolution: int) -> np.ndarray:
    """The share of each bin of a histogram in each code: bins spread evenly from the least code to the greatest."""
    at = np.linspace(0.0, 2**resolution - 1.0, bins)
    return np.maximum(1.0 - abs(at[:, None] - np.arange(2**resolution)), 0.0)


def code_probabilities(histogram: Number | None, resolution: int) -> Number:
    """The probability of each code; a histogram of any number of bins is spread over them, none is uniform.

    >>> import numpy as np
    >>> code_probabilities(np.array([1.0, 3.0]), 2).tolist()
    [0.25, 0.0, 0.0, 0.75]
    """
    if histogram is None:
        return np.full(2**resolution, 2.0**-resolution)
    spread = histogram @ _onto_codes(histogram.shape[-1], resolution)
    return spread / spread.sum(-1, keepdims=True)


def mean_form(probabilities: Number, resolution: int) -> Number:
    """The mean of a ladder's quadratic form over codes."""
    space = namespace(probabilities)
    bits = code_bits(resolution)
    pairs = (bits[:, :, None] * bits[:, None, :]).reshape(len(bits), -1)
    return (probabilities @ space.asarray(pairs)) @ space.asarray(ladder_form(resolution).ravel())


def bit_flips(probabilities: Number, resolution: int) -> Number:
    """The mean number of bits that rise from one independent code to the next: the sum of p (1 - p)."""
    ones = probabilities @ namespace(probabilities).asarray(code_bits(resolution))
    return (ones * (1.0 - ones)).sum(-1)


def hold_time(resolution: Number, resistance: Number, capacitance: Number, cycle_seconds: Number) -> Number:
    """Seconds until a load has settled to half of the least step, at least a cycle: R C ln 2^(n + 1).

    >>> float(hold_time(1, 0.0, 1e-12, 1e-9))
    1e-09
    """
    return maximum(cycle_seconds, resistance * capacitance * (resolution + 1) * math.log(2))


def whole_bits(resolution: Number) -> int:
    """A number of bits that sizes a circuit.

    Raises:
        Declined: it is traced or not whole, or there are too many codes to list.
    """
    if not is_plain(resolution) or resolution != int(resolution):
        raise Declined(
            "a ladder is made for a whole number of bits, so that 'resolution' cannot be varied", "resolution"
        )
    if resolution > MOST_BITS:
        raise Declined(f"the codes of more than {MOST_BITS} bits are not listed", "resolution")
    return int(resolution)


def digital_side(
    probabilities: Number, resolution: int, technology: Number, voltage: Number, neurosim: str
) -> tuple[Number, Number, Number]:
    """Energy, area and leakage of the flip-flops that hold a code, and the energy of the controller."""
    energy, area, leak = FLIP_FLOP[neurosim].of(1.0, technology)
    controller = CONTROLLER_F_PER_M2 * resolution * (voltage * technology * 1e-9) ** 2 * 1e12
    return energy * bit_flips(probabilities, resolution) + controller, area * resolution, leak * resolution


LADDER_ATTRIBUTES = {
    "resolution": Attribute("bit", whole=True, most=MOST_BITS),
    "voltage": VOLTAGE,
    "unit_capacitance": Attribute("F"),
    "unit_resistance": Attribute("ohm"),
    "hist": HISTOGRAM,
    "load_capacitance": Attribute("F", least=0.0, above=False),
    "load_resistance": Attribute("ohm", least=0.0, above=False),
    "cycle_seconds": Attribute("s"),
    "neurosim": NEUROSIM,
    "stacked": Attribute(kind="flag"),
}
LADDER_SOURCE = "Kirchhoff's law of the ladder; Wang et al., JSSC 2023"


@component(
    "dac_c2c_ladder", "dac_c2c_ladder_compound", "c2c_dac", "c2cladderdac",
    accuracy=75,
    source=LADDER_SOURCE,
    formula="unit_capacitance * V^2 * mean b (1 - A^-1) b + controller + flip_flop * sum p (1 - p)",
    attributes=LADDER_ATTRIBUTES,
)  # fmt: skip
def dac_c2c_ladder(
    *,
    technology: Number,
    resolution: Number,
    voltage: Number,
    unit_capacitance: Number = 1e-12,
    hist: Number | None = None,
    load_capacitance: Number = 0.0,
    load_resistance: Number = 0.0,
    cycle_seconds: Number = 1e-9,
    stacked: bool = False,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """A ladder of capacitors: charge is drawn once per conversion."""
    bits = whole_bits(resolution)
    codes = code_probabilities(hist, bits)
    digital, area, leak = digital_side(codes, bits, technology, voltage, neurosim)
    energy = unit_capacitance * voltage**2 * mean_form(codes, bits) * 1e12 + digital
    for size in (1, 2):
        area = (
            area
            + bits
            * capacitor(
                technology=technology, capacitance=size * unit_capacitance, voltage=voltage, stacked=stacked
            ).area_um2
        )
    latency = hold_time(bits, load_resistance, 2 * unit_capacitance + load_capacitance, cycle_seconds)
    return Estimate({"convert": energy, "read": energy}, area, leak, {"convert": latency, "read": latency})


@component(
    "dac_r2r_ladder", "dac_r2r_ladder_compound", "r2r_dac", "r2rladderdac",
    accuracy=75,
    source=LADDER_SOURCE,
    formula="V^2 * hold time / (2 * unit_resistance) * mean b (1 - A^-1) b + controller + flip_flop * sum p (1 - p)",
    attributes=LADDER_ATTRIBUTES,
)  # fmt: skip
def dac_r2r_ladder(
    *,
    technology: Number,
    resolution: Number,
    voltage: Number,
    unit_resistance: Number = 5e3,
    hist: Number | None = None,
    load_capacitance: Number = 0.0,
    load_resistance: Number = 0.0,
    cycle_seconds: Number = 1e-9,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """A ladder of resistors: current flows for as long as the value is held."""
    bits = whole_bits(resolution)
    codes = code_probabilities(hist, bits)
    digital, area, leak = digital_side(codes, bits, technology, voltage, neurosim)
    latency = hold_time(bits, load_resistance, load_capacitance, cycle_seconds)
    energy = voltage**2 * latency / (2 * unit_resistance) * mean_form(codes, bits) * 1e12 + digital
    resistors = RESISTOR_M2_PER_OHM * 1e12 * (technology / 22) ** 2 * bits * 3 * unit_resistance
    return Estimate({"convert": energy, "read": energy}, area + resistors, leak, {"convert": latency, "read": latency})


LINE_ATTRIBUTES = {
    "resolution": Attribute("bit"),
    "voltage": VOLTAGE,
    "load_capacitance": Attribute("F"),
    "average_input_value": Attribute(least=0.0, above=False, most=1.0),
    "hist": HISTOGRAM,
    "driver_area": Attribute("um^2", least=0.0, above=False),
}


@component(
    "voltage_dac",
    accuracy=50,
    source="a line that a switch connects to one of the supplies of a string of resistors",
    formula="load_capacitance * V^2 * mean input value; area = 2^(resolution - 1) drivers",
    attributes=LINE_ATTRIBUTES,
)
def voltage_dac(
    *,
    resolution: Number,
    voltage: Number,
    load_capacitance: Number,
    average_input_value: Number = 0.5,
    hist: Number | None = None,
    driver_area: Number = 0.0,
) -> Estimate:
    """Charges a line from zero to the voltage of its value in every conversion."""
    level = average_input_value if hist is None else mean_level(hist)
    energy = load_capacitance * voltage**2 * level * 1e12
    return Estimate({"convert": energy, "read": energy}, driver_area * 2.0 ** (resolution - 1))


@component(
    "pulse_dac", "pulse_train_dac", "temporal_dac",
    accuracy=50,
    source="a line that is charged once per unit of its value",
    formula="load_capacitance * V^2 * mean input value * (2^resolution - 1)",
    attributes={**LINE_ATTRIBUTES, "cycle_seconds": Attribute("s")},
)  # fmt: skip
def pulse_dac(
    *,
    resolution: Number,
    voltage: Number,
    load_capacitance: Number,
    average_input_value: Number = 0.5,
    hist: Number | None = None,
    driver_area: Number = 0.0,
    cycle_seconds: Number = 1e-9,
) -> Estimate:
    """Sends as many full pulses as the value says; takes the time of the greatest value."""
    level = average_input_value if hist is None else mean_level(hist)
    pulses = 2.0**resolution - 1.0
    energy = load_capacitance * voltage**2 * level * pulses * 1e12
    latency = pulses * cycle_seconds
    return Estimate({"convert": energy, "read": energy}, driver_area, latency_s={"convert": latency, "read": latency})
