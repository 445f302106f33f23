"""The walk outward: labels that carry what a partial mapping has cost, pruned by dominance and by the best known.

A label stands for loops up to a boundary. It carries the pJ of all deliveries whose count is settled (``energy``), a
bound on the parallelism kept so far (``lanes``: computations per cycle, less where a bandwidth throttles), the words
that a parent further out must still read (``pending``), and a pattern of what is still owed (:mod:`patterns`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, fields

import numpy as np

from accelax.search.chain.fanouts import coincidences, copies, links_compute, multipliers, ratio_union
from accelax.search.chain.moves import Steps, expand, tile_of
from accelax.search.chain.patterns import Layout, hashed, settled, unique_rows
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import Order
from accelax.search.chain.togo import ToGo
from accelax.search.chain.words import Sweep

Array = np.ndarray
PAIRS = 1 << 18
"""Labels made at a time."""
SAMPLE = 256
"""Steps that a quick walk tries from every tile."""
ROUNDS = 12
"""Labels per tile and pattern that others are compared with."""


@dataclass
class Labels:
    """Partial mappings at one boundary; every array has a row per label.

    ``index`` ``[n, R]`` divisor indices; ``pattern`` a row of the boundary's pattern table; ``energy`` in pJ; ``lanes``
    computations per cycle; ``pending``, ``credit`` ``[n, T]``: words closed but not yet read from a parent, and the part
    of ``energy`` they have already cost; ``parent``, ``choice``: the label below, and how the step was taken.
    """

    index: Array
    pattern: Array
    energy: Array
    lanes: Array
    pending: Array
    credit: Array
    parent: Array
    choice: Array

    def take(self, rows: Array) -> Labels:
        """Some of the labels."""
        return Labels(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.energy)


def join(parts: list[Labels]) -> Labels:
    """Several sets of labels as one."""
    return Labels(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Labels)))


class OutOfRoom(Exception):
    """The walk has more labels than it may hold."""


class Walk:
    """One placement's walk; a label that cannot end at or below ``limit`` goes, and the limit may be lowered on the way.

    With a ``beam``, only so many labels stay at each boundary, and not all steps are tried. ``labels`` are those at the
    outermost boundary once the walk is over; ``trail`` leads back.
    """

    def __init__(self, placement: Placement, togo: ToGo, limit: float, most: int, beam: int = 0):
        self.placement, self.tables, self.togo = placement, placement.tables, togo
        self.limit, self.most, self.beam = limit, most, beam
        self.layout = Layout(self.tables)
        self.table = np.zeros((1, self.layout.width))
        self.trail: list[Labels] = []
        self.labels = self._start()

    def run(self) -> Iterator[None]:
        """Walk all slots, with a pause wherever the walk may be left for a while. Raises OutOfRoom."""
        labels = self._start()
        for slot in range(self.tables.levels):
            fanout = self.tables.structure.is_fanout[self.tables.level(slot)]
            labels = yield from self._step(slot, labels, self._spread if fanout else self._store)
            self.trail.append(labels)
        self.labels = labels

    @property
    def values(self) -> Array:
        """The bounds of the labels at the end."""
        return self.promise(self.tables.levels, self.labels, self.table)

    def _start(self) -> Labels:
        """Nothing is mapped yet: every computation reads each operand, unless neighbours may hand it on."""
        tensors, ranks = len(self.tables.tensors), self.tables.ranks
        pending = np.array([[0.0 if links_compute(self.tables, t) else self.tables.macs for t in range(tensors)]])
        energy = np.array([self.tables.macs * self.placement.prices.compute])
        zeros = np.zeros(1, dtype=np.int32)
        return Labels(
            np.zeros((1, ranks), np.uint8), zeros, energy, np.ones(1), pending, np.zeros((1, tensors)), zeros, zeros
        )

    def _step(self, slot: int, labels: Labels, make: Callable[..., tuple[Labels, Array]]) -> Generator[None, None, Labels]:
        """Take every label across a slot, in portions, and keep what is not dominated."""
        states, inverse = unique_rows_of_bytes(labels.index)
        order = np.argsort(inverse, kind="stable")
        count = np.bincount(inverse, minlength=len(states))
        start = np.concatenate([[0], np.cumsum(count)[:-1]])
        parts: list[Labels] = []
        patterns: list[Array] = []
        for source, target, choice in self._targets(slot, labels, states, inverse):
            yield
            for rows in _portions(count[source], PAIRS):
                yield
                repeat = count[source[rows]]
                pair = np.repeat(np.arange(len(rows)), repeat)
                within = np.arange(len(pair)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
                label = order[start[source[rows]][pair] + within]
                made, table = make(slot, labels, label, pair, states[source[rows]], target[rows], choice[rows])
                made = made.take(np.flatnonzero(self.promise(slot + 1, made, table) <= self.limit))
                made.pattern = made.pattern + sum(len(p) for p in patterns)
                patterns.append(table)
                parts.append(made)
                if sum(len(p) for p in parts) > self.most:
                    parts, patterns = self._compact(slot + 1, parts, patterns)
                    if len(parts[0]) > self.most // 2:
                        raise OutOfRoom
        if not parts:
            empty = labels.take(np.zeros(0, dtype=int))
            self.table = np.zeros((1, self.layout.width))
            return empty
        parts, patterns = self._compact(slot + 1, parts, patterns)
        self.table = patterns[0]
        return parts[0]

    def _targets(
        self, slot: int, labels: Labels, states: Array, inverse: Array
    ) -> Iterator[tuple[Array, Array, Array]]:
        """``(source, target, choice)`` of the steps worth taking, for some tiles at a time."""
        options = [np.array([len(t) for t in self.tables.steps[slot][r]]) for r in range(self.tables.ranks)]
        count = np.prod([options[r][states[:, r]] for r in range(self.tables.ranks)], axis=0)
        least, most = self._extremes(slot, labels, inverse, len(states))
        for rows in _portions(count, PAIRS):
            source, target, choice = expand(self.placement, slot, states[rows])
            keep = self._worth(slot, states[rows], least[rows], most[rows], source, target)
            keep = self._sampled(keep, source[keep], len(rows))
            yield rows[source[keep]], target[keep], choice[keep]

    def _extremes(self, slot: int, labels: Labels, inverse: Array, states: int) -> tuple[Array, Array]:
        """``(least energy, most lanes)`` of the labels of every tile."""
        least, most = np.full(states, np.inf), np.zeros(states)
        np.minimum.at(least, inverse, labels.energy + self._owed(slot, labels, self.table))
        np.maximum.at(most, inverse, labels.lanes)
        return least, most

    def _worth(self, slot: int, states: Array, least: Array, most: Array, source: Array, target: Array) -> Array:
        """Steps that some label of their source could take without losing to the best known."""
        lanes = most[source]
        if self.tables.structure.is_fanout[self.tables.level(slot)]:
            factor = tile_of(self.tables, target) / tile_of(self.tables, states[source])
            lanes = lanes * np.prod(factor, axis=1)
        energy = least[source] + self.togo.energy(slot + 1, target)
        return np.flatnonzero(self.togo.score(energy, self._cycles(lanes, self.togo.lanes(slot + 1, target))) <= self.limit)

    def _cycles(self, lanes: Array, further: Array) -> Array:
        """Cycles with the parallelism kept so far times what fan-outs outside can add; infinite where nothing leads on."""
        total = lanes * further
        return np.divide(self.tables.macs, total, out=np.full_like(total, np.inf), where=total > 0)

    def _sampled(self, rows: Array, source: Array, states: int) -> Array:
        """In a quick walk, a random part of the steps: about ``SAMPLE`` for every tile."""
        if not self.beam or len(rows) <= SAMPLE * states:
            return rows
        share = SAMPLE / np.maximum(np.bincount(source, minlength=states), 1)
        return rows[np.random.default_rng(self.beam).random(len(rows)) < share[source]]

    def promise(self, boundary: int, labels: Labels, table: Array) -> Array:
        """``[n]``: a bound on the objective of every completion of each label."""
        energy = labels.energy + self._owed(boundary, labels, table) + self.togo.energy(boundary, labels.index)
        return self.togo.score(energy, self._cycles(labels.lanes, self.togo.lanes(boundary, labels.index)))

    def _owed(self, boundary: int, labels: Labels, table: Array) -> Array:
        """pJ that what is still unsettled costs at least, as far as the tables of the way to go leave it out.

        Unmoved tiles bring every word once; pending words are shared by as many instances as there can be. What a parent
        outside hands to its child is in the tables, unless its level was too large to be priced: then what the label has
        paid or will pay for it counts here.
        """
        level = self.tables.level(boundary - 1) if boundary else self.tables.levels
        owed = np.zeros(len(labels))
        if level == 0:
            return owed
        for tensor, shape in enumerate(self.tables.tensors):
            parent, prices = self.placement.parent[level][tensor], self.placement.prices
            counted = self.togo.counts(parent)
            charged = 2 * shape.kinds - 1
            fixed = table[:, self.layout.fixed[tensor]][:, :charged].min(axis=1)
            left_out = table[:, self.layout.offset[tensor]] * self.tables.lanes_above(level, shape.irrelevant)
            if counted:
                child = self.placement.child(level - 1, tensor)
                fixed = fixed - (prices.fill[child][tensor] if child < self.tables.levels else 0.0)
                owed -= labels.credit[:, tensor]
            else:
                served = table[:, self.layout.mc[tensor]][:, :charged].min(axis=1) / self._shared(level, parent)
                fixed = fixed + served * self.placement.serve[parent][tensor]
                first = self.tables.lanes_above(parent, shape.irrelevant)
                left_out = left_out + np.where(served > 0, prices.elide_read[parent][tensor] * first, 0.0)
                owed += self._reading(labels.pending[:, tensor], level, tensor)
            price = np.maximum(fixed * self.togo.compulsory[tensor] - left_out * self.togo.whole[tensor], 0.0)
            owed = owed + price[labels.pattern]
        return owed

    def _reading(self, pending: Array, level: int, tensor: int) -> Array:
        """``[n]`` pJ that a parent pays at least for pending words."""
        parent, prices = self.placement.parent[level][tensor], self.placement.prices
        words = pending / self._shared(level, parent)
        shape = self.tables.tensors[tensor]
        first = self.togo.whole[tensor] * self.tables.lanes_above(parent, shape.irrelevant)
        read = np.maximum(words * prices.read[parent][tensor] - first * prices.elide_read[parent][tensor], 0.0)
        return read + (words * prices.update[parent][tensor] if shape.output else 0.0)

    def _shared(self, level: int, parent: int) -> float:
        """By how many instances between two levels a word can be shared at most."""
        between = [lv for lv in range(parent + 1, level) if self.tables.structure.is_fanout[lv]]
        return float(np.prod([self.tables.lanes(lv) for lv in between]))

    def _spread(
        self, slot: int, labels: Labels, label: Array, pair: Array, below: Array, above: Array, choice: Array
    ) -> tuple[Labels, Array]:
        """Across a fan-out: copies multiply what is fixed, multicast divides what is pending, lanes multiply."""
        tables, level = self.tables, self.tables.level(slot)
        low, high = tile_of(tables, below), tile_of(tables, above)
        factor = high / low
        scale = multipliers(self.placement, self.layout, level, low, high)
        if slot == 0:
            for tensor, shape in enumerate(tables.tensors):
                if links_compute(tables, tensor):
                    scale[:, self.layout.mc[tensor]] = ratio_union(tables, shape, low, high)
        scales, which = unique_rows(scale)
        rows, pattern = self._combine(labels.pattern[label], which[pair], len(scales))
        table = self.table[rows // len(scales)]
        if slot == 0:
            for tensor in range(len(tables.tensors)):
                if links_compute(tables, tensor):
                    table[:, self.layout.mc[tensor]] = 1.0
        table = table * scales[rows % len(scales)]
        pending = labels.pending[label].copy()
        for tensor, shape in enumerate(tables.tensors):
            if not tables.structure.no_multicast[level][tensor]:
                shared = copies(shape, factor) * coincidences(shape, factor)
                pending[:, tensor] /= shared[pair]
        lanes = labels.lanes[label] * np.prod(factor, axis=1)[pair]
        made = Labels(
            above[pair], pattern, labels.energy[label], lanes, pending, labels.credit[label], label, choice[pair]
        )
        return made, table

    def _combine(self, first: Array, second: Array, many: int) -> tuple[Array, Array]:
        """Distinct pairs of two indices, as ``first * many + second``, and where each pair went."""
        rows, inverse = np.unique(first.astype(np.int64) * many + second, return_inverse=True)
        return rows, inverse.reshape(-1)

    def _store(
        self, slot: int, labels: Labels, label: Array, pair: Array, below: Array, above: Array, choice: Array
    ) -> tuple[Labels, Array]:
        """Across a storage level: its loops settle how often what they move is delivered."""
        tables, level = self.tables, self.tables.level(slot)
        steps = Steps(tables, level, tile_of(tables, below), tile_of(tables, above))
        moved = sum((steps.moved[t].astype(int) << t for t in range(len(tables.tensors))), np.zeros(len(below), int))
        many = 1 << len(tables.tensors)
        rows, pattern = self._combine(labels.pattern[label], moved[pair], many)
        table = self._kept(level, self.table[rows // many], rows % many)
        owed = [self._passes(tensor, self.table[labels.pattern[label]], steps, pair) for tensor in range(len(tables.tensors))]
        tried = [self._closed(level, labels, label, pair, steps, order, owed) for order in tables.orders[level]]
        row, number = _distinct_orders(tried)
        columns = [np.stack(column)[number, row] for column in zip(*tried, strict=True)]
        made = Labels(above[pair[row]], pattern[row], *columns, label[row], number.astype(np.int32))
        return made, table

    def _passes(self, tensor: int, rows: Array, steps: Steps, pair: Array) -> tuple[Array, Array, Array]:
        """``(pJ [kinds, n], words [kinds, n], pJ per word left out [n])`` of one pass, by the rank that moves innermost."""
        kinds = self.tables.tensors[tensor].kinds
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

    def _kept(self, level: int, table: Array, moved: Array) -> Array:
        """The patterns outside a storage level: what moved is settled, what is kept here is owed from now on."""
        table, prices = table.copy(), self.placement.prices
        for tensor in range(len(self.tables.tensors)):
            fixed, mc, offset = self.layout.fixed[tensor], self.layout.mc[tensor], self.layout.offset[tensor]
            gone = (moved >> tensor & 1).astype(bool)
            table[gone, fixed], table[gone, mc], table[gone, offset] = 0.0, 0.0, 0.0
            if not self.placement.keep[level][tensor] or level == 0:
                continue
            open_ = table[:, mc].any(axis=1)[:, None]
            kinds = self.tables.tensors[tensor].kinds
            table[:, fixed] += settled(table[:, mc], kinds) * self.placement.serve[level][tensor]
            table[:, fixed.start : fixed.start + 2 * kinds - 1] += prices.fill[level][tensor]
            table[:, offset] += np.where(open_[:, 0], prices.elide_read[level][tensor], 0.0)
            table[:, offset] += prices.elide_fill[level][tensor]
            table[:, mc] = 1.0
        return table

    def _closed(
        self,
        level: int,
        labels: Labels,
        label: Array,
        pair: Array,
        steps: Steps,
        order: Order,
        owed: list[tuple[Array, Array, Array]],
    ) -> tuple[Array, Array, Array, Array]:
        """``(energy, lanes, pending, credit)`` after the loops of a storage level in one order."""
        tables, prices = self.tables, self.placement.prices
        energy, lanes = labels.energy[label].copy(), labels.lanes[label].copy()
        pending, credit = labels.pending[label].copy(), labels.credit[label].copy()
        read, written = np.zeros(len(label)), np.zeros(len(label))
        for tensor, (shape, closing) in enumerate(zip(tables.tensors, steps.close(order), strict=True)):
            moved, kinds = steps.moved[tensor], closing.kinds
            if level == 0:
                kinds[:, 0] |= ~moved
                moved = np.ones_like(moved)
            times = np.where(moved, closing.times, 0.0)[pair]
            costs, counts, left_out = owed[tensor]
            fixed, words = times * _least(costs, kinds, pair), times * _least(counts, kinds, pair)
            lanes_out = tables.lanes_above(level, shape.irrelevant)
            first = self.togo.whole[tensor] * np.minimum(lanes_out, steps.repeats[tensor])[pair]
            paid = np.where(times > 0, np.maximum(fixed - left_out * first, 0.0), 0.0)
            energy += paid
            if self.placement.keep[level][tensor]:
                words = words + pending[:, tensor]
                served = words > 0
                kept_back = np.where(served, first, 0.0) if shape.output else 0.0
                energy += np.maximum(words * prices.read[level][tensor] - kept_back * _elided(prices, level, tensor), 0.0)
                written += words if shape.output else 0.0
                energy += words * prices.update[level][tensor] if shape.output else 0.0
                elides = tables.structure.rules.first_read_elision and shape.output
                read += np.maximum(words - kept_back, 0.0) if elides else words
                pending[:, tensor], credit[:, tensor] = 0.0, 0.0
            else:
                pending[:, tensor] += words
                credit[:, tensor] += paid
        lanes = self._throttled(level, lanes, read, written)
        leak = prices.leak[level]
        if leak:
            energy += leak * self._leak_ratio(level) * tables.macs / lanes
        return energy, lanes, pending, credit

    def _leak_ratio(self, level: int) -> float:
        """Leaking instances per instance in use; gating by whole groups only makes it more."""
        return 1.0

    def _throttled(self, level: int, lanes: Array, read: Array, written: Array) -> Array:
        """Computations per cycle that the level's bandwidths leave: ``cycles >= words / (bandwidth * instances)``."""
        hardware = self.tables.hardware
        scale = min(float(s) for s in hardware.bandwidth_scale[level])
        for bandwidth, words in (
            (hardware.read_bandwidth[level], read),
            (hardware.write_bandwidth[level], written),
            (hardware.shared_bandwidth[level], read + written),
        ):
            if np.isfinite(float(bandwidth)):
                demand = words * scale / float(bandwidth)
                kept = np.divide(self.tables.macs, demand, out=np.full_like(demand, np.inf), where=demand > 0)
                lanes = np.minimum(lanes, kept)
        return lanes

    def _compact(self, boundary: int, parts: list[Labels], patterns: list[Array]) -> tuple[list[Labels], list[Array]]:
        """Merge portions, and drop labels that another one with the same tile and pattern makes useless."""
        labels, table = join(parts), np.concatenate(patterns)
        used, pattern = np.unique(labels.pattern, return_inverse=True)
        table, moved = unique_rows(table[used]) if len(used) else (table[:1], np.zeros(0, int))
        labels.pattern = moved[pattern.reshape(-1)].astype(np.int32)
        if len(labels):
            labels = labels.take(self._undominated(boundary, labels, table))
        return [labels], [table]

    def _undominated(self, boundary: int, labels: Labels, table: Array) -> Array:
        """Rows that no other row dominates: same tile and pattern, no more energy whatever is shared, no fewer lanes."""
        promise = self.promise(boundary, labels, table)
        key = hashed(np.concatenate([labels.index.astype(np.uint64), labels.pattern[:, None].astype(np.uint64)], axis=1))
        order = np.lexsort((labels.energy, promise, key))
        group = np.concatenate([[0], np.cumsum(np.diff(key[order].view(np.int64)) != 0)])
        energy = labels.energy[order] if self.togo.energy_weight else np.zeros(len(order))
        lanes = labels.lanes[order] if self.togo.delay_weight else np.ones(len(order))
        pending = labels.pending[order]
        alive, chosen = np.ones(len(order), dtype=bool), np.zeros(len(order), dtype=bool)
        for _ in range(ROUNDS):
            waiting = np.flatnonzero(alive & ~chosen)
            if not len(waiting):
                break
            head = waiting[np.concatenate([[True], np.diff(group[waiting]) != 0])]
            chosen[head] = True
            best = np.full(group[-1] + 1, -1)
            best[group[head]] = head
            judge = best[group[waiting]]
            more = pending[judge] - pending[waiting]
            worse = energy[judge] - energy[waiting] + self._dearer(boundary, more)
            beaten = (judge != waiting) & (worse <= 0) & (lanes[judge] >= lanes[waiting])
            alive[waiting[beaten]] = False
        rows = order[alive]
        if self.beam and len(rows) > self.beam:
            rows = rows[np.argsort(promise[rows], kind="stable")[: self.beam]]
        return np.sort(rows)

    def _dearer(self, boundary: int, more: Array) -> Array:
        """``[n]``: at most how many pJ the difference ``more`` ``[n, T]`` of pending words can make.

        A word is shared by 1 to ``lanes`` instances on its way to the parent; a surplus costs most when none share it,
        a deficit saves least when all do. Where the parent's bandwidth may throttle, no surplus is accepted.
        """
        level = self.tables.level(boundary - 1) if boundary else self.tables.levels
        total = np.zeros(len(more))
        for tensor in range(more.shape[1]):
            parent = self.placement.parent[level][tensor]
            shared = self._shared(level, parent)
            price = self.placement.serve[parent][tensor] if self.togo.energy_weight else 0.0
            surplus = np.inf if self.togo.delay_weight else price
            words = more[:, tensor]
            total += np.where(words > 0, words, 0.0) * price + np.where(words < 0, words, 0.0) * price / shared
            if surplus == np.inf:
                total = np.where(words > 0, np.inf, total)
        return total


def _elided(prices: object, level: int, tensor: int) -> float:
    return float(prices.elide_read[level][tensor])  # type: ignore[attr-defined]


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


def _portions(counts: Array, most: int) -> list[Array]:
    """Consecutive rows whose counts add up to about ``most``."""
    if not len(counts):
        return []
    portion = np.cumsum(counts) // most
    edges = np.flatnonzero(np.diff(portion)) + 1
    return np.split(np.arange(len(counts)), edges)


def unique_rows_of_bytes(index: Array) -> tuple[Array, Array]:
    """Distinct rows of a table of small integers, and where each row went."""
    key = hashed(index.astype(np.uint64))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return index[first], inverse.reshape(-1)
