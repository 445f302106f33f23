"""A co-design under way: what is known, and the searches of layers that add to it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from accelax.codesign.boxes import Estimate, estimate
from accelax.codesign.choice import Goal, Totals, glance
from accelax.codesign.family import Family
from accelax.codesign.layer import LayerTask, Solved, Solver
from accelax.codesign.limits import Limits
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware

LAYER_SECONDS = 4.0
"""At most so long for the bound of one layer on one machine."""
MAPPING_SECONDS = 1.5
"""At most so long where the mapping is what matters."""
LEAST_SECONDS = 0.2
"""At least so long, also when the time is nearly up."""
CROWD = 24
"""A pool of more mappings is thinned to those that most machines want."""
PROMISING = 256
"""Machines on which the mappings are chosen with care, those that a glance finds best."""
KNOWN = 2
"""Mappings that a search of a layer begins with."""


@dataclass(frozen=True)
class Design:
    """The best machine so far: its family and point, the mapping of each layer, totals, and the objective's log."""

    log: float = math.inf
    family: int = -1
    point: int = -1
    mappings: tuple[Mapping, ...] = ()
    energy: float = math.inf
    delay: float = math.inf


@dataclass
class Search:
    """Pools of mappings, the best design so far, and the bound.

    best_of
        For each family the log of its best design, and its point.
    log_bound
        No design is below.
    """

    families: list[Family]
    goal: Goal
    limits: Limits
    solver: Solver
    seed: int = 0
    progress: Callable[[Search], None] | None = None
    best: Design = field(default_factory=Design)
    best_of: dict[int, tuple[float, int]] = field(default_factory=dict)
    log_bound: float = -math.inf
    begin: float = 0.0
    deadline: float = math.inf
    seconds: float = 0.0
    evaluated: int = 0
    solved: int = 0
    interrupted: bool = False
    history: list[tuple[float, float, float]] = field(default_factory=list)

    def run(self, seconds: float, strategy: Callable[[Search], None]) -> None:
        """Let a strategy work for ``seconds``; Ctrl-C ends it and is noted."""
        self.begin = time.perf_counter()
        self.deadline = self.begin + seconds
        try:
            strategy(self)
        except KeyboardInterrupt:
            self.interrupted = True
        self.seconds = time.perf_counter() - self.begin

    @property
    def gap(self) -> float:
        """``1 - bound / value``."""
        return 1.0 if math.isinf(self.best.log) else max(-math.expm1(self.log_bound - self.best.log), 0.0)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.perf_counter() >= self.deadline

    @property
    def even(self) -> float:
        """The alpha of a layer whose share in the energy is that in the delay."""
        return self.goal.energy / (self.goal.energy + self.goal.delay)

    def solve(
        self,
        number: int,
        machines: Sequence[LevelHardware],
        alphas: np.ndarray,
        tolerance: float = 0.0,
        places: Sequence[int] | None = None,
    ) -> None:
        """Search layers (all, or some ``places``) on their machines; enter what is found and proved."""
        family = self.families[number]
        chosen = list(range(len(family.pools)) if places is None else places)
        tasks = [self.task(number, p, machines[p], float(alphas[p]), tolerance, None, len(chosen)) for p in chosen]
        for place, task, found in zip(chosen, tasks, self.solver.solve(tasks), strict=True):
            self.enter(family, place, task, found)

    def task(
        self,
        number: int,
        place: int,
        machine: LevelHardware,
        alpha: float,
        tolerance: float,
        target: float | None,
        among: int = 1,
    ) -> LayerTask:
        """The task of one layer, one ``among`` several, which begins with the best mappings known for it."""
        pool = self.families[number].pools[place]
        known: tuple[Mapping, ...] = ()
        if pool.mappings:
            energy, cycles = pool.on(machine)
            fits = np.isfinite(energy) & np.isfinite(cycles)
            value = np.full(len(fits), np.inf)
            value[fits] = alpha * np.log(energy[fits]) + (1 - alpha) * np.log(cycles[fits])
            order = np.argsort(value)[:KNOWN]
            known = tuple(pool.mappings[row] for row in order if np.isfinite(value[row]))
        most = MAPPING_SECONDS if target is None else LAYER_SECONDS
        left = (self.deadline - time.perf_counter()) * self.solver.workers / among
        left = max(min(most, left), LEAST_SECONDS)
        aim = math.inf if target is None else target
        return LayerTask((number, place), machine, alpha, left, known, aim, tolerance, self.seed)

    def enter(self, family: Family, place: int, task: LayerTask, found: Solved) -> None:
        """Note what a search of a layer brought."""
        pool = family.pools[place]
        family.known[place].add(pool.machines.merits(task.machine), task.alpha, found.log_bound)
        pool.add(found.mappings)
        self.evaluated += found.evaluated
        self.solved += 1

    def choose(self, number: int, only: int | None = None) -> float:
        """The best design that the pools of a family make becomes the best of all if it is; its objective's log.

        ``only`` looks at one point.
        """
        family = self.families[number]
        if any(not pool.mappings for pool in family.pools):
            return math.inf
        points = self._promising(family) if only is None else np.array([only])
        totals = self.limits.choose(family, self.goal, points)
        place = int(np.argmin(totals.log))
        self.note(number, int(points[place]), place, totals)
        return float(totals.log[place])

    def _promising(self, family: Family) -> np.ndarray:
        """The points where a glance at all mappings sees the least; pools are thinned to what it sees."""
        share = self.best.energy / self.best.delay
        if not math.isfinite(share):
            energy, delay = (sum(p.count * np.min(getattr(p, n)) for p in family.pools) for n in ("energy", "delay"))
            share = float(energy / delay) if math.isfinite(energy) else 1.0
        seen = glance(family.pools, self.goal, share)
        log = np.where(family.allowed, seen.log, np.inf)
        for pool, picks in zip(family.pools, seen.picks, strict=True):
            if len(pool.mappings) > CROWD:
                wanted, often = np.unique(picks[np.isfinite(log)], return_counts=True)
                kept = wanted[np.argsort(-often)[: CROWD - 2]].tolist() if len(wanted) else list(range(CROWD - 2))
                newest = len(pool.mappings) - 1
                pool.keep(sorted({*kept, newest, newest - 1}))
        return np.argsort(log, kind="stable")[:PROMISING]

    def note(self, number: int, point: int, place: int, totals: Totals) -> None:
        """Keep a design that is the best of its family, or of all; it is in one ``place`` of the totals."""
        log, family = float(totals.log[place]), self.families[number]
        if log < self.best_of.get(number, (math.inf, -1))[0] - 1e-12 and family.allowed[point]:
            self.best_of[number] = log, point
            picks = [int(column[place]) for column in totals.picks]
            mappings = tuple(pool.mappings[pick] for pool, pick in zip(family.pools, picks, strict=True))
            if log < self.best.log:
                self.best = Design(
                    log, number, point, mappings, float(totals.energy[place]), float(totals.delay[place])
                )

    def at(self, number: int, point: int, goal: Goal | None = None) -> Estimate | None:
        """The estimate of one machine."""
        family = self.families[number]
        among = np.zeros(family.grid.size, dtype=bool)
        among[point] = True
        return estimate(family, goal or self.goal, among)

    def show(self) -> None:
        """Note value and bound, and report them."""
        self.seconds = time.perf_counter() - self.begin
        entry = (math.exp(self.best.log), math.exp(self.log_bound)) if math.isfinite(self.best.log) else None
        if entry is not None and (not self.history or self.history[-1][1:] != entry):
            self.history.append((self.seconds, *entry))
        if self.progress is not None:
            self.progress(self)
