"""The machines that no other beats in area and objective, from all mappings known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from accelax.codesign.choice import Goal
from accelax.codesign.family import Family
from accelax.codesign.limits import Limits
from accelax.codesign.result import FrontDesign
from accelax.search.pareto import non_dominated


def area_front(families: Sequence[Family], goal: Goal, limits: Limits) -> tuple[FrontDesign, ...]:
    """The front of objective against area over all points of all grids, by rising area."""
    rows: list[tuple[float, float, int, int, float, float]] = []
    for number, family in enumerate(families):
        if not all(pool.mappings for pool in family.pools) or not family.allowed.any():
            continue
        totals = limits.choose(family, goal)
        points = np.flatnonzero(family.allowed & np.isfinite(totals.log))
        pairs = np.stack([family.areas[points], totals.log[points]], axis=1)
        for place in non_dominated(pairs) if len(points) else ():
            point = int(points[place])
            area, log = float(family.areas[point]), float(totals.log[point])
            rows.append((area, log, number, point, float(totals.energy[point]), float(totals.delay[point])))
    if not rows:
        return ()
    kept = non_dominated(np.array([row[:2] for row in rows]))
    front = []
    for area, log, number, point, energy, delay in sorted(rows[place] for place in kept):
        front.append(FrontDesign(families[number].design(point), area, math.exp(log), energy, delay))
    return tuple(front)
