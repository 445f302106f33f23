"""Which way of counting applies to each network: the closed form, or the detailed one with links and hops."""

from __future__ import annotations

from dataclasses import replace

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.clipped_nest import clipped_nest
from accelax.model.levels.links import linked_network, point_links
from accelax.model.levels.networks import NestCounts, perfect_nest
from accelax.model.levels.residual import residual_nest


def may_link(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether a neighbour can ever serve ``tensor`` on ``network``.

    Between storage levels only overlapping tiles can meet a neighbour's: a step along a rank that stands alone in its
    index expression goes beyond all neighbours, and a step that moves nothing delivers nothing.
    """
    if structure.rules.link_transfers == "off" or structure.no_link_transfer[network][tensor]:
        return False
    x, y = structure.physical_mesh[network]
    if not structure.is_fanout[network] or x * y == 1:
        return False
    innermost = network == structure.n_levels - 1
    return innermost or structure.is_sliding(tensor) or structure.no_temporal_reuse[network + 1][tensor]


def always_regular(structure: LevelStructure, network: int) -> bool:
    """Whether the mesh of ``network`` has one row or one column, so that every layout on it is regular."""
    return 1 in structure.physical_mesh[network]


def is_detailed(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether the closed form does not cover ``tensor`` on ``network``."""
    if structure.network_energy[network]:
        return True
    if not may_link(structure, network, tensor):
        return False
    innermost = network == structure.n_levels - 1
    return structure.is_sliding(tensor) or not innermost or not always_regular(structure, network)


def count_nest(structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping) -> NestCounts:
    """Count the loop nest of one mapping."""
    if structure.imperfect and structure.rules.imperfect == "timeloop_residual":
        return residual_nest(structure, workload, mapping)
    if structure.imperfect and structure.rules.imperfect == "exact":
        return clipped_nest(structure, workload, mapping)
    nest = perfect_nest(structure, workload, mapping)
    rows = tuple(
        tuple(_network(structure, workload, mapping, level, tensor, counts) for tensor, counts in enumerate(row))
        for level, row in enumerate(nest.networks)
    )
    return replace(nest, networks=rows)


def _network(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    network: int,
    tensor: int,
    counts: NetworkCounts,
) -> NetworkCounts:
    """The counts of one network for one tensor, refined where links or hops matter."""
    if is_detailed(structure, network, tensor):
        return linked_network(structure, workload, mapping, network, tensor)
    if may_link(structure, network, tensor):
        return point_links(structure, mapping, tensor)
    return counts
