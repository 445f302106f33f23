"""A mapping as an indented loop nest, the way Timeloop prints one.

Each storage is a line ``LEVEL [ tensor:words ... ]``, followed by the loops that run inside it. ``| for K in [0:8)``
runs in time, ``(Spatial-X)`` across instances; ``[0:7,3)`` runs 7 times, and 3 times in the last visit. Loops that run
once are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from accelax.ir import Compute, Einsum, Mapping, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.mapping import Node


def format_loop_nest(mapping: Mapping, einsums: Sequence[Einsum]) -> str:
    """Write ``mapping`` of ``einsums`` as text, one line per storage and loop; sizes are words of the dense tile.

    >>> from accelax.ir import Tensor
    >>> gemv = Einsum("gemv", (("M", 4), ("K", 8)), (Tensor("B", ((("K", 1),),)),))
    >>> nodes = (Storage("DRAM", ("B",)), Temporal("K", 2), Storage("RF", ("B",)), Temporal("M", 1), Temporal("K", 1))
    >>> print(format_loop_nest(Mapping((*nodes, Compute("gemv", "MAC"))), [gemv]))
    DRAM [ B:8 ]
    ------------
    | for K in [0:4)
    <BLANKLINE>
    RF [ B:2 ]
    ----------
    |   for M in [0:4)
    |     for K in [0:2)
    |       << Compute >>
    """
    return "\n".join(_Printer(mapping, einsums).run()).strip("\n")


class _Printer:
    """Walks the nodes from the outermost inwards, with the extent of every rank at that point."""

    def __init__(self, mapping: Mapping, einsums: Sequence[Einsum]):
        self.mapping = mapping
        self.timeloop = mapping.dialect == "timeloop"
        self.tensors = {tensor.name: tensor for einsum in einsums for tensor in einsum.tensors}
        self.bounds = {rank: bound for einsum in einsums for rank, bound in einsum.bounds}
        self.lines: list[str] = []
        self.headers: list[str] = []

    def run(self) -> list[str]:
        self.walk(self.mapping.nodes, dict(self.bounds) | (self.padded() if self.timeloop else {}), 0)
        return self.lines

    def padded(self) -> dict[str, int]:
        """The bounds as Timeloop sizes its outermost tiles: whole visits of the outermost loop of each rank."""
        padded: dict[str, int] = {}
        for node in self.mapping.nodes:
            if isinstance(node, Temporal | Spatial) and node.rank not in padded:
                padded[node.rank] = math.ceil(self.bounds.get(node.rank, 1) / node.tile_shape) * node.tile_shape
        return padded

    def walk(self, nodes: Sequence[Node], extents: dict[str, int], depth: int) -> None:
        fanout = ""
        for node in nodes:
            match node:
                case Storage():
                    self.headers.append(self.storage_line(node, extents))
                case Toll():
                    self.headers.append(f"{node.component} [ passes {' '.join(node.tensors)} ]")
                case Spatial() | Temporal():
                    component = node.component if isinstance(node, Spatial) else ""
                    if self.timeloop and component and component != fanout:
                        self.headers.append(f"inter_{component}_spatial [ ]")
                    fanout = component
                    depth += self.loop(node, extents, depth)
                case Compute():
                    on = "" if self.timeloop else f" {node.einsum} on {node.component}"
                    self.line(depth, f"<< Compute{on} >>")
                case Sequential() | Pipeline():
                    self.branches(node, extents, depth)

    def branches(self, node: Sequential | Pipeline, extents: dict[str, int], depth: int) -> None:
        order = "one after the other" if isinstance(node, Sequential) else "at the same time"
        for position, branch in enumerate(node.branches, 1):
            self.line(depth, f"branch {position} of {len(node.branches)}, {order}")
            self.walk(branch, dict(extents), depth + 1)

    def loop(self, node: Temporal | Spatial, extents: dict[str, int], depth: int) -> int:
        """Write the loop unless it runs once, narrow the rank's extent, and return how much deeper the next line is."""
        extent = extents.get(node.rank, 1)
        first = node.initial_tile_shape if isinstance(node, Temporal) else None
        trips = math.ceil((extent - (first or 0)) / node.tile_shape) + (first is not None)
        extents[node.rank] = node.tile_shape
        if trips <= 1:
            return 0
        where = ""
        if isinstance(node, Spatial):
            where = f" (Spatial-{node.dimension}" + ("" if self.timeloop else f" of {node.component}") + ")"
        end = f"{trips}{self.remainder(node, trips)}"
        self.line(depth, f"for {node.rank} in [0:{end}){where}{self.tiles(node, extent)}")
        return 1

    def remainder(self, node: Temporal | Spatial, trips: int) -> str:
        """``,r`` where the loop runs r times in its last visit: the last point's digit in the radix of the trips."""
        if not self.timeloop:
            return ""
        last = (self.bounds.get(node.rank, 1) - 1) // node.tile_shape % trips + 1
        return "" if last == trips else f",{last}"

    def tiles(self, node: Temporal | Spatial, extent: int) -> str:
        """The sizes of the first and the last tile where they are not all alike (AccelForge's dialect)."""
        if self.timeloop:
            return ""
        first = node.initial_tile_shape if isinstance(node, Temporal) else None
        last = (extent - (first or 0)) % node.tile_shape
        notes = [f"first tile {first}"] * (first is not None) + [f"last tile {last}"] * bool(last)
        return f" ({', '.join(notes)})" if notes else ""

    def storage_line(self, node: Storage, extents: dict[str, int]) -> str:
        sizes = " ".join(f"{name}:{self.tile_size(name, extents)}" for name in node.tensors)
        return f"{node.component} [ {sizes} ]" if sizes else f"{node.component} [ ]"

    def tile_size(self, name: str, extents: dict[str, int]) -> int:
        """Words of the bounding box: per tensor rank, 1 + the sum of |coefficient| * (extent - 1) over its terms."""
        spans = (
            1 + sum(abs(coefficient) * (extents.get(rank, 1) - 1) for rank, coefficient in terms)
            for terms in self.tensors[name].projection
        )
        return math.prod(spans)

    def line(self, depth: int, text: str) -> None:
        if self.headers:
            width = max(len(header) for header in self.headers)
            self.lines += ["", *self.headers, "-" * width]
            self.headers = []
        self.lines.append("| " + "  " * depth + text)
