"""The walk outward: labels that carry what a partial mapping has cost, pruned by dominance and by the best known.

A label stands for loops up to a boundary. It carries the pJ of all deliveries whose count is settled (``energy``), a
bound on the parallelism kept so far (``lanes``), the words that a parent further out must still read (``pending``), and
a pattern of what is still owed (:mod:`patterns`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np

from accelax.search.chain.crossing import Crossing
from accelax.search.chain.fanouts import links_compute
from accelax.search.chain.labels import Labels, join, pairs_of, portions, undominated, unique_tiles
from accelax.search.chain.moves import expand, step_counts, tile_of
from accelax.search.chain.outlook import Forecast, Outlook
from accelax.search.chain.patterns import Layout, unique_rows
from accelax.search.chain.placement import Placement
from accelax.search.chain.togo import ToGo

Array = np.ndarray
PAIRS = 1 << 18
"""Labels made at a time."""
SAMPLE = 256
"""Steps that a quick walk tries from every tile."""


class OutOfRoom(Exception):
    """The walk has more labels than it may hold."""


class Walk:
    """One placement's walk; what cannot end at or below ``limit`` goes, and the limit may be lowered on the way.

    With a ``beam``, only so many labels stay at each boundary, and not all steps are tried; ``cut`` tells whether
    anything was lost by that. ``labels`` are those at the outermost boundary once the walk is over; ``trail`` leads
    back; ``effort`` counts the labels made on the way.
    """

    def __init__(self, placement: Placement, togo: ToGo, limit: float, most: int, beam: int = 0):
        self.placement, self.tables, self.togo = placement, placement.tables, togo
        self.limit, self.most, self.beam = limit, most, beam
        self.layout = Layout(self.tables)
        self.outlook = Outlook(placement, togo, self.layout)
        self.table = np.zeros((1, self.layout.width))
        self.cut, self.effort = False, 0
        self.trail: list[Labels] = []
        self.labels = self._start()

    def run(self) -> Iterator[None]:
        """Walk all slots, with a pause wherever the walk may be left for a while. Raises OutOfRoom."""
        for slot in range(self.tables.levels):
            self.labels = yield from self._step(slot, self.labels)
            self.trail.append(self.labels)

    @property
    def values(self) -> Array:
        """The bounds of the labels at the end."""
        return self.outlook.promise(self.tables.levels, self.labels, self.table)

    def _start(self) -> Labels:
        """Nothing is mapped yet: every computation reads each operand, unless neighbours may hand it on."""
        tensors = range(len(self.tables.tensors))
        nothing = np.zeros(1, dtype=np.int32)
        return Labels(
            index=np.zeros((1, self.tables.ranks), np.uint8),
            pattern=nothing,
            energy=np.array([self.tables.macs * self.placement.prices.compute]),
            lanes=np.ones(1),
            units=np.ones(1),
            pending=np.array([[0.0 if links_compute(self.tables, t) else self.tables.macs for t in tensors]]),
            credit=np.zeros((1, len(tensors))),
            elided=np.zeros((1, len(tensors))),
            clustered=np.zeros((1, len(self.placement.prices.clusters))),
            spread=np.ones((1, len(self.placement.prices.clusters))),
            sustained=np.full((1, len(tensors)), np.inf),
            copied=np.zeros((1, len(tensors))),
            parent=nothing,
            choice=nothing,
        )

    def _step(self, slot: int, labels: Labels) -> Generator[None, None, Labels]:
        """Take every label across a slot, in portions, and keep what is not dominated."""
        level = self.tables.level(slot)
        states, inverse = unique_tiles(labels.index)
        order, count = np.argsort(inverse, kind="stable"), np.bincount(inverse, minlength=len(states))
        start = np.cumsum(count) - count
        parts: list[Labels] = []
        patterns: list[Array] = [np.zeros((0, self.layout.width))]
        forecast = self.outlook.forecast(slot, labels, self.table)
        for source, target, choice in self._targets(slot, labels, forecast, states, inverse):
            yield
            for rows in portions(count[source], PAIRS):
                yield
                pair, place = pairs_of(source[rows], count, start)
                below, above = states[source[rows]], target[rows]
                label = order[place]
                likely = self._likely(slot, labels, forecast, label, below, above, pair)
                entries = (labels, self.table, label[likely], pair[likely], below, above, choice[rows])
                crossing = Crossing(self.placement, self.layout, level, *entries)
                made, table = crossing.spread() if self.tables.structure.is_fanout[level] else crossing.store()
                self.effort += len(made)
                made = made.take(np.flatnonzero(self._worthy(slot + 1, made, table)))
                made.pattern = made.pattern + sum(len(p) for p in patterns)
                patterns.append(table)
                parts.append(made)
                if sum(len(p) for p in parts) > self.most:
                    parts, patterns = self._compact(slot + 1, parts, patterns)
                    if len(parts[0]) > self.most // 2:
                        raise OutOfRoom
        if not parts:
            parts, patterns = [labels.take(np.zeros(0, dtype=int))], [np.zeros((1, self.layout.width))]
        parts, patterns = self._compact(slot + 1, parts, patterns)
        self.table = patterns[0]
        return parts[0]

    def _likely(
        self, slot: int, labels: Labels, forecast: Forecast, label: Array, below: Array, above: Array, pair: Array
    ) -> Array:
        """Rows ``[n]`` of steps of labels that may end at or below the limit even if the level itself cost nothing."""
        level = self.tables.level(slot)
        lanes, hopes = labels.lanes[label], forecast.take(label)
        if self.tables.structure.is_fanout[level]:
            lanes = lanes * np.prod(tile_of(self.tables, above) / tile_of(self.tables, below), axis=1)[pair]
        else:
            hopes = replace(hopes, known=self.togo.later(level, hopes.known))
        return np.flatnonzero(self.outlook.value(slot + 1, above[pair], lanes, hopes) <= self.limit)

    def _targets(
        self, slot: int, labels: Labels, forecast: Forecast, states: Array, inverse: Array
    ) -> Iterator[tuple[Array, Array, Array]]:
        """``(source, target, choice)`` of the steps worth taking, for some tiles at a time."""
        count = step_counts(self.tables, slot, states)
        least, most = np.full(len(states), np.inf), np.zeros(len(states))
        np.minimum.at(least, inverse, forecast.plain)
        np.maximum.at(most, inverse, labels.lanes)
        for rows in portions(count, PAIRS):
            source, target, choice = expand(self.placement, slot, states[rows])
            lanes = most[rows][source]
            if self.tables.structure.is_fanout[self.tables.level(slot)]:
                factor = tile_of(self.tables, target) / tile_of(self.tables, states[rows][source])
                lanes = lanes * np.prod(factor, axis=1)
            energy = least[rows][source] + self.togo.energy(slot + 1, target)
            cycles = self.outlook.cycles(lanes * self.togo.lanes(slot + 1, target))
            value = self.togo.score(energy, cycles)
            keep = np.flatnonzero(value <= self.limit)
            keep = self._sampled(keep, value[keep], len(rows))
            yield rows[source[keep]], target[keep], choice[keep]

    def _sampled(self, rows: Array, value: Array, states: int) -> Array:
        """In a quick walk, a part of the steps, ``SAMPLE`` for every tile: the most promising and some others."""
        most = SAMPLE * states
        if not self.beam or len(rows) <= most:
            return rows
        self.cut = True
        best = np.argpartition(value, most // 2)
        return rows[np.sort(np.concatenate([best[: most // 2], best[most // 2 :: len(rows) * 2 // most + 1]]))]

    def _worthy(self, boundary: int, labels: Labels, table: Array) -> Array:
        """``[n]``: labels that may end at or below the limit, with as many units as the constraints ask for."""
        worthy = self.outlook.promise(boundary, labels, table) <= self.limit
        if self.tables.least_lanes > 1:
            worthy &= labels.units * self.togo.lanes(boundary, labels.index) >= self.tables.least_lanes
        return worthy

    def _compact(self, boundary: int, parts: list[Labels], patterns: list[Array]) -> tuple[list[Labels], list[Array]]:
        """Merge portions, and drop labels that another one with the same tile and pattern makes useless."""
        labels, table = join(parts), np.concatenate(patterns)
        if not len(labels):
            return [labels], [table[:1]]
        used, pattern = np.unique(labels.pattern, return_inverse=True)
        table, moved = unique_rows(table[used])
        labels.pattern = moved[pattern.reshape(-1)].astype(np.int32)
        promise = self.outlook.promise(boundary, labels, table)
        rivals = self.outlook.rivals(labels)
        rows = undominated(labels, promise, rivals, lambda a, b: self.outlook.excess(boundary, labels, a, b))
        if self.beam and len(rows) > self.beam:
            self.cut = True
            rows = np.sort(rows[np.argsort(promise[rows], kind="stable")[: self.beam]])
        return [labels.take(rows)], [table]
