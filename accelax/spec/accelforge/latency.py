"""``total_latency`` expressions: evaluated once with symbols for numbers of calls, which leaves a tree of operations.

A model that sees many mappings then evaluates the tree, and knows nothing of expressions.
"""

from __future__ import annotations

from collections.abc import Iterable

from accelax.ir.tree_machine import Operation, TreeAction
from accelax.spec.accelforge.scope import EvaluationError, Scope


class Symbol:
    """An operation that can be computed with: arithmetic on symbols builds larger operations."""

    def __init__(self, operation: Operation):
        self.operation = operation

    def _binary(self, operator: str, left: object, right: object) -> Symbol:
        return Symbol((operator, operation_of(left), operation_of(right)))

    def __add__(self, other: object) -> Symbol:
        return self._binary("+", self, other)

    def __radd__(self, other: object) -> Symbol:
        return self if other == 0 else self._binary("+", other, self)

    def __sub__(self, other: object) -> Symbol:
        return self._binary("-", self, other)

    def __rsub__(self, other: object) -> Symbol:
        return self._binary("-", other, self)

    def __mul__(self, other: object) -> Symbol:
        return self._binary("*", self, other)

    def __rmul__(self, other: object) -> Symbol:
        return self._binary("*", other, self)

    def __truediv__(self, other: object) -> Symbol:
        return self._binary("/", self, other)

    def __rtruediv__(self, other: object) -> Symbol:
        return self._binary("/", other, self)

    def __floordiv__(self, other: object) -> Symbol:
        return self._binary("//", self, other)

    def __rfloordiv__(self, other: object) -> Symbol:
        return self._binary("//", other, self)

    def __mod__(self, other: object) -> Symbol:
        return self._binary("%", self, other)

    def __rmod__(self, other: object) -> Symbol:
        return self._binary("%", other, self)

    def __pow__(self, other: object) -> Symbol:
        return self._binary("**", self, other)

    def __rpow__(self, other: object) -> Symbol:
        return self._binary("**", other, self)

    def __neg__(self) -> Symbol:
        return Symbol(("neg", self.operation))

    def __pos__(self) -> Symbol:
        return self

    def __bool__(self) -> bool:
        raise EvaluationError("a condition on numbers of calls; use max and min instead")

    def _compared(self, other: object) -> bool:
        raise EvaluationError("a comparison of numbers of calls; use max and min instead")

    __lt__ = __le__ = __gt__ = __ge__ = _compared


def operation_of(value: object) -> Operation:
    """The operation of a symbol or a number. Raises EvaluationError for anything else."""
    if isinstance(value, Symbol):
        return value.operation
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise EvaluationError(f"expected a number, got {value!r}")
    return ("const", float(value))


class ActionSymbol:
    """An action inside a ``total_latency`` expression: its calls, throughput, energy and name."""

    def __init__(self, action: TreeAction):
        self._action = action

    def expression_attribute(self, name: str) -> object:
        """``n_calls``, ``throughput`` and ``latency`` as symbols, ``energy`` and ``name`` as values."""
        calls, rate = ("n_calls", self._action.name), ("throughput", self._action.name)
        table: dict[str, object] = {
            "n_calls": Symbol(calls),
            "throughput": Symbol(rate),
            "latency": Symbol(("/", ("const", 1.0), rate)),
            "energy": self._action.energy,
            "name": self._action.name,
        }
        if name not in table:
            raise EvaluationError(f"an action has no attribute {name!r}; it has {', '.join(table)}")
        return table[name]


class ActionSymbols(list[ActionSymbol]):
    """The ``actions`` of a component: a list that is also indexed by name."""

    def __init__(self, actions: Iterable[TreeAction]):
        actions = tuple(actions)
        super().__init__(ActionSymbol(action) for action in actions)
        self._names = [action.name for action in actions]

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        if isinstance(key, str):
            if key not in self._names:
                raise EvaluationError(f"no action {key!r}; there are {', '.join(self._names)}")
            return super().__getitem__(self._names.index(key))
        return super().__getitem__(key)  # type: ignore[index]


def _gathered(operator: str, arguments: tuple[object, ...]) -> object:
    """``max``, ``min`` or ``sum`` of some arguments, or of the one iterable that was given."""
    if len(arguments) == 1 and isinstance(arguments[0], Iterable) and not isinstance(arguments[0], str):
        arguments = tuple(arguments[0])
    operations = tuple(operation_of(argument) for argument in arguments)
    if not operations:
        if operator == "sum":
            return 0.0
        raise EvaluationError(f"{operator} of nothing")
    return Symbol(operations[0]) if len(operations) == 1 else Symbol((operator, *operations))


LATENCY_FUNCTIONS = {
    "max": lambda *arguments: _gathered("max", arguments),
    "min": lambda *arguments: _gathered("min", arguments),
    "sum": lambda *arguments: _gathered("sum", arguments),
}


def lower_total_latency(expression: object, actions: Iterable[TreeAction], scope: Scope) -> Operation:
    """Lower a ``total_latency`` expression (seconds) to nested tuples; sums over ``actions`` are written out.

    Raises EvaluationError for what is not arithmetic of calls and throughputs.
    """
    inner = scope.child({"actions": ActionSymbols(actions)}, functions=LATENCY_FUNCTIONS)
    return operation_of(inner.evaluate(expression))
