"""Whether a mapping fits: buffer sizes, least utilization and fan-outs, each as a relative excess (0 when it fits)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from accelax.model.levels.arrays import LevelHardware, LevelMapping, LevelStructure
from accelax.model.levels.networks import NestCounts
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.traffic import kept
from accelax.model.ops import INFINITY, Number, logical_and, maximum, product, total, where


@dataclass(frozen=True)
class Constraint:
    """``used`` must not exceed ``limit`` (for ``utilization``: must reach it) at ``level``."""

    kind: Literal["capacity", "utilization", "fanout X", "fanout Y"]
    level: int
    used: Any
    limit: Any

    @property
    def excess(self) -> Number:
        """By how much the constraint is missed, relative to the limit; 0 when it holds.

        The difference comes before the division: compilers divide by multiplying with the reciprocal, and a quotient of
        equal numbers may then exceed 1.
        """
        if self.kind == "utilization":
            return maximum((self.limit - self.used) / maximum(self.limit, 1.0), 0.0)
        return maximum(self.used - self.limit, 0.0) / self.limit


def occupancy(structure: LevelStructure, mapping: LevelMapping, nest: NestCounts, level: int) -> Number:
    """Words that one instance of ``level`` holds: the tiles of all kept tensors."""
    words = []
    for tensor in range(len(structure.tensors)):
        keep = kept(structure, mapping, level, tensor)
        if keep is not False:
            tile = nest.tiles[level][tensor]
            words.append(tile if keep is True else where(keep, tile, 0.0))
    return total(words)


def on_axis(structure: LevelStructure, mapping: LevelMapping, level: int) -> tuple[Number, Number]:
    """Children in use along X and Y of one instance of fan-out level ``level``."""
    ranks = loop_ranks(structure, level)
    factor, on_x = mapping.factor[level], mapping.on_x[level]
    return (
        product([where(on_x[r] > 0, factor[r], 1.0) for r in ranks]),
        product([where(on_x[r] > 0, 1.0, factor[r]) for r in ranks]),
    )


def constraints(
    structure: LevelStructure, hardware: LevelHardware, mapping: LevelMapping, nest: NestCounts
) -> list[Constraint]:
    """Every constraint of the machine on a mapping, levels outermost first."""
    found = []
    mesh_x = (*hardware.mesh_x, hardware.mesh_x_compute)
    mesh_y = (*hardware.mesh_y, hardware.mesh_y_compute)
    for level in range(structure.n_levels):
        if structure.is_fanout[level]:
            x, y = on_axis(structure, mapping, level)
            found.append(Constraint("fanout X", level, x, mesh_x[level + 1] / mesh_x[level]))
            found.append(Constraint("fanout Y", level, y, mesh_y[level + 1] / mesh_y[level]))
        else:
            used = occupancy(structure, mapping, nest, level)
            size = hardware.size[level]
            found.append(Constraint("capacity", level, used, size))
            floor = hardware.min_utilization[level]
            asked = logical_and(floor > 0, size < INFINITY)
            wanted = where(asked, floor * where(asked, size, 1.0), 0.0)
            found.append(Constraint("utilization", level, used, wanted))
    return found


def largest_excess(found: list[Constraint]) -> Number:
    """The largest relative excess over any constraint; 0 when the mapping fits."""
    return maximum(0.0, *[constraint.excess for constraint in found])
