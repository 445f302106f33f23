"""What all classes of a problem share: slots, windows, tiles, instances and the limits of fan-outs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flax import struct

from accelax.encode.factorizations import divisors
from accelax.encode.level_problem import LevelProblem
from accelax.search.relaxed.box import Box
from accelax.search.relaxed.windows import envelope, index_window, lane_offsets, swept_window

NO_PLANE = -1e6
"""The offset of planes that only pad a table."""


@dataclass(frozen=True)
class Window:
    """One tensor rank whose extent is no monomial: ``1 + s (p - 1) + d (r - 1)``.

    ``ranks`` and ``coefficients`` are those of the terms; where the expression has one term, ``d = 0`` and the second
    rank is None. Terms beyond the second are left out, which only makes the extent smaller.
    """

    tensor: int
    axis: int
    ranks: tuple[int, int | None]
    coefficients: tuple[float, float]


@struct.dataclass
class Shared:
    """The arrays that no class changes: forms over the slots, ``[..., N]``.

    tiles, tile_windows
        ``[L, T, N]``, ``[L, T, K]``: words of the tile of each level.
    instances
        ``[L + 1, N]``: instances in use; ``iterations`` ``[N]``: computations of one unit.
    forms
        ``[K - S, 3, N]``: the forms of the windows that no class changes; ``table`` ``[K - S]``: their planes.
    planes
        ``[tables, F, 4]``: exponents of the three forms, and an offset.
    spread
        ``[G, N]``: spatial factors that a limit applies to; ``spread_level`` ``[G]``, ``spread_axes`` ``[G, 2]``: the
        fan-out, and whether the limit is its X side, its Y side or both multiplied.
    rank
        ``[R, N]``: which slots belong to a rank; ``bounds`` ``[R]``: the logarithms that they add up to.
    """

    tiles: np.ndarray
    tile_windows: np.ndarray
    instances: np.ndarray
    iterations: np.ndarray
    forms: np.ndarray
    table: np.ndarray
    planes: np.ndarray
    spread: np.ndarray
    spread_level: np.ndarray
    spread_axes: np.ndarray
    rank: np.ndarray
    bounds: np.ndarray


class Layout:
    """Slots and windows of a problem. Slots whose factor the whole mapspace fixes are left out if they are 1."""

    def __init__(self, problem: LevelProblem, box: Box):
        structure = problem.structure
        self.problem, self.structure = problem, structure
        self.bounds = tuple(int(bound) for _, bound in problem.lowered.einsum.bounds)
        self.slots = [
            (level, rank)
            for level in range(structure.n_levels)
            for rank in range(len(structure.ranks))
            if box.most[level][rank] > 1
        ]
        self.n_slots = len(self.slots)
        self._index = np.zeros((structure.n_levels, len(structure.ranks), self.n_slots))
        for place, (level, rank) in enumerate(self.slots):
            self._index[level, rank, place] = 1.0
        self.windows = [w for t in range(len(structure.tensors)) for w in _windows(problem, t)]
        self._tables: list[Facets3] = []
        self._static: list[tuple[np.ndarray, int]] = []
        self._place: dict[tuple[str, int, Window], int] = {}
        self._lay_out_windows()

    def pick(self, grid: np.ndarray) -> np.ndarray:
        """``[N]``: the entries of ``[L, R]`` that belong to slots."""
        return np.array([grid[slot] for slot in self.slots], dtype=float)

    def form(self, mask: np.ndarray) -> np.ndarray:
        """``[N]``: the linear form whose exponents are ``mask`` ``[L, R]``."""
        return np.einsum("lr,lrn->n", mask, self._index)

    def _lay_out_windows(self) -> None:
        """Number the windows: tiles by level, lanes by fan-out, then one sweep per child and tensor."""
        structure = self.structure
        for window in self.windows:
            table = self._add_table(window, index_window)
            for level in range(structure.n_levels):
                self._place["tile", level, window] = len(self._static)
                self._static.append((self._extents(window, level), table))
        for window in (w for w in self.windows if w.ranks[1] is not None):
            table = self._add_table(window, lane_offsets)
            for level in (f for f in range(structure.n_levels) if structure.is_fanout[f]):
                self._place["lanes", level, window] = len(self._static)
                self._static.append((self._terms(window, range(level, level + 1)), table))
        sliding = [t for t in range(len(structure.tensors)) if structure.is_sliding(t)]
        self.sweeps = {
            pair: place for place, pair in enumerate((c, t) for c in range(1, structure.n_levels + 1) for t in sliding)
        }
        self.sweep_tables = {
            (window, role): self.add_sweep_table(window, role)
            for window in self.windows
            if window.ranks[1] is not None
            for role in (0, 1)
        }
        self.empty_table = self._append(((0.0, 0.0, 0.0, 0.0),))

    @property
    def n_windows(self) -> int:
        """Windows in all, those that depend on the class last."""
        return len(self._static) + len(self.sweeps)

    def window(self, kind: str, level: int, window: Window) -> np.ndarray:
        """``[K]``: the selector of a window that no class changes."""
        return np.eye(self.n_windows)[self._place[kind, level, window]]

    def sweep(self, child: int, tensor: int) -> np.ndarray:
        """``[K]``: the selector of the window of what reaches a child."""
        return np.eye(self.n_windows)[len(self._static) + self.sweeps[child, tensor]]

    def _terms(self, window: Window, levels: range) -> np.ndarray:
        """``[3, N]``: the product of the factors of each term's rank over ``levels``; the third form is 0."""
        rows = np.zeros((3, self.n_slots))
        for row, rank in enumerate(window.ranks):
            if rank is not None:
                rows[row] = self._index[list(levels), rank].sum(axis=0)
        return rows

    def _extents(self, window: Window, level: int) -> np.ndarray:
        """``[3, N]``: the extents of the window's ranks below the loops outside ``level``."""
        return self._terms(window, range(level, self.structure.n_levels))

    def _divisors(self, rank: int | None) -> tuple[int, ...]:
        return (1,) if rank is None else tuple(divisors(self.bounds[rank]))

    def _add_table(self, window: Window, function: object) -> int:
        first, second = (self._divisors(rank) for rank in window.ranks)
        planes = envelope(function, window.coefficients, first, second)  # type: ignore[arg-type]
        return self._append(tuple((a, b, 0.0, c) for a, b, c in planes))

    def add_sweep_table(self, window: Window, role: int) -> int:
        """Planes below what a run of the loop over the term ``role`` brings; the third form counts further loops.

        Either the run is made once, and sweeps a window; or every one of the ``A`` runs that other loops along the same
        expression make brings ``n - 1`` steps, each at least as long as the tile's own extent ``e``:
        ``e + A (n - 1) e >= A n e (1 + 1 / A) / 2``.
        """
        one, other = window.ranks[role], window.ranks[1 - role]
        coefficients = window.coefficients[role], window.coefficients[1 - role]
        first, second = self._divisors(one), self._divisors(other)
        if self.structure.rules.halo == "exact":
            return self._append(((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)))
        planes = envelope(swept_window, coefficients, first, second)
        runs = max(first[-1] / 2.0, 1.0) * second[-1]
        again = (1.0, 0.0, 1.0, math.log(0.5 + 0.5 / runs))
        return self._append((*((a, b, 0.0, c) for a, b, c in planes), again))

    def _append(self, planes: Facets3) -> int:
        if planes not in self._tables:
            self._tables.append(planes)
        return self._tables.index(planes)

    @cached_property
    def shared(self) -> Shared:
        """The arrays."""
        structure = self.structure
        shape = structure.n_levels, len(structure.tensors)
        tiles, tile_windows = np.zeros((*shape, self.n_slots)), np.zeros((*shape, self.n_windows))
        for level in range(shape[0]):
            for t in range(shape[1]):
                tiles[level, t], tile_windows[level, t] = self.tile(level, t)
        fanout = np.array(structure.is_fanout, dtype=float)
        by_level = self._index.sum(axis=1)
        spatial = by_level * fanout[:, None]
        width = max(len(planes) for planes in self._tables)
        padded = [planes + ((0.0, 0.0, 0.0, NO_PLANE),) * (width - len(planes)) for planes in self._tables]
        spread, spread_level, spread_axes = self._limits()
        return Shared(
            tiles=tiles,
            tile_windows=tile_windows,
            instances=np.concatenate([np.zeros((1, self.n_slots)), spatial.cumsum(axis=0)]),
            iterations=(by_level * (1.0 - fanout)[:, None]).sum(axis=0),
            forms=np.array([form for form, _ in self._static]).reshape(-1, 3, self.n_slots),
            table=np.array([table for _, table in self._static], dtype=int),
            planes=np.array(padded),
            spread=spread,
            spread_level=spread_level,
            spread_axes=spread_axes,
            rank=self._index.sum(axis=0),
            bounds=np.log(np.array(self.bounds, dtype=float)),
        )

    def tile(self, level: int, tensor: int, without: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """``(form, windows)`` of the words of a tile, ``without`` one tensor rank. Level ``L`` is a point."""
        structure = self.structure
        form, windows = np.zeros(self.n_slots), np.zeros(self.n_windows)
        if level == structure.n_levels:
            return form, windows
        special = {w.axis: w for w in self.windows if w.tensor == tensor}
        for axis, terms in enumerate(structure.projections[tensor]):
            if axis == without:
                continue
            if axis in special:
                windows += self.window("tile", level, special[axis])
            elif terms:
                form += self._index[level:, terms[0]].sum(axis=0)
        return form, windows

    def volume(self, tensor: int) -> float:
        """Words of the whole tensor."""
        structure, workload = self.structure, self.problem.workload
        size = 1.0
        for terms, row in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
            size *= 1.0 + sum(abs(float(c)) * (self.bounds[r] - 1) for r, c in zip(terms, row, strict=True))
        return size

    def copies(self, level: int, tensor: int, upper: np.ndarray) -> float:
        """The most instances of ``level`` that can hold the same words of a tensor at once.

        At most the loops that do not index the tensor, and at every fan-out its mesh; for a tensor with a sliding index
        all of the mesh, since tiles may overlap.
        """
        structure = self.structure
        indexed = frozenset() if structure.is_sliding(tensor) else structure.relevant(tensor)
        free = [r for r in range(len(structure.ranks)) if r not in indexed]
        most = {slot: math.exp(limit) for slot, limit in zip(self.slots, upper, strict=True)}
        copies = 1.0
        for fanout in (f for f in range(level) if structure.is_fanout[f]):
            x, y = structure.physical_mesh[fanout]
            copies *= min(float(x * y), math.prod(most.get((fanout, r), 1.0) for r in free))
        reduction = math.inf if structure.is_sliding(tensor) else float(math.prod(self.bounds[r] for r in free))
        return min(copies, reduction) * (1.0 + 1e-12)

    def _limits(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The limits of fan-outs that hold wherever a mapping puts its spatial loops (see :class:`Shared`)."""
        rows, levels, axes = [], [], []
        for level in (f for f in range(self.structure.n_levels) if self.structure.is_fanout[f]):
            on_x, on_y = _certain_axes(self.problem, level)
            everything = np.ones(len(self.structure.ranks))
            for ranks, sides in ((on_x, (1.0, 0.0)), (on_y, (0.0, 1.0)), (everything, (1.0, 1.0))):
                rows.append(ranks @ self._index[level])
                levels.append(level)
                axes.append(sides)
        shape = -1, self.n_slots
        return np.array(rows).reshape(shape), np.array(levels, dtype=int), np.array(axes).reshape(-1, 2)


Facets3 = tuple[tuple[float, float, float, float], ...]


def _windows(problem: LevelProblem, tensor: int) -> list[Window]:
    """The tensor ranks whose extent is no monomial."""
    found = []
    rows = zip(problem.structure.projections[tensor], problem.workload.coefficients[tensor], strict=True)
    for axis, (terms, coefficients) in enumerate(rows):
        sizes = [abs(float(c)) for c in coefficients]
        if len(terms) > 1:
            found.append(Window(tensor, axis, (terms[0], terms[1]), (sizes[0], sizes[1])))
        elif terms and sizes[0] != 1.0:
            found.append(Window(tensor, axis, (terms[0], None), (sizes[0], 0.0)))
    return found


def _certain_axes(problem: LevelProblem, level: int) -> tuple[np.ndarray, np.ndarray]:
    """``(on X, on Y)`` ``[R]``: 1 for the ranks whose spatial loop lies on that axis in every mapping."""
    space, count = problem.space, len(problem.structure.ranks)
    low, high = np.asarray(space.order_low[level]), np.asarray(space.order_high[level])
    first, last = int(space.split_low[level]), int(space.split_high[level])
    on_x, on_y = np.zeros(count), np.zeros(count)
    for rank in range(count):
        inside = sum(_stands_inside(low, high, other, rank) for other in range(count) if other != rank)
        outside = sum(_stands_inside(low, high, rank, other) for other in range(count) if other != rank)
        on_x[rank] = float(count - 1 - outside < first)
        on_y[rank] = float(inside >= last)
    return on_x, on_y


def _stands_inside(low: np.ndarray, high: np.ndarray, one: int, other: int) -> bool:
    """Whether loop ``one`` stands inside loop ``other`` in every order; equal keys stand by rank."""
    settled = low[one] == high[one] == low[other] == high[other]
    return bool(one < other if settled else high[one] < low[other])
