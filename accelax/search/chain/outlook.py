"""What a label promises: a bound on the objective of everything that it may become."""

from __future__ import annotations

import numpy as np

from accelax.search.chain.labels import Labels
from accelax.search.chain.moves import tile_of
from accelax.search.chain.patterns import Layout
from accelax.search.chain.placement import Placement
from accelax.search.chain.togo import ToGo

Array = np.ndarray


class Outlook:
    """Bounds for one placement: what a label has cost, still owes, and will meet on the way out."""

    def __init__(self, placement: Placement, togo: ToGo, layout: Layout):
        self.placement, self.tables, self.togo, self.layout = placement, placement.tables, togo, layout

    def level(self, boundary: int) -> int:
        """The level just inside a boundary; ``L`` for the compute units."""
        return self.tables.levels - boundary

    def promise(self, boundary: int, labels: Labels, table: Array) -> Array:
        """``[n]``: a bound on the objective of every completion of each label."""
        energy = self.spent(boundary, labels, table) + self.togo.energy(boundary, labels.index)
        return self.togo.score(energy, self.cycles(labels.lanes * self.togo.lanes(boundary, labels.index)))

    def cycles(self, lanes: Array) -> Array:
        """Cycles of all computations at ``lanes`` a cycle; infinite where nothing legal leads on."""
        return np.divide(self.tables.macs, lanes, out=np.full_like(lanes, np.inf), where=lanes > 0)

    def spent(self, boundary: int, labels: Labels, table: Array) -> Array:
        """``[n]`` pJ that a label has paid and owes at least, wherever the lanes outside lead.

        First visits leave out as much as lanes outside can reduce; of ``N`` instances of a clustered level at most as
        many memories work as there are, ``min(N, memories) / N`` of what is charged.
        """
        energy = labels.energy + self.owed(boundary, labels, table)
        for tensor, most in enumerate(self._reductions(boundary, labels.index)):
            if most is not None:
                energy -= labels.elided[:, tensor] * most
        for column, level in enumerate(self.placement.prices.clusters):
            instances = labels.spread[:, column] * self.togo.lanes(boundary, labels.index)
            energy += labels.clustered[:, column] * np.clip(
                self._memories(level) / np.maximum(instances, 1.0), 0.0, 1.0
            )
        return energy

    def _memories(self, level: int) -> float:
        """Physical memories of a level whose instances share them."""
        hardware = self.tables.hardware
        return float(hardware.mesh_x[level]) * float(hardware.mesh_y[level]) / float(hardware.cluster_size[level])

    def _reductions(self, boundary: int, index: Array) -> list[Array | None]:
        """``[T][n]``: the most lanes outside that reduce a tensor in space; None for those that are only read."""
        outside, level = self.tables.bounds / tile_of(self.tables, index), self.level(boundary)
        return [
            np.minimum(self.tables.lanes_above(level, shape.irrelevant), outside[:, shape.irrelevant].prod(axis=1))
            if shape.output
            else None
            for shape in self.tables.tensors
        ]

    def owed(self, boundary: int, labels: Labels, table: Array) -> Array:
        """pJ that what is still unsettled costs at least, as far as the tables of the way to go leave it out.

        Unmoved tiles bring every word once; pending words are shared by as many instances as there can be. What a
        parent outside hands to its child is in the tables, unless its level was too large to be priced: then what the
        label has paid or will pay for it counts here.
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

    def excess(self, boundary: int, labels: Labels, these: Array, those: Array) -> Array:
        """``[n]``: at most how many pJ labels ``these`` may cost more than ``those`` of the same tiles.

        What depends on lanes outside is linear in how many there are, so that the extremes decide.
        """
        if not self.togo.energy_weight:
            return self.dearer(boundary, labels.pending[these] - labels.pending[those])
        total = labels.energy[these] - labels.energy[those]
        total += self.dearer(boundary, labels.pending[these] - labels.pending[those])
        for tensor, most in enumerate(self._reductions(boundary, labels.index[these])):
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
            shared = self._shared(level, parent)
            price = self.placement.serve[parent][tensor] if self.togo.energy_weight else 0.0
            words = more[:, tensor]
            total += np.where(words > 0, words * price, words * price / shared)
        return np.where((more > 0).any(axis=1), np.inf, total) if self.togo.timed else total
