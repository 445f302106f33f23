"""Every mapping of a small AccelForge mapspace that can be an optimum, from the fields of the machine alone.

All choices of what each component keeps, all orders of the storages of one component, and all ways to split every rank
over the gaps between storages, in time, and over the spatial dimensions that take it. Left out is only what another
mapping matches with less space and the same traffic:

- two loops over one rank in one gap: the inner one may join the outer one;
- a spatial loop above loops in time of its gap: a reservation that moves inwards stops at it;
- orders of a gap's loops: only the storage right above the gap can move its reservation past some of them, and it moves
  furthest if the loops over ranks that index its tensor alone come first, then one over a rank that shares an index.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from accelax.ir import LoweredTree
from accelax.ir.tree_machine import Comparison, FanoutDimension
from accelax.ir.workload import Einsum
from accelax.model.tree_types import EinsumMapping, TreeMapping

Holders = tuple[tuple[int, int], ...]
"""``(component, tensor)`` of every storage and toll, outermost first."""
BLOCK = 20_000
"""The most mappings in one batch."""
COMPARE = {
    "==": np.equal,
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "<": np.less,
    ">": np.greater,
}


@dataclass(frozen=True)
class Part:
    """A place for loops: ``gap`` is the number of holders above; ``dimension`` numbers a spatial dimension, 0: time."""

    gap: int
    dimension: int = 0


def prime_count(number: int) -> int:
    """How many prime factors a number has, which is how many loops longer than 1 can split it.

    >>> prime_count(12)
    3
    """
    divisor = next((d for d in range(2, number + 1) if number % d == 0), None)
    return 0 if divisor is None else 1 + prime_count(number // divisor)


@lru_cache(maxsize=4096)
def splits(bound: int, allowed: tuple[bool, ...], imperfect: bool) -> np.ndarray:
    """``[n, parts]``: trips of one rank in each part, outermost first, that multiply to ``bound``; 1 where not allowed.

    ``imperfect`` admits any tile below the outermost loop longer than 1, whose trips are then a fraction; a loop inside
    it has as many as cover the rank with some whole number of repetitions.
    """
    rows: set[tuple[float, ...]] = set()

    def extend(start: tuple[float, ...], left: int) -> None:
        if len(start) == len(allowed):
            if left == 1:
                rows.add(start)
            return
        outermost = all(trips == 1 for trips in start)
        for tile in range(1, left + 1):
            divides = left % tile == 0 and (outermost or covers(left // tile, -(-bound // tile)))
            if tile == left or (allowed[len(start)] and (divides or (imperfect and outermost))):
                extend((*start, left / tile), tile)

    extend((), bound)
    return np.array(sorted(rows))


def covers(trips: int, extent: int) -> bool:
    """Whether ``trips`` iterations are the fewest that cover ``extent`` with some number of repetitions.

    >>> [trips for trips in range(1, 8) if covers(trips, 7)]
    [1, 2, 3, 4, 7]
    """
    return any(trips == -(-extent // count) for count in range(1, extent + 1))


@dataclass(frozen=True)
class Order:
    """The ranks of one place, outermost first; of the ``sliding`` ones ``first`` stands first."""

    ranks: tuple[int, ...]
    first: tuple[int, ...] = ()
    sliding: tuple[int, ...] = ()

    def differs(self, trips: np.ndarray) -> np.ndarray:
        """For which trips ``[n, R]`` in this place the order is not that of another choice of ``first``."""
        if not self.sliding:
            return np.ones(len(trips), bool)
        idle = (trips[:, self.sliding] == 1).all(axis=1) & (self.first == self.sliding[:1])
        return idle | (trips[:, self.first] > 1).all(axis=1)


class TreeSpace:
    """The mapspace of one Einsum on its machine: batches of mappings."""

    def __init__(self, lowered: LoweredTree, imperfect: bool = False, every_order: bool = False):
        assert len(lowered.einsums) == 1
        self.einsum: Einsum = lowered.einsums[0]
        self.machine = lowered.machines[0]
        self.imperfect = imperfect
        self.every_order = every_order
        kinds = [component.kind for component in self.machine.components]
        self.outermost = kinds.index("memory")
        places = [(c, d) for c, component in enumerate(self.machine.components) for d in component.spatial]
        self.dimensions: list[tuple[int, int, FanoutDimension]] = [
            (number, c, d) for number, (c, d) in enumerate(places, 1) if c > self.outermost
        ]
        self.bounds = [bound for _, bound in self.einsum.bounds]
        self.slots = sum(bound.bit_length() if imperfect else prime_count(bound) for bound in self.bounds)
        self.indexed = [{self.einsum.ranks.index(r) for r in tensor.ranks} for tensor in self.einsum.tensors]
        self.alone = [self._alone(t) for t in range(len(self.einsum.tensors))]

    def _alone(self, tensor: int) -> set[int]:
        """The ranks that form the first index expression they appear in alone."""
        first: dict[str, int] = {}
        for terms in self.einsum.tensors[tensor].projection:
            for rank, _ in terms:
                first.setdefault(rank, len(terms))
        return {self.einsum.ranks.index(rank) for rank, count in first.items() if count == 1}

    def holder_lists(self) -> Iterator[Holders]:
        """All choices of what is kept where, in all orders within a component."""
        choices = []
        for component in self.machine.components:
            names = self.einsum.tensor_names
            must = [t for t, name in enumerate(names) if name in component.keep]
            may = [t for t, name in enumerate(names) if name in component.may_keep and name not in component.keep]
            subsets = [(*must, *extra) for n in range(len(may) + 1) for extra in itertools.combinations(may, n)]
            choices.append(subsets if component.kind in ("memory", "toll") else [()])
        for kept in itertools.product(*choices):
            if not self._backed(kept):
                continue
            orders = [
                [tensors] if c == self.outermost else list(itertools.permutations(tensors))
                for c, tensors in enumerate(kept)
            ]
            for order in itertools.product(*orders):
                yield tuple((c, t) for c, tensors in enumerate(order) for t in tensors)

    def _backed(self, kept: tuple[tuple[int, ...], ...]) -> bool:
        """Whether every tensor has a storage, and no toll above its first one."""
        for tensor in range(len(self.einsum.tensors)):
            holders = [self.machine.components[c].kind for c, tensors in enumerate(kept) if tensor in tensors]
            if not holders or holders[0] != "memory":
                return False
        return True

    def parts(self, holders: Holders) -> list[Part]:
        """Where loops may stand, outermost first: in every gap loops in time, then those of spatial dimensions."""
        lowest = sum(c <= self.outermost for c, _ in holders)
        found = []
        for gap in range(lowest, len(holders) + 1):
            found.append(Part(gap))
            found += [Part(gap, number) for number, c, _ in self.dimensions if sum(h < c for h, _ in holders) == gap]
        return found

    def _allowed(self, rank: int, parts: list[Part]) -> tuple[bool, ...]:
        dimensions = {number: d for number, _, d in self.dimensions}

        def takes(part: Part) -> bool:
            if not part.dimension:
                return True
            reused = dimensions[part.dimension].reuse
            return not any(rank in self.indexed[t] for t, name in enumerate(self.einsum.tensor_names) if name in reused)

        return tuple(takes(part) for part in parts)

    def _tables(self, parts: list[Part]) -> list[np.ndarray]:
        """The splits of every rank."""
        single = [
            all(terms == ((name, 1),) for t in self.einsum.tensors for terms in t.projection if name in dict(terms))
            for name in self.einsum.ranks
        ]
        return [
            splits(bound, self._allowed(rank, parts), self.imperfect and single[rank])
            for rank, bound in enumerate(self.bounds)
        ]

    def count(self, most: int) -> int:
        """How many mappings there are, those that do not fit included; inexact above ``most``."""
        total = 0
        for holders in self.holder_lists():
            parts = self.parts(holders)
            tables = self._tables(parts)
            rows = math.prod(len(table) for table in tables)
            if rows > most:
                return rows
            total += len(self._trips(tables, parts))
            if total > most:
                break
        return total

    def _trips(self, tables: list[np.ndarray], parts: list[Part]) -> np.ndarray:
        """``[n, R, parts]``: all splits of all ranks together that the dimensions allow."""
        index = np.indices([len(table) for table in tables]).reshape(len(tables), -1)
        trips = np.stack([table[rows] for table, rows in zip(tables, index, strict=True)], axis=1)
        fits = np.ones(len(trips), bool)
        for number, _, dimension in self.dimensions:
            along = trips[:, :, [part.dimension == number for part in parts]].prod(axis=2)
            fits &= np.ceil(along).prod(axis=1) <= dimension.fanout
            fits &= along.prod(axis=1) * dimension.usage_scale <= dimension.fanout * (1 + 1e-12)
            for comparison in dimension.loop_bounds:
                fits &= self._holds(np.ceil(along), comparison)
        return trips[fits]

    def _holds(self, along: np.ndarray, comparison: Comparison) -> np.ndarray:
        """Whether trips ``[n, R]`` keep a loop bound."""
        chosen = along[:, [name in comparison.ranks for name in self.einsum.ranks]]
        compare = COMPARE[comparison.operator.removeprefix("product")]
        if comparison.operator.startswith("product"):
            return compare(chosen.prod(axis=1), comparison.value)
        return compare(chosen, comparison.value).all(axis=1)

    def usages(self, trips: np.ndarray, parts: list[Part]) -> np.ndarray:
        """``[n, dimensions]``: the used part of every dimension."""
        columns = [
            np.ceil(trips[:, :, [part.dimension == number for part in parts]]).prod(axis=(1, 2))
            * (d.usage_scale / d.fanout)
            for number, _, d in self.dimensions
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(trips), 0))

    def least_usages(self) -> np.ndarray:
        """``[dimensions]``: ``min_usage``, or the most that any mapping reaches where that is less."""
        best = np.zeros(len(self.dimensions))
        for holders in self.holder_lists():
            parts = self.parts(holders)
            used = self.usages(self._trips(self._tables(parts), parts), parts)
            best = np.maximum(best, used.max(axis=0, initial=0.0))
        return np.minimum([d.min_usage for _, _, d in self.dimensions], best) if len(best) else best

    def blocks(self) -> Iterator[TreeMapping]:
        """All mappings, in batches with one leading axis and the same number of loop slots."""
        least = self.least_usages()
        for holders in self.holder_lists():
            parts = self.parts(holders)
            trips = self._trips(self._tables(parts), parts)
            trips = trips[(self.usages(trips, parts) >= least * (1 - 1e-9)).all(axis=1)]
            for orders in itertools.product(*(self._orders(holders, part) for part in parts)):
                differs = [order.differs(trips[:, :, place]) for place, order in enumerate(orders)]
                chosen = trips[np.logical_and.reduce(differs)]
                for start in range(0, len(chosen), BLOCK):
                    yield self._batch(holders, parts, orders, chosen[start : start + BLOCK])

    def _orders(self, holders: Holders, part: Part) -> list[Order]:
        """The orders of the ranks in one place that are worth a try: one for each rank that slides."""
        ranks = range(len(self.bounds))
        if self.every_order and not part.dimension:
            moving = [r for r in ranks if self.bounds[r] > 1]
            idle = tuple(r for r in ranks if self.bounds[r] == 1)
            return [Order((*order, *idle)) for order in itertools.permutations(moving)]
        if part.dimension or part.gap == 0:
            return [Order(tuple(ranks))]
        tensor = holders[part.gap - 1][1]
        first = [r for r in ranks if r in self.alone[tensor]]
        sliding = tuple(r for r in ranks if r in self.indexed[tensor] and r not in first)
        return [
            Order(tuple(dict.fromkeys((*first, *slides, *ranks))), slides, sliding)
            for slides in ([(r,) for r in sliding] or [()])
        ]

    def _batch(self, holders: Holders, parts: list[Part], orders: tuple[Order, ...], trips: np.ndarray) -> TreeMapping:
        """Splits ``[n, R, parts]`` as mappings; loops of one iteration vanish."""
        n = len(trips)
        loops = [(place, rank) for place, order in enumerate(orders) for rank in order.ranks]
        loops += [(len(parts) - 1, -1)] * max(0, self.slots - len(loops))
        once = np.ones(n)
        factor = np.stack([trips[:, rank, place] if rank >= 0 else once for place, rank in loops], axis=1)
        rank = np.array([rank for _, rank in loops])
        dimension = np.array([parts[place].dimension for place, _ in loops])
        gap = np.array([parts[place].gap for place, _ in loops])
        tile = np.ones_like(factor)
        for r, bound in enumerate(self.bounds):
            tile[:, rank == r] = np.round(bound / factor[:, rank == r].cumprod(axis=1))
        real = factor > 1
        order = np.argsort(~real, axis=1, kind="stable")[:, : self.slots]
        used = np.take_along_axis(real, order, axis=1)
        shape = (n, len(self.machine.components), len(self.einsum.tensors))
        above, place_of, reach = (np.full(shape, -1, np.int32) for _ in range(3))
        count = np.stack([(real & (gap <= number)).sum(axis=1) for number in range(len(holders) + 1)], axis=1)
        for number, (c, t) in enumerate(holders):
            above[:, c, t], place_of[:, c, t] = count[:, number], number
            # The loops above the next holder stand in gaps up to its own.
            reach[:, c, t] = count[:, number + 1]
        row = EinsumMapping(
            rank=np.where(used, rank[order], -1).astype(np.int32),
            tile=np.where(used, np.take_along_axis(tile, order, axis=1), 1.0),
            dimension=np.where(used, dimension[order], 0).astype(np.int32),
            above=above,
            reach=reach,
            order=place_of,
            persistent=np.zeros(shape, bool),
        )
        return TreeMapping((row,))
