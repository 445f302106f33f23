"""Where a problem came from, carried along without becoming part of what a compilation is specialised to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Lowered = TypeVar("Lowered")


@dataclass(frozen=True, eq=False)
class Origin(Generic[Lowered]):
    """The lowered specification behind a problem, for encoding and decoding mappings on the host.

    All origins are equal, so problems that differ in numbers only share a compilation: what the model is specialised to
    is the structure alone.

    >>> Origin(1) == Origin(2)
    True
    """

    lowered: Lowered

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin)

    def __hash__(self) -> int:
        return hash(Origin)
