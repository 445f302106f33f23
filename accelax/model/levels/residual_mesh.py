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
from accelax.model.levels.elements import Elements, Runs, neighbours, place_elements, spatial_digits
from accelax.model.levels.hops import multicast_paths
from accelax.model.levels.residual_chain import RankChain
from accelax.model.levels.reuse import loop_ranks
from accelax.model.ops import where


@dataclass(frozen=True)
class Layout:
    """One layout. ``position`` ``[A, E]``: where the tile of the child at each place lies, relative to the first.

    ``spreads``: whether the network has a spatial loop longer than 1, if only in ordinary visits.
    """

    structure: LevelStructure
    network: int
    elements: Elements
    position: Any
    spreads: Any
    xp: Any

    @property
    def used(self) -> Any:
        """``[E]``: whether a child in use stands there."""
        return self.elements.used

    def distinct(self, chosen: Any) -> Any:
        """How many different tiles the chosen children need."""
        return self.elements.distinct(chosen)

    def hops(self, chosen: Any) -> Any:
        """Hops of one word for each of the multicasts to the chosen children; none without spatial loops."""
        paths = multicast_paths(self.structure, self.elements, self.network, chosen, self.xp)
        return self.xp.where(self.spreads, paths.hops.sum(), 0.0)


@dataclass(frozen=True)
class Layouts:
    """All layouts of one network, stacked: leaves ``[2**k, ...]``. ``short`` ``[k]``: trips of the short loops."""

    structure: LevelStructure
    network: int
    ranks: tuple[int, ...]
    long: Any
    short: Any
    leaves: tuple[Any, ...]
    xp: Any

    def at(self, children: Any) -> Layout:
        """The layout while the spatial loops have ``children`` ``[R]`` trips."""
        xp = self.xp
        trips = children[np.array(self.ranks, dtype=int)]
        is_short = (trips == self.short) & (self.short != self.long)
        code = (is_short * 2 ** np.arange(len(self.ranks))).sum().astype(int)
        used, position, order, *runs = (leaf[code] for leaf in self.leaves)
        elements = Elements((), used, None, None, order, Runs(runs[0], runs[1]), Runs(runs[2], runs[3]))
        return Layout(self.structure, self.network, elements, position, self.long.prod() > 1, xp)

    def served(self, layout: Layout, before: Layout, shift: Any) -> Any:
        """``[E]``: children whose tile, moved back by ``shift`` ``[A]``, is what a neighbour had in the layout before."""
        columns, rows = self.structure.physical_mesh[self.network]
        place, exists = neighbours(columns, rows, self.structure.rules.link_transfers == "torus")
        offset = before.position[:, place] - layout.position[:, None, :]
        equal = (offset == shift[:, None, None]).all(axis=0)
        return layout.used & (equal & self.xp.asarray(exists) & before.used[place]).any(axis=0)


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
        position = xp.zeros((coefficients.shape[0], len(elements.used)))
        for rank, digit in zip(ranks, spatial_digits(reduced, network, list(ranks), index, xp), strict=True):
            position = position + coefficients[:, rank, None] * extent[network + 1][rank] * digit[None, :]
        groups, lines = elements.groups, elements.columns
        return elements.used, position, elements.order, groups.first, groups.last, lines.first, lines.last

    codes = np.array([code[::-1] for code in combinations((0.0, 1.0), repeat=len(ranks))])
    if xp is np:
        leaves = tuple(np.stack(leaf) for leaf in zip(*(one(code) for code in codes), strict=True))
    else:
        leaves = jax.vmap(one)(xp.asarray(codes))
    ends = [[grid[network][rank] for rank in ranks] for grid in (mapping.factor, mapping.residual)]
    long, short = (xp.stack([xp.asarray(v, dtype=float) for v in row]) if row else xp.zeros(0) for row in ends)
    return Layouts(structure, network, ranks, long, short, leaves, xp)
