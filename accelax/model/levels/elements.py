"""Where the children of one network stand on its mesh, and which of them need the same words.

The children in use are numbered by the spatial loops like digits, the innermost loop counting fastest and X loops
standing inside Y loops; number ``e`` stands in column ``e mod H`` and row ``e div H`` of the physical mesh ``H x V``.
A mapping that does not fill its rows is therefore laid out skewed (Timeloop's nest analysis). All children are
translates of the first one.

Everything here is an array over the ``E = H V`` places of the mesh, or over pairs of neighbouring places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.visits import steps_per_index, vector
from accelax.model.ops import Number, product, where


@dataclass(frozen=True)
class Runs:
    """The first and the last index of the run of equals around each place of a sorted array, both ``[E]``."""

    first: Any
    last: Any

    def leads(self, chosen: Any) -> Any:
        """``[E]``: whether this is the first of the chosen places of its run."""
        until = chosen.astype(int).cumsum()
        before = until - chosen
        return chosen & (before == before[self.first])

    def trails(self, chosen: Any) -> Any:
        """``[E]``: whether this is the last of the chosen places of its run."""
        until = chosen.astype(int).cumsum()
        return chosen & (until == until[self.last])

    def size(self, chosen: Any) -> Any:
        """``[E]``: how many places of the run are chosen."""
        until = chosen.astype(int).cumsum()
        return until[self.last] - (until - chosen)[self.first]


@dataclass(frozen=True)
class Elements:
    """The children of one network as one tensor sees them.

    axes
        The ranks of the tensor along which children may differ.
    used
        ``[E]``: whether a child in use stands there.
    offset
        ``[D, axes, E]``: offset of the neighbour's tile from the place's own, per direction.
    reachable
        ``[D, E]``: whether there is such a neighbour, in use.
    order
        ``[E]``: places sorted so that children that share their words follow each other, by column within.
    groups
        Runs of children that share their words, in that order.
    columns
        Runs of those that stand in one column as well.
    """

    axes: tuple[int, ...]
    used: Any
    offset: Any
    reachable: Any
    order: Any
    groups: Runs
    columns: Runs

    def served(self, shift: Any) -> Any:
        """``[E]``: the children whose tile, moved by ``shift`` ``[axes]``, is a neighbour's before the move."""
        equal = (self.offset == shift[None, :, None]).all(axis=1)
        return self.used & (equal & self.reachable).any(axis=0)

    def distinct(self, chosen: Any) -> Any:
        """How many different tiles the chosen children need."""
        return self.groups.leads(chosen[self.order]).sum()


def place_elements(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    network: int,
    tensor: int,
    xp: Any,
) -> Elements:
    """Lay the children of ``network`` out on the mesh. Children beyond the mesh (an invalid mapping) are left out."""
    columns, rows = structure.physical_mesh[network]
    index = np.arange(columns * rows)
    ranks = loop_ranks(structure, network) if structure.is_fanout[network] else []
    axes = _spread_axes(structure, tensor, ranks)
    digits = spatial_digits(mapping, network, ranks, xp.asarray(index), xp)
    step = steps_per_index(structure, workload, tensor, [(rank, extent[network + 1][rank]) for rank in ranks])
    position = xp.zeros((len(axes), len(index)))
    for digit, row in zip(digits, step, strict=True):
        position = position + vector(xp, [row[axis] for axis in axes])[:, None] * digit
    used = xp.asarray(index) < product([mapping.factor[network][rank] for rank in ranks])
    neighbour, on_mesh = neighbours(columns, rows, structure.rules.link_transfers == "torus")
    alone = not structure.multicasts(network, tensor)
    keys = [xp.asarray(index * 1.0)] if alone else [*position]
    column = xp.asarray(index % columns) if structure.network_energy[network] else None
    order, groups, lines = _share(used, keys, column, xp)
    return Elements(
        axes=axes,
        used=used,
        offset=xp.moveaxis(position[:, neighbour] - position[:, None, :], 1, 0),
        reachable=xp.asarray(on_mesh) & used[neighbour],
        order=order,
        groups=groups,
        columns=lines,
    )


