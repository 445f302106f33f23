"""The least that the rest of a nest can still cost, for every state and tile: bounds for spreads over fan-outs.

From the outermost memory inwards, with capacities only tensor by tensor:

    rest(state, u) = min over steps, over tiles t around u, of  rate . (F_T(t), K_T(t)) + rest(next state, t)

for each resource by itself. Between two memories the spatial loops of the components up to the inner one are put around
the tile. The minimum over the tiles around u is taken rank by rank. For several spreads together, each rate is the
least that any of them has, and the spatial loops are any of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

import numpy as np

from accelax.search.tree.costs import ENERGY, SpreadCosts
from accelax.search.tree.goal import Goal
from accelax.search.tree.placement import Step, depth_of
from accelax.search.tree.space import TileSpace

TOGETHER = 2_000_000
"""Numbers worked on at once."""
MOST_MOVES = 24
"""More different spatial loops than these are replaced by any loops at all, where tiles are perfect."""


class Remaining:
    """``rest[state]`` as ``[resource, tile]`` over the ``active`` resources, and what each step costs."""

    def __init__(self, space: TileSpace, spread: SpreadCosts, ways: np.ndarray, active: tuple[int, ...], goal: Goal):
        self.space, self.goal, self.active = space, goal, active
        self.spread, self.ways = spread, ways
        self.rest: dict[int, np.ndarray] = {}
        self._moves: dict[tuple[int, int], list[np.ndarray] | None] = {}
        self._prices: dict[tuple[int, int | None, int], np.ndarray] = {}
        self._fits: dict[tuple[int, int], np.ndarray] = {}
        self.leak_power = float(spread.leak_power[ways].min())
        self.least_seconds = float(spread.least_seconds[ways].min())

    def solve(self) -> Iterator[None]:
        """Fill ``rest``, from the outermost states inwards; yields in between."""
        graph, shape = self.space.graph, (len(self.active), self.space.grid.size)
        for state in graph.finals:
            fits = self.space.grid.ends & self.space.outermost_fits(state)
            self.rest[state] = np.broadcast_to(np.where(fits, 0.0, np.inf), shape)
        most = max(1, TOGETHER // (shape[0] * shape[1]))
        for _, level in groupby(reversed(graph.order), key=lambda i: depth_of(graph.states[i])):
            states = [state for state in level if state not in self.rest]
            for first in range(0, len(states), most):
                self._fill(states[first : first + most])
                yield

    def _fill(self, states: list[int]) -> None:
        """The least over all steps out of some states, of which none leads to another."""
        steps = [step for state in states for step in self.space.graph.out.get(state, [])]
        for state in states:
            self.rest[state] = np.full((len(self.active), self.space.grid.size), np.inf)
        onward = [step for step in steps if step.tensor is None]
        if onward:
            memories = (self.space.graph.states[i].memory for i in (onward[0].target, onward[0].source))
            values = self._moved_least(np.stack([self.rest[step.target] for step in onward]), *memories)
            for step, value in zip(onward, values, strict=True):
                np.minimum(self.rest[step.source], value, out=self.rest[step.source])
        placed: dict[tuple[int, int], np.ndarray] = {}
        some: dict[tuple[int, int], Step] = {}
        for step in steps:
            if step.tensor is not None:
                key = (step.source, step.tensor)
                value = self.placed(step)
                placed[key] = np.minimum(placed[key], value) if key in placed else value
                some[key] = step
        if placed:
            for (key, step), value in zip(some.items(), self._enclosing(np.stack(list(placed.values()))), strict=True):
                np.minimum(self.rest[key[0]], np.where(self.fits(step), value, np.inf), out=self.rest[key[0]])

    def _enclosing(self, values: np.ndarray) -> np.ndarray:
        for rank in range(len(self.space.grid.shape)):
            values = self.space.grid.enclosing_minimum(values, rank)
        return values

    def _moved_least(self, values: np.ndarray, outer: int, inner: int) -> np.ndarray:
        """The least of ``values`` (last axis: tiles) after the spatial loops between two components."""
        moves = self.moves(outer, inner)
        if moves is None:
            return self._enclosing(values)
        found = np.full(values.shape, np.inf)
        for move in moves:
            np.minimum(found, np.where(move >= 0, values[..., move], np.inf), out=found)
        return found

    def placed(self, step: Step) -> np.ndarray:
        """What a storage at each tile costs, and all that is around it."""
        return self.price(step) + self.rest[step.target]

    def price(self, step: Step) -> np.ndarray:
        """What a step costs at each tile; infinite where the storage may not stand."""
        assert step.tensor is not None
        key = (step.tensor, step.parent, step.memory)
        if key not in self._prices:
            prices = self._priced(step, self.active, slice(None))
            legal = self.space.allowed(step)
            if step.parent is None:
                bits = self.space.bits(step.memory, step.tensor)
                legal = legal & (self.space.tables.volumes[step.tensor] * bits <= self.space.size(step.memory))
            self._prices[key] = np.where(legal, prices, np.inf)
        return self._prices[key]

    def _rates(self, tensor: int, parent: int | None, child: int) -> tuple[np.ndarray, np.ndarray]:
        """The least that any of the ways pays for each value, and the most that it saves for each first visit."""
        rate = self.spread.rate(tensor, parent, child)
        return rate.flow[:, self.ways].min(axis=1), rate.skip[:, self.ways].max(axis=1)

    def _priced(self, step: Step, resources: Sequence[int], tiles: object) -> np.ndarray:
        assert step.tensor is not None
        tables = self.space.tables
        flow, skip = (row[list(resources), None] for row in self._rates(step.tensor, step.parent, step.memory))
        return flow * tables.fills[step.tensor][tiles] - skip * tables.first_visits[step.tensor][tiles]

    def every_price(self, step: Step, tile: int) -> np.ndarray:
        """The cost of a step in all resources, active or not, at one tile."""
        return self._priced(step, range(self.space.costs.resources), [tile])[:, 0]

    def fits(self, step: Step) -> np.ndarray:
        """Where the storage of a step fits alone around each tile: it needs at least the tensor's part of that tile."""
        assert step.tensor is not None
        key = (step.tensor, step.memory)
        if key not in self._fits:
            needed = self.space.tables.volumes[step.tensor] * self.space.bits(step.memory, step.tensor)
            self._fits[key] = needed <= self.space.size(step.memory)
        return self._fits[key]

    def onward(self, step: Step) -> np.ndarray:
        """Where the spatial loops between two memories lead each tile, -1 where they do not fit; for a single way."""
        states = self.space.graph.states
        return self.zone(states[step.target].memory, states[step.source].memory)

    def zone(self, outer: int, inner: int) -> np.ndarray:
        """Where the spatial loops of the components inside ``outer``, up to ``inner``, lead each tile, or -1."""
        moves = self.moves(outer, inner)
        assert moves is not None
        assert len(moves) == 1
        return moves[0]

    def moves(self, outer: int, inner: int) -> list[np.ndarray] | None:
        """The same for each different choice among the ways; None for any loops at all."""
        if (outer, inner) not in self._moves:
            self._moves[outer, inner] = self._find_moves(outer, inner)
        return self._moves[outer, inner]

    def _find_moves(self, outer: int, inner: int) -> list[np.ndarray] | None:
        dimensions = [d for d, c in enumerate(self.space.spreads.components) if outer < c <= inner]
        factors = self.space.spreads.factors[self.ways][:, dimensions].astype(int)
        if not dimensions:
            return [np.arange(self.space.grid.size)]
        perfect = not any(axis.imperfect for axis in self.space.grid.axes)
        if perfect:
            factors = factors.prod(axis=1, keepdims=True)
        chosen = np.unique(factors.reshape(len(factors), -1), axis=0).reshape(-1, *factors.shape[1:])
        if perfect and len(chosen) > MOST_MOVES:
            return None
        return [self._move(rows) for rows in chosen]

    def _move(self, rows: np.ndarray) -> np.ndarray:
        """Where spatial loops, outermost dimension first, lead each tile."""
        found = np.arange(self.space.grid.size)
        for row in rows[::-1]:
            found = np.where(found >= 0, self.space.grid.spread(row.tolist())[found], -1)
        return found

    @cached_property
    def first_tile(self) -> int:
        """The tile just above the compute unit's own spatial loops, -1 where these have no place; for a single way."""
        return int(self.zone(self._innermost, len(self.space.machine.components) - 1)[0])

    @property
    def _innermost(self) -> int:
        return max(c for c, component in enumerate(self.space.machine.components) if component.kind == "memory")

    def start(self, state: int) -> np.ndarray:
        """What the computations cost in all resources, with the transfers between the compute unit and its holders."""
        last = len(self.space.machine.components) - 1
        found = self.spread.base[:, self.ways].min(axis=1)
        tables = self.space.tables
        for tensor, parent in enumerate(self.space.graph.states[state].parents):
            flow, skip = self._rates(tensor, parent, last)
            found = found + flow * tables.fills[tensor][0] - skip * tables.first_visits[tensor][0]
        return found

    def objective(self, resources: np.ndarray) -> np.ndarray:
        """The criterion for ``[active resource, ...]``, infinite where one of them is.

        A bound, since the other resources count as what they start with.
        """
        possible = np.isfinite(resources).all(axis=0)
        seconds = np.full(resources.shape[1:], self.least_seconds)
        energy = np.zeros(resources.shape[1:])
        for row, q in zip(np.where(possible, resources, 0.0), self.active, strict=True):
            if q == ENERGY:
                energy = row
            else:
                seconds = np.maximum(seconds, row)
        copies = self.space.costs.copies
        value = self.goal.value((energy + self.leak_power * seconds) * copies, seconds * copies)
        return np.where(possible, value, np.inf)

    def root(self) -> float:
        """The least that any mapping of these spreads can cost."""
        found, last = [np.inf], len(self.space.machine.components) - 1
        for state in self.space.graph.starts:
            if self.space.starts_legally(state):
                rest = self._moved_least(self.rest[state], self._innermost, last)[:, :1]
                found.append(float(self.objective(self.start(state)[list(self.active), None] + rest)[0]))
        return min(found)
