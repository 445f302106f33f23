"""Collecting the operators of a model while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from accelax.errors import UnsupportedError
from accelax.workloads.shapes import LayerShape
from accelax.workloads.workload import ImportedLayer, OperatorGroup, Workload


class Gathering:
    """Operators in the order of the model; those of one shape, or of one type and reason, become one entry."""

    def __init__(self) -> None:
        self._layers: dict[LayerShape, list[str]] = {}
        self._ignored: dict[str, list[str]] = {}
        self._unsupported: dict[tuple[str, str], list[str]] = {}

    def add(self, name: str, shape: LayerShape) -> None:
        """One operator that is a layer."""
        self._layers.setdefault(shape, []).append(name)

    def ignore(self, name: str, operator: str) -> None:
        """One operator that sums no products."""
        self._ignored.setdefault(operator, []).append(name)

    def refuse(self, name: str, operator: str, reason: str) -> None:
        """One operator that can not be expressed."""
        self._unsupported.setdefault((operator, reason), []).append(name)

    def read(self, name: str, operator: str, shapes_of: Callable[[], Iterable[LayerShape]]) -> None:
        """Add what ``shapes_of`` returns, ignore the operator when that is nothing, refuse it when it refuses."""
        try:
            shapes = list(shapes_of())
        except UnsupportedError as error:
            self.refuse(name, operator, error.feature)
            return
        if not shapes:
            self.ignore(name, operator)
        for shape in shapes:
            self.add(name, shape)

    def workload(self, name: str) -> Workload:
        """Everything gathered so far."""
        return Workload(
            name,
            tuple(ImportedLayer(shape, tuple(names)) for shape, names in self._layers.items()),
            tuple(OperatorGroup(operator, tuple(names)) for operator, names in self._ignored.items()),
            tuple(
                OperatorGroup(operator, tuple(names), reason) for (operator, reason), names in self._unsupported.items()
            ),
        )
