"""The certified search for AccelForge mappings.

The mapspace is divided by how the ranks are spread over the fan-outs. For each spread a bound is known at once (its
computations alone), then a better one (the least that any nest of it costs when storages share no memory), then walks
with more and more labels, until one cuts nothing off. The spread with the least bound is always worked on first, so the
least of all bounds is the bound of the mapspace.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import TreeProblem
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Mapping
from accelax.model.tree import evaluate_tree
from accelax.search.objective import Objective
from accelax.search.tree.build import mapping_of
from accelax.search.tree.costs import ENERGY, SpreadCosts
from accelax.search.tree.goal import goal_of
from accelax.search.tree.remaining import Remaining
from accelax.search.tree.space import TreeSpace
from accelax.search.tree.walk import Finished, Walk

LIMITS = (30, 1_000, 30_000, 1_000_000)
"""Labels at a state in the first walk of a spread, the second, and so on."""
OUTWARD = 1 - 1e-9
"""Bounds are rounded down by this much more than arithmetic can err."""
FITS = 1e-12


@dataclass(order=True)
class _Open:
    """A spread that is not done: its bound, its stage (0 nothing but the computations known), its number."""

    bound: float
    stage: int
    way: int
    active: tuple[int, ...] = field(compare=False, default=())


class TreeSearch:
    """A :class:`~accelax.search.bounded.BoundedSearch` over the mapspace of an AccelForge problem of one Einsum.

    Where labels can not describe the mapspace (several Einsums, storages out of order, or a mapspace too large to
    tabulate) it is done at once and its bound is 0; ``reason`` then says why.
    """

    def __init__(self, problem: TreeProblem, objective: Objective):
        self.problem = problem
        self.goal = goal_of(objective)
        self.lower_bound = 0.0
        self.done = False
        self.reason: str | None = None
        self.best = math.inf
        """The exact objective of the best mapping known, of all that were found or given."""
        self._found: list[Mapping] = []
        self._open: list[_Open] = []
        self._closed = math.inf
        self._active: tuple[int, ...] = (ENERGY,)
        self._work: Iterator[None] | None = None
        self._space: TreeSpace | None = None
        self._ready = False

    @property
    def classes(self) -> int:
        """How many spreads are still open."""
        return len(self._open)

    def advance(self, incumbent: float, seconds: float) -> list[Mapping]:
        """Work for about ``seconds``; return the mappings that were found since, each better than those before."""
        deadline = time.perf_counter() + seconds
        self.best = min(self.best, incumbent)
        self._prepare()
        while not self.done and time.perf_counter() < deadline:
            if self._work is None:
                self._work = self._attend()
            try:
                next(self._work)
            except StopIteration:
                self._work = None
            self._settle()
        found, self._found = self._found, []
        return found

    def _prepare(self) -> None:
        """Build what all spreads share, once."""
        if self._ready:
            return
        self._ready = True
        try:
            self._space = TreeSpace(self.problem)
        except UnsupportedError as error:
            self.done, self.reason = True, error.feature
            return
        if not self.goal.energy_power and self._space.costs.times:
            self._active = (len(self._space.costs.times),)
        bounds = self._computing_bounds(self._space)
        self._open = [_Open(float(bound), 0, way) for way, bound in enumerate(bounds)]
        heapq.heapify(self._open)
        self._settle()

    def _computing_bounds(self, space: TreeSpace) -> np.ndarray:
        """What the computations of each spread cost: all joules, and the seconds of the busiest unit."""
        if len(space.spreads.factors) == 0:
            return np.zeros(0)
        used = space.spreads.factors.prod(axis=(1, 2)) if space.spreads.factors.size else np.ones(1)
        least = SpreadCosts(space.costs, space.spreads, int(np.argmax(used)))
        last = len(space.machine.components) - 1
        rows = [q for q, (c, time) in enumerate(space.costs.times, 1) if c == last and time.constant == 0]
        seconds = max([0.0, *(float(least.base[q]) for q in rows)]) * used.max() / used
        return self.goal.value(
            np.full(len(used), least.base[ENERGY]) * space.costs.copies, seconds * space.costs.copies
        )

    def _settle(self) -> None:
        """Bring the bound of the mapspace up to date; done when nothing open can be better than the best known."""
        if self.done:
            return
        least = min([self._closed, self.best, *([self._open[0].bound] if self._open else [])])
        self.lower_bound = max(self.lower_bound, least * OUTWARD)
        if not self._open or self._open[0].bound >= self.best * OUTWARD:
            self.done = self._work is None or not self._open

    def _attend(self) -> Iterator[None]:
        """Take the spread with the least bound one stage further. It stays on the list while it is worked on."""
        task = self._open[0]
        assert self._space is not None
        tiles = self._space.tiles(task.way)
        if tiles is None:
            self._closed = min(self._closed, task.bound)
            self._replace(None, task.way)
            return
        remaining = Remaining(tiles, task.way, self._active, self.goal)
        yield
        root = max(task.bound, remaining.root())
        if task.stage == 0 or task.active != self._active:
            self._replace(_Open(root, max(task.stage, 1), task.way, self._active))
            if root >= self.best * OUTWARD or task.stage == 0:
                return
            task = self._open[0] if self._open[0].way == task.way else task
        yield from self._explore(remaining, root, task)

    def _explore(self, remaining: Remaining, root: float, task: _Open) -> Iterator[None]:
        """One walk, and what it tells."""
        walk = Walk(remaining, lambda: self.best, LIMITS[min(task.stage, len(LIMITS)) - 1])
        yield from walk.run()
        before = self.best
        exact = [self._judge(remaining, finished) for finished in walk.finished]
        promised = min([walk.cut, before, *(finished.value for finished in walk.finished)])
        bound = max(root, promised)
        new = self._bottleneck(remaining, walk.finished, exact)
        if new:
            self._active = tuple(sorted({*self._active, *new}))
            self._replace(_Open(bound, task.stage, task.way))
        elif walk.cut < math.inf and task.stage < len(LIMITS):
            self._replace(_Open(bound, task.stage + 1, task.way, self._active))
        else:
            self._closed = min(self._closed, bound)
            self._replace(None, task.way)

    def _replace(self, task: _Open | None, way: int | None = None) -> None:
        """Put a spread back with what is known now, or take it off the list."""
        gone = way if task is None else task.way
        self._open = [other for other in self._open if other.way != gone]
        if task is not None:
            self._open.append(task)
        heapq.heapify(self._open)

    def _judge(self, remaining: Remaining, finished: Finished) -> float:
        """The exact objective of a finished nest; a better one than any before is kept."""
        if finished.value >= self.best:
            return math.inf
        mapping = mapping_of(remaining, finished)
        try:
            numbers = encode_mapping(self.problem.lowered, mapping)
        except (SpecError, UnsupportedError):
            return math.inf
        structure, workload = self.problem.structure, self.problem.workload
        cost = evaluate_tree(structure, workload, self.problem.hardware, numbers)
        value = float(self.goal.value(np.array(cost.energy), np.array(cost.latency)))
        if float(cost.violation) > FITS:
            return math.inf
        if value < self.best:
            self.best = value
            self._found.append(mapping)
        return value

    def _bottleneck(self, remaining: Remaining, finished: list[Finished], exact: list[float]) -> set[int]:
        """Resources to count from now on: what the most promising nest needs more of than its bound knew."""
        if not finished or min(exact) <= finished[0].value * (1 + 1e-9) or not self.goal_needs_time(remaining):
            return set()
        spent = remaining.start(finished[0].start)
        for placed in finished[0].storages:
            spent = spent + remaining.every_price(placed.step, np.array([placed.tile]))[:, 0]
        known = max([remaining.least_seconds, *(spent[q] for q in self._active if q != ENERGY)])
        times = [q for q in range(1, len(spent)) if q not in self._active and spent[q] > known * (1 + 1e-9)]
        return {max(times, key=lambda q: spent[q])} if times else set()

    def goal_needs_time(self, remaining: Remaining) -> bool:
        """Whether latency counts, by itself or as leakage."""
        return bool(self.goal.latency_power) or remaining.spread.leak_power > 0
