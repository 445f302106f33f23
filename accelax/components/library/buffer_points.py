"""Small SRAM buffers, exact at those of ISAAC and RAELLA.

CACTI's energy per access at 32 nm is known at four sizes: 64 words of 64, 128 and 256 bit, and 512 of 32. Between
them the logarithm is linear in that of the width, and energy goes with the power 0.78 of the depth, area linearly.
A buffer below CACTI's least size (32 bit, 64 words) is scaled down from it in the same way. Each access steps a
counter of NeuroSim's adders, with as many bits as the logarithm of the depth says (not rounded up, so that the depth
may be varied smoothly); two of them take area.
"""

from __future__ import annotations

from accelax.components.estimate import Attribute, Estimate
from accelax.components.library.cells import NEUROSIM, SET_2023
from accelax.components.library.neurosim_logic import ADDER
from accelax.components.numbers import Number, exp, interpolate, log, log2, maximum
from accelax.components.registry import component
from accelax.components.scaling import area_scale, depth_energy_scale, energy_scale

WIDTHS = (32.0, 64.0, 128.0, 256.0)
"""Bits; the first one's point has 512 words, the others' 64."""
READ_PJ = (1.2115102 / 8**0.78, 0.745091, 1.8085307, 5.1341999)
WRITE_PJ = (1.4012602 / 8**0.78, 1.221433, 2.7612204, 7.0395803)
AREA_UM2 = (3656.33 / 8, 1087.92, 2697.83, 6831.56)
"""Of 64 words of each width at 32 nm."""


def _over_widths(width: Number, values: tuple[float, ...]) -> Number:
    """A power law through the points of the widths; below and above them in proportion to the width."""
    logs = [float(log(value)) for value in values]
    inside = exp(interpolate(log(width), [float(log(value)) for value in WIDTHS], logs))
    below = width / maximum(width, WIDTHS[0])
    return inside * below * maximum(width, WIDTHS[-1]) / WIDTHS[-1]


def buffer_energies(width: Number, depth: Number, technology: Number, neurosim: str) -> tuple[Number, Number]:
    """pJ of one read and one write of a buffer of ``depth`` words of ``width`` bit, with its address counter."""
    counter, _, _ = ADDER[neurosim].of(maximum(1.0, log2(depth)), technology)
    size = depth_energy_scale(64.0, depth) * energy_scale(32, technology)
    return _over_widths(width, READ_PJ) * size + counter, _over_widths(width, WRITE_PJ) * size + counter


def buffer_area(width: Number, depth: Number, technology: Number, neurosim: str) -> Number:
    """µm² of a buffer and of its two address counters."""
    _, counter, _ = ADDER[neurosim].of(maximum(1.0, log2(depth)), technology)
    return _over_widths(width, AREA_UM2) * depth / 64 * area_scale(32, technology) + 2 * counter


@component(
    "isaac_input_buffer", "isaac_output_register", "small_sram_buffer",
    accuracy=80,
    source="CACTI 7 at four sizes and NeuroSim adders, 32 nm",
    formula="power law in width through the four points * (depth / 64)^0.78 + address counter",
    attributes={"width": Attribute("bit", valid=(8, 256)), "depth": Attribute(valid=(4, 512)), "neurosim": NEUROSIM},
)  # fmt: skip
def small_sram_buffer(*, technology: Number, width: Number, depth: Number, neurosim: str = SET_2023) -> Estimate:
    """A buffer of an in-situ multiply-accumulate unit; an update is a write."""
    read, write = buffer_energies(width, depth, technology, neurosim)
    return Estimate({"read": read, "write": write, "update": write}, buffer_area(width, depth, technology, neurosim))
