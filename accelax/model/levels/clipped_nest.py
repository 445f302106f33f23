"""The counts of a nest whose tiles end at the edge of the tensor, put together for pricing."""

from __future__ import annotations

from typing import Any

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.clipped import first_words, lanes_ever, moved_words, ordinary_tiles, tensor_view
from accelax.model.levels.networks import ClippedCounts, NestCounts
from accelax.model.levels.residual import namespace_of
from accelax.model.levels.residual_chain import RankChains, rank_chains
from accelax.model.levels.tiles import tile_size
from accelax.model.ops import Number, where


def unsupported_clipping(structure: LevelStructure) -> str | None:
    """What of an imperfect problem exact counting does not cover, by name; None when it covers everything.

    Besides, no rank that shares an index expression may have a residual (:func:`sliding_ranks`).
    """
    if not structure.imperfect or structure.rules.imperfect != "exact":
        return None
    if structure.rules.link_transfers != "off" and any(structure.is_fanout):
        return "link transfers with exact counts of tiles that do not divide"
    if any(structure.network_energy):
        return "network energy with exact counts of tiles that do not divide"
    if any(any(row) for row in structure.no_coalesce):
        return "no_coalesce with exact counts of tiles that do not divide"
    slides = [bool(tensor_view(structure, tensor).slide) for tensor in range(len(structure.tensors))]
    if any(slide and output for slide, output in zip(slides, structure.outputs, strict=True)):
        return "an output with sliding windows and exact counts of tiles that do not divide"
    if any(slides) and structure.rules.halo != "exact":
        return f"the halo rule {structure.rules.halo!r} with exact counts of tiles that do not divide"
    return None


def sliding_ranks(structure: LevelStructure) -> frozenset[int]:
    """The ranks that must divide under exact counting because they share an index expression with another rank."""
    views = [tensor_view(structure, tensor) for tensor in range(len(structure.tensors))]
    return frozenset().union(*(view.slide for view in views))


def clipped_nest(structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping) -> NestCounts:
    """Count a nest exactly. Valid where :func:`unsupported_clipping` names nothing."""
    levels, tensors = range(structure.n_levels), range(len(structure.tensors))
    xp = namespace_of(workload, mapping)
    chains = rank_chains(structure, mapping, xp)
    instances = tuple(lanes_ever(structure, chains, level).prod() for level in range(len(levels) + 1))
    networks = tuple(
        tuple(
            NetworkCounts(
                moved_words(structure, workload, mapping, chains, tensor, level + 1, level, xp) / instances[level],
                moved_words(structure, workload, mapping, chains, tensor, level + 1, None, xp) / instances[level],
            )
            for tensor in tensors
        )
        for level in levels
    )
    computes = chains.residual_extent[0].prod()
    return NestCounts(
        networks=networks,
        tiles=tuple(
            tuple(tile_size(structure, workload, tensor, _largest(chains, level)) for tensor in tensors)
            for level in levels
        ),
        fanout=tuple(instances[level + 1] / instances[level] for level in levels),
        instances=instances,
        peak_instances=instances,
        compute_iterations=computes / instances[-1],
        compute_cycles=(chains.others[-1] + chains.last[-1]).prod(),
        clipped=_between(structure, workload, mapping, chains, xp),
    )


def _largest(chains: RankChains, level: int) -> tuple[Number, ...]:
    """Extents of the largest tile of ``level`` in any lane."""
    return tuple(where(ordinary_tiles(chains, level) > 0, chains.extent[level], chains.residual_extent[level]))


def _between(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, chains: RankChains, xp: Any
) -> ClippedCounts:
    """Counts for every pair of a storage level and a level further in, since the mapping decides which pairs meet."""
    n_levels = structure.n_levels
    served, first_served, arriving, first_arriving = {}, {}, {}, {}
    for tensor, output in enumerate(structure.outputs):
        stores = [level for level in range(n_levels) if _may_keep(structure, level, tensor)]
        for child in [*stores, n_levels]:
            if child < n_levels:
                arriving[child, tensor] = moved_words(structure, workload, mapping, chains, tensor, child, None, xp)
                if output:
                    first_arriving[child, tensor] = first_words(structure, workload, chains, tensor, child, child, xp)
            for parent in _possible_parents(structure, stores, child, tensor):
                served[parent, child, tensor] = moved_words(
                    structure, workload, mapping, chains, tensor, child, parent, xp
                )
                if output:
                    first_served[parent, child, tensor] = first_words(
                        structure, workload, chains, tensor, child, parent, xp
                    )
    return ClippedCounts(served, first_served, arriving, first_arriving)


def _possible_parents(structure: LevelStructure, stores: list[int], child: int, tensor: int) -> list[int]:
    """Levels that may be the next outer one to keep the tensor: those from the first that always does inwards."""
    outer = [level for level in stores if level < child]
    always = [level for level in outer if structure.keep_fixed[level][tensor]]
    return [level for level in outer if not always or level >= always[-1]]


def _may_keep(structure: LevelStructure, level: int, tensor: int) -> bool:
    """Whether some mapping of the problem keeps the tensor at ``level``."""
    return not structure.is_fanout[level] and structure.keep_fixed[level][tensor] is not False
