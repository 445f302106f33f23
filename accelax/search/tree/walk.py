"""From the innermost storage outwards with labels: the best mappings of one spread over fan-outs.

Every label whose cost, with the least that :class:`~accelax.search.tree.remaining.Remaining` still sees ahead, reaches
the incumbent is dropped; so are labels that another at the same state and tile beats in every resource and in space.
What a limit on the number of labels cuts off is remembered by its least bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from accelax.search.tree.labels import Labels, joined, undominated
from accelax.search.tree.placement import Step
from accelax.search.tree.remaining import Remaining

CHUNK = 1_000_000
"""Pairs of tiles looked at together, about."""
MARGIN = 1 - 1e-10
"""A label has to promise less than this part of the incumbent."""


@dataclass(frozen=True)
class Placed:
    """One storage of a finished nest: the step that placed it, and its tile."""

    step: Step
    tile: int


@dataclass(frozen=True)
class Finished:
    """A finished nest, its storages from the innermost outwards; ``value`` is its objective by active resources."""

    value: float
    start: int
    storages: tuple[Placed, ...]
    final: int


class Walk:
    """One walk with at most ``limit`` labels at a state. ``run`` yields while it works; the rest is read afterwards."""

    def __init__(self, remaining: Remaining, incumbent: Callable[[], float], limit: int, finalists: int = 8):
        self.remaining, self.space = remaining, remaining.space
        self.incumbent, self.limit, self.finalists = incumbent, limit, finalists
        self.cut = np.inf
        """The least bound of what the limit cut off."""
        self.finished: list[Finished] = []
        self._labels: dict[int, Labels] = {}
        self._arriving: dict[int, list[Labels]] = {}

    def run(self) -> Iterator[None]:
        """Work state by state."""
        self._begin()
        graph = self.space.graph
        finals = set(graph.finals)
        for state in graph.order:
            parts = self._arriving.pop(state, [])
            if not parts:
                continue
            labels = self._limited(state, undominated(joined(parts)))
            self._labels[state] = labels
            if state in finals or not len(labels):
                continue
            for number, step in enumerate(graph.out.get(state, ())):
                for found in self._leave(state, labels, step, number):
                    if len(found):
                        self._arriving.setdefault(step.target, []).append(found)
                    yield
        self._finish()

    def _begin(self) -> None:
        if self.remaining.first_tile < 0:
            return
        none = np.full(1, -1)
        for state in self.space.graph.starts:
            if self.space.starts_legally(state):
                spent = self.remaining.start(state)[list(self.remaining.active), None]
                tile = np.full(1, self.remaining.first_tile)
                self._arriving[state] = [Labels(tile, spent, np.zeros(1), none, none, none)]

    def _promise(self, spent: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """The bound on the objective of labels, infinite where nothing can follow."""
        return self.remaining.objective(spent + rest)

    def _worthwhile(self, promise: np.ndarray) -> np.ndarray:
        limit = self.incumbent() * MARGIN
        return np.isfinite(promise) & (promise < limit)

    def _limited(self, state: int, labels: Labels) -> Labels:
        """The most promising labels of a state."""
        promise = self._promise(labels.spent, self.remaining.rest[state][:, labels.tile])
        rows = np.flatnonzero(self._worthwhile(promise))
        if len(rows) > self.limit:
            order = np.argsort(promise[rows], kind="stable")
            self.cut = min(self.cut, float(promise[rows[order[self.limit]]]))
            rows = np.sort(rows[order[: self.limit]])
        return labels.take(rows)

    def _leave(self, state: int, labels: Labels, step: Step, number: int) -> Iterator[Labels]:
        """The labels that a step leads to, a part at a time."""
        rows = np.arange(len(labels))
        if step.tensor is None:
            tile = self.remaining.onward(step)[labels.tile]
            legal = tile >= 0
            yield self._moved(state, labels, rows[legal], tile[legal], np.zeros(legal.sum()), 0.0, number)
            return
        rows = rows[self.remaining.fits(step)[labels.tile]]
        stages = self._stages(step)
        pairs = np.cumsum(self._enclosing_count(labels.tile[rows]))
        for part in np.split(rows, np.flatnonzero(np.diff(pairs // CHUNK)) + 1):
            yield self._place(state, labels, part, step, number, stages)

    def _enclosing_count(self, tile: np.ndarray) -> np.ndarray:
        """How many tiles are around each of some."""
        grid, found = self.space.grid, np.ones(len(tile))
        for rank, axis in enumerate(grid.axes):
            digit = grid.digits(tile, rank)
            found *= axis.starts[digit + 1] - axis.starts[digit]
        return found

    def _stages(self, step: Step) -> list[np.ndarray]:
        """What is ahead of a storage once its tile is fixed on the first ``r`` axes, for every ``r``."""
        grid = self.space.grid
        stages = [self.remaining.placed(step)]
        for rank in reversed(range(len(grid.shape))):
            stages.insert(0, grid.enclosing_minimum(stages[0], rank))
        return stages

    def _place(
        self, state: int, labels: Labels, rows: np.ndarray, step: Step, number: int, stages: list[np.ndarray]
    ) -> Labels:
        """Put a storage around each label, at every tile that is worthwhile."""
        assert step.tensor is not None
        space, grid = self.space, self.space.grid
        tile = labels.tile[rows]
        for rank, axis in enumerate(grid.axes):
            if grid.shape[rank] > 1:
                digit = grid.digits(tile, rank)
                counts = axis.starts[digit + 1] - axis.starts[digit]
                offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
                reached = axis.flat[np.repeat(axis.starts[digit], counts) + offset]
                rows = np.repeat(rows, counts)
                tile = np.repeat(tile - digit * grid.strides[rank], counts) + reached * grid.strides[rank]
            good = self._worthwhile(self._promise(labels.spent[:, rows], stages[rank + 1][:, tile]))
            rows, tile = rows[good], tile[good]
        reserved = space.reserved(step.tensor, labels.tile[rows], tile, step.parent is None)
        used = labels.used[rows] + reserved * space.bits(step.memory, step.tensor)
        fits = used <= space.size(step.memory)
        rows, tile, used = rows[fits], tile[fits], used[fits]
        return self._moved(state, labels, rows, tile, used, self.remaining.price(step)[:, tile], number)

    def _moved(
        self,
        state: int,
        labels: Labels,
        rows: np.ndarray,
        tile: np.ndarray,
        used: np.ndarray,
        price: object,
        number: int,
    ) -> Labels:
        spent = labels.spent[:, rows] + price
        count = len(rows)
        return Labels(tile, spent, used, np.full(count, state), rows, np.full(count, number))

    def _finish(self) -> None:
        """Trace the best labels of the final states back."""
        found = []
        for state in self.space.graph.finals:
            labels = self._labels.get(state)
            if labels is not None and len(labels):
                values = self.remaining.objective(labels.spent)
                best = np.argsort(values, kind="stable")[: self.finalists]
                found += [(float(values[i]), state, int(i)) for i in best]
        for value, state, row in sorted(found)[: self.finalists]:
            self.finished.append(self._traced(value, state, row))

    def _traced(self, value: float, state: int, row: int) -> Finished:
        storages, final = [], state
        while True:
            labels = self._labels[state]
            source = int(labels.state[row])
            if source < 0:
                return Finished(value, state, tuple(reversed(storages)), final)
            step = self.space.graph.out[source][int(labels.step[row])]
            if step.tensor is not None:
                storages.append(Placed(step, int(labels.tile[row])))
            state, row = source, int(labels.row[row])
