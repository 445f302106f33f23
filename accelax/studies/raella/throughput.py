"""Throughput at equal area: tiles go, again and again, to the layer that holds all others up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heapify, heapreplace

AGGREGATE_TILES = 65536
"""Tiles of the baseline on the chip that networks are compared on; a larger machine has fewer for the same area."""


def replicated(seconds: Sequence[float], tiles: int, budget: float) -> tuple[int, ...]:
    """How often each layer is copied, when the slowest is doubled until the next doubling would exceed the budget.

    Every layer begins with one copy on ``tiles`` tiles. A copy takes a share of the batches, so that a layer with
    ``k`` copies takes ``1 / k`` of its time.

    Raises ValueError where the budget does not hold one copy of each layer.

    >>> replicated([4.0, 1.0], tiles=1, budget=5)
    (4, 1)
    >>> replicated([4.0, 1.0], tiles=1, budget=4.5)
    (2, 1)
    """
    copies = [1] * len(seconds)
    used = tiles * len(copies)
    if used > budget:
        raise ValueError(f"{len(copies)} layers on {tiles} tiles each do not fit {budget:.6g} tiles")
    waiting = [(-time, layer) for layer, time in enumerate(seconds)]
    heapify(waiting)
    while waiting:
        time, slowest = waiting[0]
        used += tiles * copies[slowest]
        if used > budget:
            break
        copies[slowest] *= 2
        heapreplace(waiting, (time / 2, slowest))
    return tuple(copies)


def batches_per_second(seconds: Sequence[float], tiles: int, budget: float) -> float:
    """Batches that a network finishes in a second when its layers, a pipeline, are replicated.

    Raises as :func:`replicated`.
    """
    copies = replicated(seconds, tiles, budget)
    return min((count / time for count, time in zip(copies, seconds, strict=True)), default=math.inf)
