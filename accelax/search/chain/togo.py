"""What the rest of the way costs at least, from every tile: the same walk taken inward, without memory.

From a tile at a boundary, ``energy`` is a bound on the pJ of everything the levels outside still have to pay, ``lanes``
the most parallelism their fan-outs can add. Both are minima over all legal ways on, with the loops of one level at a
time in their best order; what a level pays depends on nothing but the tiles below and above it:

* a tensor kept there whose child is further in is handed down ``times * words`` as if the child's tile had not moved
  before (if it has, more often), and every word at least once;
* copies in space and gaps between strided lanes are left out.

The tables have a column for every way in which the tensors may stand. Where a walk already knows how many words a
tensor's next parent will hand out, that is more than the tables can tell: in columns where the tensor is ``KNOWN`` this
hand-out is left out. Where a tile has ``MOVED`` at a level that does not keep the tensor, all loops outside that do not
move it bring all words again (sliding tiles aside, of which a part may stay).
"""

from __future__ import annotations

from itertools import product

import numpy as np

from accelax.search.chain.lanes import lane_steps
from accelax.search.chain.moves import Steps, expand, fits_storage, step_counts, tile_of, unpacked
from accelax.search.chain.placement import Placement
from accelax.search.chain.tolls import KNOWN, MOVED, UNMOVED, Standing, Tolls

