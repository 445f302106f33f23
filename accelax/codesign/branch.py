"""Branch and bound over the machines of all grids: a design, and a bound that no design is below."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from accelax.codesign.boxes import Estimate, estimate
from accelax.codesign.choice import Goal, Totals
from accelax.codesign.family import Family
from accelax.codesign.knobs import Box, neighbours
from accelax.codesign.layer import LayerTask, Solved, Solver
from accelax.codesign.limits import Limits
from accelax.ir import Mapping

LAYER_SECONDS = 4.0
"""At most so long for the bound of one layer on one machine."""
LEAST_SECONDS = 0.2
"""At least so long, also when the time is nearly up."""
MAPPING_SECONDS = 1.5
"""At most so long where the mapping is what matters."""
CROWD = 24
"""A pool of more mappings is thinned to those that some machine wants."""
KNOWN = 2
"""Mappings that a search of a layer begins with."""
STAGES = (0.3, 0.15, 0.08, 0.05, 0.03, 0.02, 0.012, 0.008, 0.005, 0.003, 0.002, 0.001, 5e-4)
"""Gaps that are proved one after the other."""
MARGIN = 0.1
"""A box is cut rather than searched while its estimate is not above the aim by this part of the gap."""
DESCENT_SHARE = 0.5
"""The part of the time that may go into improving the design before its bound."""


DEARER = 2e-3
"""A layer is searched anew on a neighbour where the log of its best known value rises by more."""


@dataclass(frozen=True)
class Design:
    """The best machine so far: its family and point, the mapping of each layer, totals, and the objective's log."""

    log: float = math.inf
    family: int = -1
    point: int = -1
    mappings: tuple[Mapping, ...] = ()
    energy: float = math.inf
    delay: float = math.inf


@dataclass(order=True)
class OpenBox:
    """A box of machines of one family with its bound; equal bounds go by age."""

    bound: float
    age: int
    family: int = field(compare=False)
    box: Box = field(compare=False)
    tries: int = field(default=0, compare=False)


