"""How long a component is busy: its ``total_latency`` expression over the calls of one instance."""

from __future__ import annotations

from collections.abc import Callable

from accelax.model.ops import Number, floor, maximum, minimum, total, where
from accelax.model.tree_types import ComponentHardware, ComponentStructure

_BINARY: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: floor(a / b),
    "%": lambda a, b: a - b * floor(a / b),
    "**": lambda a, b: a**b,
}


def evaluate_operation(operation: tuple, calls: tuple[Number, ...], throughputs: tuple[Number, ...]) -> Number:
    """Evaluate a lowered expression on the calls and throughputs of a component's actions.

    >>> evaluate_operation(("/", ("n_calls", 0), ("throughput", 0)), (6.0,), (4.0,))
    1.5
    >>> float(evaluate_operation(("max", ("const", 1.0), ("neg", ("n_calls", 0))), (6.0,), (4.0,)))
    1.0
    """
    kind, *arguments = operation
    if kind == "const":
        return arguments[0]
    if kind == "n_calls":
        return calls[arguments[0]]
    if kind == "throughput":
        return throughputs[arguments[0]]
    values = [evaluate_operation(argument, calls, throughputs) for argument in arguments]
    if kind == "neg":
        return -values[0]
    if kind == "max":
        return maximum(*values)
    if kind == "min":
        return minimum(*values)
    if kind == "sum":
        return total(values)
    return _BINARY[kind](*values)


def component_latency(
    component: ComponentStructure, hardware: ComponentHardware, calls: tuple[Number, ...], busy: Number
) -> Number:
    """The seconds that one component takes; 0 where nothing is kept (``busy`` False), whatever the expression says."""
    seconds = evaluate_operation(component.total_latency, calls, hardware.throughput)
    return where(busy, seconds, 0.0)
