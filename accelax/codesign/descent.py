"""Improve a design by turns: the best mappings of its machine, and the best machine of all mappings."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from accelax.codesign.knobs import neighbours
from accelax.codesign.state import Search

IMPROVEMENT, PROBE_IMPROVEMENT = 1e-3, 3e-3
"""Mappings that are better by less than this fraction are not looked for, on the best machine and on its neighbours."""
DEARER = 2e-3
"""A layer is searched anew on a neighbour where the log of its best known value rises by more."""
EARLY = 4
"""Neighbours that are looked at before anything is improved."""
BEHIND = 0.4
"""Families whose best design is further behind, in the log of the objective, are not improved."""


@dataclass
class Descent:
    """What was tried already. One more turn of :meth:`step` does one more thing."""

    search: Search
    improved: set[tuple[int, int, int]] = field(default_factory=set)
    probed: set[tuple[int, int, bool]] = field(default_factory=set)

    def run(self, until: float) -> None:
        """Begin every family, and take turns until the time comes or nothing is left to try."""
        search = self.search
        for number, family in enumerate(search.families):
            if family.allowed.any() and (not search.over or search.best.point < 0):
                self.begin(number)
                search.show()
        while time.perf_counter() < min(until, search.deadline) and self.step():
            search.show()

    def step(self) -> bool:
        """Improve, else look at a neighbour; whether there was anything to do.

        Neighbours come first where the search begins: the middle of a grid may be a poor machine, and what they teach
        is worth more than better mappings on it.
        """
        early = sum(not fully for *_, fully in self.probed) < EARLY
        return (early and self.probe(False)) or self.improve() or self.probe(False) or self.probe(True)

    def begin(self, number: int) -> None:
        """Mappings to begin with: those of a machine in the middle of the family, then of its last one.

        From large memories the way to smaller ones is short: only the layers that fill them are searched anew.
        """
        search, family = self.search, self.search.families[number]
        allowed = np.flatnonzero(family.allowed)
        points = list(dict.fromkeys((family.middle, int(allowed[-1]), int(allowed[0]))))
        for goal in search.limits.leans(search.goal):
            alphas = np.full(len(family.pools), goal.energy / (goal.energy + goal.delay))
            for point in points if search.limits.of_totals else points[:2]:
                if math.isfinite(search.choose(number)) or (search.over and search.solved):
                    return
                search.solve(number, [pool.machines.at(point) for pool in family.pools], alphas, IMPROVEMENT)
        search.choose(number)

    def improve(self) -> bool:
        """Search the layers on the best machine of a family with their present shares, once for each machine."""
        search = self.search
        for number, (log, point) in sorted(search.best_of.items(), key=lambda entry: entry[1]):
            if log > search.best.log + BEHIND:
                continue
            for lean, goal in enumerate(search.limits.leans(search.goal)):
                if (number, point, lean) in self.improved:
                    continue
                self.improved.add((number, point, lean))
                found = search.at(number, point, goal)
                if found is not None:
                    unsure = np.flatnonzero(found.values > found.bounds + IMPROVEMENT).tolist()
                    search.solve(number, found.machines, found.alphas, IMPROVEMENT, unsure)
                    search.choose(number)
                return True
        return False

    def probe(self, fully: bool) -> bool:
        """Look at a neighbour of the best machine; whether there was one left.

        At first only the layers that it makes dearer are searched anew, then, the most promising first, all.
        """
        search, design = self.search, self.search.best
        if design.point < 0:
            return False
        family = search.families[design.family]
        near = [
            point
            for point in neighbours(family.grid, design.point)
            if family.allowed[point] and (design.family, point, fully) not in self.probed
        ]
        if not near:
            return False
        point = near[0]
        if fully:
            point = near[int(np.argmin(search.limits.choose(family, search.goal, np.array(near)).log))]
        self.look(design.family, point, fully)
        return True

    def look(self, number: int, point: int, fully: bool) -> None:
        """Search the layers on a machine: those that are dearer than on the best one, or all."""
        search = self.search
        self.probed.add((number, point, fully))
        design = search.best
        here, there = search.at(design.family, design.point), search.at(number, point)
        if here is None or there is None:
            return
        dearer = there.values > here.values + DEARER
        places = [place for place in range(len(dearer)) if fully or dearer[place]]
        if places:
            search.solve(number, there.machines, here.alphas, PROBE_IMPROVEMENT, places)
            search.choose(number)