@dataclass
class Search:
    """A co-design under way: pools of mappings, the best design so far, and boxes with their bounds."""

    families: list[Family]
    goal: Goal
    limits: Limits
    solver: Solver
    seed: int = 0
    best: Design = field(default_factory=Design)
    log_bound: float = -math.inf
    floor: float = math.inf
    """The least bound of single machines that were searched to the end."""
    boxes: list[OpenBox] = field(default_factory=list)
    seconds: float = 0.0
    deadline: float = math.inf
    begin: float = 0.0
    evaluated: int = 0
    solved: int = 0
    interrupted: bool = False
    history: list[tuple[float, float, float]] = field(default_factory=list)
    progress: Callable[[Search], None] | None = None
    _tried: set[tuple[int, int, int]] = field(default_factory=set)
    _probed: set[tuple[int, int, bool]] = field(default_factory=set)
    _ages: itertools.count = field(default_factory=itertools.count)

    def run(self, seconds: float, tolerance: float, strategy: Callable[[Search, float], None] | None = None) -> None:
        """Search for ``seconds`` or until the gap is at most ``tolerance``; Ctrl-C ends it and is noted.

        A ``strategy`` takes the place of descent and proof.
        """
        self.begin = time.perf_counter()
        self.deadline = self.begin + seconds
        try:
            if strategy is not None:
                strategy(self, tolerance)
            else:
                self.open()
                self.descend(self.begin + DESCENT_SHARE * seconds, tolerance)
                self.prove(tolerance)
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

    def open(self) -> None:
        """A box for each family, and the first mappings: those of the machine that is better than all."""
        for number, family in enumerate(self.families):
            if family.allowed.any():
                self.boxes.append(OpenBox(-math.inf, next(self._ages), number, family.grid.whole))
        heapq.heapify(self.boxes)

    def begin_family(self, number: int) -> None:
        """Mappings to begin with on one family: the best where all its machines' merits meet, and in its middle."""
        family = self.families[number]
        places = np.flatnonzero(family.allowed)
        middle = int(places[len(places) // 2])
        for point in (middle, int(places[-1])):
            if all(pool.mappings for pool in family.pools) and math.isfinite(self.choose(number)):
                return
            machines = [pool.machines.at(point) for pool in family.pools]
            self.solve(
                number, machines, np.full(len(machines), self.goal.energy / (self.goal.energy + self.goal.delay))
            )
            self.choose(number)

    def descend(self, until: float, tolerance: float) -> None:
        """Improve the design by turns: the best mappings of its machine, and the best machine of all mappings.

        Where that ends, machines next to it are looked at: at first only the layers that they make dearer are searched
        anew, then all.
        """
        for number in range(len(self.families)):
            if self.families[number].allowed.any() and (not self.over or self.best.point < 0):
                self.begin_family(number)
                self.show()
        while time.perf_counter() < min(until, self.deadline):
            if not (self.improve(tolerance) or self.probe(tolerance, False) or self.probe(tolerance, True)):
                break
            self.show()

    def probe(self, tolerance: float, fully: bool) -> bool:
        """Search the layers on the most promising neighbour of the best machine; whether there was one left."""
        design = self.best
        if design.point < 0:
            return False
        family = self.families[design.family]
        near = [p for p in neighbours(family.grid, design.point) if family.allowed[p]]
        near = [p for p in near if (design.family, p, fully) not in self._probed]
        if not near:
            return False
        point = near[0]
        if fully:
            log = self.limits.choose(family, self.goal).log
            point = min(near, key=lambda p: log[p])
        self._probed.add((design.family, point, fully))
        here, there = (_only(family, at, self.goal) for at in (design.point, point))
        if here is None or there is None:
            return True
        dearer = there.values > here.values + DEARER
        places = [place for place in range(len(family.pools)) if fully or dearer[place]]
        if places:
            self.solve(design.family, there.machines, here.alphas, max(tolerance / 4, 1e-4), places)
            self.choose(design.family)
        return True

    def improve(self, tolerance: float) -> bool:
        """Solve every layer on the best machine with its present shares, once; whether there was anything to do."""
        design = self.best
        for lean, goal in enumerate(self.limits.leans(self.goal)):
            if design.point < 0 or (design.family, design.point, lean) in self._tried:
                continue
            self._tried.add((design.family, design.point, lean))
            found = _only(self.families[design.family], design.point, goal)
            if found is not None:
                self.solve(design.family, found.machines, found.alphas, tolerance / 4)
                self.choose(design.family)
            return True
        return False

    def solve(
        self,
        number: int,
        machines: Sequence,
        alphas: np.ndarray,
        tolerance: float = 0.0,
        places: Sequence[int] | None = None,
    ) -> None:
        """Search layers (all, or some ``places``) on their machines; enter what is found and proved."""
        family = self.families[number]
        places = range(len(family.pools)) if places is None else places
        tasks = [self.task(number, p, machines[p], float(alphas[p]), tolerance, None) for p in places]
        for place, task, found in zip(places, tasks, self.solver.solve(tasks), strict=True):
            self.enter(family, place, task, found)

    def task(
        self, number: int, place: int, machine: object, alpha: float, tolerance: float, target: float | None
    ) -> LayerTask:
        """The task of one layer, which begins with the best mappings known for it."""
        pool = self.families[number].pools[place]
        known: tuple[Mapping, ...] = ()
        if pool.mappings:
            energy, cycles = pool.on(machine)  # type: ignore[arg-type]
            value = alpha * np.log(energy) + (1 - alpha) * np.log(cycles)
            order = np.argsort(value)[:KNOWN]
            known = tuple(pool.mappings[row] for row in order if np.isfinite(value[row]))
        most = MAPPING_SECONDS if target is None else LAYER_SECONDS
        left = max(min(most, self.deadline - time.perf_counter()), LEAST_SECONDS)
        aim = math.inf if target is None else target
        return LayerTask((number, place), machine, alpha, left, known, aim, tolerance, self.seed)  # type: ignore[arg-type]

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
        totals = self.limits.choose(family, self.goal)
        log = np.where(family.allowed, totals.log, np.inf)
        point = int(np.argmin(log)) if only is None else only
        self._note(number, point, float(log[point]), totals)
        for pool, picks in zip(family.pools, totals.picks, strict=True):
            if len(pool.mappings) > CROWD:
                wanted, often = np.unique(picks[np.isfinite(log)], return_counts=True)
                pool.keep(wanted[np.argsort(-often)[:CROWD]] if len(wanted) else np.arange(CROWD))
        return float(log[point])

    def _note(self, number: int, point: int, log: float, totals: Totals) -> None:
        if log < self.best.log - 1e-12:
            family = self.families[number]
            mappings = tuple(
                pool.mappings[int(picks[point])] for pool, picks in zip(family.pools, totals.picks, strict=True)
            )
            self.best = Design(log, number, point, mappings, float(totals.energy[point]), float(totals.delay[point]))

    def prove(self, tolerance: float) -> None:
        """Raise the bound to one gap after the other, down to ``tolerance``."""
        stages = [stage for stage in STAGES if stage > tolerance] + [tolerance]
        for stage in stages:
            while not self.over:
                while self.improve(tolerance) and not self.over:
                    self.show()
                if not self.raise_to(self.best.log + math.log1p(-min(stage, 0.999)), stage):
                    break
            if self.over or min(self.floor, math.inf) < self.best.log + math.log1p(-stage):
                break

    def raise_to(self, aim: float, gap: float) -> bool:
        """Work on the boxes whose bound is below ``aim`` once; whether there are any left, or the best has changed."""
        batch: list[tuple[OpenBox, Estimate, dict[int, float]]] = []
        wanted = 4 * self.solver.workers if self.solver.workers > 1 else 1
        before = self.best.log
        while self.boxes and self.boxes[0].bound < aim and sum(len(t) for *_, t in batch) < wanted and not self.over:
            item = heapq.heappop(self.boxes)
            try:
                work = self.look_at(item, aim, gap)
            except BaseException:
                heapq.heappush(self.boxes, item)
                raise
            if work is not None:
                batch.append((item, *work))
        try:
            self._work(batch)
        finally:
            for item, _, _ in batch:
                heapq.heappush(self.boxes, item)
            self._settle()
        self.show()
        return self.best.log < before or bool(self.boxes and self.boxes[0].bound < aim)

    def look_at(self, item: OpenBox, aim: float, gap: float) -> tuple[Estimate, dict[int, float]] | None:
        """What to search in a box so that its bound meets ``aim``; None where it was cut or closed instead."""
        family = self.families[item.family]
        among = family.grid.inside(item.box) & family.allowed
        if not among.any():
            return None
        found = estimate(family, self.goal, among)
        if found is not None:
            item.bound = max(item.bound, found.bound)
            if item.bound >= aim:
                heapq.heappush(self.boxes, item)
                return None
            if found.value >= aim + MARGIN * gap and item.tries < 2:
                item.tries += 1
                return found, found.targets(aim)
        if self._cut(item, family):
            return None
        if found is None or item.tries >= 2:
            self.floor = min(self.floor, item.bound)
            return None
        item.tries += 1
        return found, dict(enumerate(found.values))

    def _cut(self, item: OpenBox, family: Family) -> bool:
        """Cut a box in two along the knob whose halves look best; False for a single machine."""
        splits = family.grid.splits(item.box)
        if not splits:
            return False
        chosen = splits[0] if len(splits) == 1 else max(splits, key=lambda pair: self._promise(family, pair))
        for part in chosen:
            heapq.heappush(self.boxes, OpenBox(item.bound, next(self._ages), item.family, part))
        return True

    def _promise(self, family: Family, pair: Sequence[Box]) -> tuple[float, float]:
        """The estimates of two halves, the worse first."""
        values = []
        for box in pair:
            among = family.grid.inside(box) & family.allowed
            found = estimate(family, self.goal, among) if among.any() else None
            values.append(math.inf if not among.any() else -math.inf if found is None else found.value)
        return min(values), max(values)

    def _work(self, batch: Sequence[tuple[OpenBox, Estimate, dict[int, float]]]) -> None:
        """Search the layers of some boxes, and raise the boxes' bounds."""
        jobs = [
            (item, place, self.task(item.family, place, found.machines[place], float(found.alphas[place]), 0.0, target))
            for item, found, targets in batch
            for place, target in targets.items()
        ]
        for (item, place, task), solved in zip(jobs, self.solver.solve([job[-1] for job in jobs]), strict=True):
            self.enter(self.families[item.family], place, task, solved)
        for item, found, _ in batch:
            item.bound = max(item.bound, found.bound_with(self.families[item.family].known))
        for number in {item.family for item, *_ in batch}:
            self.choose(number)

    def _settle(self) -> None:
        """The bound of everything: the least of all boxes, and never above the best design."""
        least = self.boxes[0].bound if self.boxes else math.inf
        self.log_bound = max(self.log_bound, min(least, self.floor, self.best.log))

    def show(self) -> None:
        """Note value and bound, and report them."""
        self.seconds = time.perf_counter() - self.begin
        entry = (math.exp(self.best.log), math.exp(self.log_bound)) if math.isfinite(self.best.log) else None
        if entry is not None and (not self.history or self.history[-1][1:] != entry):
            self.history.append((self.seconds, *entry))
        if self.progress is not None:
            self.progress(self)


def _only(family: Family, point: int, goal: Goal) -> Estimate | None:
    """The estimate of one machine."""
    among = np.zeros(family.grid.size, dtype=bool)
    among[point] = True
    return estimate(family, goal, among)
