"""The search over a chain of levels that ends in a proof."""

from __future__ import annotations

import math
import time

import numpy as np

from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.search.chain.decode import mapping_of
from accelax.search.chain.placement import Placement, placements, prices_of
from accelax.search.chain.tables import ChainTables
from accelax.search.chain.togo import ToGo
from accelax.search.chain.walk import Labels, OutOfRoom, OutOfTime, Walk
from accelax.search.objective import Objective

OUTWARD = 1.0 - 1e-9
"""Bounds are multiplied by this: rounding of a few thousand float64 operations stays far below."""
CANDIDATES = 48
MOST_LABELS, FEW_LABELS = 1 << 20, 1 << 15
NARROWEST = 1.02
BEAMS = (32, 256)
"""Labels per boundary of the quick walks that find a first mapping."""
QUICK_BRANCHES = 16
"""Placements that get a quick walk before any other work, those with the least bound first."""


class _Branch:
    """One placement: its bound so far, and whether anything below the incumbent may be left in it."""

    def __init__(self, placement: Placement, togo: ToGo):
        self.placement, self.togo = placement, togo
        self.bound = togo.root
        self.limit = togo.root
        self.closed = False
        self.beams = list(BEAMS)
        self.growth, self.room = math.inf, FEW_LABELS


class ChainSearch:
    """Labels along the chain of tiles: candidates, and a lower bound of the whole mapspace.

    A walk with a limit keeps every partial mapping that may end at or below it. If none is left, the limit is a bound;
    if some are, the least of them is. Limits grow from the bound of the tables (:mod:`togo`) towards the best mapping
    known, the placement with the lowest bound first. Implements :class:`accelax.search.bounded.BoundedSearch`.
    """

    def __init__(self, problem: LevelProblem, objective: Objective):
        self.lower_bound, self.done = 0.0, False
        self._weights = _weights(objective)
        self._branches: list[_Branch] = []
        self._tables: ChainTables | None = None
        self._problem = problem
        self._waiting: list[tuple[tuple[bool, ...], ...]] = []
        self._sound = self._weights is not None and not problem.structure.imperfect and _sound(problem)
        self.classes = 0
        if not self._sound:
            self.done = True

    def advance(self, incumbent: float, seconds: float) -> list[Mapping]:
        """Work for about ``seconds``; see :class:`accelax.search.bounded.BoundedSearch`."""
        deadline = time.perf_counter() + seconds
        if not self._sound:
            return []
        self._open(deadline)
        found: list[Mapping] = []
        for branch in [b for b in self._promising() if len(b.beams) == len(BEAMS)]:
            if time.perf_counter() < deadline:
                found += self._quick(branch, incumbent, deadline)
        while not self.done and time.perf_counter() < deadline and not found:
            branch = min((b for b in self._branches if not b.closed), key=lambda b: b.bound, default=None)
            if branch is None or branch.bound >= incumbent * OUTWARD:
                self._settle(incumbent)
                break
            found = self._work(branch, incumbent, deadline)
            self._settle(incumbent)
        return found

    def _open(self, deadline: float) -> None:
        """Build the tables of placements, one after the other."""
        if self._tables is None:
            self._tables = ChainTables(self._problem)
            self._waiting, complete = placements(self._tables)
            self.classes = len(self._waiting)
            if not complete:
                self._sound, self.done = False, True
        assert self._weights is not None
        energy, delay, last_level = self._weights
        prices = prices_of(self._tables, last_level)
        while self._waiting and time.perf_counter() < deadline:
            placement = Placement(self._tables, prices, self._waiting[-1])
            self._branches.append(_Branch(placement, ToGo(placement, energy, delay)))
            self._waiting.pop()
        self._settle(math.inf)

    def _settle(self, incumbent: float) -> None:
        """The bound of the mapspace: the least over the placements."""
        if self._waiting or not self._branches:
            return
        least = min(b.bound for b in self._branches)
        if math.isfinite(min(least, incumbent)):
            self.lower_bound = max(self.lower_bound, min(least, incumbent) * OUTWARD)
        self.done = all(b.closed or b.bound >= incumbent * OUTWARD for b in self._branches)

    def _work(self, branch: _Branch, incumbent: float, deadline: float) -> list[Mapping]:
        """One walk of one placement."""
        if branch.beams:
            return self._quick(branch, incumbent, deadline)
        limit = min(incumbent, max(branch.bound, branch.limit) * branch.growth)
        walk = Walk(branch.placement, branch.togo, limit, deadline, branch.room)
        try:
            labels = walk.run()
        except OutOfTime:
            return []
        except OutOfRoom:
            if branch.growth <= NARROWEST:
                branch.room *= 4
            branch.growth = max(math.sqrt(branch.growth), NARROWEST) if branch.growth < 2.0 else 1.2
            branch.closed = branch.room > MOST_LABELS
            return []
        branch.limit = limit
        if not len(labels):
            branch.bound = max(branch.bound, limit)
            branch.closed = limit >= incumbent
            return []
        values = walk.promise(walk.tables.levels, labels, walk.table)
        branch.bound = max(branch.bound, float(values.min()))
        branch.closed = True
        return self._candidates(branch, walk, labels, CANDIDATES)

    def _promising(self) -> list[_Branch]:
        """The placements with the least bounds."""
        return sorted((b for b in self._branches if not b.closed), key=lambda b: b.bound)[:QUICK_BRANCHES]

    def _quick(self, branch: _Branch, incumbent: float, deadline: float) -> list[Mapping]:
        """A walk with few labels: no bound, but mappings."""
        beam = branch.beams.pop(0)
        walk = Walk(branch.placement, branch.togo, incumbent, deadline, MOST_LABELS, beam)
        try:
            return self._candidates(branch, walk, walk.run(), 4)
        except OutOfTime:
            return []

    def _candidates(self, branch: _Branch, walk: Walk, labels: Labels, count: int) -> list[Mapping]:
        """The mappings of the best labels."""
        if not len(labels):
            return []
        values = walk.promise(walk.tables.levels, labels, walk.table)
        return [mapping_of(branch.placement, walk.trail, int(row)) for row in np.argsort(values)[:count]]


def _weights(objective: Objective) -> tuple[float, float, bool] | None:
    """``(weight of energy, weight of delay, whether energy means last-level accesses)`` of the first criterion."""
    weights = {"energy": 0.0, "delay": 0.0, "last_level_accesses": 0.0}
    for name, weight in objective[0]:
        for part in ("energy", "delay") if name == "edp" else (name,):
            weights[part] += weight
    if weights["last_level_accesses"]:
        if weights["energy"]:
            return None
        return weights["last_level_accesses"], weights["delay"], True
    return weights["energy"], weights["delay"], False


def _sound(problem: LevelProblem) -> bool:
    """Whether every figure is of the kind that the bound understands: no energy below zero."""
    hardware = problem.hardware
    figures = [
        *hardware.read_energy, *hardware.fill_energy, *hardware.update_energy, *hardware.leak_energy,
        *hardware.hop_energy, *hardware.router_energy, *hardware.ingress_energy, hardware.compute_energy,
    ]
    return all(float(figure) >= 0 for figure in figures)
