"""In what order and where: a mapping is a LoopTree, read from the outermost node inwards.

A Timeloop level is ``Storage(level, kept tensors)`` followed by the level's temporal loops, outermost first; a fan-out
is its ``Spatial`` loops, Y before X (X loops run inside Y loops). Loops of factor 1 stay, with the level that owns
them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Temporal:
    """A loop over ``rank`` in time; ``tile_shape`` is the extent of the rank below the loop."""

    rank: str
    tile_shape: int
    initial_tile_shape: int | None = None


@dataclass(frozen=True)
class Spatial:
    """A loop over ``rank`` across the instances of a fan-out ``dimension`` of ``component``."""

    rank: str
    tile_shape: int
    component: str
    dimension: str


@dataclass(frozen=True)
class Storage:
    """``component`` holds a tile of each of ``tensors`` here."""

    component: str
    tensors: tuple[str, ...]
    persistent: bool = False


@dataclass(frozen=True)
class Toll:
    """``tensors`` pass through ``component`` here, which stores nothing and charges for the passage."""

    component: str
    tensors: tuple[str, ...]


@dataclass(frozen=True)
class Compute:
    """The innermost node: ``component`` computes one point of ``einsum``."""

    einsum: str
    component: str


@dataclass(frozen=True)
class Sequential:
    """Branches that run one after the other below shared loops (fusion)."""

    branches: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Pipeline:
    """Branches that run at the same time on successive tiles."""

    branches: tuple[tuple[Node, ...], ...]


Node = Temporal | Spatial | Storage | Toll | Compute | Sequential | Pipeline


@dataclass(frozen=True)
class Mapping:
    """A LoopTree: ``nodes`` from the outermost inwards. ``dialect`` is the one that :meth:`to_yaml` writes."""

    nodes: tuple[Node, ...]
    dialect: Literal["timeloop", "accelforge"] = "timeloop"
    bounds: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """Rank to extent where they are known: Timeloop's text gives the factor of the outermost loop, not its tile."""

    def to_yaml(self) -> str:
        """The ``mapping`` section that the dialect would write, as text that a specification reads back.

        >>> print(Mapping((Compute("Z", "MAC"),), "accelforge").to_yaml(), end="")
        mapping:
          nodes:
          - !Compute {einsum: Z, component: MAC}
        """
        if self.dialect == "accelforge":
            from accelax.spec.accelforge.mapping_yaml import write_mapping
        else:
            from accelax.spec.timeloop.mapping_yaml import write_mapping
        return write_mapping(self)
