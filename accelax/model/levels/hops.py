"""How far words travel over the mesh of a network.

Words enter in column 0 at the middle height ``c = (V - 1) / 2``, walk along X to the furthest column that needs them,
and drop from there up and down every column to the outermost rows that need them (Timeloop's nest analysis):
``h = max column + sum over columns of max(c - min row, 0) + max(max row - c, 0)``.

A multicast *signature* is the pair (children per multicast, multicasts of that size in the visit); Timeloop averages
hops per signature over the run before it rounds them down to count routers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flax import struct

from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.elements import Elements
from accelax.model.ops import Number


@struct.dataclass
class Paths:
    """One visit's multicasts by size, ``[E + 1]`` (or ``[visits, E + 1]``): how many, and the sum of their hops."""

    count: Any
    hops: Any


def multicast_paths(structure: LevelStructure, elements: Elements, network: int, chosen: Any, xp: Any) -> Paths:
    """The multicasts of a visit that serves the ``chosen`` children, ``[E]``."""
    columns, rows = structure.physical_mesh[network]
    chosen = chosen[elements.order]
    place = elements.order
    off_centre = place // columns - (rows - 1) / 2
    last = elements.groups.trails(chosen)
    hops = (
        xp.where(last, place % columns, 0.0)
        + xp.where(elements.columns.leads(chosen), xp.maximum(-off_centre, 0.0), 0.0)
        + xp.where(elements.columns.trails(chosen), xp.maximum(off_centre, 0.0), 0.0)
    )
    size = xp.where(chosen, elements.groups.size(chosen), 0)
    return Paths(_sum_by(size, last * 1.0, xp), _sum_by(size, hops, xp))


def _sum_by(size: Any, values: Any, xp: Any) -> Any:
    """Sum ``values`` over the places of each ``size``: ``[E + 1]``."""
    if xp is np:
        return np.bincount(size, values, len(size) + 1)
    return xp.zeros(len(size) + 1).at[size].add(values)


def router_words(paths: Paths, words: Any, xp: Any) -> Number:
    """``sum over signatures of (1 + floor(mean hops)) accesses``.

    ``paths`` ``[visits, E + 1]``; ``words`` ``[visits]`` that each multicast of the visit carries over the run.
    """
    accesses = paths.count * words[:, None]
    hops = paths.hops * words[:, None]
    result: Number = 0.0
    slack = 1.0 + 8.0 * xp.finfo(hops.dtype).eps
    for visit in range(len(words)):
        same = paths.count == paths.count[visit]
        total = xp.where(same, accesses, 0.0).sum(axis=0)
        mean = xp.where(same, hops, 0.0).sum(axis=0) / xp.where(total > 0, total, 1.0)
        result = result + (accesses[visit] * (1.0 + xp.floor(mean * slack))).sum()
    return result