def _spread_axes(structure: LevelStructure, tensor: int, ranks: list[int]) -> tuple[int, ...]:
    """The ranks of the tensor that the ranks of the spatial loops index."""
    terms = structure.projections[tensor]
    return tuple(axis for axis in range(len(terms)) if any(rank in ranks for rank in terms[axis]))


def spatial_digits(mapping: LevelMapping, network: int, ranks: list[int], index: Any, xp: Any) -> list[Any]:
    """The index of each rank's spatial loop at each place, ``[E]`` per rank."""
    factor, position, on_x = mapping.factor[network], mapping.position[network], mapping.on_x[network]
    digits = []
    for rank in ranks:
        inside = [where(_stands_inside(position, on_x, r, rank), factor[r], 1.0) for r in ranks if r != rank]
        # Half a step up keeps the division by the stride clear of integers, which it may round across.
        count = xp.floor((index + 0.5) / product(inside))
        digits.append(count - factor[rank] * xp.floor((count + 0.5) / factor[rank]))
    return digits


def _stands_inside(position: tuple[Number, ...], on_x: tuple[Number, ...], inner: int, outer: int) -> Number:
    """Whether the spatial loop over ``inner`` counts faster than the one over ``outer``."""
    # One number that orders the loops: X before Y, then the position, of which there are no more than ranks.
    depth = [position[rank] - len(position) * on_x[rank] for rank in (inner, outer)]
    return depth[0] < depth[1]


def neighbours(columns: int, rows: int, torus: bool) -> tuple[Any, Any]:
    """Places next to each place of the mesh and whether they exist: two arrays ``[directions, E]``.

    >>> place, exists = neighbours(3, 1, torus=False)
    >>> place[:, 0].tolist(), exists[:, 0].tolist()
    ([1, 2], [True, False])
    """
    index = np.arange(columns * rows)
    column, row = index % columns, index // columns
    places, exist = [], []
    for step in (1, -1):
        if columns > 1:
            places.append(row * columns + (column + step) % columns)
            exist.append((column + step >= 0) & (column + step < columns) | torus)
        if rows > 1:
            places.append((row + step) % rows * columns + column)
            exist.append((row + step >= 0) & (row + step < rows) | torus)
    shape = (len(places), len(index))
    return np.array(places, dtype=int).reshape(shape), np.array(exist, dtype=bool).reshape(shape)


def _share(used: Any, keys: list[Any], column: Any, xp: Any) -> tuple[Any, Runs, Runs]:
    """Sort the places by what they need, those not in use last, then by column (None: any) and number.

    Returns the order, the runs that need the same and the runs of these that stand in one column.
    """
    first, *others = keys or [xp.zeros(len(used))]
    keys = [*others, xp.where(used, first, xp.inf)]
    order = xp.lexsort(keys if column is None else (column, *keys))
    changes = xp.arange(len(used)) < 0
    for key in keys:
        changes = changes | _differs(key[order], xp)
    groups = _runs(changes, xp)
    return order, groups, groups if column is None else _runs(changes | _differs(column[order], xp), xp)


def _differs(values: Any, xp: Any) -> Any:
    """Whether a place of a sorted array differs from the one before; False for the first."""
    return xp.concatenate([values[:1] != values[:1], values[1:] != values[:-1]])


def _runs(changes: Any, xp: Any) -> Runs:
    """The runs of places between changes."""
    count = len(changes)
    index = xp.arange(count)
    first = _running_max(xp.where(changes, index, 0), xp)
    ends = xp.concatenate([changes[1:], index[:1] == 0])
    last = count - 1 - _running_max(xp.where(ends, count - 1 - index, 0)[::-1], xp)[::-1]
    return Runs(first, last)


def _running_max(values: Any, xp: Any) -> Any:
    """The largest value up to each place."""
    return np.maximum.accumulate(values) if xp is np else jax.lax.cummax(values)
