"""The LoopTree of a finished walk."""

from __future__ import annotations

from accelax.ir import Compute, Mapping, Spatial, Storage, Temporal, Toll
from accelax.ir.mapping import Node
from accelax.search.tree.remaining import Remaining
from accelax.search.tree.walk import Finished


def mapping_of(remaining: Remaining, finished: Finished) -> Mapping:
    """Write a finished nest down, from the outermost memory inwards.

    Between two storages stand the loops in time, those that let the upper storage stream first; then, component by
    component inwards, spatial loops and tolls.
    """
    return _Writer(remaining, finished).mapping()


class _Writer:
    def __init__(self, remaining: Remaining, finished: Finished):
        self.remaining, self.space, self.finished = remaining, remaining.space, finished
        self.grid = self.space.grid
        self.nodes: list[Node] = []
        self.place, self.tile = self.space.outer, self.grid.size - 1
        self.streamed: int | None = None
        """The tensor of the storage just above, where it need not hold its whole tile."""

    def mapping(self) -> Mapping:
        """All nodes."""
        names = self.space.einsum.tensor_names
        parents = self.space.graph.states[self.finished.final].parents
        outside = tuple(name for name, parent in zip(names, parents, strict=True) if parent == self.space.outer)
        if outside:
            self.nodes.append(Storage(self._name(self.space.outer), outside))
        for placed in reversed(self.finished.storages):
            step = placed.step
            assert step.tensor is not None
            self._down_to(step.memory, placed.tile)
            self.nodes.append(Storage(self._name(step.memory), (names[step.tensor],)))
            self.streamed = step.tensor if step.parent is not None else None
        last = len(self.space.machine.components) - 1
        self._down_to(last, 0)
        self.nodes.append(Compute(self.space.einsum.name, self._name(last)))
        return Mapping(tuple(self.nodes), dialect="accelforge")

    def _name(self, component: int) -> str:
        return self.space.machine.components[component].name

    def _down_to(self, component: int, tile: int) -> None:
        """The loops and tolls between the current place and a storage (or the compute unit) of ``component``."""
        inner = int(self.remaining.zone(self.place, component)[tile])
        self._in_time(inner)
        for c in range(self.place + 1, component + 1):
            self._across(c, component, tile)
            if self.space.machine.components[c].kind == "toll":
                kept = self.space.machine.components[c].keep
                self.nodes.append(Toll(self._name(c), tuple(t for t in self.space.einsum.tensor_names if t in kept)))
        self.place, self.tile = component, tile

    def _in_time(self, inner: int) -> None:
        """Loops in time from the current tile to ``inner``."""
        for rank in self._order(inner):
            below, above = self.grid.extents[rank, inner], self.grid.extents[rank, self.tile]
            for extent in self.grid.axes[rank].loops(below, above):
                self.nodes.append(Temporal(self.space.einsum.ranks[rank], extent))

    def _order(self, inner: int) -> list[int]:
        """The ranks in the order in which the tensor above needs the least space, see ``TreeSpace.reserved``."""
        every = list(range(len(self.grid.axes)))
        if self.streamed is None:
            return every
        shape = self.space.costs.structure.tensors[self.streamed]
        first = list(shape.fully_relevant)
        sliding = [r for r in shape.relevant if r not in first]

        def space_without(rank: int) -> float:
            extents = self.grid.extents[:, self.tile].copy()
            for r in (*first, rank):
                extents[r] = self.grid.extents[r, inner]
            assert self.streamed is not None
            return float(self.space.size_of(self.streamed, extents[:, None])[0])

        first += sorted(sliding, key=space_without)[:1]
        return first + [r for r in every if r not in first]

    def _across(self, component: int, inner: int, tile: int) -> None:
        """The spatial loops of one component, outer dimensions first; ``tile`` is the tile at ``inner``."""
        below = int(self.remaining.zone(component, inner)[tile])
        spreads, factors = self.space.spreads, self.space.spreads.factors[int(self.remaining.ways[0])]
        loops: list[Node] = []
        extents = self.grid.extents[:, below].copy()
        dimensions = self.space.machine.components[component].spatial
        for d in reversed(range(len(spreads.components))):
            if spreads.components[d] != component:
                continue
            for rank, factor in enumerate(factors[d]):
                if factor > 1:
                    name = self.space.einsum.ranks[rank]
                    label = dimensions[spreads.dimensions[d]].name
                    loops.insert(0, Spatial(name, int(extents[rank]), self._name(component), label))
                    extents[rank] *= factor
        self.nodes += loops
