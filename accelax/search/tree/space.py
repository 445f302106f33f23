"""What one Einsum's search knows before ranks are spread over fan-outs: tiles, placements, and constraints on both."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from accelax.encode.tree_problem import TreeProblem
from accelax.encode.tree_spreads import Spreads, rooms_of, spreads_of
from accelax.errors import UnsupportedError
from accelax.ir.tree_machine import Comparison
from accelax.ir.tree_usage import satisfies
from accelax.search.tree.costs import SpreadCosts, TileTables, TreeCosts
from accelax.search.tree.grid import Axis, Grid, tile_axes
from accelax.search.tree.placement import PlacementGraph, Step, placement_graph

MOST_EXTENTS = 3_000
"""Of one rank."""
MOST_TILES = 400_000
REMEMBERED = 200
MOST_STATES = 4_000
MOST_SPREADS = 100_000


Limits = dict[int, tuple[float, float]]
"""For some imperfect ranks: over how many iterations the outermost loop may run, see ``Axis.limited``."""


class TreeSpace:
    """Axes, placements and spreads of a problem. Raises UnsupportedError for what the labels can not describe."""

    def __init__(self, problem: TreeProblem):
        lowered = problem.lowered
        self.problem = problem
        if len(lowered.einsums) != 1:
            raise UnsupportedError("a bound on the mappings of several Einsums")
        self.einsum, self.machine = lowered.einsums[0], lowered.machines[0]
        self._refuse()
        explored = lowered.explore_imperfect
        axes = tile_axes(self.einsum, explored, MOST_EXTENTS)
        graph = placement_graph(self.einsum, self.machine, MOST_STATES)
        hardware = problem.hardware.machines[0]
        rooms = rooms_of(self.machine, [h.fanout for h in hardware], [h.usage_scale for h in hardware])
        spreads = spreads_of(self.einsum, self.machine, rooms, any(explored), MOST_SPREADS)
        if axes is None or graph is None or spreads is None:
            raise UnsupportedError("a mapspace of this size")
        self.axes: tuple[Axis, ...] = axes
        self.graph: PlacementGraph = graph
        self.costs = TreeCosts(problem)
        every = SpreadCosts(self.costs, spreads)
        kept = np.arange(every.ways) if any(axis.imperfect for axis in axes) else every.distinct()
        self.spreads = Spreads(spreads.factors[kept], spreads.components, spreads.dimensions)
        self.spread_costs = SpreadCosts(self.costs, self.spreads)
        self.outer = next(c for c, component in enumerate(self.machine.components) if component.kind == "memory")
        self._parts: dict[tuple[int, tuple[int, ...], tuple[float, float] | None], Axis] = {}
        self._tiles: dict[object, TileSpace] = {}

    def tiles(self, ways: np.ndarray, limits: Limits) -> TileSpace | None:
        """The tiles that nests of some spreads can have within limits; None where there are none or too many."""
        axes = tuple(self._limited(r, limits.get(r)) for r in range(len(self.axes)))
        kept = tuple(self._kept(r, axis, ways) for r, axis in enumerate(axes))
        if not 0 < math.prod(len(row) for row in kept) <= MOST_TILES:
            return None
        key = (kept, tuple(sorted(limits.items())))
        if key not in self._tiles:
            if len(self._tiles) >= REMEMBERED:
                self._tiles.clear()
                self._parts.clear()
            parts = (self._part(r, row, limits.get(r), axes[r]) for r, row in enumerate(kept))
            self._tiles[key] = TileSpace(self, Grid(tuple(parts)))
        return self._tiles[key]

    def _limited(self, rank: int, limit: tuple[float, float] | None) -> Axis:
        return self.axes[rank] if limit is None else self.axes[rank].limited(*limit)

    def _kept(self, rank: int, axis: Axis, ways: np.ndarray) -> tuple[int, ...]:
        """The extents of a rank that some of the ways can have."""
        if len(ways) > 1 and not axis.imperfect:
            return tuple(range(len(axis.extents)))
        rows = np.unique(self.spreads.factors[ways, :, rank].astype(int), axis=0)
        return tuple(sorted({i for row in rows for i in axis.kept(row.tolist())}))

    def _part(self, rank: int, kept: tuple[int, ...], limit: tuple[float, float] | None, axis: Axis) -> Axis:
        key = (rank, kept, limit)
        if key not in self._parts:
            self._parts[key] = axis.part(kept)
        return self._parts[key]

    def _refuse(self) -> None:
        for component in self.machine.components:
            if component.kind in ("memory", "toll") and not component.force_hierarchy_order:
                raise UnsupportedError(f"storages of {component.name} out of the order of the hierarchy")
        if not any(component.kind == "memory" for component in self.machine.components):
            raise UnsupportedError("a machine without a memory")


class TileSpace:
    """A :class:`TreeSpace` with the tiles that some of its spreads can have."""

    def __init__(self, space: TreeSpace, grid: Grid):
        self.space, self.grid = space, grid
        self.einsum, self.machine, self.graph, self.spreads = space.einsum, space.machine, space.graph, space.spreads
        self.costs, self.outer = space.costs, space.outer
        self.tables = TileTables(space.costs, grid)
        self._allowed: dict[tuple[int | None, int, int | None], np.ndarray] = {}

    def size_of(self, tensor: int, extents: np.ndarray) -> np.ndarray:
        """The values in a tile of a tensor."""
        return self.costs.size_of(tensor, extents)

    def bits(self, memory: int, tensor: int) -> float:
        """Bits of one value of a tensor in a memory."""
        return float(self.costs.hardware[memory].bits_per_value[tensor])

    def size(self, memory: int) -> float:
        """The bits that fit in a memory, with the tolerance that evaluation has."""
        return float(self.costs.hardware[memory].size_bits) * (1 + 1e-12)

    @cached_property
    def _whole(self) -> np.ndarray:
        """Whether a tile has the whole extent of a rank, ``[rank, tile]``."""
        return self.grid.extents == self.grid.bounds[:, None]

    def _moved_once(self, tensor: int) -> np.ndarray:
        """Tiles that no loop around them makes a tensor move again: all ranks that do not index it alone are whole."""
        entry = self.einsum.tensors[tensor]
        alone = {index[0][0] for index in entry.projection if len(index) == 1}
        others = [r for r, rank in enumerate(self.einsum.ranks) if rank not in alone]
        return np.asarray(self._whole[others].all(axis=0))

    def allowed(self, step: Step) -> np.ndarray:
        """The tiles at which a storage may stand by ``tile_shape`` and the limits on fetching and sending again."""
        assert step.tensor is not None
        key = (step.tensor, step.memory, step.parent)
        if key not in self._allowed:
            self._allowed[key] = self._find_allowed(step, step.tensor)
        return self._allowed[key]

    def _find_allowed(self, step: Step, tensor: int) -> np.ndarray:
        component, name = self.machine.components[step.memory], self.einsum.tensors[tensor].name
        legal = np.ones(self.grid.size, bool)
        for comparison in component.tile_shape_bounds:
            legal &= self._bounded(comparison)
        if name in component.no_refetch_from_above:
            legal &= self._moved_once(tensor)
        if step.parent is not None and name in self.machine.components[step.parent].no_resend_to_below:
            legal &= self._moved_once(tensor)
        return legal

    def starts_legally(self, start: int) -> bool:
        """Whether the holders that feed the compute unit may send it every value as often as it asks."""
        for tensor, parent in enumerate(self.graph.states[start].parents):
            assert parent is not None
            name = self.einsum.tensors[tensor].name
            if name in self.machine.components[parent].no_resend_to_below and not self._moved_once(tensor)[0]:
                return False
        return True

    def _bounded(self, comparison: Comparison) -> np.ndarray:
        """The tiles that keep a ``tile_shape`` comparison."""
        ranks = [self.einsum.ranks.index(r) for r in comparison.ranks if r in self.einsum.ranks]
        numbers = self.grid.extents[ranks]
        if comparison.operator.startswith("product"):
            numbers = numbers.prod(axis=0, keepdims=True)
        kept = [[satisfies(float(number), comparison) for number in row] for row in numbers]
        return np.asarray(np.array(kept, bool).reshape(-1, self.grid.size).all(axis=0))

    def outermost_fits(self, state: int) -> bool:
        """Whether the tensors of a final state fit in the outermost memory, whole."""
        whole = self.grid.bounds[:, None]
        parents = self.graph.states[state].parents
        held = [t for t, p in enumerate(parents) if p == self.outer]
        needed = sum(self.bits(self.outer, t) * float(self.costs.size_of(t, whole)[0]) for t in held)
        return needed <= self.size(self.outer)

    def reserved(self, tensor: int, inner: np.ndarray, tile: np.ndarray, outermost: bool) -> np.ndarray:
        """The values of a tensor that a storage at ``tile`` sets space aside for; the next thing below is at ``inner``.

        See :mod:`accelax.model.tree_occupancy`: the loops between are ordered so that the least is needed, those that
        alone form an index first, then one of those that share an index.
        """
        extents = self.grid.extents[:, tile]
        if outermost:
            return self.tables.volumes[tensor][tile]
        shape = self.costs.structure.tensors[tensor]
        sliding = [r for r in shape.relevant if r not in shape.fully_relevant]
        if not sliding:
            return self.tables.volumes[tensor][inner]
        below = self.grid.extents[:, inner]
        mixed = extents.copy()
        for r in shape.fully_relevant:
            mixed[r] = below[r]
        least = np.full(len(tile), np.inf)
        for r in sliding:
            kept = mixed[r].copy()
            mixed[r] = below[r]
            least = np.minimum(least, self.costs.size_of(tensor, mixed))
            mixed[r] = kept
        return least
