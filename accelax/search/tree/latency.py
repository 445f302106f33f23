"""``total_latency`` expressions as the largest of several sums, which can be added up along a nest."""

from __future__ import annotations

from dataclasses import dataclass

from accelax.model.tree_latency import evaluate_operation
from accelax.model.tree_types import Kind


@dataclass(frozen=True)
class LinearTime:
    """``constant + sum(rate * calls)`` in seconds; ``rates`` by action number. A component takes at least as long."""

    constant: float
    rates: tuple[tuple[int, float], ...]


def linear_times(operation: tuple, throughputs: tuple[float, ...]) -> tuple[LinearTime, ...]:
    """Sums whose largest is a ``total_latency``, or at most that where it is none of sums, maxima and scales.

    >>> linear_times(("max", ("/", ("n_calls", 0), ("throughput", 0)), ("n_calls", 1)), (4.0, 1.0))
    (LinearTime(constant=0.0, rates=((0, 0.25),)), LinearTime(constant=0.0, rates=((1, 1.0),)))
    """
    forms = _forms(operation, throughputs)
    if forms is None:
        return ()
    return tuple(LinearTime(constant, tuple(sorted(rates.items()))) for constant, rates in forms)


def busy_for_nothing(times: tuple[LinearTime, ...]) -> tuple[LinearTime, ...]:
    """The same for a component that may hold nothing, and then takes no time: positive constants do not count."""
    return tuple(LinearTime(min(0.0, each.constant), each.rates) for each in times)


_Form = tuple[float, dict[int, float]]


def _forms(operation: tuple, throughputs: tuple[float, ...]) -> list[_Form] | None:
    """The sums of an operation, None where it has another shape."""
    kind, *arguments = operation
    if kind == "n_calls":
        return [(0.0, {arguments[0]: 1.0})]
    if not _calls(operation):
        zeros = (0.0,) * len(throughputs)
        return [(float(evaluate_operation(operation, zeros, throughputs)), {})]
    parts = [_forms(argument, throughputs) for argument in arguments]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    if kind == "max":
        return [form for part in known for form in part]
    if kind in ("+", "sum"):
        found: list[_Form] = [(0.0, {})]
        for part in known:
            found = [_added(a, b, 1.0) for a in found for b in part]
        return found
    if kind == "-" and len(known[1]) == 1:
        return [_added(form, known[1][0], -1.0) for form in known[0]]
    if kind in ("*", "/"):
        return _scaled(kind, known)
    return None


def _calls(operation: tuple) -> bool:
    return operation[0] == "n_calls" or any(isinstance(part, tuple) and _calls(part) for part in operation[1:])


def _added(a: _Form, b: _Form, sign: float) -> _Form:
    rates = dict(a[1])
    for action, rate in b[1].items():
        rates[action] = rates.get(action, 0.0) + sign * rate
    return a[0] + sign * b[0], rates


def _scaled(kind: str, parts: list[list[_Form]]) -> list[_Form] | None:
    """A product or quotient with a number that is not negative."""
    left, right = parts
    if kind == "*" and not any(rates for _, rates in left):
        left, right = right, left
    if len(right) != 1 or right[0][1] or right[0][0] < 0 or (kind == "/" and right[0][0] == 0):
        return None
    factor = right[0][0] if kind == "*" else 1.0 / right[0][0]
    return [(constant * factor, {action: rate * factor for action, rate in rates.items()}) for constant, rates in left]


def times_of(kind: Kind, operation: tuple, throughputs: tuple[float, ...], always: bool) -> tuple[LinearTime, ...]:
    """The sums of a component; ``always``: whether it certainly holds something (a compute unit is always busy)."""
    times = linear_times(operation, throughputs)
    return times if always or kind is Kind.COMPUTE else busy_for_nothing(times)
