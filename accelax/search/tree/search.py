"""The certified search for AccelForge mappings.

The mapspace is divided by how the ranks are spread over the fan-outs. Spreads are bounded together (the least that any
nest of any of them costs when storages share no memory), and split while that leaves a chance; then a single one is
walked with more and more labels, until a walk cuts nothing off. What has the least bound is worked on first, so the
least of all bounds is the bound of the mapspace. Until a mapping is known, the search goes for depth.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import TreeProblem
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Mapping, Spatial, Temporal
from accelax.model.tree import evaluate_tree
from accelax.search.objective import Objective
from accelax.search.tree.build import mapping_of
from accelax.search.tree.costs import ENERGY
from accelax.search.tree.goal import goal_of
from accelax.search.tree.remaining import Remaining
from accelax.search.tree.space import Limits, TreeSpace
from accelax.search.tree.walk import Finished, Walk

LIMITS = (30, 1_000, 15_000, 150_000)
"""Labels at a state in the first walk of a spread, the second, and so on."""
OUTWARD = 1 - 1e-9
"""Bounds are rounded down by this much more than arithmetic can err."""
FITS = 1e-12
OVER = 1 + 1e-9
RECENT = 4


@dataclass(eq=False)
class _Task:
    """Some spreads that are not done. ``stage`` 0: only their computations are counted; 1: bounded; then walked."""

    ways: np.ndarray
    bound: float
    depth: int = 0
    stage: int = 0
    remaining: Remaining | None = None
    limits: Limits = field(default_factory=dict)


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
        self._open: list[_Task] = []
        self._closed = math.inf
        self._computing = np.zeros(0)
        self._recent: list[_Task] = []
        self._active: tuple[int, ...] = (ENERGY,)
        self._work: Iterator[None] | None = None
        self._space: TreeSpace | None = None
        self._ready = False

    @property
    def classes(self) -> int:
        """How many spreads are still open."""
        return sum(len(task.ways) for task in self._open)

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
        self._computing = self._computing_bounds(self._space)
        if len(self._computing):
            self._open = [_Task(np.arange(len(self._computing)), float(self._computing.min()))]
        self._settle()

    def _computing_bounds(self, space: TreeSpace) -> np.ndarray:
        """What the computations of each spread cost: all joules, and the seconds of the busiest unit."""
        costs, copies = space.spread_costs, space.costs.copies
        seconds = costs.least_seconds
        return self.goal.value((costs.base[ENERGY] + costs.leak_power * seconds) * copies, seconds * copies)

    def _settle(self) -> None:
        """Bring the bound of the mapspace up to date; done when nothing open can be better than the best known."""
        if self.done:
            return
        least = min((task.bound for task in self._open), default=math.inf)
        self.lower_bound = max(self.lower_bound, min(least, self._closed, self.best) * OUTWARD)
        self.done = least >= self.best * OUTWARD or not self._open

    def _next(self) -> _Task:
        """The task with the least bound; while no mapping is known, among the deepest."""
        if self.best < math.inf:
            return min(self._open, key=lambda task: task.bound)
        return min(self._open, key=lambda task: (-task.depth, task.stage > 0, task.bound))

    def _attend(self) -> Iterator[None]:
        """Take one task a stage further. It stays on the list, with its old bound, while it is worked on."""
        task, space = self._next(), self._space
        assert space is not None
        if task.stage and len(task.ways) > 1:
            self._split(task, space)
            return
        remaining, task.remaining = task.remaining, None
        if remaining is None or remaining.active != self._active:
            tiles = space.tiles(task.ways, task.limits)
            if tiles is None:
                self._give_up(task)
                return
            remaining = Remaining(tiles, space.spread_costs, task.ways, self._active, self.goal)
            yield from remaining.solve()
            task.bound = max(task.bound, remaining.root())
        if task.bound >= self.best * OUTWARD:
            self._close(task)
        elif task.stage == 0:
            task.stage = 1
            if len(task.ways) == 1:
                self._remember(task, remaining)
        else:
            yield from self._explore(remaining, task)

    def _remember(self, task: _Task, remaining: Remaining) -> None:
        """Keep what was computed for a spread that is likely to be walked soon."""
        task.remaining = remaining
        self._recent.append(task)
        if len(self._recent) > RECENT:
            self._recent.pop(0).remaining = None

    def _split(self, task: _Task, space: TreeSpace) -> None:
        """Divide the spreads of a task in two, by the property in which they differ most."""
        costs = space.spread_costs
        last = len(space.machine.components) - 1
        rows = [*costs.zone[:, :, task.ways].reshape(-1, len(task.ways))]
        rows += [
            costs.shared(t, c - 1, c)[task.ways] for t in range(len(space.einsum.tensors)) for c in range(last + 1)
        ]
        rows += [costs.fanned[last, task.ways]] * bool(self.goal.latency_power)
        features = np.log(np.stack(rows))
        spans = features.max(axis=1) - features.min(axis=1)
        widest = features[int(np.argmax(spans))]
        upper = widest > (widest.max() + widest.min()) / 2
        if not 0 < upper.sum() < len(upper):
            upper = np.arange(len(upper)) >= len(upper) // 2
        self._open.remove(task)
        for ways in (task.ways[upper], task.ways[~upper]):
            bound = max(task.bound, float(self._computing[ways].min()))
            self._open.append(_Task(ways, bound, task.depth + 1, limits=task.limits))

    def _give_up(self, task: _Task) -> None:
        """Split a task that has too many tiles to tabulate; leave a single spread with the bound that it has."""
        assert self._space is not None
        if len(task.ways) > 1:
            self._split(task, self._space)
        else:
            self._close(task)

    def _close(self, task: _Task) -> None:
        self._closed = min(self._closed, task.bound)
        self._open.remove(task)

    def _explore(self, remaining: Remaining, task: _Task) -> Iterator[None]:
        """One walk, and what it tells."""
        walk = Walk(remaining, lambda: self.best, LIMITS[min(task.stage, len(LIMITS)) - 1])
        yield from walk.run()
        before = self.best
        exact = [self._judge(remaining, finished) for finished in walk.finished]
        task.bound = max(task.bound, min([walk.cut, before, *(finished.value for finished in walk.finished)]))
        new = self._bottleneck(remaining, walk.finished, exact)
        if new:
            self._active = tuple(sorted({*self._active, *new}))
        elif (longer := self._cut_short(remaining, walk.finished, exact)) is not None:
            self._limit(task, *longer)
        elif walk.cut < math.inf and task.stage < len(LIMITS):
            task.stage += 1
            self._remember(task, remaining)
        else:
            self._close(task)

    def _cut_short(
        self, remaining: Remaining, finished: list[Finished], exact: list[float]
    ) -> tuple[int, float] | None:
        """The rank whose outermost loop runs furthest over what the most promising nest was taken for, and how far."""
        if not finished or min(exact) <= finished[0].value * OVER:
            return None
        grid, ranks, outer = remaining.space.grid, remaining.space.einsum.ranks, {}
        for node in mapping_of(remaining, finished[0]).nodes:
            if isinstance(node, (Temporal, Spatial)):
                outer.setdefault(ranks.index(node.rank), node.tile_shape)
        found: list[tuple[float, int, float]] = []
        for rank, extent in outer.items():
            axis = grid.axes[rank]
            over = float(-(-axis.bound // extent) * extent)
            digits = grid.digits(np.array([0, *(placed.tile for placed in finished[0].storages)]), rank)
            known = float(axis.covered[digits[digits < len(axis.extents) - 1]].min(initial=over))
            if axis.imperfect and over > known * OVER:
                found.append((over / known, rank, over))
        return max(found)[1:] if found else None

    def _limit(self, task: _Task, rank: int, over: float) -> None:
        """Divide a task: the outermost loop over a rank runs over fewer than ``over`` iterations, or not."""
        low, high = task.limits.get(rank, (0.0, math.inf))
        self._open.remove(task)
        for limit in ((low, over), (over, high)):
            self._open.append(_Task(task.ways, task.bound, task.depth + 1, limits={**task.limits, rank: limit}))

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
        if not finished or min(exact) <= finished[0].value * OVER or not self._needs_time(remaining):
            return set()
        spent = remaining.start(finished[0].start)
        for placed in finished[0].storages:
            spent = spent + remaining.every_price(placed.step, placed.tile)
        known = max([remaining.least_seconds, *(spent[q] for q in self._active if q != ENERGY)])
        times = [q for q in range(1, len(spent)) if q not in self._active and spent[q] > known * OVER]
        return {max(times, key=lambda q: spent[q])} if times else set()

    def _needs_time(self, remaining: Remaining) -> bool:
        """Whether latency counts, by itself or as leakage."""
        return bool(self.goal.latency_power) or remaining.leak_power > 0
