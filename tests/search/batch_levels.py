"""The model of a chain of levels over many mappings at once, in float64 numpy and without compiling anything.

The library's own functions run on arrays as they do on scalars. Only what they decide mapping by mapping, the networks
that are counted lane by lane, is called once for each nest that differs there.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, NetworkCounts
from accelax.model.levels.capacity import constraints, largest_excess
from accelax.model.levels.evaluate import nest_traffic, price_nest
from accelax.model.levels.links import linked_network
from accelax.model.levels.nest import Pair, closed_counts, count_nest, meeting, needs_detail
from accelax.model.levels.tiles import extents, tile_size

FIELDS = ("accesses", "deliveries", "link_transfers", "hops", "router_words")


def fits(problem: Any, batch: LevelMapping) -> np.ndarray:
    """``[n]``: whether a mapping fits the sizes, least utilizations and fan-outs."""
    structure = problem.structure
    extent = extents(structure, batch)
    tiles = [
        [tile_size(structure, problem.workload, tensor, extent[level]) for tensor in range(len(structure.tensors))]
        for level in range(structure.n_levels)
    ]
    with np.errstate(all="ignore"):
        found = constraints(structure, problem.hardware, batch, SimpleNamespace(tiles=tiles))  # type: ignore[arg-type]
        return np.broadcast_to(largest_excess(found) <= 0, (len(batch.factor[0][0]),))


def costs(problem: Any, batch: LevelMapping) -> tuple[np.ndarray, np.ndarray]:
    """Energy (pJ) and cycles of every mapping of a batch, ``[n]``; infinite where it does not fit."""
    chosen = fits(problem, batch)
    energy, cycles = np.full(len(chosen), np.inf), np.full(len(chosen), np.inf)
    if chosen.any():
        energy[chosen], cycles[chosen] = _costs(problem, jax.tree.map(lambda leaf: leaf[chosen], batch))
    return energy, cycles


def _costs(problem: Any, batch: LevelMapping) -> tuple[np.ndarray, np.ndarray]:
    """The same where all fit."""
    n = len(batch.factor[0][0])
    structure, hardware = problem.structure, problem.hardware
    with np.errstate(all="ignore"):
        pairs = [(level, t) for level in range(structure.n_levels) for t in range(len(structure.tensors))]
        known = {p: _counted(problem, batch, p, n) for p in pairs if needs_detail(structure, *p) is not False}
        nest = count_nest(structure, problem.workload, batch, known)
        cost = price_nest(structure, hardware, batch, nest, nest_traffic(structure, batch, nest))
    assert not np.any(cost.violation)
    return cost.energy, cost.cycles


def _counted(problem: Any, batch: LevelMapping, pair: Pair, n: int) -> NetworkCounts:
    """The counts of one network for one tensor, ``[n]``: the closed form where it holds, else lane by lane."""
    structure, workload = problem.structure, problem.workload
    columns = {name: np.zeros(n) for name in FIELDS}
    rows = np.arange(n)
    if needs_detail(structure, *pair) is None:
        closed = closed_counts(structure, workload, batch, pair)
        for name in FIELDS:
            columns[name] = np.array(np.broadcast_to(np.asarray(getattr(closed, name), float), (n,)))
        rows = np.flatnonzero(np.broadcast_to(meeting(structure, workload, batch, pair), (n,)))
    if len(rows):
        _, first, same = np.unique(
            _signature(structure, batch, pair)[rows], axis=0, return_index=True, return_inverse=True
        )
        counted = [linked_network(structure, workload, _row(batch, int(rows[i])), *pair) for i in first]
        for name in FIELDS:
            columns[name][rows] = np.array([float(getattr(counts, name)) for counts in counted])[same.ravel()]
    return NetworkCounts(**columns)


def _signature(structure: LevelStructure, batch: LevelMapping, pair: Pair) -> np.ndarray:
    """``[n, ...]``: equal where one network sees the same loops for one tensor."""
    network, tensor = pair
    one = np.ones(len(batch.factor[0][0]))
    time = [level for level in reversed(range(network + 1)) if not structure.is_fanout[level]]
    columns = _loops(structure, batch, time, tensor)
    if structure.is_fanout[network]:
        columns += _loops(structure, batch, [network], tensor)
    for rank in sorted(structure.relevant(tensor)):
        columns.append(
            math.prod((batch.factor[level][rank] for level in range(network + 1, structure.n_levels)), start=one)
        )
        columns += [batch.factor[level][rank] for level in range(network) if structure.is_fanout[level]]
    return np.stack(columns, axis=1)


def _loops(structure: LevelStructure, batch: LevelMapping, levels: list[int], tensor: int) -> list[np.ndarray]:
    """The loops of some levels in order, innermost first: trips, rank and side of each; loops of factor 1 come last.

    Ranks that do not index the tensor are alike.
    """
    ranks = range(len(structure.ranks))
    indexed = structure.relevant(tensor)

    def table(grid: Any) -> np.ndarray:
        return np.stack([grid[level][rank] for level in levels for rank in ranks], axis=1)

    factor = table(batch.factor)
    place = table(batch.position) + np.repeat(np.arange(len(levels)), len(ranks)) * len(ranks)
    order = np.argsort(np.where(factor > 1, place, np.inf), axis=1, kind="stable")
    trips = np.take_along_axis(factor, order, axis=1)
    # What a step of a loop moves depends on the fan-outs below it.
    names = np.array(
        [
            rank + sum(structure.is_fanout[:level]) * len(ranks) if rank in indexed else -1
            for level in levels
            for rank in ranks
        ]
    )[order]
    side = np.take_along_axis(table(batch.on_x), order, axis=1)
    return [*trips.T, *np.where(trips > 1, names, -2).T.astype(float), *np.where(trips > 1, side, -1).T]


def _row(batch: LevelMapping, i: int) -> LevelMapping:
    """One mapping as plain numbers."""

    def grid(table: Any) -> Any:
        return tuple(tuple(float(column[i]) for column in row) for row in table)

    return LevelMapping(grid(batch.factor), (), grid(batch.position), grid(batch.on_x), grid(batch.keep))
