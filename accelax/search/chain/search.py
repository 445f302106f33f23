"""The search over a chain of levels that ends in a proof."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.search.chain.decode import mapping_of
from accelax.search.chain.placement import Placement, placements, prices_of
from accelax.search.chain.tables import ChainTables
from accelax.search.chain.togo import ToGo
from accelax.search.chain.walk import OutOfRoom, Walk
from accelax.search.objective import Objective

OUTWARD = 1.0 - 1e-9
"""Bounds are multiplied by this: rounding of a few thousand float64 operations stays far below."""
CANDIDATES = 48
MOST_LABELS, FEW_LABELS = 1 << 20, 1 << 17
NARROWEST = 1.02
NEAR = 1.6
"""An incumbent within this factor of the bound is the limit of the next walk."""
BEAMS = (32, 256)
"""Labels per boundary of the quick walks that find a first mapping."""
CHEAP = 50_000
"""A walk that made so few labels is not worth a limit below the incumbent the next time."""
QUICK_BRANCHES = 16
"""Placements that get a quick walk before any other work, those with the least bound first."""


class _Branch:
    """One placement: its bound so far, whether anything below the incumbent may be left in it, and a walk under way."""

    def __init__(self, placement: Placement, togo: ToGo):
        self.placement, self.togo = placement, togo
        self.bound = togo.root
        self.limit = togo.root
        self.closed = False
        self.beams = list(BEAMS)
        self.growth, self.room = math.inf, FEW_LABELS
        self.cheap = False
        self.walk: Walk | None = None
        self.pauses: Iterator[None] = iter(())

    def next_limit(self, incumbent: float) -> float:
        """The limit of the next walk: the incumbent where that is near or cheap, else half way (in the logarithm)."""
        low = max(self.bound, self.limit)
        if low <= 0 or math.isinf(incumbent):
            return min(incumbent, low * self.growth) if low > 0 else incumbent
        half = math.inf if self.cheap or incumbent <= NEAR * low else math.sqrt(incumbent / low)
        return min(incumbent, low * min(self.growth, half))

    def narrow(self) -> None:
        """After a walk with too many labels: a lower limit next time, or more room where the limit is low already."""
        if self.growth <= NARROWEST:
            self.room *= 4
        self.growth = max(math.sqrt(self.growth), NARROWEST) if self.growth < 2.0 else 1.2
        self.closed = self.room > MOST_LABELS

    def conclude(self, walk: Walk, incumbent: float) -> None:
        """What a complete walk proves: the least of its labels, or its limit where none is left.

        A quick walk that lost nothing is complete; where one found nothing, wider ones are not tried.
        """
        if walk.cut:
            self.beams = self.beams if len(walk.labels) else []
            return
        self.beams, self.cheap = [], walk.effort <= CHEAP
        self.limit = walk.limit
        if len(walk.labels):
            self.bound, self.closed = max(self.bound, float(walk.values.min())), True
        else:
            self.bound, self.closed = max(self.bound, walk.limit), walk.limit >= incumbent


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
        self._settle(incumbent)
        found: list[Mapping] = []
        while not self.done and time.perf_counter() < deadline and not found:
            branch = self._next(incumbent)
            if branch is None:
                break
            found = self._work(branch, incumbent, deadline)
            self._settle(incumbent)
        return found

    def explain(self) -> str:
        """Which placement of the tensors holds the bound down, and how far it was searched."""
        if not self._branches:
            return ""
        branch = min(self._branches, key=lambda b: b.bound)
        structure = self._problem.structure
        kept = [
            f"{structure.level_names[level]} keeps {' '.join(names) or 'nothing'}"
            for level, row in enumerate(branch.placement.keep)
            if level and not structure.is_fanout[level]
            for names in [[t for t, k in zip(structure.tensors, row, strict=True) if k]]
        ]
        state = "searched to its end" if branch.closed else "not searched to its end"
        return f"the bound is held by the mappings where {', '.join(kept)} ({state})"

    def _next(self, incumbent: float) -> _Branch | None:
        """The placement to work on: one left in the middle of a walk, one without a quick walk, the least bound."""
        open_ = sorted((b for b in self._branches if not b.closed and b.bound < incumbent), key=lambda b: b.bound)
        begun = [b for b in self._branches if b.walk is not None and b.bound < incumbent]
        fresh = [b for b in open_[:QUICK_BRANCHES] if len(b.beams) == len(BEAMS)]
        return next(iter([*begun, *fresh, *open_]), None)

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
        """Begin a walk of one placement or go on with one; what it found when it ends."""
        if branch.walk is None:
            beam = branch.beams.pop(0) if branch.beams else 0
            room = MOST_LABELS if beam else branch.room
            limit = incumbent if beam else branch.next_limit(incumbent)
            branch.walk = Walk(branch.placement, branch.togo, limit, room, beam)
            branch.pauses = branch.walk.run()
        walk, pauses, branch.walk = branch.walk, branch.pauses, None
        walk.limit = min(walk.limit, incumbent)
        try:
            for _ in pauses:
                if time.perf_counter() > deadline:
                    branch.walk = walk
                    return []
        except OutOfRoom:
            branch.narrow()
            return []
        branch.conclude(walk, incumbent)
        return self._candidates(branch, walk, 4 if walk.cut else CANDIDATES)

    def _candidates(self, branch: _Branch, walk: Walk, count: int) -> list[Mapping]:
        """The mappings of the best labels."""
        if not len(walk.labels):
            return []
        return [mapping_of(branch.placement, walk.trail, int(row)) for row in np.argsort(walk.values)[:count]]


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
    """Whether the bound understands the machine: no energy below zero, and outermost a level that keeps all tensors.

    A tensor that it bypasses is taken to come from it, which is never too much where no bandwidth limits it.
    """
    hardware = problem.hardware
    bandwidths = (hardware.read_bandwidth[0], hardware.write_bandwidth[0], hardware.shared_bandwidth[0])
    if False in problem.structure.keep_fixed[0] and any(math.isfinite(float(b)) for b in bandwidths):
        return False
    figures = [
        *hardware.read_energy,
        *hardware.fill_energy,
        *hardware.update_energy,
        *hardware.leak_energy,
        *hardware.hop_energy,
        *hardware.router_energy,
        *hardware.ingress_energy,
        hardware.compute_energy,
    ]
    return all(float(figure) >= 0 for figure in figures)
