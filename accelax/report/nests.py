"""A mapping as a nest of plain entries: what stands where, how often each loop runs, how many words each tile has.

An entry is a dictionary whose ``kind`` is one of

``storage``     ``component``, ``tensors`` (name to words of the dense tile)
``toll``        ``component``, ``tensors`` (names)
``temporal``    ``rank``, ``trips``; ``last_trips`` where Timeloop runs it less often in the last visit; ``first_tile``
                and ``last_tile`` where AccelForge's tiles differ
``spatial``     as ``temporal``, and ``component``, ``dimension``
``compute``     ``einsum``, ``component``
``sequential``, ``pipeline``     ``branches``, each a nest
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from accelax.ir import Compute, Einsum, Mapping, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.mapping import Node

Entry = dict[str, Any]


def nest_entries(mapping: Mapping, einsums: Sequence[Einsum], *, single_trips: bool = False) -> list[Entry]:
    """The nest of ``mapping`` from the outermost inwards; loops that run once are left out unless asked for.

    >>> from accelax.ir import Tensor
    >>> gemv = Einsum("gemv", (("M", 4), ("K", 8)), (Tensor("B", ((("K", 1),),)),))
    >>> nodes = (Storage("DRAM", ("B",)), Temporal("K", 2), Storage("RF", ("B",)), Temporal("M", 4), Temporal("K", 1))
    >>> for entry in nest_entries(Mapping(nodes), [gemv]):
    ...     print(entry)
    {'kind': 'storage', 'component': 'DRAM', 'tensors': {'B': 8}}
    {'kind': 'temporal', 'rank': 'K', 'trips': 4}
    {'kind': 'storage', 'component': 'RF', 'tensors': {'B': 2}}
    {'kind': 'temporal', 'rank': 'K', 'trips': 2}
    """
    return _Walk(mapping, einsums, single_trips).run()


class _Walk:
    """Walks the nodes with the extent of every rank at that point."""

    def __init__(self, mapping: Mapping, einsums: Sequence[Einsum], single_trips: bool):
        self.mapping, self.single_trips = mapping, single_trips
        self.timeloop = mapping.dialect == "timeloop"
        self.tensors = {tensor.name: tensor for einsum in einsums for tensor in einsum.tensors}
        self.bounds = {rank: bound for einsum in einsums for rank, bound in einsum.bounds}

    def run(self) -> list[Entry]:
        extents = dict(self.bounds) | (self.padded() if self.timeloop else {})
        return list(self.walk(self.mapping.nodes, extents))

    def padded(self) -> dict[str, int]:
        """The bounds as Timeloop sizes its outermost tiles: whole visits of the outermost loop of each rank."""
        padded: dict[str, int] = {}
        for node in self.mapping.nodes:
            if isinstance(node, Temporal | Spatial) and node.rank not in padded:
                padded[node.rank] = math.ceil(self.bounds.get(node.rank, 1) / node.tile_shape) * node.tile_shape
        return padded

    def walk(self, nodes: Sequence[Node], extents: dict[str, int]) -> Iterator[Entry]:
        for node in nodes:
            match node:
                case Storage():
                    sizes = {name: self.tile_size(name, extents) for name in node.tensors}
                    yield {"kind": "storage", "component": node.component, "tensors": sizes}
                case Toll():
                    yield {"kind": "toll", "component": node.component, "tensors": list(node.tensors)}
                case Spatial() | Temporal():
                    entry = self.loop(node, extents)
                    if self.single_trips or entry["trips"] > 1:
                        yield entry
                case Compute():
                    yield {"kind": "compute", "einsum": node.einsum, "component": node.component}
                case Sequential() | Pipeline():
                    kind = "sequential" if isinstance(node, Sequential) else "pipeline"
                    yield {"kind": kind, "branches": [list(self.walk(b, dict(extents))) for b in node.branches]}

    def loop(self, node: Temporal | Spatial, extents: dict[str, int]) -> Entry:
        """The loop, after which the extent of its rank is narrower."""
        extent = extents.get(node.rank, 1)
        first = node.initial_tile_shape if isinstance(node, Temporal) else None
        trips = math.ceil((extent - (first or 0)) / node.tile_shape) + (first is not None)
        extents[node.rank] = node.tile_shape
        entry: Entry = {"kind": "temporal", "rank": node.rank, "trips": trips}
        if isinstance(node, Spatial):
            entry |= {"kind": "spatial", "component": node.component, "dimension": node.dimension}
        return entry | (self.remainder(node, trips) if self.timeloop else self.uneven_tiles(node, extent))

    def remainder(self, node: Temporal | Spatial, trips: int) -> Entry:
        """How often the loop runs in its last visit: the last point's digit in the radix of the trips."""
        last = (self.bounds.get(node.rank, 1) - 1) // node.tile_shape % trips + 1
        return {} if last == trips else {"last_trips": last}

    def uneven_tiles(self, node: Temporal | Spatial, extent: int) -> Entry:
        """The sizes of the first and the last tile where they are not all alike."""
        first = node.initial_tile_shape if isinstance(node, Temporal) else None
        last = (extent - (first or 0)) % node.tile_shape
        return ({} if first is None else {"first_tile": first}) | ({"last_tile": last} if last else {})

    def tile_size(self, name: str, extents: dict[str, int]) -> int:
        """Words of the bounding box: per tensor rank, 1 + the sum of |coefficient| * (extent - 1) over its terms."""
        spans = (
            1 + sum(abs(coefficient) * (extents.get(rank, 1) - 1) for rank, coefficient in terms)
            for terms in self.tensors[name].projection
        )
        return math.prod(spans)
