"""Children on the mesh of a network whose spatial loops may be short in the last visit.

Timeloop numbers children by the loops' current ends, so a short loop moves all children after it to other places. Every
rank's loop is either long or short: ``2**k`` layouts for ``k`` spatial ranks, each laid out as a perfect one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product as combinations
from typing import Any

import jax
import numpy as np

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.elements import Elements, Runs, place_elements, spatial_digits
from accelax.model.levels.hops import multicast_paths
from accelax.model.levels.residual_chain import RankChain
from accelax.model.levels.reuse import loop_ranks
from accelax.model.ops import where


@dataclass(frozen=True)
class Layout:
    """One layout.

    position
        ``[A, E]``: where the tile of the child at each place lies, relative to the first; not a number where no child is.
    share
        ``[E]``: a number that children which share their words have in common.
    distinct
        How many different tiles all children need.
    """

    position: Any
    share: Any
    distinct: Any
    code: Any

    @property
    def used(self) -> Any:
        """``[E]``: whether a child in use stands there."""
        return self.position[0] == self.position[0]


@dataclass(frozen=True)
class Layouts:
    """All layouts of one network, stacked.

    long, short
        ``[k]``: trips of the spatial loops in ordinary visits and in the last one.
    positions, shares, distinct
        ``[2**k, ...]``: the fields of :class:`Layout`.
    runs
        The order of the places and the runs of equals in it, as :class:`~accelax.model.levels.elements.Elements` has them.
    """

    structure: LevelStructure
    network: int
    ranks: tuple[int, ...]
    long: Any
    short: Any
    positions: Any
    shares: Any
    distinct: Any
    runs: tuple[Any, ...]
    xp: Any

    def at(self, children: Any) -> Layout:
        """The layout while the spatial loops have ``children`` ``[R]`` trips."""
        trips = children[np.array(self.ranks, dtype=int)]
        is_short = (trips == self.short) & (self.short != self.long)
        code = (is_short * 2 ** np.arange(len(self.ranks))).sum().astype(int)
        return Layout(self.positions[code], self.shares[code], self.distinct[code], code)

    def served(self, layout: Layout, before: Layout, shift: Any) -> Any:
        """``[E]``: children whose tile, moved back by ``shift`` ``[A]``, is what a neighbour had in the layout before."""
        xp = self.xp
        columns, rows = self.structure.physical_mesh[self.network]
        wanted = layout.position + shift[:, None]
        grid = before.position.reshape(-1, rows, columns)
        found = xp.zeros(layout.position.shape[1], dtype=bool)
        for axis, length in ((1, rows), (2, columns)):
            for step in (1, -1) if length > 1 else ():
                moved = _neighbour(grid, axis, step, self.structure.rules.link_transfers == "torus", xp)
                found = found | (moved.reshape(wanted.shape) == wanted).all(axis=0)
        return found

    def count(self, layout: Layout, chosen: Any) -> Any:
        """How many different tiles the chosen children need."""
        if self.xp is np:
            return np.unique(layout.share[chosen]).size
        return self.xp.zeros(len(chosen)).at[layout.share].max(chosen * 1.0).sum()

    def hops(self, layout: Layout, chosen: Any) -> Any:
        """Hops of one word for each of the multicasts to the chosen children; none without spatial loops."""
        order, *runs = (leaf[layout.code] for leaf in self.runs)
        elements = Elements((), layout.used, None, None, order, Runs(runs[0], runs[1]), Runs(runs[2], runs[3]))
        paths = multicast_paths(self.structure, elements, self.network, chosen, self.xp)
        return self.xp.where(self.long.prod() > 1, paths.hops.sum(), 0.0)


def _neighbour(grid: Any, axis: int, step: int, torus: bool, xp: Any) -> Any:
    """What the neighbour ``step`` places back along ``axis`` of ``grid`` ``[A, rows, columns]`` has; NaN beyond the edge."""
    if torus:
        return xp.roll(grid, step, axis=axis)
    edge = slice(0, 1) if step > 0 else slice(-1, None)
    kept = slice(0, -1) if step > 0 else slice(1, None)
    where_axis = (slice(None),) * axis
    beyond = xp.full_like(grid[(*where_axis, edge)], np.nan)
    inside = grid[(*where_axis, kept)]
    return xp.concatenate([beyond, inside] if step > 0 else [inside, beyond], axis=axis)


def layouts_of_network(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: list[RankChain],
    coefficients: Any,
    network: int,
    tensor: int,
    xp: Any,
) -> Layouts:
    """Lay out the children of fan-out ``network`` for every set of short loops."""
    ranks = tuple(loop_ranks(structure, network))
    extent: Grid = tuple(
        tuple(chain.extent[level] for chain in chains) for level in range(structure.n_levels + 1)
    )

    def one(short: Any) -> tuple[Any, ...]:
        row = list(mapping.factor[network])
        for place, rank in enumerate(ranks):
            row[rank] = where(short[place] > 0, mapping.residual[network][rank], row[rank])
        factor = (*mapping.factor[:network], tuple(row), *mapping.factor[network + 1 :])
        reduced = mapping.replace(factor=factor)
        elements = place_elements(structure, workload, reduced, extent, network, tensor, xp)
        index = xp.arange(len(elements.used))
        position = xp.where(elements.used, xp.zeros((coefficients.shape[0], len(index))), xp.nan)
        for rank, digit in zip(ranks, spatial_digits(reduced, network, list(ranks), index, xp), strict=True):
            position = position + coefficients[:, rank, None] * extent[network + 1][rank] * digit[None, :]
        groups, lines = elements.groups, elements.columns
        share = groups.first[xp.argsort(elements.order)]
        runs = (elements.order, groups.first, groups.last, lines.first, lines.last)
        return position, share, elements.distinct(elements.used), *runs

    codes = np.array([code[::-1] for code in combinations((0.0, 1.0), repeat=len(ranks))])
    if xp is np:
        leaves = tuple(np.stack(leaf) for leaf in zip(*(one(code) for code in codes), strict=True))
    else:
        leaves = jax.vmap(one)(xp.asarray(codes))
    ends = [[grid[network][rank] for rank in ranks] for grid in (mapping.factor, mapping.residual)]
    long, short = (xp.stack([xp.asarray(v, dtype=float) for v in row]) if row else xp.zeros(0) for row in ends)
    positions, shares, distinct, *runs = leaves
    return Layouts(structure, network, ranks, long, short, positions, shares, distinct, tuple(runs), xp)
