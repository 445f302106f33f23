"""What a storage level charges for its steps at least, whatever was walked inside: prices of the way to go."""

from __future__ import annotations

import math

import numpy as np

from accelax.model.levels.nest import may_link
from accelax.search.chain.fanouts import coincidences, copies, links_compute
from accelax.search.chain.moves import Closing, Steps
from accelax.search.chain.placement import Placement
from accelax.search.chain.words import Sweep, least_volume, volume

Array = np.ndarray
Standing = tuple[int, ...]
"""What is known of every tensor that a level keeps, of the tile that its child holds."""
UNMOVED, KNOWN, MOVED = range(3)
"""It has not moved below the level; its deliveries are known and not to be counted; it has moved."""


class Tolls:
    """The charges of one placement's levels for tiles below and above them."""

    def __init__(self, placement: Placement):
        tables = placement.tables
        self.placement, self.tables = placement, tables
        full = tables.bounds[None, :]
        self.whole = [float(volume(shape, full)[0]) for shape in tables.tensors]
        self.compulsory = [float(least_volume(shape, full)[0]) for shape in tables.tensors]

    def paid(self, level: int, steps: Steps, standings: list[Standing]) -> Array:
        """``[n, standings]`` pJ that a storage level's loops cost at least, in the cheapest of their orders."""
        nothing = np.zeros(len(steps.below))
        costs = [[nothing, nothing, nothing] for _ in self.tables.tensors]
        moving: list[tuple[int, list[Array], Array, Array]] = []
        for tensor in range(len(self.tables.tensors)):
            if not self.placement.keep[level][tensor]:
                continue
            child = self.placement.child(level, tensor)
            if child == self.tables.levels and not links_compute(self.tables, tensor):
                costs[tensor][UNMOVED] = self._reads_of_computes(level, tensor, steps)
                continue
            per_pass, once, first = self._prices(level, tensor, child, steps)
            moving.append((tensor, per_pass, once, first))
            costs[tensor][MOVED] = self._again(steps, tensor, once, first)
        best = np.full((len(steps.below), len(standings)), np.inf)
        for order in self.tables.orders[level]:
            closings = steps.close(order)
            for tensor, per_pass, once, first in moving:
                costs[tensor][UNMOVED] = self._delivered(steps, tensor, closings[tensor], per_pass, once, first)
            best = np.minimum(best, _sums(costs, standings))
        return best if self.tables.orders[level] else _sums(costs, standings)

    def _again(self, steps: Steps, tensor: int, once: Array, first: Array) -> Array:
        """pJ where the tile has moved further in: every irrelevant trip brings all words again."""
        trips = steps.repeats[tensor] * np.prod(steps.factor[:, self.tables.tensors[tensor].irrelevant], axis=1)
        return np.maximum(once * trips - first, 0.0)

    def _delivered(
        self, steps: Steps, tensor: int, closing: Closing, per_pass: list[Array], once: Array, first: Array
    ) -> Array:
        """pJ of one tensor's deliveries, less what first visits leave out."""
        cheapest = np.full(len(once), np.inf)
        for kind, cost in enumerate(per_pass):
            cheapest = np.where(closing.kinds[:, kind], np.minimum(cheapest, cost), cheapest)
        moved = steps.moved[tensor]
        total = np.where(moved, closing.times * np.where(moved, cheapest, 0.0), once)
        return np.maximum(np.maximum(total, once) - first, 0.0)

    def _prices(self, level: int, tensor: int, child: int, steps: Steps) -> tuple[list[Array], Array, Array]:
        """``(pJ of a pass by the way it starts, pJ of every word once, pJ that first visits leave out)``."""
        tables, prices, shape = self.tables, self.placement.prices, self.tables.tensors[tensor]
        fill = prices.fill[child][tensor] if child < tables.levels else 0.0
        serve = self.placement.serve[level][tensor]
        gaps = least_volume(shape, steps.below) / volume(shape, steps.below)
        linked = any(may_link(tables.structure, network, tensor) for network in range(level, child))
        per_pass = []
        for words in steps.passes[tensor]:
            if isinstance(words, Sweep):
                first = fill * words.first if linked else (fill + serve) * words.first
                per_pass.append(gaps * ((fill + serve) * words.inside + first))
            else:
                per_pass.append(gaps * (fill + serve) * words)
        elide_fill = prices.elide_fill[child][tensor] if child < tables.levels else 0.0
        visits = np.minimum(tables.lanes_above(level, shape.irrelevant), steps.repeats[tensor])
        left_out = (prices.elide_read[level][tensor] + elide_fill) * self.whole[tensor] * visits
        once = np.full(len(gaps), (fill + serve) * self.compulsory[tensor])
        return per_pass, once, left_out

    def _reads_of_computes(self, level: int, tensor: int, steps: Steps) -> Array:
        """pJ of serving the compute units directly: a word per computation, shared by as many lanes as there can be."""
        tables, prices, shape = self.tables, self.placement.prices, self.tables.tensors[tensor]
        shared = copies(shape, steps.below) * coincidences(shape, steps.below)
        lanes = math.prod(
            tables.lanes(inner) for inner in range(level + 1, tables.levels) if tables.structure.is_fanout[inner]
        )
        words = tables.macs / np.minimum(shared, lanes)
        visits = np.minimum(
            tables.lanes_above(level, shape.irrelevant),
            steps.repeats[tensor] * np.prod(steps.factor[:, list(shape.irrelevant)], axis=1),
        )
        left_out = prices.elide_read[level][tensor] * self.whole[tensor] * visits
        read = np.maximum(words * prices.read[level][tensor] - left_out, 0.0)
        return read + (words * prices.update[level][tensor] if shape.output else 0.0)


def _sums(costs: list[list[Array]], standings: list[Standing]) -> Array:
    """``[n, standings]``: what tensors cost together, each as it stands."""
    return np.stack([sum(costs[t][stand] for t, stand in enumerate(row)) for row in standings], axis=1)
