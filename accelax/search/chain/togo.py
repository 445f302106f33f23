"""What the rest of the way costs at least, from every tile: the same walk taken inward, without memory.

From a tile at a boundary, ``energy`` is a bound on the pJ of everything the levels outside still have to pay, ``lanes``
the most parallelism their fan-outs can add. Both are minima over all legal ways on, with the loops of one level at a
time in their best order; what a level pays depends on nothing but the tiles below and above it:

* a tensor kept there whose child is further in is handed down ``times * words`` as if the child's tile had not moved
  before (if it has, more often), and every word at least once;
* copies in space and gaps between strided lanes are left out.

Where a walk already knows how many words a tensor's next parent will hand out, that is more than the tables can tell.
So they have a column per set of tensors (a bit each), of which the next hand-out is left out; what the levels further
out pay for these tensors is in every column.
"""

from __future__ import annotations

import math

import numpy as np

from accelax.model.levels.nest import may_link
from accelax.search.chain.fanouts import coincidences, copies, links_compute
from accelax.search.chain.moves import Closing, Steps, expand, step_counts, tile_of
from accelax.search.chain.placement import Placement
from accelax.search.chain.words import Sweep, least_volume, volume

Array = np.ndarray
MOST_STATES = 1 << 21
MOST_ENTRIES = 1 << 20
"""Up to so many entries, a table has a column for every set of tensors."""
MOST_STEPS = 30_000
"""A level with more steps is left unpriced: its prices would take longer than what they save."""
PORTION = 1 << 18


