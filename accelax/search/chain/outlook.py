"""What a label promises: a bound on the objective of everything that it may become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelax.model.levels.nest import may_link
from accelax.search.chain.labels import Labels
from accelax.search.chain.moves import tile_of
from accelax.search.chain.patterns import Layout
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import cycles_of
from accelax.search.chain.togo import ToGo

Array = np.ndarray


@dataclass(frozen=True)
class Forecast:
    """What is known of labels ``[n]``, whichever way they go on.

    ``plain`` pJ apart from what the tables of the way to go tell; ``split`` the same with what the next parents of
    pending words charge for them, where the tables leave that out for the tensors in the sets ``known``; ``busy``
    cycles that these words keep the parents busy.
    """

    plain: Array
    split: Array
    known: Array
    busy: Array

    def take(self, rows: Array) -> Forecast:
        """Some of the rows."""
        return Forecast(self.plain[rows], self.split[rows], self.known[rows], self.busy[rows])


class Outlook:
    """Bounds for one placement: what a label has cost, still owes, and will meet on the way out."""

    def __init__(self, placement: Placement, togo: ToGo, layout: Layout):
        self.placement, self.tables, self.togo, self.layout = placement, placement.tables, togo, layout

    def level(self, boundary: int) -> int:
        """The level just inside a boundary; ``L`` for the compute units."""
        return self.tables.levels - boundary

    def promise(self, boundary: int, labels: Labels, table: Array) -> Array:
        """``[n]``: a bound on the objective of every completion of each label."""
        return self.value(boundary, labels.index, labels.lanes, self.forecast(boundary, labels, table))

    def value(self, boundary: int, index: Array, lanes: Array, forecast: Forecast) -> Array:
        """``[n]``: a bound on the objective once tiles ``index`` are reached with so many ``lanes``."""
        energy = forecast.plain + self.togo.energy(boundary, index)
        if self.togo.split:
            energy = np.maximum(energy, forecast.split + self.togo.energy(boundary, index, forecast.known))
        cycles = np.maximum(self.cycles(lanes * self.togo.lanes(boundary, index)), forecast.busy)
        return self.togo.score(energy, cycles)

    def cycles(self, lanes: Array) -> Array:
        """Cycles of all computations at ``lanes`` a cycle; infinite where nothing legal leads on."""
        return np.divide(self.tables.macs, lanes, out=np.full_like(lanes, np.inf), where=lanes > 0)

    def forecast(self, boundary: int, labels: Labels, table: Array) -> Forecast:
        """What labels have paid and owe at least, wherever the lanes outside lead.

        First visits leave out as much as lanes outside can reduce; of ``N`` instances of a clustered level at most as
        many memories work as there are, ``min(N, memories) / N`` of what is charged. Pending words are valued where the
        tables leave them out, and else what labels have paid for them is taken back, since the tables count it.
        """
        level = self.level(boundary)
        plain = labels.energy + self.owed(boundary, labels, table)
        outside = self.tables.bounds / tile_of(self.tables, labels.index)
        for tensor, most in enumerate(self._reductions(boundary, outside)):
            if most is not None:
                plain -= labels.elided[:, tensor] * most
        for column, inside in enumerate(self.placement.prices.clusters):
            instances = np.maximum(labels.spread[:, column] * self.togo.lanes(boundary, labels.index), 1.0)
            plain += labels.clustered[:, column] * np.clip(self._memories(inside) / instances, 0.0, 1.0)
        split, known, busy = plain.copy(), np.zeros(len(labels), dtype=np.int64), np.zeros(len(labels))
        if level == 0:
            return Forecast(plain, split, known, busy)
        words = [labels.pending[:, t] / self._sharing(level, t, outside) for t in range(len(self.tables.tensors))]
        for tensor, pending in enumerate(words):
            reading = self._reading(pending, level, tensor)
            split += reading
            if self.togo.counts(self.placement.parent[level][tensor]):
                plain -= labels.credit[:, tensor]
                known |= (pending > 0).astype(np.int64) << tensor
            else:
                plain += reading
        return Forecast(plain, split, known, self._busy(level, words) if self.togo.timed else busy)

    def _busy(self, level: int, words: list[Array]) -> Array:
        """``[n]``: cycles that parents need at least to hand out pending ``words`` ``[T][n]``, by their bandwidths.

        Where nothing is pending for the outermost level, it hands out every word of what is only read.
        """
        most, prices = np.zeros(len(words[0])), self.placement.prices
        for parent in set(self.placement.parent[level]):
            read, written = np.zeros(len(most)), np.zeros(len(most))
            for tensor, shape in enumerate(self.tables.tensors):
                if self.placement.parent[level][tensor] != parent:
                    continue
                visits = self.togo.whole[tensor] * self.tables.lanes_above(parent, shape.irrelevant)
                visits = visits if prices.elides[parent][tensor] else 0.0
                read += np.maximum(words[tensor] - visits, 0.0) if prices.known[tensor] else 0.0
                written += words[tensor] if shape.output else 0.0
                if parent == 0 and not shape.output:
                    read += np.where(words[tensor] > 0, 0.0, self.togo.compulsory[tensor])
            most = np.maximum(most, cycles_of(self.tables, parent, read, written) / self.tables.lanes_above(parent))
        return most

    def _memories(self, level: int) -> float:
        """Physical memories of a level whose instances share them."""
        hardware = self.tables.hardware
        return float(hardware.mesh_x[level]) * float(hardware.mesh_y[level]) / float(hardware.cluster_size[level])

    def _reductions(self, boundary: int, outside: Array) -> list[Array | None]:
        """``[T][n]``: the most lanes outside that reduce a tensor in space; None for those that are only read.

        ``outside`` ``[n, R]`` are the trips that are left.
        """
        level = self.level(boundary)
        return [
            np.minimum(self.tables.lanes_above(level, shape.irrelevant), outside[:, shape.irrelevant].prod(axis=1))
            if shape.output
            else None
            for shape in self.tables.tensors
        ]

    def owed(self, boundary: int, labels: Labels, table: Array) -> Array:
        """pJ that what is still unsettled costs at least, as far as the tables of the way to go leave it out.

        Unmoved tiles bring every word once. What a parent outside hands to its child is in the tables, unless its level
        was too large to be priced: then it counts here.
        """
        level = self.level(boundary)
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
            else:
                served = table[:, self.layout.mc[tensor]][:, :charged].min(axis=1) / self._narrowed(level, tensor)
                fixed = fixed + served * self.placement.serve[parent][tensor]
                first = self.tables.lanes_above(parent, shape.irrelevant)
                left_out = left_out + np.where(served > 0, prices.elide_read[parent][tensor] * first, 0.0)
            price = np.maximum(fixed * self.togo.compulsory[tensor] - left_out * self.togo.whole[tensor], 0.0)
            owed = owed + price[labels.pattern]
        return owed

    def _reading(self, words: Array, level: int, tensor: int) -> Array:
        """``[n]`` pJ that a parent pays at least for pending words, shared as far as can be."""
        parent, prices = self.placement.parent[level][tensor], self.placement.prices
        shape = self.tables.tensors[tensor]
        first = self.togo.whole[tensor] * self.tables.lanes_above(parent, shape.irrelevant)
        read = np.maximum(words * prices.read[parent][tensor] - first * prices.elide_read[parent][tensor], 0.0)
        return read + (words * prices.update[parent][tensor] if shape.output else 0.0)

    def _between(self, level: int, tensor: int) -> list[int]:
        """The fan-outs between a level and the next parent of a tensor."""
        parent = self.placement.parent[level][tensor]
        return [lv for lv in range(parent + 1, level) if self.tables.structure.is_fanout[lv]]

    def _sharing(self, level: int, tensor: int, outside: Array | None = None) -> Array | float:
        """By how many instances a pending word can be shared at most on its way to the next parent.

        Lanes of irrelevant ranks share it, and those that slide may; there are no more than trips ``outside``.
        """
        shape, structure = self.tables.tensors[tensor], self.tables.structure
        ranks = (*shape.irrelevant, *shape.sliding)
        open_ = [lv for lv in self._between(level, tensor) if not structure.no_multicast[lv][tensor]]
        most = float(np.prod([self.tables.lanes(lv, ranks) for lv in open_]))
        return most if outside is None else np.minimum(most, outside[:, ranks].prod(axis=1))

    def _narrowed(self, level: int, tensor: int) -> float:
        """By how much the words that a parent hands out per word of an unmoved tile can still fall."""
        shape, networks = self.tables.tensors[tensor], self._between(level, tensor)
        linked = any(may_link(self.tables.structure, network, tensor) for network in networks)
        dense = all(c == 1 for axis in shape.axes for c in axis.coefficients)
        if dense and not shape.sliding and not linked:
            return 1.0
        return float(np.prod([self.tables.lanes(network) for network in networks]))

    def excess(self, boundary: int, labels: Labels, these: Array, those: Array) -> Array:
        """``[n]``: at most how many pJ labels ``these`` may cost more than ``those`` of the same tiles.

        What depends on lanes outside is linear in how many there are, so that the extremes decide.
        """
        if not self.togo.energy_weight:
            return self.dearer(boundary, labels.pending[these] - labels.pending[those])
        total = labels.energy[these] - labels.energy[those]
        outside = self.tables.bounds / tile_of(self.tables, labels.index[these])
        total += self.dearer(boundary, labels.pending[these] - labels.pending[those])
        for tensor, most in enumerate(self._reductions(boundary, outside)):
            if most is not None:
                less = labels.elided[those, tensor] - labels.elided[these, tensor]
                total += np.maximum(less, less * most)
        for column, level in enumerate(self.placement.prices.clusters):
            more = labels.clustered[these, column] - labels.clustered[those, column]
            total += np.maximum(more, more / float(self.tables.hardware.cluster_size[level]))
        return total

    def rivals(self, labels: Labels) -> list[Array]:
        """Arrays ``[n]`` in which a label must be no smaller than one that it makes useless."""
        tensors = [t for t, shape in enumerate(self.tables.tensors) if shape.output]
        found = [labels.lanes, *(a[:, t] for t in tensors for a in (labels.sustained, labels.copied))]
        found = found if self.togo.timed else []
        found += [labels.units] if self.tables.least_lanes > 1 else []
        return found + list(labels.spread.T if self.togo.energy_weight else [])

    def dearer(self, boundary: int, more: Array) -> Array:
        """``[n]``: at most how many pJ the difference ``more`` ``[n, T]`` of pending words can make.

        A word is shared by 1 to ``lanes`` instances on its way to the parent; a surplus costs most when none share it,
        a deficit saves least when all do. Where the parent's bandwidth may throttle, no surplus is accepted.
        """
        level = self.level(boundary)
        total = np.zeros(len(more))
        for tensor in range(more.shape[1]):
            parent = self.placement.parent[level][tensor]
            shared = self._sharing(level, tensor)
            price = self.placement.serve[parent][tensor] if self.togo.energy_weight else 0.0
            words = more[:, tensor]
            total += np.where(words > 0, words * price, words * price / shared)
        return np.where((more > 0).any(axis=1), np.inf, total) if self.togo.timed else total
