"""One choice of which level keeps which tensor, and what an access of each kind then costs.

A placement fixes, for every tensor, who serves whom. Per word of tensor ``T`` that enters level ``c`` the level pays
``fill``; per word that its parent ``p`` hands out, ``serve = read (+ update for outputs)``. Outputs leave out the first
visit of every partial sum: ``elide_read`` and ``elide_fill`` are what a word of that offset is worth. The outermost
level that keeps a tensor is not filled with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from accelax.search.chain.tables import ChainTables

MOST_PLACEMENTS = 4096


@dataclass(frozen=True)
class Prices:
    """pJ (or accesses, for the metric of last-level accesses) per word, ``[L][T]``.

    ``elides`` ``[L][T]``: whether reads leave first visits out. ``known`` ``[T]``: whether it is known how many those
    are: not where an output's tiles overlap, and then its reads and fills count nothing. ``clusters``: the levels
    whose instances share memories; these prices are those of memories that all their instances use.
    """

    read: np.ndarray
    fill: np.ndarray
    update: np.ndarray
    elide_read: np.ndarray
    elide_fill: np.ndarray
    elides: np.ndarray
    known: np.ndarray
    clusters: tuple[int, ...]
    compute: float
    leak: np.ndarray


class Placement:
    """``keep`` ``[L][T]`` of booleans, and what follows from it."""

    def __init__(self, tables: ChainTables, prices: Prices, keep: tuple[tuple[bool, ...], ...]):
        self.tables, self.keep = tables, keep
        self.prices = prices = _where_kept(prices, np.array(keep))
        count = len(tables.tensors)
        self.serve = prices.read + np.where([shape.output for shape in tables.tensors], prices.update, 0.0)
        self.parent = [
            [self._next_kept(level, tensor) for tensor in range(count)] for level in range(tables.levels + 1)
        ]
        self.writing = np.array([[self._writing(level, t) for t in range(count)] for level in range(tables.levels)])

    def _next_kept(self, below: int, tensor: int) -> int:
        """The innermost level outside ``below`` that keeps the tensor (``below = L``: outside the compute unit)."""
        return next((level for level in reversed(range(below)) if self.keep[level][tensor]), 0)

    def _writing(self, level: int, tensor: int) -> float:
        """Cycles per word that the fills of an output keep its level writing; 0 where they cannot throttle.

        The tighter one of the bandwidth for writes and that for both directions.
        """
        hardware, shape = self.tables.hardware, self.tables.tensors[tensor]
        exact = self.prices.known[tensor] and not self.tables.structure.no_coalesce[level][tensor]
        fed = any(self.keep[outer][tensor] for outer in range(level))
        if not (fed and shape.output and self.keep[level][tensor] and exact):
            return 0.0
        bandwidth = min(float(hardware.write_bandwidth[level]), float(hardware.shared_bandwidth[level]))
        return min(float(s) for s in hardware.bandwidth_scale[level]) / bandwidth

    def child(self, level: int, tensor: int) -> int:
        """The next inner level that keeps the tensor; ``L`` for the compute unit."""
        inner = range(level + 1, self.tables.levels)
        return next((below for below in inner if self.keep[below][tensor]), self.tables.levels)


def _where_kept(prices: Prices, keep: np.ndarray) -> Prices:
    """Prices at the levels that keep a tensor, ``[L][T]``; others cost nothing, and the outermost one is not filled."""
    fed = keep & np.vstack([np.zeros_like(keep[:1]), np.logical_or.accumulate(keep)[:-1]])
    served = {name: np.where(keep, getattr(prices, name), 0.0) for name in ("read", "update", "elide_read")}
    filled = {name: np.where(fed, getattr(prices, name), 0.0) for name in ("fill", "elide_fill")}
    return replace(prices, **served, **filled)


def prices_of(tables: ChainTables, last_level_only: bool) -> Prices:
    """Least prices per word: whole lines cost what their words cost, and clustered memories count at full clusters.

    ``ceil(words / block) >= words / block``; of ``cluster_size`` instances in use at least one memory is.
    """
    hardware, structure = tables.hardware, tables.structure
    tensors = len(tables.tensors)

    def column(lines: tuple[float, ...]) -> np.ndarray:
        share = [
            max(float(energy), 0.0) / (float(block) * float(cluster))
            for energy, block, cluster in zip(lines, hardware.block_size, hardware.cluster_size, strict=True)
        ]
        return np.repeat(np.array(share)[:, None], tensors, axis=1)

    read, fill, update = column(hardware.read_energy), column(hardware.fill_energy), column(hardware.update_energy)
    compute, leak = max(float(hardware.compute_energy), 0.0), np.maximum(np.array(hardware.leak_energy, float), 0.0)
    clusters = tuple(level for level in tables.storage_levels if float(hardware.cluster_size[level]) > 1)
    if last_level_only:
        clusters = ()
        outermost = np.arange(tables.levels)[:, None] == 0
        read = fill = update = np.where(outermost, np.ones_like(read), 0.0)
        compute, leak = 0.0, np.zeros_like(leak)
    elides = np.array(
        [
            [
                shape.output and structure.rules.first_read_elision and not structure.rmw_first_update[level][tensor]
                for tensor, shape in enumerate(tables.tensors)
            ]
            for level in range(tables.levels)
        ]
    )
    known = np.array([not (shape.output and shape.sliding) for shape in tables.tensors])
    read, fill = np.where(known | ~elides, read, 0.0), np.where(known | ~elides, fill, 0.0)
    left_fill = np.where(elides & structure.rules.first_fill_elision, fill, 0.0)
    return Prices(read, fill, update, np.where(elides, read, 0.0), left_fill, elides, known, clusters, compute, leak)


def placements(tables: ChainTables) -> tuple[list[tuple[tuple[bool, ...], ...]], bool]:
    """All placements that the architecture leaves open, and whether the list is complete."""
    fixed = tables.structure.keep_fixed
    options: list[list[bool]] = []
    for level in range(tables.levels):
        for tensor in range(len(tables.tensors)):
            choice = fixed[level][tensor]
            if tables.structure.is_fanout[level]:
                options.append([False])
            elif choice is None:
                options.append([True] if level == 0 else [True, False])
            else:
                options.append([choice])
    count = math.prod(len(option) for option in options)
    return list(_rows(tables, options)) if count <= MOST_PLACEMENTS else [], count <= MOST_PLACEMENTS


def _rows(tables: ChainTables, options: list[list[bool]]) -> Iterator[tuple[tuple[bool, ...], ...]]:
    """The product of the options, a row of tensors per level."""
    width = len(tables.tensors)
    for flat in product(*options):
        yield tuple(tuple(flat[level * width : (level + 1) * width]) for level in range(tables.levels))
