"""How large the tiles are: extents of the ranks below each loop, and the bounding boxes they project to."""

from __future__ import annotations

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload, Scalars
from accelax.model.ops import Number, product, total


def extents(structure: LevelStructure, mapping: LevelMapping) -> Grid:
    """Extent of every rank in the tile of every level: ``e[l][r] = prod_{k >= l} factor[k][r]``.

    Shape ``[L + 1, R]``; row ``L`` is the single point of the compute unit. The tile of a fan-out level is the union of
    the tiles of its children.
    """
    below: Scalars = tuple(1.0 for _ in structure.ranks)
    rows = [below]
    for level in reversed(range(structure.n_levels)):
        below = tuple(
            inner if structure.unit_factor[level][rank] else product([inner, mapping.factor[level][rank]])
            for rank, inner in enumerate(below)
        )
        rows.append(below)
    return tuple(reversed(rows))


def index_extents(structure: LevelStructure, workload: LevelWorkload, tensor: int, extent: Scalars) -> Scalars:
    """Extent of each rank of the tensor over a box of the iteration space: ``1 + sum |c| (extent - 1)``.

    Timeloop's bounding box (problem/operation-space): gaps that a stride skips are counted.
    """
    sizes = []
    for terms, coefficients in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
        if len(terms) == 1:
            rank = terms[0]
            unit = isinstance(coefficients[0], (int, float)) and coefficients[0] == 1
            sizes.append(extent[rank] if unit else 1.0 + abs(coefficients[0]) * (extent[rank] - 1.0))
        else:
            spans = [abs(c) * (extent[rank] - 1.0) for rank, c in zip(terms, coefficients, strict=True)]
            sizes.append(1.0 + total(spans))
    return tuple(sizes)


def tile_size(structure: LevelStructure, workload: LevelWorkload, tensor: int, extent: Scalars) -> Number:
    """Words in the bounding box of the tensor's tile: the product of its index extents."""
    return product(list(index_extents(structure, workload, tensor, extent)))
