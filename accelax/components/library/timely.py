"""The parts of TIMELY (Li et al., ISCA 2020): its table II, 65 nm."""

from __future__ import annotations

from accelax.components.estimate import BITS, Attribute, Estimate
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number
from accelax.components.registry import component

TIMELY = "Li et al., ISCA 2020, table II"
NODE = 65
FREE = ("write", "update")


@component("timely_psubbuf", accuracy=85, source=TIMELY, formula="0.0023 pJ")
def timely_psubbuf(*, technology: Number) -> Estimate:
    """The buffer that repeats an analog partial sum."""
    return Published(for_actions(0.0023, "drive", "read", "convert", free=FREE), 5.0, NODE).scaled(technology)


@component(
    "timely_xsubbuf",
    accuracy=85,
    source=TIMELY,
    formula="0.00062 pJ",
    attributes={"rows": Attribute()},
)
def timely_xsubbuf(*, technology: Number, rows: Number = 1) -> Estimate:
    """The buffers that repeat the analog inputs of ``rows`` rows; energy is of one."""
    stated = Published(for_actions(0.00062, "drive", "read", "buffer", free=FREE), 5.0, NODE)
    return stated.scaled(technology, area=rows)


@component("timely_iadder", accuracy=85, source=TIMELY, formula="0.0368 pJ")
def timely_iadder(*, technology: Number) -> Estimate:
    """The adder of currents."""
    return Published(for_actions(0.0368, "add", "read", free=FREE), 40.0, NODE).scaled(technology)


@component("timely_charging_comparator", accuracy=85, source=TIMELY, formula="0.0417 pJ")
def timely_charging_comparator(*, technology: Number) -> Estimate:
    """The comparator that fires when a capacitor has charged."""
    return Published(for_actions(0.0417, "compare", "read", free=FREE), 40.0, NODE).scaled(technology)


@component(
    "timely_dtc",
    accuracy=85,
    source=TIMELY,
    formula="0.0375 pJ * 2^(resolution - 8)",
    attributes={"resolution": BITS},
)
def timely_dtc(*, technology: Number, resolution: Number = 8) -> Estimate:
    """The converter from a number to a delay."""
    stated = Published(for_actions(0.0375, "convert", "read", free=FREE), 240.0, NODE)
    return stated.scaled(technology, more_bits=resolution - 8)


@component(
    "timely_tdc",
    accuracy=85,
    source=TIMELY,
    formula="0.145 pJ * 2^(resolution - 8)",
    attributes={"resolution": BITS},
)
def timely_tdc(*, technology: Number, resolution: Number = 8) -> Estimate:
    """The converter from a delay to a number."""
    stated = Published(for_actions(0.145, "convert", "read", free=FREE), 310.0, NODE)
    return stated.scaled(technology, more_bits=resolution - 8)


@component(
    "timely_input_output_buffer",
    accuracy=85,
    source=TIMELY,
    formula="203.776 pJ read, 496.624 pJ write, * width / 128 * (depth / 128)^0.78",
    attributes={"width": Attribute("bit"), "depth": Attribute()},
)
def timely_input_output_buffer(*, technology: Number, width: Number = 128, depth: Number = 128) -> Estimate:
    """The digital buffer of inputs and outputs."""
    stated = Published({"read": 203.776, "write": 496.624, "update": 496.624}, 40.0, NODE)
    return stated.scaled(technology, width=width / 128, depth=depth / 128)
