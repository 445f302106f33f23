"""Names and their values, for the expressions of a specification.

A scope holds values that are known and others that are expressions themselves (variables, fields of the same
component), which are evaluated when first needed. A cycle among them is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from accelax.errors import UnsupportedError, did_you_mean
from accelax.spec.accelforge.sets import ElementSet, SetError
from accelax.spec.text.expressions import ExpressionError, evaluate_expression, names_in

CONSTANTS: dict[str, object] = {"inf": math.inf, "nan": math.nan, "pi": math.pi}

_LARGEST_BITS = 1000
"""Integers up to here are floating point numbers too."""


class EvaluationError(ValueError):
    """An expression has no value; the message says why."""


class Scope:
    """``values`` are known, ``pending`` are expressions yet to be evaluated, ``refused`` names features by name."""

    def __init__(
        self,
        values: Mapping[str, object] | None = None,
        pending: Mapping[str, object] | None = None,
        refused: Mapping[str, str] | None = None,
        functions: Mapping[str, Callable[..., object]] | None = None,
    ):
        self.values: dict[str, object] = {**CONSTANTS, **(values or {})}
        self.pending: dict[str, object] = dict(pending or {})
        self.refused: dict[str, str] = dict(refused or {})
        self.functions = dict(functions) if functions else None
        self._active: list[str] = []

    def child(
        self,
        values: Mapping[str, object] | None = None,
        pending: Mapping[str, object] | None = None,
        functions: Mapping[str, Callable[..., object]] | None = None,
    ) -> Scope:
        """A scope with more names, which hide those of this one."""
        inner_values, inner_pending = dict(self.values), dict(self.pending)
        for name in {*(values or {}), *(pending or {})}:
            inner_values.pop(name, None)
            inner_pending.pop(name, None)
        return Scope(
            {**inner_values, **(values or {})},
            {**inner_pending, **(pending or {})},
            self.refused,
            functions or self.functions,
        )

    def evaluate(self, value: object) -> object:
        """The value of an expression; what is no text is its own value. Raises EvaluationError and UnsupportedError."""
        if not isinstance(value, str):
            return value
        text = value.strip()
        if text in self.values:
            return self.values[text]
        try:
            for name in sorted(names_in(text)):
                self._resolve(name)
            return evaluate_expression(text, self.values, self.functions)
        except (ExpressionError, SetError) as error:
            raise EvaluationError(str(error)) from None
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise error if isinstance(error, EvaluationError) else EvaluationError(f"{text!r}: {error}") from None

    def _resolve(self, name: str) -> None:
        """Evaluate the pending ``name``, if it is one, and move it to the values."""
        if name in self.values:
            return
        if name in self.refused:
            raise UnsupportedError(self.refused[name])
        if name not in self.pending:
            return
        if name in self._active:
            raise EvaluationError(" needs ".join([*self._active[self._active.index(name) :], name]) + ", a cycle")
        self._active.append(name)
        try:
            self.values[name] = self.evaluate(self.pending[name])
        finally:
            self._active.pop()

    def number(self, value: object) -> float:
        """The value of an expression that must be a number. Integers stay integers."""
        found = self.evaluate(value)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise EvaluationError(f"expected a number, got {_shown(value, found)}")
        if isinstance(found, float) and math.isnan(found):
            raise EvaluationError(f"expected a number, got {_shown(value, found)}")
        if isinstance(found, int) and found.bit_length() > _LARGEST_BITS:
            raise EvaluationError(f"{str(value)[:80]!r} is too large")
        return found

    def integer(self, value: object, minimum: int = 1) -> int:
        """The value of an expression that must be a whole number of at least ``minimum``."""
        found = self.number(value)
        if not math.isfinite(found) or found != int(found) or found < minimum:
            raise EvaluationError(f"expected an integer of at least {minimum}, got {_shown(value, found)}")
        return int(found)

    def truth(self, value: object) -> bool:
        """The value of an expression that must be true or false."""
        found = self.evaluate(value)
        if isinstance(found, ElementSet) or found is None or isinstance(found, str):
            raise EvaluationError(f"expected true or false, got {_shown(value, found)}")
        return bool(found)

    def set_of(self, value: object, kind: str = "tensor") -> ElementSet:
        """The value of an expression that must be a set of tensors (or, with ``kind`` ``rank``, of rank variables)."""
        found = self.evaluate(value)
        if not isinstance(found, ElementSet):
            names = [
                name for name, known in self.values.items() if isinstance(known, ElementSet) and known.kind == kind
            ]
            hint = did_you_mean(value, names) if found is value else ""
            raise EvaluationError(f"expected a set of {kind}s, got {_shown(value, found)}{hint}")
        if found.kind != kind:
            raise EvaluationError(f"expected a set of {kind}s, got a set of {found.kind}s from {value!r}")
        return found


def _shown(value: object, found: object) -> str:
    """How an expression and its value appear in a message."""
    if isinstance(found, ElementSet):
        found = "{" + ", ".join(found) + "}"
    if callable(found):
        return f"the function {value!r}"
    return repr(value) if found == value else f"{found!r} from {value!r}"


def by_tensor(
    table: Mapping[str, object], scope: Scope, everything: ElementSet, report: Callable[[str, str], None]
) -> dict[str, object]:
    """Spread ``{set expression: value}`` over the tensors of the sets; values stay as written.

    The name ``Other`` stands for the tensors that no other key holds. A tensor in two sets is an error. Problems go to
    ``report(message, key)``.
    """
    chosen: dict[str, tuple[str, object]] = {}
    keys = sorted(table, key=lambda key: "Other" in names_in_or_empty(key))
    for key in keys:
        inner = scope
        if "Other" in names_in_or_empty(key):
            inner = scope.child({"Other": everything - everything.of(chosen)})
        try:
            tensors = inner.set_of(key)
        except EvaluationError as error:
            report(str(error), key)
            continue
        for tensor in tensors:
            if tensor in chosen:
                report(f"{tensor!r} is in both {chosen[tensor][0]!r} and {key!r}", key)
            else:
                chosen[tensor] = (key, table[key])
    return {tensor: value for tensor, (_, value) in chosen.items()}


def names_in_or_empty(text: str) -> frozenset[str]:
    """The names in an expression; none when it can not be parsed."""
    try:
        return frozenset(names_in(text))
    except ExpressionError:
        return frozenset()
