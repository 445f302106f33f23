"""The loops of a nest, how often each iterates, and how large a tensor's tile is between any two of them.

A place in the nest is a *gap*: gap ``g`` has the ``g`` outermost loops above it, gap 0 is above them all. Storages
and tolls stand in gaps, so what they hold and move is tabulated for every gap and looked up.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from accelax.model.ops import Number, ceil, logical_and, product, total, where
from accelax.model.tree_types import EinsumMapping, EinsumStructure, EinsumWorkload, TensorStructure


@dataclass(frozen=True)
class LoopNest:
    """The loops of one mapping, slot by slot, outermost first.

    ``trips`` is the (fractional) number of tiles that a loop divides its rank's extent into, ``rounded`` that number
    rounded up. ``extents[gap][rank]``
    is what is left of a rank's bound there. ``along[slot][number]`` says whether the loop runs along spatial
    dimension ``number`` (counted from 1 over all components), ``temporal[slot]`` that it runs in time.
    """

    rank: tuple[Number, ...]
    trips: tuple[Number, ...]
    rounded: tuple[Number, ...]
    extents: tuple[tuple[Number, ...], ...]
    temporal: tuple[Number, ...]
    along: tuple[dict[int, Number], ...]

    @property
    def slots(self) -> range:
        """The slot numbers."""
        return range(len(self.trips))


def loop_nest(structure: EinsumStructure, workload: EinsumWorkload, mapping: EinsumMapping) -> LoopNest:
    """Read the loops of a mapping. An unused slot divides its own tile, once."""
    numbers = range(1, first_dimension(structure, len(structure.components)))
    extents = [tuple(workload.bounds)]
    ranks, trips, temporal, along = [], [], [], []
    for slot in range(mapping.tile.shape[-1]):
        rank, tile, dimension = mapping.rank[slot], mapping.tile[slot], mapping.dimension[slot]
        matches = [rank == number for number in range(structure.n_ranks)]
        outer = tile
        for match, extent in zip(matches, extents[-1], strict=True):
            outer = where(match, extent, outer)
        extents.append(tuple(where(m, tile, extent) for m, extent in zip(matches, extents[-1], strict=True)))
        ranks.append(rank)
        trips.append(outer / tile)
        temporal.append(dimension == 0)
        along.append({number: dimension == number for number in numbers})
    rounded = tuple(ceil_with_slope(each) for each in trips)
    return LoopNest(tuple(ranks), tuple(trips), rounded, tuple(extents), tuple(temporal), tuple(along))


def first_dimension(structure: EinsumStructure, component: int) -> int:
    """The number of the first spatial dimension of a component (1 for the outermost that has any)."""
    return 1 + sum(len(c.dimensions) for c in structure.components[:component])


def runs_over(rank: Number, ranks: tuple[int, ...]) -> Number:
    """Whether a loop's rank (-1 in an unused slot) is one of ``ranks``: a bit of a constant, however many they are.

    >>> bool(runs_over(2, (0, 2))), bool(runs_over(-1, (0, 2)))
    (True, False)
    """
    bits = sum(2 ** (number + 1) for number in ranks)
    return (bits >> (rank + 1)) & 1 == 1


def ceil_with_slope(value: Number) -> Number:
    """Round up, with the derivative of the identity, so that tile shapes keep a gradient.

    >>> float(ceil_with_slope(1.25))
    2.0
    """
    jax = sys.modules.get("jax")
    if jax is None or not isinstance(value, jax.Array):
        return ceil(value)
    return value + jax.lax.stop_gradient(ceil(value) - value)


@dataclass(frozen=True)
class TensorLoops:
    """A tensor's view of the loops, by slot and by gap.

    ``trips`` counts a loop that does not divide by AccelForge's rule: the average ``outer / tile`` over the tensor's
    own ranks, ``ceil(outer / tile)`` over others. ``relevant``: over one of its ranks. ``streamed``: in time, over a
    rank that alone forms an index; ``sliding``: in time, over a rank that shares one. ``sizes[gap]`` is the number of
    values in the tile there.
    """

    trips: tuple[Number, ...]
    relevant: tuple[Number, ...]
    streamed: tuple[Number, ...]
    sliding: tuple[Number, ...]
    sizes: tuple[Number, ...]


def tensor_loops(nest: LoopNest, tensor: TensorStructure, coefficients: Sequence[Sequence[Number]]) -> TensorLoops:
    """Tabulate a tensor's view of a nest."""
    full = tensor.fully_relevant
    partial = tuple(rank for rank in tensor.relevant if rank not in full)
    relevant = alone = tuple(runs_over(rank, tensor.relevant) for rank in nest.rank)
    sliding: tuple[Number, ...] = (False,) * len(nest.rank)
    if partial:
        alone = tuple(runs_over(rank, full) for rank in nest.rank)
        shared = [runs_over(rank, partial) for rank in nest.rank]
        sliding = tuple(logical_and(nest.temporal[s], shared[s]) for s in nest.slots)
    return TensorLoops(
        trips=tuple(where(relevant[s], nest.trips[s], nest.rounded[s]) for s in nest.slots),
        relevant=relevant,
        streamed=tuple(logical_and(nest.temporal[s], alone[s]) for s in nest.slots),
        sliding=sliding,
        sizes=tuple(tile_size(tensor, coefficients, extents) for extents in nest.extents),
    )


def tile_size(tensor: TensorStructure, coefficients: Sequence[Sequence[Number]], extents: Sequence[Number]) -> Number:
    """The number of values in a tensor's tile: each tensor rank spans ``sum(coefficient * (extent - 1)) + 1`` indices.

    >>> tile_size(TensorStructure(((0,), (1, 2))), ((1.0,), (2.0, 1.0)), (4.0, 3.0, 5.0))  # I[c, 2*p + r]
    36.0
    """
    spans = []
    for ranks, factors in zip(tensor.terms, coefficients, strict=True):
        steps = [factor * (extents[rank] - 1.0) for rank, factor in zip(ranks, factors, strict=True)]
        spans.append(total(steps) + 1.0)
    return product(spans)


@dataclass(frozen=True)
class Gap:
    """A place in the nest that may be traced: ``past[slot]`` says whether the slot's loop is above it."""

    past: tuple[Number, ...]

    def look_up(self, table: Sequence[Number]) -> Number:
        """The entry of a table with one entry per gap."""
        found = table[0]
        for past, entry in zip(self.past, table[1:], strict=True):
            found = where(past, entry, found)
        return found


def gap_at(nest: LoopNest, loops_above: Number) -> Gap:
    """The gap below the outermost ``loops_above`` loops; the first gap where that is negative."""
    return Gap(tuple(loops_above > slot for slot in nest.slots))


def running_products(factors: Sequence[Number]) -> tuple[Number, ...]:
    """For every gap, the product of the factors of the loops above it.

    >>> running_products([2.0, 3.0])
    (1.0, 2.0, 6.0)
    """
    products: list[Number] = [1.0]
    for factor in factors:
        products.append(product([products[-1], factor]))
    return tuple(products)
