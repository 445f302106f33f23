"""What every evaluation gives, whatever the dialect."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from accelax.ir import Mapping


@runtime_checkable
class Result(Protocol):
    """The cost of one mapping. Timeloop's dialect gives a ``LevelResult``, AccelForge's a ``TreeResult``."""

    @property
    def mapping(self) -> Mapping:
        """The mapping that was evaluated."""
        ...

    @property
    def valid(self) -> bool:
        """Whether the mapping fits the machine."""
        ...

    @property
    def reason_if_invalid(self) -> str | None:
        """Which constraint is missed, where, and by how much; None when the mapping fits."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Every figure by name, as plain numbers; the names carry the units."""
        ...
