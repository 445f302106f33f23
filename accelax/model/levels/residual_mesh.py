"""Children on the mesh of a network whose spatial loops may be short in the last visit.

Timeloop numbers children by the loops' current ends, so a short loop moves all children after it to other places: the
children are laid out anew at every visit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.elements import Elements, place_elements, spatial_digits
from accelax.model.levels.hops import multicast_paths
from accelax.model.levels.multicast import reduced
from accelax.model.levels.residual_chain import RankChains
from accelax.model.levels.residual_words import live_ranks
from accelax.model.levels.reuse import loop_ranks
from accelax.model.ops import Number, product


@dataclass(frozen=True)
class Layout:
    """The children of one visit.

    position
        ``[A, E]``: where the tile of the child at each place lies, relative to the first; NaN where no child is.
    share
        ``[E]``: a number below ``E`` that children which share their words have in common.
    elements
        The same children as hops are counted from, or None.
    """

    position: Any
    share: Any
    elements: Elements | None

    @property
    def used(self) -> Any:
        """``[E]``: whether a child in use stands there."""
        return self.position[0] == self.position[0]


@dataclass(frozen=True)
class Coincidence:
    """Two spatial ranks that share an index expression.

    ``i -> i - p``, ``j -> j + q`` moves no tile; ``q < 0`` where the coefficients have opposite signs.
    """

    ranks: tuple[int, int]
    p: Number
    q: Number


@dataclass(frozen=True)
class Mesh:
    """One network as one tensor sees it. ``coefficients``: ``[A, R]``; ``simple``: tiles coincide pairwise at most."""

    structure: LevelStructure
    workload: LevelWorkload
    mapping: LevelMapping
    extent: tuple[Any, ...]
    coefficients: Any
    network: int
    tensor: int
    simple: bool
    coincidences: tuple[Coincidence, ...]
    xp: Any

    def lay_out(self, trips: Any) -> Layout:
        """The children while the spatial loops have ``trips`` ``[R]`` iterations."""
        xp, ranks = self.xp, loop_ranks(self.structure, self.network)
        columns, rows = self.structure.physical_mesh[self.network]
        row = list(self.mapping.factor[self.network])
        for rank in ranks:
            row[rank] = trips[rank]
        grid = self.mapping.factor
        shortened = replace(self.mapping, factor=(*grid[: self.network], tuple(row), *grid[self.network + 1 :]))
        index = xp.arange(columns * rows)
        digits = dict(zip(ranks, spatial_digits(shortened, self.network, ranks, index, xp), strict=True))
        used = index < product([row[rank] for rank in ranks])
        position = xp.where(used, xp.zeros((self.coefficients.shape[0], len(index))), xp.nan)
        for rank, digit in digits.items():
            step = self.coefficients[:, rank] * self.extent[self.network + 1][rank]
            position = position + step[:, None] * digit[None, :]
        elements = None
        if self.structure.network_energy[self.network] or not self.simple:
            elements = place_elements(
                self.structure, self.workload, shortened, self.extent, self.network, self.tensor, xp
            )
        if self._alone():
            share = index
        elif elements is not None:
            share = elements.groups.first[xp.argsort(elements.order)]
        else:
            share = self._share(digits, row)
        return Layout(position, xp.clip(share, 0, len(index) - 1).astype(int), elements)

    def _alone(self) -> bool:
        """Whether every child is served for itself."""
        return not self.structure.multicasts(self.network, self.tensor)

    def _share(self, digits: dict[int, Any], trips: list[Number]) -> Any:
        """Number the tiles by the digits of the ranks that index the tensor, the same for digits that coincide."""
        xp, digits = self.xp, dict(digits)
        for each in self.coincidences:
            first, second = each.ranks
            room = xp.where(each.q > 0, trips[second] - 1.0 - digits[second], digits[second])
            times = xp.minimum(xp.floor((digits[first] + 0.5) / each.p), xp.floor((room + 0.5) / abs(each.q)))
            digits[first] = digits[first] - times * each.p
            digits[second] = digits[second] + times * each.q
        number = xp.zeros(())
        for rank, digit in digits.items():
            if rank in self.structure.relevant(self.tensor):
                number = number * trips[rank] + digit
        return number + xp.zeros(
            self.structure.physical_mesh[self.network][0] * self.structure.physical_mesh[self.network][1]
        )

    def count(self, layout: Layout, chosen: Any) -> Any:
        """How many different tiles the chosen children need."""
        if self.xp is np:
            return np.unique(layout.share[chosen]).size
        return self.xp.zeros(len(chosen)).at[layout.share].max(chosen * 1.0).sum()

    def served(self, layout: Layout, before: Any, shift: Any) -> Any:
        """Children that a neighbour can serve, ``[E]``.

        Those whose tile, moved back by ``shift`` ``[A]``, is what a neighbour had when the positions were
        ``before`` ``[A, E]``.
        """
        xp = self.xp
        columns, rows = self.structure.physical_mesh[self.network]
        wanted = layout.position + shift[:, None]
        grid = before.reshape(-1, rows, columns)
        found = xp.zeros(layout.position.shape[1], dtype=bool)
        for axis, length in ((1, rows), (2, columns)):
            for step in (1, -1) if length > 1 else ():
                moved = _neighbour(grid, axis, step, self.structure.rules.link_transfers == "torus", xp)
                found = found | (moved.reshape(wanted.shape) == wanted).all(axis=0)
        return found

    def hops(self, layout: Layout, chosen: Any) -> Any:
        """Hops of one word for each of the multicasts to the chosen children; none without spatial loops."""
        assert layout.elements is not None
        paths = multicast_paths(self.structure, layout.elements, self.network, chosen, self.xp)
        ends = product([self.mapping.factor[self.network][rank] for rank in loop_ranks(self.structure, self.network)])
        return self.xp.where(ends > 1, paths.hops.sum(), 0.0)


def _neighbour(grid: Any, axis: int, step: int, torus: bool, xp: Any) -> Any:
    """What the neighbour ``step`` places back along ``axis`` of ``grid`` (``[A, rows, columns]``) has; NaN beyond."""
    if torus:
        return xp.roll(grid, step, axis=axis)
    all_before = (slice(None),) * axis
    edge = slice(0, 1) if step > 0 else slice(-1, None)
    kept = slice(0, -1) if step > 0 else slice(1, None)
    beyond = xp.full_like(grid[(*all_before, edge)], np.nan)
    inside = grid[(*all_before, kept)]
    return xp.concatenate([beyond, inside] if step > 0 else [inside, beyond], axis=axis)


def mesh_of_network(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: RankChains,
    coefficients: Any,
    network: int,
    tensor: int,
    xp: Any,
) -> Mesh:
    """Describe fan-out ``network`` as ``tensor`` sees it."""
    extent = tuple(chains.extent)
    spatial = set(loop_ranks(structure, network))
    shared = [sorted(live_ranks(structure, terms) & spatial) for terms in structure.projections[tensor]]
    together = [ranks for ranks in shared if len(ranks) > 1]
    several = [rank for ranks in together for rank in ranks if sum(rank in other for other in shared) > 1]
    simple = not several and all(len(ranks) == 2 for ranks in together)
    coincidences = []
    for axis, ranks in enumerate(shared):
        for first, second in combinations(ranks, 2) if simple else ():
            steps = [coefficients[axis, rank] * extent[network + 1][rank] for rank in (first, second)]
            a, b = reduced(abs(steps[0]), abs(steps[1]))
            coincidences.append(Coincidence((first, second), b, a * xp.sign(steps[0]) * xp.sign(steps[1])))
    return Mesh(structure, workload, mapping, extent, coefficients, network, tensor, simple, tuple(coincidences), xp)
