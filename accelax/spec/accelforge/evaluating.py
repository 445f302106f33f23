"""Evaluates fields in a scope; what has no value is noted with its path, and a harmless value goes on in its place."""

from __future__ import annotations

import math

from accelax.ir.tree_machine import Comparison
from accelax.spec.accelforge.arch_models import Comparison as ComparisonModel
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError, Scope, by_tensor
from accelax.spec.accelforge.sets import ElementSet


class FieldEvaluator:
    """The fields of one component in its ``scope``; ``everything`` is the set of all tensors of the Einsum."""

    def __init__(self, scope: Scope, everything: ElementSet, collector: Collector):
        self.scope = scope
        self.everything = everything
        self.collector = collector

    def number(self, value: object, path: str, default: float = 1.0) -> float:
        """A number."""
        try:
            return self.scope.number(value)
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return default

    def finite(self, value: object, path: str) -> float:
        """A number that is not infinite."""
        found = self.number(value, path)
        if math.isinf(found):
            self.collector.add(f"expected a finite number, got {value!r}", path)
            return 1.0
        return found

    def at_least_zero(self, value: object, path: str) -> float:
        """A number that may not be negative."""
        found = self.number(value, path)
        if found < 0:
            self.collector.add(f"expected a number of at least 0, got {value!r}", path)
            return 1.0
        return float(found)

    def integer(self, value: object, path: str) -> int:
        """A whole number of at least 1."""
        try:
            return self.scope.integer(value)
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return 1

    def truth(self, value: object, path: str) -> bool:
        """True or false."""
        try:
            return self.scope.truth(value)
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return False

    def names(self, value: object, path: str, kind: str = "tensor") -> tuple[str, ...]:
        """The members of a set of tensors or, with ``kind`` ``rank``, of rank variables."""
        try:
            return tuple(self.scope.set_of(value, kind))
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return ()

    def tensors(self, value: object, path: str) -> ElementSet:
        """A set of tensors."""
        return self.everything.of(self.names(value, path))

    def table(self, given: dict[str, object], path: str) -> dict[str, object]:
        """A table with set expressions for keys, spread over the tensors."""

        def report(message: str, key: str) -> None:
            self.collector.add(message, f"{path}.{key}")

        return by_tensor(given, self.scope, self.everything, report)

    def comparisons(self, given: list[ComparisonModel], path: str) -> tuple[Comparison, ...]:
        """Bounds on rank variables."""
        return tuple(
            Comparison(
                self.names(comparison.expression, f"{path}[{position}].expression", "rank"),
                comparison.operator,
                float(self.number(comparison.value, f"{path}[{position}].value")),
            )
            for position, comparison in enumerate(given)
        )
