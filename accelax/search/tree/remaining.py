"""The least that the rest of a nest can still cost, for every state and tile: bounds for one spread over fan-outs.

From the outermost memory inwards, with capacities only tensor by tensor:

    rest(state, u) = min over steps, over tiles t around u, of  rate . (F_T(t), K_T(t)) + rest(next state, t)

for each resource by itself. Between two memories the spatial loops of the components up to the inner one are put around
the tile. The minimum over the tiles around u is taken rank by rank.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from accelax.search.tree.costs import ENERGY, SpreadCosts
from accelax.search.tree.goal import Goal
from accelax.search.tree.placement import Step
from accelax.search.tree.space import TileSpace


class Remaining:
    """``rest[state]`` as ``[resource, tile]`` over the ``active`` resources, and what each step costs."""

    def __init__(self, space: TileSpace, way: int, active: tuple[int, ...], goal: Goal):
        self.space, self.goal, self.active = space, goal, active
        self.spread = SpreadCosts(space.costs, space.spreads, way)
        self.rest: dict[int, np.ndarray] = {}
        self._onward: dict[tuple[int, int], np.ndarray] = {}
        self._rates: dict[tuple[int, int | None, int], np.ndarray] = {}
        self._fits: dict[tuple[int, int], np.ndarray] = {}
        self._solve()

    def _solve(self) -> None:
        graph, shape = self.space.graph, (len(self.active), self.space.grid.size)
        for state in graph.finals:
            self.rest[state] = np.full(shape, 0.0 if self.space.outermost_fits(state) else np.inf)
        for state in reversed(graph.order):
            if state in self.rest:
                continue
            found = np.full(shape, np.inf)
            for step in graph.out.get(state, ()):
                np.minimum(found, self._through(step), out=found)
            self.rest[state] = found

    def _through(self, step: Step) -> np.ndarray:
        if step.tensor is None:
            onward = self.onward(step)
            return np.where(onward >= 0, self.rest[step.target][:, onward], np.inf)
        values = self.placed(step)
        for rank in reversed(range(len(self.space.grid.shape))):
            values = self.space.grid.enclosing_minimum(values, rank)
        return np.where(self.fits(step), values, np.inf)

    def placed(self, step: Step) -> np.ndarray:
        """What a storage at each tile costs, and all that is around it."""
        return self.price(step) + self.rest[step.target]

    def price(self, step: Step) -> np.ndarray:
        """What a step costs at each tile; infinite where the storage may not stand."""
        assert step.tensor is not None
        key = (step.tensor, step.parent, step.memory)
        if key not in self._rates:
            prices = self.every_price(step, np.arange(self.space.grid.size))[list(self.active)]
            legal = self.space.allowed(step)
            if step.parent is None:
                bits = self.space.bits(step.memory, step.tensor)
                legal &= self.space.tables.volumes[step.tensor] * bits <= self.space.size(step.memory)
            self._rates[key] = np.where(legal, prices, np.inf)
        return self._rates[key]

    def every_price(self, step: Step, tiles: np.ndarray) -> np.ndarray:
        """The cost of a step in all resources, active or not, at some tiles."""
        assert step.tensor is not None
        tables = self.space.tables
        rate = self.spread.rate(step.tensor, step.parent, step.memory)
        return (
            rate.flow[:, None] * tables.fills[step.tensor][tiles]
            - rate.skip[:, None] * tables.first_visits[step.tensor][tiles]
        )

    def fits(self, step: Step) -> np.ndarray:
        """Where the storage of a step fits alone around each tile: it needs at least the tensor's part of that tile."""
        assert step.tensor is not None
        key = (step.tensor, step.memory)
        if key not in self._fits:
            needed = self.space.tables.volumes[step.tensor] * self.space.bits(step.memory, step.tensor)
            self._fits[key] = needed <= self.space.size(step.memory)
        return self._fits[key]

    def onward(self, step: Step) -> np.ndarray:
        """Where the spatial loops between two memories lead each tile, -1 where they have no place."""
        states = self.space.graph.states
        return self.zone(states[step.target].memory, states[step.source].memory)

    def zone(self, outer: int, inner: int) -> np.ndarray:
        """Where the spatial loops of the components inside ``outer``, up to ``inner``, lead each tile, or -1."""
        if (outer, inner) not in self._onward:
            found = np.arange(self.space.grid.size)
            for d in reversed(range(len(self.spread.factors))):
                if outer < self.space.spreads.components[d] <= inner:
                    onward = self.space.grid.spread(self.spread.factors[d].astype(int).tolist())
                    found = np.where(found >= 0, onward[found], -1)
            self._onward[outer, inner] = found
        return self._onward[outer, inner]

    @cached_property
    def first_tile(self) -> int:
        """The tile just above the compute unit's own spatial loops, -1 where these have no place."""
        inner = max(c for c, component in enumerate(self.space.machine.components) if component.kind == "memory")
        return int(self.zone(inner, len(self.space.machine.components) - 1)[0])

    def start(self, state: int) -> np.ndarray:
        """What the computations cost in all resources, with the transfers between the compute unit and its holders."""
        last = len(self.space.machine.components) - 1
        found = self.spread.base.copy()
        for tensor, parent in enumerate(self.space.graph.states[state].parents):
            rate = self.spread.rate(tensor, parent, last)
            found += (
                rate.flow * self.space.tables.fills[tensor][0] - rate.skip * self.space.tables.first_visits[tensor][0]
            )
        return found

    @cached_property
    def least_seconds(self) -> float:
        """The latency of components to which nothing is added."""
        times = self.space.costs.times
        plain = [base for (_, time), base in zip(times, self.spread.base[1:], strict=True) if _grows(time.rates)]
        return max([0.0, *map(float, plain)])

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
        value = self.goal.value((energy + self.spread.leak_power * seconds) * copies, seconds * copies)
        return np.where(possible, value, np.inf)

    def root(self) -> float:
        """The least that any mapping of this spread can cost."""
        if self.first_tile < 0:
            return np.inf
        found = [np.inf]
        for state in self.space.graph.starts:
            if self.space.starts_legally(state):
                total = self.start(state)[list(self.active)] + self.rest[state][:, self.first_tile]
                found.append(float(self.objective(total[:, None])[0]))
        return min(found)


def _grows(rates: tuple[tuple[int, float], ...]) -> bool:
    return all(rate >= 0 for _, rate in rates)
