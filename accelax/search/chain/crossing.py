"""Across one slot: what becomes of labels at a fan-out, and at a storage level's loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelax.search.chain.fanouts import coincidences, copies, links_compute, multipliers, ratio_union
from accelax.search.chain.labels import Labels
from accelax.search.chain.moves import Steps, tile_of
from accelax.search.chain.patterns import Layout, settled, unique_rows
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import Order
from accelax.search.chain.words import Sweep

Array = np.ndarray


@dataclass(frozen=True)
class Crossing:
    """Steps of labels across the slot of one level.

    ``label`` ``[n]`` are rows of ``labels``, ``pair`` ``[n]`` rows of ``below``, ``above`` ``[m, R]`` (divisor indices)
    and ``choice`` ``[m]``; ``table`` are the patterns below. A crossing gives the labels above and their pattern table.
    """

    placement: Placement
    layout: Layout
    level: int
    labels: Labels
    table: Array
    label: Array
    pair: Array
    below: Array
    above: Array
    choice: Array

    def spread(self) -> tuple[Labels, Array]:
        """Across a fan-out: copies multiply what is fixed, multicast divides what is pending, lanes multiply."""
        tables, layout = self.placement.tables, self.layout
        low, high = tile_of(tables, self.below), tile_of(tables, self.above)
        factor = high / low
        scale = multipliers(self.placement, layout, self.level, low, high)
        table = self.table
        if self.level == tables.levels - 1:
            table = table.copy()
            for tensor, shape in enumerate(tables.tensors):
                if links_compute(tables, tensor):
                    scale[:, layout.mc[tensor]] = ratio_union(tables, shape, low, high)
                    table[:, layout.mc[tensor]] = 1.0
        scales, which = unique_rows(scale)
        rows, pattern = _combined(self.labels.pattern[self.label], which[self.pair], len(scales))
        pending = self.labels.pending[self.label].copy()
        for tensor, shape in enumerate(tables.tensors):
            if not tables.structure.no_multicast[self.level][tensor]:
                pending[:, tensor] /= (copies(shape, factor) * coincidences(shape, factor))[self.pair]
        added = np.prod(factor, axis=1)[self.pair]
        old = self.labels
        made = Labels(
            index=self.above[self.pair],
            pattern=pattern,
            energy=old.energy[self.label],
            lanes=old.lanes[self.label] * added,
            units=old.units[self.label] * added,
            pending=pending,
            credit=old.credit[self.label],
            parent=self.label,
            choice=self.choice[self.pair],
        )
        return made, table[rows // len(scales)] * scales[rows % len(scales)]

    def store(self) -> tuple[Labels, Array]:
        """Across a storage level: its loops, in every order worth a try, settle how often what they move comes."""
        tables, level = self.placement.tables, self.level
        steps = Steps(tables, level, tile_of(tables, self.below), tile_of(tables, self.above))
        tensors = range(len(tables.tensors))
        moved = sum((steps.moved[t].astype(int) << t for t in tensors), np.zeros(len(self.below), int))
        rows, pattern = _combined(self.labels.pattern[self.label], moved[self.pair], 1 << len(tables.tensors))
        table = self._kept(self.table[rows >> len(tables.tensors)], rows & ((1 << len(tables.tensors)) - 1))
        owed = [self._passes(tensor, steps) for tensor in tensors]
        tried = [self._closed(steps, order, owed) for order in tables.orders[level]]
        row, number = _distinct_orders(tried)
        energy, lanes, pending, credit = (np.stack(column)[number, row] for column in zip(*tried, strict=True))
        made = Labels(
            index=self.above[self.pair[row]],
            pattern=pattern[row],
            energy=energy,
            lanes=lanes,
            units=self.labels.units[self.label[row]],
            pending=pending,
            credit=credit,
            parent=self.label[row],
            choice=number.astype(np.int32),
        )
        return made, table

    def _passes(self, tensor: int, steps: Steps) -> tuple[Array, Array, Array]:
        """What one pass costs, by the rank that moves innermost, and what first visits leave out.

        ``(pJ [kinds, n], words [kinds, n], pJ per word of the tensor [n])``.
        """
        pair, rows = self.pair, self.table[self.labels.pattern[self.label]]
        kinds = self.placement.tables.tensors[tensor].kinds
        fixed = rows[:, self.layout.fixed[tensor]]
        owing = settled(rows[:, self.layout.mc[tensor]], kinds)
        energy, words = [], []
        for kind in range(kinds):
            passed = steps.passes[tensor][kind]
            for table, costs in ((fixed, energy), (owing, words)):
                if isinstance(passed, Sweep):
                    cost = table[:, kind] * passed.inside[pair] + table[:, kinds + kind - 1] * passed.first[pair]
                    costs.append(cost + table[:, 2 * kinds - 2 + kind] * passed.fresh[pair])
                else:
                    costs.append(table[:, 0] * passed[pair])
        return np.stack(energy), np.stack(words), rows[:, self.layout.offset[tensor]]

    def _kept(self, table: Array, moved: Array) -> Array:
        """The patterns outside a storage level: what moved is settled, what is kept here is owed from now on."""
        table, prices, level = table.copy(), self.placement.prices, self.level
        for tensor, shape in enumerate(self.placement.tables.tensors):
            fixed, mc, offset = self.layout.fixed[tensor], self.layout.mc[tensor], self.layout.offset[tensor]
            gone = (moved >> tensor & 1).astype(bool)
            table[gone, fixed], table[gone, mc], table[gone, offset] = 0.0, 0.0, 0.0
            if not self.placement.keep[level][tensor] or level == 0:
                continue
            unmoved = (table[:, mc] > 0).max(axis=1)
            table[:, fixed] += settled(table[:, mc], shape.kinds) * self.placement.serve[level][tensor]
            table[:, fixed.start : fixed.start + 2 * shape.kinds - 1] += prices.fill[level][tensor]
            table[:, offset] += np.where(unmoved, prices.elide_read[level][tensor], 0.0)
            table[:, offset] += prices.elide_fill[level][tensor]
            table[:, mc] = 1.0
        return table

    def _closed(
        self, steps: Steps, order: Order, owed: list[tuple[Array, Array, Array]]
    ) -> tuple[Array, Array, Array, Array]:
        """``(energy, lanes, pending, credit)`` after the loops of a storage level in one order."""
        level, prices, tables = self.level, self.placement.prices, self.placement.tables
        energy, lanes = self.labels.energy[self.label].copy(), self.labels.lanes[self.label].copy()
        pending, credit = self.labels.pending[self.label].copy(), self.labels.credit[self.label].copy()
        read, written = np.zeros(len(energy)), np.zeros(len(energy))
        for tensor, (shape, closing) in enumerate(zip(tables.tensors, steps.close(order), strict=True)):
            moved, kinds = steps.moved[tensor], closing.kinds
            if level == 0:
                kinds[:, 0] |= ~moved
                moved = np.ones_like(moved)
            times = np.where(moved, closing.times, 0.0)[self.pair]
            costs, counts, left_out = owed[tensor]
            fixed, words = times * _least(costs, kinds, self.pair), times * _least(counts, kinds, self.pair)
            first = steps.first_visits[tensor][self.pair]
            paid = np.where(times > 0, np.maximum(fixed - left_out * first, 0.0), 0.0)
            energy += paid
            if self.placement.keep[level][tensor]:
                served = words + pending[:, tensor]
                visits = np.where(served > 0, first, 0.0) if prices.elides[level][tensor] else 0.0
                reads = served * prices.read[level][tensor] - visits * prices.elide_read[level][tensor]
                energy += np.maximum(reads, 0.0)
                read += np.maximum(served - visits, 0.0) if prices.known[tensor] else 0.0
                if shape.output:
                    energy += served * prices.update[level][tensor]
                    written += served
                pending[:, tensor], credit[:, tensor] = 0.0, 0.0
            else:
                pending[:, tensor] += words
                credit[:, tensor] += paid
        lanes = self._throttled(lanes, read, written)
        if prices.leak[level]:
            energy += prices.leak[level] * tables.macs / lanes
        return energy, lanes, pending, credit

    def _throttled(self, lanes: Array, read: Array, written: Array) -> Array:
        """Computations per cycle that the level's bandwidths leave: ``cycles >= words / (bandwidth * instances)``."""
        hardware, level, macs = self.placement.tables.hardware, self.level, self.placement.tables.macs
        scale = min(float(s) for s in hardware.bandwidth_scale[level])
        for bandwidth, words in (
            (hardware.read_bandwidth[level], read),
            (hardware.write_bandwidth[level], written),
            (hardware.shared_bandwidth[level], read + written),
        ):
            if np.isfinite(float(bandwidth)):
                demand = words * scale / float(bandwidth)
                kept = np.divide(macs, demand, out=np.full_like(demand, np.inf), where=demand > 0)
                lanes = np.minimum(lanes, kept)
        return lanes


