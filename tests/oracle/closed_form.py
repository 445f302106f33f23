"""Timeloop's counts for perfect nests without sliding windows, written down as formulas.

They restate the published behaviour of Timeloop: the words delivered to one child are its tile times the temporal loops
above it, less the innermost run of loops that do not concern the tensor; spatial loops that concern the tensor scatter,
the others multicast (inputs) or reduce (outputs); first visits of partial sums are free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.oracle.nest_oracle import Loop, Nest, Tensor, Traffic


@dataclass(frozen=True)
class _Factor:
    rank: str
    trips: int
    temporal: bool
    depth: int


def perfect_traffic(nest: Nest) -> dict[tuple[str, str], Traffic]:
    """The traffic of a nest whose tiles all divide and whose tensor ranks are single ranks with coefficient 1."""
    factors = _factors(nest)
    return {key: value for tensor in nest.tensors for key, value in _tensor_traffic(nest, factors, tensor).items()}


def _factors(nest: Nest) -> list[_Factor]:
    extents = dict(nest.bounds)
    factors = []

    def add(loop: Loop, temporal: bool, depth: int) -> None:
        factors.append(_Factor(loop.rank, extents[loop.rank] // loop.tile, temporal, depth))
        extents[loop.rank] = loop.tile

    for depth, level in enumerate(nest.levels):
        for loop in level.temporal:
            add(loop, True, depth)
        for loop in level.spatial:
            add(loop, False, depth)
    return factors


def _tensor_traffic(nest: Nest, factors: list[_Factor], tensor: Tensor) -> dict[tuple[str, str], Traffic]:
    relevant = {rank for terms in tensor.projection for rank, _ in terms}
    kept = [depth for depth, level in enumerate(nest.levels) if tensor.name in level.keeps]
    traffic = {}
    for parent, child in zip([None, *kept], [*kept, len(nest.levels)], strict=True):
        above = [factor for factor in factors if factor.depth < child]
        instances = math.prod(factor.trips for factor in above if not factor.temporal)
        tile = math.prod(factor.trips for factor in factors if factor.depth >= child and factor.rank in relevant)
        visits = _visits(above, relevant, buffered=child < len(nest.levels))
        if child < len(nest.levels):
            first = math.prod(factor.trips for factor in above if factor.temporal and factor.rank in relevant) * tile
            fills = tile * visits - (first if tensor.output else 0)
            traffic[child] = Traffic(fills=0 if parent is None else fills * instances, tile=tile)
        if parent is not None:
            _serve(traffic[parent], above, parent, relevant, tile * visits, tensor.output)
    return {(nest.levels[depth].name, tensor.name): value for depth, value in traffic.items()}


def _visits(above: list[_Factor], relevant: set[str], buffered: bool) -> int:
    """How often one child receives a tile."""
    loops = [factor for factor in above if factor.temporal and factor.trips > 1]
    while buffered and loops and loops[-1].rank not in relevant:
        loops.pop()
    return math.prod(factor.trips for factor in loops)


def _serve(traffic: Traffic, above: list[_Factor], parent: int, relevant: set[str], words: int, output: bool) -> None:
    """Reads and updates of a parent that delivers ``words`` to each child."""
    lanes = [factor for factor in above if not factor.temporal]
    scatter = math.prod(factor.trips for factor in lanes if factor.depth >= parent and factor.rank in relevant)
    instances = math.prod(factor.trips for factor in lanes if factor.depth < parent)
    own_loops = [factor for factor in above if factor.temporal and factor.depth < parent and factor.rank in relevant]
    partition = traffic.tile * math.prod(factor.trips for factor in own_loops)
    content = words * scatter
    traffic.reads = (content - partition if output else content) * instances
    traffic.updates = content * instances if output else 0
