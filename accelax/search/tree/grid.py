"""The tiles that a nest can have between two loops: one axis per rank, and which tile may enclose which.

A tile is a point of a grid; each axis lists the extents that its rank can have. Loops in time lead from a tile to any
that encloses it: in a perfect axis each extent to its multiples; in an imperfect one as
:mod:`accelax.ir.tree_usage` describes, and from any extent to the whole rank, whose loop may be cut short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelax.ir.tree_usage import covering_factors, dividing_factors, stands_alone
from accelax.ir.workload import Einsum


@dataclass(frozen=True)
class Axis:
    """The extents of one rank, ascending, and the indices of those that loops in time can lead to from each."""

    bound: int
    extents: np.ndarray
    above: tuple[np.ndarray, ...]
    """For each extent the indices of itself and all that may enclose it."""
    direct: tuple[frozenset[int], ...]
    """Those that a single loop leads to."""
    imperfect: bool
    covered: np.ndarray
    """For each extent the least number of iterations, of the rank and beyond, that the loops around it can run over."""
    outermost: np.ndarray
    """Whether the loop right around an extent may be the outermost."""
    whole: Axis | None = None
    """The axis that this one is a part of."""

    @cached_property
    def covers(self) -> tuple[tuple[int, ...], ...]:
        """For each extent the least ones strictly above it: enough to propagate a minimum from the top downwards."""
        found = []
        for i, above in enumerate(self.above):
            strict = [int(j) for j in above if j != i]
            implied = {int(k) for j in strict for k in self.above[j] if k != j}
            found.append(tuple(j for j in strict if j not in implied))
        return tuple(found)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where the entries of each extent begin in :attr:`flat`, with the end of the last."""
        return np.cumsum([0, *(len(row) for row in self.above)])

    @cached_property
    def flat(self) -> np.ndarray:
        """:attr:`above`, one row after another."""
        return np.concatenate(self.above)

    def spread(self, factor: int) -> np.ndarray:
        """The index of each extent after a spatial loop of ``factor`` iterations is put around it, -1 for none."""
        if factor == 1:
            return np.arange(len(self.extents))
        index = {int(extent): i for i, extent in enumerate(self.extents)}
        found = np.full(len(self.extents), -1)
        for i, extent in enumerate(self.extents.astype(int)):
            rest = -(-self.bound // int(extent))
            if self.imperfect and factor == rest:
                found[i] = len(self.extents) - 1 if self.outermost[i] else -1
            elif factor < rest and ((self.imperfect and factor in covering_factors(rest)) or rest % factor == 0):
                found[i] = index.get(int(extent) * factor, -1)
            elif factor == rest and int(extent) * factor == self.bound:
                found[i] = len(self.extents) - 1
        return found

    def kept(self, factors: Sequence[int]) -> tuple[int, ...]:
        """The extents that a nest can have whose spatial loops have ``factors``, outermost first: their indices."""
        zones = [self.above[0]]
        moves = [self.spread(int(factor)) for factor in reversed(factors)]
        for move in moves:
            reached = move[zones[-1]]
            zones.append(np.unique(np.concatenate([self.above[0][:0], *(self.above[i] for i in reached if i >= 0)])))
        useful = self.ends
        found = {int(i) for i in zones[-1] if useful[i]}
        for zone, move in zip(reversed(zones[:-1]), reversed(moves), strict=True):
            onward = np.where(move >= 0, useful[move], False)
            useful = np.array([onward[row].any() for row in self.above])
            found |= {int(i) for i in zone if useful[i]}
        return tuple(sorted(found))

    def part(self, kept: tuple[int, ...]) -> Axis:
        """The axis with some of its extents only."""
        if len(kept) == len(self.extents):
            return self
        index = {old: new for new, old in enumerate(kept)}
        above = tuple(np.array([index[int(j)] for j in self.above[i] if int(j) in index]) for i in kept)
        rows = list(kept)
        covered, outermost = self.covered[rows], self.outermost[rows]
        return Axis(self.bound, self.extents[rows], above, (), self.imperfect, covered, outermost, self)

    @cached_property
    def ends(self) -> np.ndarray:
        """The extents from which loops in time lead to the bound."""
        return np.array([len(self.extents) - 1 in row for row in self.above])

    def limited(self, low: float, high: float) -> Axis:
        """The imperfect axis whose outermost loop runs over ``low`` iterations in all or more, but fewer than ``high``.

        A loop of ``ceil(bound / extent)`` iterations around an extent runs over that many times the extent.
        """
        over = np.ceil(self.bound / self.extents) * self.extents
        outermost = (self.extents < self.bound) & (over >= low) & (over < high)
        top = len(self.extents) - 1
        direct = tuple(frozenset(j for j in row if j != top or outermost[i]) for i, row in enumerate(self.direct))
        ends = np.where(outermost, over, np.inf)
        covered = np.array([ends[self.extents % extent == 0].min() for extent in self.extents])
        covered[np.isinf(covered)] = self.bound
        return Axis(self.bound, self.extents, _closure(direct), direct, True, covered, outermost)

    def loops(self, inner: float, outer: float) -> list[int]:
        """The extents below each of the fewest loops in time that lead from one extent to another, outermost first."""
        if self.whole is not None:
            return self.whole.loops(inner, outer)
        below, above = (int(np.searchsorted(self.extents, extent)) for extent in (inner, outer))
        if below == above:
            return []
        frontier, came = [below], {below: below}
        while above not in came:
            following = []
            for i in frontier:
                for j in self.direct[i]:
                    if j not in came:
                        came[j] = i
                        following.append(j)
            frontier = following
        found, place = [], above
        while place != below:
            place = came[place]
            found.append(int(self.extents[place]))
        return found


def perfect_axis(bound: int) -> Axis:
    """The divisors of a bound, each enclosed by its multiples.

    >>> axis = perfect_axis(6)
    >>> axis.extents.tolist(), [row.tolist() for row in axis.above]
    ([1.0, 2.0, 3.0, 6.0], [[0, 1, 2, 3], [1, 3], [2, 3], [3]])
    """
    divisors = np.array(dividing_factors(bound))
    above = tuple(np.flatnonzero(divisors % d == 0) for d in divisors)
    direct = tuple(frozenset(row.tolist()) for row in above)
    covered = np.full(len(divisors), float(bound))
    return Axis(bound, divisors.astype(float), above, direct, False, covered, np.ones(len(divisors), bool))


def _closure(direct: tuple[frozenset[int], ...]) -> tuple[np.ndarray, ...]:
    """For each index itself and all that links, which lead upwards, reach."""
    above: list[np.ndarray] = [np.zeros(0, int)] * len(direct)
    for i in reversed(range(len(direct))):
        above[i] = np.unique(np.concatenate([np.array([i]), *(above[j] for j in direct[i])]))
    return tuple(above)


def imperfect_axis(bound: int, temporal: bool, most: int) -> Axis | None:
    """Every extent that perfect and covering factors build up, and the bound; None where there are more than ``most``.

    ``temporal``: whether inner loops in time may have covering factors, or only dividing ones.
    """
    tiles, agenda = {1, bound}, [1]
    links: dict[int, set[int]] = {}
    while agenda:
        tile = agenda.pop()
        rest = -(-bound // tile)
        loops = {tile * f for f in (covering_factors(rest) if temporal else dividing_factors(rest)) if tile * f < bound}
        links[tile] = loops | {bound}
        reached = loops | {tile * f for f in covering_factors(rest) if tile * f < bound}
        agenda += reached - tiles
        tiles |= reached
        if len(tiles) > most:
            return None
    ordered = sorted(tiles)
    index = {tile: i for i, tile in enumerate(ordered)}
    direct = tuple(frozenset(index[t] for t in links.get(tile, ()) if t != tile) for tile in ordered)
    extents = np.array(ordered, float)
    everywhere = np.ones(len(ordered), bool)
    return Axis(bound, extents, _closure(direct), direct, True, extents, everywhere).limited(0.0, np.inf)


@dataclass(frozen=True)
class Grid:
    """All tiles of an Einsum. A tile's number counts the axes like the digits of a number, the last fastest."""

    axes: tuple[Axis, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The number of extents of each rank."""
        return tuple(len(axis.extents) for axis in self.axes)

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """How far apart the numbers of tiles are that differ by one step on an axis."""
        return tuple(int(np.prod(self.shape[r + 1 :])) for r in range(len(self.shape)))

    @cached_property
    def size(self) -> int:
        """The number of tiles; the last is the whole iteration space."""
        return int(np.prod(self.shape))

    @cached_property
    def extents(self) -> np.ndarray:
        """``[rank, tile]``."""
        return np.stack([grid.ravel() for grid in np.meshgrid(*(a.extents for a in self.axes), indexing="ij")])

    @cached_property
    def rounded(self) -> np.ndarray:
        """``[rank, tile]``: the least number of iterations around a tile, those cut short counted whole."""
        covered = np.meshgrid(*(a.covered for a in self.axes), indexing="ij")
        return np.stack([grid.ravel() for grid in covered]) / self.extents

    @cached_property
    def ends(self) -> np.ndarray:
        """The tiles from which loops in time lead to the whole iteration space."""
        ends = np.stack([grid.ravel() for grid in np.meshgrid(*(a.ends for a in self.axes), indexing="ij")])
        return np.asarray(ends.all(axis=0))

    @cached_property
    def bounds(self) -> np.ndarray:
        """The bound of each rank."""
        return np.array([float(axis.bound) for axis in self.axes])

    def digits(self, tile: np.ndarray, rank: int) -> np.ndarray:
        """The index on one axis of each tile."""
        return tile // self.strides[rank] % self.shape[rank]

    def enclosing_minimum(self, values: np.ndarray, rank: int) -> np.ndarray:
        """For each tile, the least of ``values`` (last axis: tiles) over itself and those around it along one axis."""
        if self.shape[rank] == 1:
            return values
        table = values.reshape(-1, self.shape[rank], self.strides[rank]).copy()
        for i in reversed(range(self.shape[rank])):
            for j in self.axes[rank].covers[i]:
                np.minimum(table[:, i], table[:, j], out=table[:, i])
        return table.reshape(values.shape)

    def spread(self, factors: Sequence[int]) -> np.ndarray:
        """The number of each tile after spatial loops of ``factors`` (one per rank) are put around it, -1 for none."""
        number = np.zeros(self.shape, int)
        legal = np.ones(self.shape, bool)
        for r, (axis, factor) in enumerate(zip(self.axes, factors, strict=True)):
            moved = axis.spread(int(factor)).reshape([-1 if r == other else 1 for other in range(len(self.shape))])
            number += moved * self.strides[r]
            legal &= moved >= 0
        return np.where(legal, number, -1).ravel()


def tile_axes(einsum: Einsum, explored: tuple[bool, bool], most: int) -> tuple[Axis, ...] | None:
    """The axis of each rank; None where one has more than ``most`` extents."""
    axes: list[Axis] = []
    for rank, bound in einsum.bounds:
        if any(explored) and stands_alone(einsum, rank):
            axis = imperfect_axis(bound, explored[0], most)
            if axis is None:
                return None
            axes.append(axis)
        else:
            axes.append(perfect_axis(bound))
    return tuple(axes)
