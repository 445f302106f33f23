"""Which way of counting applies to each network: the closed form, or the detailed one with links and hops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from flax import struct

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.clipped_nest import clipped_nest
from accelax.model.levels.links import linked_network, point_links
from accelax.model.levels.meetings import may_meet
from accelax.model.levels.networks import LoopTable, NestCounts, delivered_words, passes_through, perfect_nest
from accelax.model.levels.residual import residual_nest
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.sliding_links import served_words, slide_links
from accelax.model.levels.tiles import extents
from accelax.model.ops import Number, namespace

Pair = tuple[int, int]
"""A network and a tensor."""


@struct.dataclass
class SlidingWords:
    """``delivered`` by child level and tensor, ``served`` (:func:`served_words`) by network and tensor."""

    delivered: dict[Pair, Any]
    served: dict[Pair, Any]


def may_link(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether a neighbour can ever serve ``tensor`` on ``network``.

    Between storage levels only overlapping tiles can meet a neighbour's: a step along a rank that stands alone in its
    index expression goes beyond all neighbours, and a step that moves nothing delivers nothing.
    """
    if not structure.allows_links(network, tensor):
        return False
    innermost = network == structure.n_levels - 1
    return innermost or structure.is_sliding(tensor) or structure.no_temporal_reuse[network + 1][tensor]


def always_regular(structure: LevelStructure, network: int) -> bool:
    """Whether the mesh of ``network`` has one row or one column, so that every layout on it is regular."""
    return 1 in structure.physical_mesh[network]


def needs_detail(structure: LevelStructure, network: int, tensor: int) -> bool | None:
    """Whether the closed form fails for ``tensor`` on ``network``: always, never, or (None) as the mapping decides."""
    if structure.network_energy[network]:
        return True
    if not may_link(structure, network, tensor):
        return False
    if not always_regular(structure, network):
        return None
    if network == structure.n_levels - 1:
        return None if structure.is_sliding(tensor) else False
    one_lane = structure.is_sliding(tensor) and len(sliding_lanes(structure, network, tensor)) <= 1
    whole = structure.no_temporal_reuse[network + 1][tensor] or structure.rules.halo != "timeloop"
    torus = structure.rules.link_transfers == "torus"
    return False if one_lane and not whole and not torus and structure.multicasts(network, tensor) else None


def sliding_lanes(structure: LevelStructure, network: int, tensor: int) -> list[int]:
    """The ranks that share an index expression of ``tensor`` and may be spatial on ``network``."""
    shared = {rank for terms in structure.projections[tensor] if len(terms) > 1 for rank in terms}
    return [rank for rank in loop_ranks(structure, network) if rank in shared]


def open_pairs(structure: LevelStructure) -> list[Pair]:
    """The networks and tensors for which the mapping decides whether the closed form holds."""
    if structure.imperfect:
        return []
    pairs = [(n, t) for n in range(structure.n_levels) for t in range(len(structure.tensors))]
    return [pair for pair in pairs if needs_detail(structure, *pair) is None]


def meeting(structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, pair: Pair) -> Number:
    """Whether the closed form may fail for an open pair."""
    return may_meet(structure, workload, mapping, extents(structure, mapping), *pair)


def slides_in_closed_form(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether neighbours may serve a sliding tensor between storage levels, by the closed form of ``sliding_links``."""
    innermost = network == structure.n_levels - 1
    if innermost or structure.rules.halo != "timeloop" or structure.network_energy[network]:
        return False
    return structure.is_sliding(tensor) and may_link(structure, network, tensor)


def sliding_words(structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping) -> SlidingWords:
    """The parts of a nest's counts that take most of the work: what halos and links leave of sliding tensors."""
    if structure.imperfect:
        return SlidingWords({}, {})
    extent, loops = extents(structure, mapping), LoopTable()
    delivered, served = {}, {}
    for tensor in (t for t in range(len(structure.tensors)) if structure.is_sliding(t)):
        for child in range(1, structure.n_levels):
            if not passes_through(structure, child - 1, tensor):
                delivered[child, tensor] = delivered_words(structure, workload, mapping, extent, child, tensor, loops)
            if slides_in_closed_form(structure, child - 1, tensor):
                served[child - 1, tensor] = served_words(structure, workload, mapping, extent, child - 1, tensor)
    return SlidingWords(delivered, served)


def closed_counts(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, pair: Pair
) -> NetworkCounts:
    """The counts of one network for one tensor where the closed form holds."""
    words = sliding_words(structure, workload, mapping)
    return _closed(structure, mapping, pair, perfect_nest(structure, workload, mapping, words.delivered), words)


def _closed(
    structure: LevelStructure, mapping: LevelMapping, pair: Pair, nest: NestCounts, words: SlidingWords
) -> NetworkCounts:
    """The closed form of one pair, from the nest without links."""
    network, tensor = pair
    counts = nest.networks[network][tensor]
    if pair in words.served:
        return slide_links(structure, mapping, network, counts, words.served[pair])
    innermost = network == structure.n_levels - 1
    return point_links(structure, mapping, tensor) if innermost and may_link(structure, *pair) else counts


def count_nest(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    known: Mapping[Pair, NetworkCounts] | None = None,
    words: SlidingWords | None = None,
) -> NestCounts:
    """Count the loop nest of one mapping.

    A batch passes what it has counted apart: ``known``, the open pairs, since the detailed count is slow and few
    mappings need it; and ``words``, which several results share.
    """
    if structure.imperfect:
        count = clipped_nest if structure.rules.imperfect == "exact" else residual_nest
        return count(structure, workload, mapping)
    sliding = words if words is not None else sliding_words(structure, workload, mapping)
    nest = perfect_nest(structure, workload, mapping, sliding.delivered)
    rows = tuple(
        tuple(
            known[n, t]
            if known is not None and (n, t) in known
            else _count(structure, workload, mapping, (n, t), nest, sliding)
            for t in range(len(structure.tensors))
        )
        for n in range(structure.n_levels)
    )
    return replace(nest, networks=rows)


def _count(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    pair: Pair,
    nest: NestCounts,
    words: SlidingWords,
) -> NetworkCounts:
    """The counts of one network for one tensor; in detail where the closed form may fail."""
    detail = needs_detail(structure, *pair)
    if detail is None:
        suspect = meeting(structure, workload, mapping, pair)
        detail = True if namespace(suspect) is not np else bool(suspect)
    if detail:
        return linked_network(structure, workload, mapping, *pair)
    return _closed(structure, mapping, pair, nest, words)