class ToGo:
    """Tables over the states of every boundary, for one placement and one objective ``energy^a * cycles^b``.

    ``timed``: whether the objective depends on the cycles, by themselves or through leakage.
    """

    def __init__(self, placement: Placement, energy_weight: float, delay_weight: float):
        tables = placement.tables
        self.placement, self.tables = placement, tables
        self.energy_weight, self.delay_weight = energy_weight, delay_weight
        self.timed = bool(delay_weight or placement.prices.leak.any())
        self.radix = np.array([len(d) for d in tables.divisors], dtype=np.int64)
        self.stride = np.concatenate([np.cumprod(self.radix[::-1])[::-1][1:], [1]])
        full = tables.bounds[None, :]
        self.whole = [float(volume(shape, full)[0]) for shape in tables.tensors]
        self.compulsory = [float(least_volume(shape, full)[0]) for shape in tables.tensors]
        self.floor = self._least_cycles()
        self.latency = float(sum(tables.hardware.network_latency))
        self.size = int(np.prod(self.radix))
        self.priced = [True] * tables.levels
        self.columns = 1 << len(tables.tensors)
        if self.size * self.columns > MOST_ENTRIES:
            self.columns = 1
        self._energy: list[Array] = []
        self._lanes: list[Array] = []
        if self.size <= MOST_STATES:
            self._walk_inward()

    def score(self, energy: Array, cycles: Array) -> Array:
        """The objective: ``energy^a cycles^b``, in whole cycles, as many as the outermost bandwidth takes at least."""
        cycles = np.ceil(np.maximum(cycles, self.floor) * (1.0 - 1e-12)) + self.latency
        value = np.ones_like(energy)
        if self.energy_weight:
            value = value * np.maximum(energy, 0.0) ** self.energy_weight
        if self.delay_weight:
            value = value * cycles**self.delay_weight
        return value

    def energy(self, boundary: int, index: Array, known: Array | int = 0) -> Array:
        """``[n]`` pJ still to be paid at least from states ``[n, R]``; infinite where nothing legal leads on.

        Without the next hand-out of the tensors in the sets ``known``, where there are :attr:`columns` for them.
        """
        return self._energy[boundary][index @ self.stride, known] if self._energy else np.zeros(len(index))

    def later(self, level: int, known: Array) -> Array:
        """The sets ``known`` outside ``level``: hand-outs of a level that is passed are left out no more."""
        kept = self.placement.keep[level]
        return known & ~sum(1 << t for t in range(len(kept)) if kept[t])

    def lanes(self, boundary: int, index: Array) -> Array:
        """``[n]``: the most by which the fan-outs outside can still multiply the parallelism."""
        if self._lanes:
            return self._lanes[boundary][index @ self.stride]
        return np.full(len(index), self.tables.lanes_above(self.tables.levels - boundary))

    def counts(self, level: int) -> bool:
        """Whether the tables include what storage level ``level`` hands to the levels inside."""
        return bool(self._energy) and self.priced[self.tables.levels - 1 - level]

    @property
    def root(self) -> float:
        """A bound on the objective of the whole placement."""
        start = np.zeros((1, self.tables.ranks), dtype=np.int64)
        energy = self.energy(0, start) + self.tables.macs * self.placement.prices.compute
        lanes = self.lanes(0, start)
        cycles = np.divide(self.tables.macs, lanes, out=np.full_like(lanes, np.inf), where=lanes > 0)
        return float(self.score(energy, cycles)[0])

    def _least_cycles(self) -> float:
        """Cycles in which the outermost level's bandwidth can move every word once."""
        tables, hardware = self.tables, self.tables.hardware
        scale = min(float(s) for s in hardware.bandwidth_scale[0])
        read = scale * sum(w for w, s in zip(self.compulsory, tables.tensors, strict=True) if not s.output)
        written = scale * sum(w for w, s in zip(self.compulsory, tables.tensors, strict=True) if s.output)
        pairs = (
            (hardware.read_bandwidth[0], read),
            (hardware.write_bandwidth[0], written),
            (hardware.shared_bandwidth[0], read + written),
        )
        return max((words / float(b) for b, words in pairs if np.isfinite(float(b))), default=0.0)

    def _states(self, boundary: int) -> Array:
        """``[n, R]``: every state that a boundary can have."""
        if boundary == self.tables.levels:
            return (self.radix - 1)[None, :].astype(np.int64)
        options = [
            np.flatnonzero([len(t) > 0 for t in self.tables.steps[boundary][r]]) for r in range(self.tables.ranks)
        ]
        grid = np.meshgrid(*options, indexing="ij")
        return np.stack([axis.ravel() for axis in grid], axis=1)

    def _walk_inward(self) -> None:
        energy, lanes = np.full((self.size, self.columns), np.inf), np.zeros(self.size)
        energy[-1], lanes[-1] = 0.0, 1.0
        self._energy, self._lanes = [energy], [lanes]
        for slot in reversed(range(self.tables.levels)):
            energy, lanes = self._inward(slot, energy, lanes)
            self._energy.insert(0, energy)
            self._lanes.insert(0, lanes)

    def _inward(self, slot: int, energy: Array, lanes: Array) -> tuple[Array, Array]:
        """The tables one boundary further in."""
        tables, level = self.tables, self.tables.level(slot)
        states = self._states(slot)
        count = step_counts(tables, slot, states)
        fanout = tables.structure.is_fanout[level]
        fewer, most = np.full_like(energy, np.inf), np.zeros(self.size)
        energy = energy[:, self.later(level, np.arange(self.columns))]
        if not fanout and count.sum() > MOST_STEPS:
            self.priced[slot] = False
            return self._inward_free(slot, states, energy, lanes)
        edges = np.flatnonzero(np.diff(np.cumsum(count) // PORTION)) + 1
        for rows in np.split(np.arange(len(states)), edges):
            source, target, _ = expand(self.placement, slot, states[rows])
            if not len(source):
                continue
            start = np.flatnonzero(np.diff(source, prepend=-1))
            key, onto = states[rows][source[start]] @ self.stride, target @ self.stride
            below, above = tile_of(tables, states[rows][source]), tile_of(tables, target)
            added = np.prod(above / below, axis=1) if fanout else 1.0
            paid = energy[onto] if fanout else energy[onto] + self._paid(level, Steps(tables, level, below, above))
            fewer[key] = np.minimum.reduceat(paid, start)
            most[key] = np.maximum.reduceat(added * lanes[onto], start)
        return fewer, most

    def _inward_free(self, slot: int, states: Array, energy: Array, lanes: Array) -> tuple[Array, Array]:
        """As :func:`_inward` where there are too many steps to price: the level itself costs nothing."""
        shape = tuple(self.radix)
        fewer, most = energy.reshape(*shape, self.columns), lanes.reshape(shape)
        for rank in range(self.tables.ranks):
            rows = []
            fewer, most = np.moveaxis(fewer, rank, 0), np.moveaxis(most, rank, 0)
            for targets in self.tables.steps[slot][rank]:
                empty = not len(targets)
                rows.append(
                    (
                        np.full(fewer.shape[1:], np.inf) if empty else fewer[targets].min(axis=0),
                        np.zeros(most.shape[1:]) if empty else most[targets].max(axis=0),
                    )
                )
            fewer = np.moveaxis(np.stack([row[0] for row in rows]), 0, rank)
            most = np.moveaxis(np.stack([row[1] for row in rows]), 0, rank)
        return fewer.reshape(-1, self.columns), most.ravel()

    def _paid(self, level: int, steps: Steps) -> Array:
        """``[n, columns]`` pJ that a storage level's loops cost at least, in the cheapest of their orders."""
        best = np.full((len(steps.below), self.columns), np.inf)
        fixed = np.zeros((len(self.tables.tensors), len(steps.below)))
        moving: list[tuple[int, list[Array], Array, Array]] = []
        for tensor in range(len(self.tables.tensors)):
            if not self.placement.keep[level][tensor]:
                continue
            child = self.placement.child(level, tensor)
            if child == self.tables.levels and not links_compute(self.tables, tensor):
                fixed[tensor] = self._reads_of_computes(level, tensor, steps)
                continue
            per_pass, once, first = self._prices(level, tensor, child, steps)
            moving.append((tensor, per_pass, once, first))
        for order in self.tables.orders[level]:
            costs = fixed.copy()
            for (tensor, per_pass, once, first), closing in zip(
                moving, _chosen(steps.close(order), moving), strict=True
            ):
                costs[tensor] = self._delivered(steps, tensor, closing, per_pass, once, first)
            best = np.minimum(best, self._sums(costs))
        return best if self.tables.orders[level] else self._sums(fixed)

    def _sums(self, costs: Array) -> Array:
        """``[n, columns]``: what tensors cost together ``[T, n]``, without those of a column's set."""
        total = np.zeros((costs.shape[1], self.columns))
        for tensor, cost in enumerate(costs):
            total[:, (np.arange(self.columns) >> tensor & 1) == 0] += cost[:, None]
        return total

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


def _chosen(closings: list[Closing], moving: list[tuple[int, list[Array], Array, Array]]) -> list[Closing]:
    """The closings of the tensors in question."""
    return [closings[tensor] for tensor, *_ in moving]
