"""Branch and bound over the machines of a grid: a design, and a bound that no design of the grid is below."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from accelax.codesign.bounds import Shares, Solved, network_bound, solve
from accelax.codesign.choice import Goal, Totals, choose
from accelax.codesign.knobs import Box, Grid
from accelax.codesign.machines import best_of, machine_at
from accelax.codesign.pool import Pool
from accelax.ir import Mapping

LAYER_SECONDS = 2.0
"""At most so long for one layer on one machine."""
LAYER_TOLERANCE = 1e-3
CROWD = 64
"""A pool of more mappings is thinned to those that some machine wants."""
DESCENT_SHARE = 0.4
"""The part of the time that may go into improving the design before its bound."""


@dataclass
class Search:
    """A co-design under way: pools of mappings, the best design so far, and boxes with their bounds.

    ``allowed`` ``[points]`` marks the machines within the constraints that do not depend on the mapping;
    ``within`` judges the others from the totals.
    """

    pools: list[Pool]
    contains: Sequence[Callable[[Mapping], bool]]
    grid: Grid
    goal: Goal
    allowed: np.ndarray
    within: Callable[[Totals], np.ndarray]
    seed: int = 0
    best: tuple[float, int] = (math.inf, -1)
    totals: Totals | None = None
    shares: Shares | None = None
    log_bound: float = -math.inf
    floor: float = math.inf
    """The least bound of the machines that are boxes of their own and were searched."""
    boxes: list[tuple[float, int, Box]] = field(default_factory=list)
    seconds: float = 0.0
    deadline: float = math.inf
    solved: int = 0
    tried: set[int] = field(default_factory=set)

    def run(self, seconds: float, tolerance: float, progress: Callable[[Search], None] | None = None) -> bool:
        """Search for ``seconds`` or until the gap is at most ``tolerance``; whether it was interrupted."""
        begin = time.perf_counter()
        self.deadline = begin + seconds
        try:
            self._begin()
            while time.perf_counter() < self.deadline and self.gap > tolerance:
                descending = time.perf_counter() < begin + DESCENT_SHARE * seconds
                if not (descending and self._improve()) and not self._branch():
                    break
                self.seconds = time.perf_counter() - begin
                if progress is not None:
                    progress(self)
            self._improve()
        except KeyboardInterrupt:
            return True
        finally:
            self.seconds = time.perf_counter() - begin
        return False

    @property
    def gap(self) -> float:
        """``1 - bound / value``."""
        return 1.0 if math.isinf(self.best[0]) else max(-math.expm1(self.log_bound - self.best[0]), 0.0)

    def _begin(self) -> None:
        """The box of all machines: its bound, and mappings to begin with."""
        layers = len(self.pools)
        self.shares = Shares(np.full(layers, 1 / layers), np.full(layers, 1 / layers))
        bound = self._solve_box(self.grid.whole)
        if self.grid.halves(self.grid.whole):
            self.boxes = [(bound, 0, self.grid.whole)]
        else:
            self.floor = bound
        self._note_bound()
        if math.isinf(self.best[0]):
            self._solve_point(int(np.flatnonzero(self.allowed)[-1]))

    def _improve(self) -> bool:
        """Solve every layer on the best machine with its present shares, once; whether there was anything to do."""
        point = self.best[1]
        if point < 0 or point in self.tried:
            return False
        self.tried.add(point)
        self._solve_point(point)
        return True

    def _solve_point(self, point: int) -> None:
        machine = [machine_at(pool.machines, point) for pool in self.pools]
        self._solve(machine)

    def _branch(self) -> bool:
        """Cut the box with the least bound in two; whether any box is left that may hold a better design."""
        if not self.boxes or self.boxes[0][0] >= min(self.best[0], self.floor):
            return False
        bound, _, box = heapq.heappop(self.boxes)
        for part in self.grid.halves(box):
            below = max(bound, self._solve_box(part))
            if self.grid.halves(part):
                heapq.heappush(self.boxes, (below, self.solved, part))
            else:
                self.floor = min(self.floor, below)
        self._note_bound()
        return True

    def _note_bound(self) -> None:
        """The bound of the grid: the least of all boxes, and never above the best design."""
        open_ = self.boxes[0][0] if self.boxes else math.inf
        self.log_bound = min(open_, self.floor, self.best[0])

    def _solve_box(self, box: Box) -> float:
        """The bound of a box; infinite when none of its machines is allowed."""
        among = self.grid.inside(box) & self.allowed
        if not among.any():
            return math.inf
        machines = [best_of(pool.machines, among) for pool in self.pools]
        if any(machine is None for machine in machines):
            return -math.inf
        return self._solve(machines)

    def _solve(self, machines: Sequence) -> float:
        """Search every layer on its machine, enter what is found into the pools, and bound the network."""
        assert self.shares is not None
        shares, bounds = self.shares, []
        for place, (pool, machine) in enumerate(zip(self.pools, machines, strict=True)):
            powers = self.goal.energy * shares.energy[place], self.goal.delay * shares.delay[place]
            left = self.deadline - time.perf_counter()
            found: Solved = solve(
                pool.problem, machine, powers, max(min(LAYER_SECONDS, left), 0.05), LAYER_TOLERANCE, self.seed,
                self.contains[place],
            )  # fmt: skip
            bounds.append(found.log_bound)
            pool.add(found.mappings)
        self.solved += 1
        self._choose()
        return network_bound(self.pools, self.goal, shares, bounds)

    def _choose(self) -> None:
        """The best design that the pools make."""
        if any(not pool.mappings for pool in self.pools):
            return
        totals = choose(self.pools, self.goal)
        log = np.where(self.allowed & self.within(totals), totals.log, np.inf)
        point = int(np.argmin(log))
        for pool, picks in zip(self.pools, totals.picks, strict=True):
            if len(pool.mappings) > CROWD:
                pool.keep(np.unique(picks[np.isfinite(log)]))
        if log[point] < self.best[0] - 1e-12:
            self.best = float(log[point]), point
            energy = [p.count * p.energy[int(t[point]), point] for p, t in zip(self.pools, totals.picks, strict=True)]
            cycles = [p.count * p.cycles[int(t[point]), point] for p, t in zip(self.pools, totals.picks, strict=True)]
            self.shares = Shares.of(np.array(energy), np.array(cycles))
            self.totals = totals