def _combined(first: Array, second: Array, many: int) -> tuple[Array, Array]:
    """Distinct pairs of two indices, as ``first * many + second``, and where each pair went."""
    rows, inverse = np.unique(first.astype(np.int64) * many + second, return_inverse=True)
    return rows, inverse.reshape(-1)


def _least(costs: Array, kinds: Array, pair: Array) -> Array:
    """``[n]``: the least of what a pass costs over the ways in which the tensor may move first; 0 where it does not."""
    if len(costs) == 1:
        return costs[0]
    barred = np.where(kinds, 0.0, np.inf)
    best = costs[0] + barred[pair, 0]
    for kind in range(1, len(costs)):
        best = np.minimum(best, costs[kind] + barred[pair, kind])
    return np.where(np.isfinite(best), best, 0.0)


def _distinct_orders(tried: list[tuple[Array, Array, Array, Array]]) -> tuple[Array, Array]:
    """``(row, order)`` of the orders worth a label: the cheapest, and those that are better than it in another way."""
    energy, lanes = np.stack([t[0] for t in tried]), np.stack([t[1] for t in tried])
    pending = np.stack([t[2] for t in tried])
    everything = np.arange(energy.shape[1])
    cheapest = np.argmin(energy, axis=0)
    better = lanes > lanes[cheapest, everything]
    better |= (pending < pending[cheapest, everything]).any(axis=2)
    better[cheapest, everything] = True
    order, row = np.nonzero(better)
    return row, order