Array = np.ndarray
MOST_STATES = 1 << 21
MOST_ENTRIES = 1 << 20
"""A table with more entries has one column only, where nothing is known of the tensors."""
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
        self.radix, self.stride = tables.radix, tables.stride
        self.tolls = Tolls(placement)
        self.whole, self.compulsory = self.tolls.whole, self.tolls.compulsory
        self.floor = self._least_cycles()
        self.latency = float(sum(tables.hardware.network_latency))
        self.size = tables.states
        self.priced = [True] * tables.levels
        standings = [self._ways_to_stand(boundary) for boundary in range(tables.levels + 1)]
        self.split = self.size * max(map(len, standings)) <= MOST_ENTRIES
        alone: list[Standing] = [(UNMOVED,) * len(tables.tensors)]
        self.standings = standings if self.split else [alone] * (tables.levels + 1)
        self.column = [{standing: column for column, standing in enumerate(row)} for row in self.standings]
        self.known = [self._known_columns(boundary) for boundary in range(tables.levels + 1)]
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

        Without the next hand-out of the tensors in the sets ``known`` (a bit each), if tables are :attr:`split`.
        """
        column = self.known[boundary][known]
        return self._energy[boundary][index @ self.stride, column] if self._energy else np.zeros(len(index))

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

    def _ways_to_stand(self, boundary: int) -> list[Standing]:
        """Every way in which the tensors may stand at a boundary."""
        level = self.tables.levels - boundary
        options = []
        for tensor, shape in enumerate(self.tables.tensors):
            parent = self.placement.parent[level][tensor]
            child = self.placement.child(parent, tensor)
            between = [lv for lv in range(parent + 1, child) if not self.tables.structure.is_fanout[lv]]
            bridged = level > 0 and child < self.tables.levels and between and not shape.sliding
            options.append((UNMOVED, KNOWN, MOVED) if bridged else (UNMOVED, KNOWN))
        return list(product(*options))

    def _known_columns(self, boundary: int) -> Array:
        """The columns of the sets of tensors that are known, all others unmoved."""
        count = len(self.tables.tensors)
        sets = [tuple(KNOWN if bits >> t & 1 else UNMOVED for t in range(count)) for bits in range(1 << count)]
        return np.array([self.column[boundary].get(row, 0) for row in sets])

    def _after(self, slot: int, standing: Standing, movers: tuple[int, ...] = ()) -> int:
        """The column outside a slot once its loops moved the tensors ``movers``; outside all levels all are alike."""
        kept = self.placement.keep[self.tables.level(slot)]
        after = [UNMOVED if kept[t] else (MOVED if t in movers else stand) for t, stand in enumerate(standing)]
        return self.column[slot + 1].get(tuple(after), 0)

    def _may_move(self, slot: int, standing: Standing) -> list[int]:
        """The tensors that the loops of a slot may bring to have moved."""
        kept = self.placement.keep[self.tables.level(slot)]
        moved = [(*standing[:t], MOVED, *standing[t + 1 :]) for t in range(len(standing))]
        return [t for t, row in enumerate(moved) if not kept[t] and not standing[t] and row in self.column[slot]]

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
        energy, lanes = np.full((self.size, len(self.standings[-1])), np.inf), np.zeros(self.size)
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
        standings = self.standings[slot]
        fewer, most = np.full((self.size, len(standings)), np.inf), np.zeros(self.size)
        if fanout and (steps := lane_steps(tables, slot)) is not None:
            key = np.flatnonzero(np.diff(steps.start))
            if len(key):
                energy = energy[:, [self._after(slot, standing) for standing in standings]]
                fewer[key] = np.minimum.reduceat(energy[steps.target], steps.start[key])
                most[key] = np.maximum.reduceat(steps.lanes * lanes[steps.target], steps.start[key])
            return fewer, most
        if not fanout and count.sum() > MOST_STEPS:
            self.priced[slot] = False
            return self._inward_free(slot, energy, lanes)
        edges = np.flatnonzero(np.diff(np.cumsum(count) // PORTION)) + 1
        for rows in np.split(np.arange(len(states)), edges):
            source, target, _ = expand(self.placement, slot, states[rows])
            if not len(source):
                continue
            start = np.flatnonzero(np.diff(source, prepend=-1))
            key, onto = states[rows][source[start]] @ self.stride, target @ self.stride
            taken = Steps(tables, level, tile_of(tables, states[rows][source]), tile_of(tables, target))
            paid = self._ahead(slot, taken, energy, onto)
            if not fanout:
                paid += self.tolls.paid(level, taken, standings)
            added = np.prod(taken.factor, axis=1) if fanout else 1.0
            fewer[key] = np.minimum.reduceat(paid, start)
            most[key] = np.maximum.reduceat(added * lanes[onto], start)
        return fewer, most

    def _ahead(self, slot: int, steps: Steps, energy: Array, onto: Array) -> Array:
        """``[n, standings]`` pJ of the levels outside a slot after steps onto the states with keys ``onto``."""
        columns = []
        for standing in self.standings[slot]:
            movers = self._may_move(slot, standing) if not self.tables.structure.is_fanout[steps.level] else []
            code = sum((steps.moved[t].astype(int) << i for i, t in enumerate(movers)), np.zeros(len(onto), int))
            sets = [tuple(t for i, t in enumerate(movers) if bits >> i & 1) for bits in range(1 << len(movers))]
            after = np.array([self._after(slot, standing, moved) for moved in sets])
            columns.append(energy[onto, after[code]])
        return np.stack(columns, axis=1)

    def _inward_free(self, slot: int, energy: Array, lanes: Array) -> tuple[Array, Array]:
        """As :func:`_inward` where there are too many steps to price: the level itself only has to have room."""
        level, standings = self.tables.level(slot), self.standings[slot]
        reached = np.flatnonzero(lanes > 0)
        full = reached[~fits_storage(self.placement, level, tile_of(self.tables, unpacked(self.tables, reached)))]
        fewer, most = energy[:, [self._after(slot, standing) for standing in standings]], lanes.copy()
        fewer[full], most[full] = np.inf, 0.0
        fewer, most = fewer.reshape(*self.radix, len(standings)), most.reshape(*self.radix)
        for rank in range(self.tables.ranks):
            moved = fewer[..., self._moved_columns(slot, rank)]
            fewer, moved, most = (np.moveaxis(table, rank, 0) for table in (fewer, moved, most))
            less, more = np.full_like(fewer, np.inf), np.zeros_like(most)
            for below, targets in enumerate(self.tables.steps[slot][rank]):
                onward = targets[targets != below]
                if len(onward):
                    less[below] = moved[onward].min(axis=0)
                if len(onward) < len(targets):
                    less[below] = np.minimum(less[below], fewer[below])
                if len(targets):
                    more[below] = most[targets].max(axis=0)
            fewer, most = np.moveaxis(less, 0, rank), np.moveaxis(more, 0, rank)
        return fewer.reshape(-1, len(standings)), most.ravel()

    def _moved_columns(self, slot: int, rank: int) -> list[int]:
        """For every standing, the column once a loop of ``rank`` has moved the tensors that it can."""
        found = []
        for standing in self.standings[slot]:
            movers = [t for t in self._may_move(slot, standing) if rank in self.tables.tensors[t].relevant]
            moved = tuple(MOVED if t in movers else stand for t, stand in enumerate(standing))
            found.append(self.column[slot][moved])
        return found
