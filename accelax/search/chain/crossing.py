"""Across one slot: what becomes of labels at a fan-out, and at a storage level's loops."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from accelax.search.chain.accounts import Account, Owed, distinct_orders, least, picked
from accelax.search.chain.fanouts import coincidences, copies, links_compute, multipliers, ratio_union
from accelax.search.chain.labels import Labels
from accelax.search.chain.moves import Steps, tile_of
from accelax.search.chain.patterns import Layout, settled, unique_rows
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import Order, cycles_of
from accelax.search.chain.words import Sweep, volume

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
        pending, elided = self.labels.pending[self.label].copy(), self.labels.elided[self.label].copy()
        for tensor, shape in enumerate(tables.tensors):
            elided[:, tensor] *= copies(shape, factor)[self.pair]
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
            elided=elided,
            clustered=old.clustered[self.label],
            spread=old.spread[self.label] * np.where(self._inside(), added[:, None], 1.0),
            sustained=old.sustained[self.label] * added[:, None],
            copied=old.copied[self.label] * added[:, None],
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
        row, number = distinct_orders(tried)
        made = Labels(
            index=self.above[self.pair[row]],
            pattern=pattern[row],
            units=self.labels.units[self.label[row]],
            parent=self.label[row],
            choice=number.astype(np.int32),
            **{f.name: picked([getattr(t, f.name) for t in tried], row, number) for f in fields(Account)},
        )
        return made, table

    def _inside(self) -> Array:
        """``[C]``: which levels with clustered memories lie inside this one."""
        return np.array(self.placement.prices.clusters, dtype=int) > self.level

    def _passes(self, tensor: int, steps: Steps) -> Owed:
        """What one pass of a tensor costs."""
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
        moved = steps.passes[tensor][0]
        assert isinstance(moved, np.ndarray)
        left_out, busy = rows[:, self.layout.offset[tensor]], rows[:, self.layout.busy[tensor]]
        return Owed(np.stack(energy), np.stack(words), left_out, moved[pair], busy)

    def _kept(self, table: Array, moved: Array) -> Array:
        """The patterns outside a storage level: what moved is settled, what is kept here is owed from now on."""
        table, prices, level = table.copy(), self.placement.prices, self.level
        for tensor, shape in enumerate(self.placement.tables.tensors):
            fixed, mc, offset = self.layout.fixed[tensor], self.layout.mc[tensor], self.layout.offset[tensor]
            gone = (moved >> tensor & 1).astype(bool)
            busy, writing = self.layout.busy[tensor], self.placement.writing[level][tensor]
            table[gone, fixed], table[gone, mc], table[gone, offset], table[gone, busy] = 0.0, 0.0, 0.0, 0.0
            table[:, busy] = np.where(table[:, busy] > 0, table[:, busy], writing)
            if not self.placement.keep[level][tensor] or level == 0:
                continue
            unmoved = (table[:, mc] > 0).max(axis=1)
            table[:, fixed] += settled(table[:, mc], shape.kinds) * self.placement.serve[level][tensor]
            table[:, fixed.start : fixed.start + 2 * shape.kinds - 1] += prices.fill[level][tensor]
            table[:, offset] += np.where(unmoved, prices.elide_read[level][tensor], 0.0)
            table[:, offset] += prices.elide_fill[level][tensor]
            table[:, mc] = 1.0
        return table

    def _closed(self, steps: Steps, order: Order, owed: list[Owed]) -> Account:
        """What labels have spent after the loops of a storage level in one order."""
        level, prices, tables = self.level, self.placement.prices, self.placement.tables
        spent = Account.of(self.labels, self.label)
        read, written = np.zeros(len(self.label)), np.zeros(len(self.label))
        for tensor, (shape, closing) in enumerate(zip(tables.tensors, steps.close(order), strict=True)):
            moved, kinds, due = steps.moved[tensor], closing.kinds, owed[tensor]
            if level == 0:
                kinds[:, 0] |= ~moved
                moved = np.ones_like(moved)
            times = np.where(moved, closing.times, 0.0)[self.pair]
            words = times * least(due.words, kinds, self.pair)
            paid = times * least(due.energy, kinds, self.pair)
            left_out = np.where(times > 0, due.left_out, 0.0) * self._whole(tensor)
            first = steps.first_visits[tensor][self.pair]
            spent.energy += paid
            spent.elided[:, tensor] += left_out
            self._refill(spent, tensor, due, times * due.moved - first)
            if self.placement.keep[level][tensor]:
                served = words + spent.pending[:, tensor]
                self._hand_out(spent, tensor, served)
                visits = np.where(served > 0, first, 0.0) if prices.elides[level][tensor] else 0.0
                read += np.maximum(served - visits, 0.0) if prices.known[tensor] else 0.0
                written += served if shape.output else 0.0
            else:
                spent.pending[:, tensor] += words
                spent.credit[:, tensor] += np.maximum(paid - left_out, 0.0)
        spent.lanes = self._throttled(spent.lanes, read, written)
        self._await_fills(spent, owed, steps, written)
        if prices.leak[level]:
            spent.energy += prices.leak[level] * tables.macs / spent.lanes
        return spent

    def _whole(self, tensor: int) -> float:
        """Words of a whole tensor."""
        tables = self.placement.tables
        return float(volume(tables.tensors[tensor], tables.bounds[None, :])[0])

    def _hand_out(self, spent: Account, tensor: int, served: Array) -> None:
        """Charge the level for the words that it serves, pending ones among them."""
        level, prices = self.level, self.placement.prices
        output = self.placement.tables.tensors[tensor].output
        pay = served * (prices.read[level][tensor] + (prices.update[level][tensor] if output else 0.0))
        share = 1.0
        if level in prices.clusters:
            share = float(self.placement.tables.hardware.cluster_size[level])
            column = prices.clusters.index(level)
            spent.clustered[:, column] += share * pay
            spent.spread[:, column] = 1.0
        else:
            spent.energy += pay
        left_out = share * prices.elide_read[level][tensor] * self._whole(tensor)
        spent.elided[:, tensor] += np.where(served > 0, left_out, 0.0)
        spent.pending[:, tensor], spent.credit[:, tensor] = 0.0, 0.0

    def _refill(self, spent: Account, tensor: int, due: Owed, words: Array) -> None:
        """Throttle by the writes of an inner level, now that the number of its fills is settled.

        Its instances need ``updates + fills`` over their bandwidth; ``words`` are the fills of one copy, less what
        first visits leave out.
        """
        macs = self.placement.tables.macs
        copied = np.maximum(spent.copied[:, tensor], 1.0)
        filling = np.maximum(due.busy * words, 0.0) / (macs * copied)
        limit = 1.0 / np.maximum(1.0 / spent.sustained[:, tensor] + filling, 1e-200)
        spent.lanes = np.where(due.busy > 0, np.minimum(spent.lanes, limit), spent.lanes)

    def _await_fills(self, spent: Account, owed: list[Owed], steps: Steps, written: Array) -> None:
        """Start to watch outputs whose fills will throttle this level, where no level inside is watched already."""
        macs = self.placement.tables.macs
        for tensor in range(len(owed)):
            writing = self.placement.writing[self.level][tensor]
            over = steps.moved[tensor][self.pair] | (owed[tensor].busy == 0)
            busy = written * writing
            sustained = np.divide(macs, busy, out=np.full_like(busy, np.inf), where=busy > 0)
            spent.sustained[over, tensor] = sustained[over]
            spent.copied[over, tensor] = float(writing > 0)

    def _throttled(self, lanes: Array, read: Array, written: Array) -> Array:
        """Computations per cycle that the level's bandwidths leave: ``cycles >= words / (bandwidth * instances)``."""
        cycles = cycles_of(self.placement.tables, self.level, read, written)
        return np.minimum(lanes, self.placement.tables.macs / np.maximum(cycles, 1e-200))


def _combined(first: Array, second: Array, many: int) -> tuple[Array, Array]:
    """Distinct pairs of two indices, as ``first * many + second``, and where each pair went."""
    rows, inverse = np.unique(first.astype(np.int64) * many + second, return_inverse=True)
    return rows, inverse.reshape(-1)
