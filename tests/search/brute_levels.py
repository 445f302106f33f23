"""Every mapping of a small Timeloop mapspace, from the words of the constraints alone.

Per rank all ordered factorizations over all levels; per level all orders of all ranks, written out as permutations,
with all splits of a fan-out between X and Y, from which loops of factor 1 are then dropped; per level and tensor all
free keeps. No table of the library's own mapspace is used.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from accelax.ir import LevelConstraints, LoweredLevels
from accelax.model.levels.arrays import LevelMapping

Layout = tuple[tuple[int, ...], tuple[int, ...]]
"""The ranks longer than 1 of one level on X (or in time) and on Y, innermost first."""
Mesh = tuple[int, int]


def factorizations(lowered: LoweredLevels, rank: str, bound: int) -> list[tuple[int, ...]]:
    """All ways to write ``bound`` as a product of one factor per level, each as its level allows."""
    allowed = [_allowed(limits, rank, bound) for limits in lowered.constraints]
    found = []

    def extend(start: tuple[int, ...], left: int) -> None:
        if len(start) == len(allowed):
            if left == 1:
                found.append(start)
            return
        for factor in allowed[len(start)]:
            if left % factor == 0:
                extend((*start, factor), left // factor)

    extend((), bound)
    return found


def _allowed(limits: LevelConstraints, rank: str, bound: int) -> list[int]:
    """The factors of one rank that a level allows."""
    fixed, least, most = (dict(pairs).get(rank) for pairs in (limits.fixed, limits.minimum, limits.maximum))
    if fixed is not None:
        return [fixed]
    least = limits.default_minimum if least is None else least
    most = limits.default_maximum if most is None else most
    divisors = [d for d in range(1, bound + 1) if bound % d == 0]
    return [d for d in divisors if (least is None or d >= least) and (most is None or d <= most)]


@lru_cache(maxsize=4096)
def layouts(
    ranks: tuple[str, ...], limits: LevelConstraints, mesh: Mesh | None, innermost: bool, real: frozenset[int]
) -> tuple[Layout, ...]:
    """The different arrangements of the ``real`` ranks (those longer than 1) at one level.

    ``mesh`` is None for loops in time. The orders of the innermost level and of a line of lanes are not explored.
    """
    orders = _orders(ranks, limits, explored=not innermost and (mesh is None or min(mesh) > 1))
    if mesh is None:
        return tuple({(tuple(r for r in order if r in real), ()): None for order in orders})
    splits = [limits.split] if limits.split is not None else list(range(len(ranks) + 1))
    found: dict[Layout, None] = {}
    for order in orders:
        for split in splits:
            on_x, on_y = ([r for r in part if r in real] for part in (order[:split], order[split:]))
            if not (mesh[0] == 1 and on_x and limits.split is None) and not (mesh[1] == 1 and on_y):
                found[tuple(on_x), tuple(on_y)] = None
    return tuple(found)


def _orders(ranks: tuple[str, ...], limits: LevelConstraints, explored: bool) -> list[tuple[int, ...]]:
    """All orders of all ranks, innermost first, with the given ones at their ends."""
    inner = [ranks.index(name) for name in limits.order_inner]
    outer = [ranks.index(name) for name in limits.order_outer]
    free = [r for r in range(len(ranks)) if r not in inner and r not in outer]
    middles = itertools.permutations(free) if explored or inner or outer else [tuple(free)]
    return [(*inner, *middle, *outer) for middle in middles]


class LevelSpace:
    """The mapspace of a lowered specification: ``count`` mappings, in blocks of arrays."""

    def __init__(self, lowered: LoweredLevels):
        self.lowered = lowered
        self.ranks = lowered.einsum.ranks
        tables = [factorizations(lowered, rank, bound) for rank, bound in lowered.einsum.bounds]
        self.n_factorizations = math.prod(len(table) for table in tables)
        self._tables = tables
        self._meshes = _meshes(lowered)
        self._keeps = self._residences()
        lanes = math.prod(x * y for x, y in (mesh for mesh in self._meshes if mesh is not None))
        self._least_lanes = lanes * max(limits.utilization_minimum for limits in lowered.constraints)

    def _residences(self) -> list[tuple[tuple[bool, ...], ...]]:
        """All tables ``[L][T]`` of what is kept."""
        rows = []
        outermost = True
        for level, limits in zip(self.lowered.machine.levels, self.lowered.constraints, strict=True):
            choices = []
            for tensor in self.lowered.einsum.tensor_names:
                if level.is_fanout or tensor in limits.bypass:
                    choices.append((False,))
                elif tensor in limits.keep or outermost:
                    choices.append((True,))
                else:
                    choices.append((True, False))
            outermost = outermost and level.is_fanout
            rows.append(list(itertools.product(*choices)))
        return list(itertools.product(*rows))

    def _groups(self) -> Iterator[tuple[list[tuple[Layout, ...]], np.ndarray]]:
        """Factorizations ``[n, L, R]`` that have the same loops longer than 1, and their layouts by level."""
        rows = np.array(list(itertools.product(*self._tables)), dtype=float).reshape(
            -1, len(self.ranks), self._n_levels
        )
        rows = np.swapaxes(rows, 1, 2)
        fits = np.ones(len(rows), bool)
        lanes = np.ones(len(rows))
        for level, mesh in enumerate(self._meshes):
            if mesh is not None:
                used = rows[:, level].prod(axis=1)
                fits &= used <= mesh[0] * mesh[1]
                lanes = lanes * used
        rows = rows[fits & (lanes >= self._least_lanes)]
        if not len(rows):
            return
        masks = (rows > 1).reshape(len(rows), -1) @ (2.0 ** np.arange(rows[0].size))
        order = np.argsort(masks, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(masks[order])) + 1):
            chosen = rows[group]
            places = [self._layouts(level, chosen[0, level]) for level in range(self._n_levels)]
            if all(places):
                yield places, chosen

    @property
    def _n_levels(self) -> int:
        return len(self.lowered.machine.levels)

    def _layouts(self, level: int, factors: np.ndarray) -> tuple[Layout, ...]:
        real = frozenset(np.flatnonzero(factors > 1).tolist())
        innermost = level == self._n_levels - 1 and self._meshes[level] is None
        return layouts(self.ranks, self.lowered.constraints[level], self._meshes[level], innermost, real)

    def count(self, most: int) -> int:
        """How many different mappings there are, mappings that do not fit included; stops above ``most``."""
        if self.n_factorizations > 20 * most:
            return self.n_factorizations
        total = 0
        for places, chosen in self._groups():
            total += len(chosen) * math.prod(len(place) for place in places) * len(self._keeps)
            if total > most:
                break
        return total

    def blocks(self) -> Iterator[LevelMapping]:
        """All mappings: batches with one leading axis."""
        for places, chosen in self._groups():
            tables = [[self._numbers(layout) for layout in place] for place in places]
            sizes = (len(chosen), *(len(table) for table in tables), len(self._keeps))
            index = np.indices(sizes).reshape(len(sizes), -1)
            factor = chosen[index[0]]
            numbers = [np.array(table)[index[level + 1]] for level, table in enumerate(tables)]
            keep = np.array(self._keeps, dtype=float)[index[-1]]
            yield LevelMapping(
                factor=_grid(factor),
                residual=(),
                position=_grid(np.stack([n[:, 0] for n in numbers], axis=1)),
                on_x=_grid(np.stack([n[:, 1] for n in numbers], axis=1)),
                keep=_grid(keep),
            )

    def _numbers(self, layout: Layout) -> np.ndarray:
        """Positions and sides of all ranks for one arrangement, ``[2, R]``; loops of factor 1 stand outermost."""
        on_x, on_y = layout
        order = [*on_x, *on_y]
        order += [r for r in range(len(self.ranks)) if r not in order]
        return np.array(
            [[order.index(r) for r in range(len(order))], [r in on_x for r in range(len(order))]], dtype=float
        )


def _grid(values: np.ndarray) -> tuple[tuple[np.ndarray, ...], ...]:
    """``[n, L, C]`` as ``[L][C]`` of ``[n]``."""
    return tuple(
        tuple(np.ascontiguousarray(values[:, level, c]) for c in range(values.shape[2]))
        for level in range(values.shape[1])
    )


def _meshes(lowered: LoweredLevels) -> list[Mesh | None]:
    """The lanes along X and Y of every fan-out; None for storages."""
    levels, compute = lowered.machine.levels, lowered.machine.compute
    inner = [*levels[1:], compute]
    return [
        (child.mesh_x // level.mesh_x, child.mesh_y // level.mesh_y) if level.is_fanout else None
        for level, child in zip(levels, inner, strict=True)
    ]
