"""Nests whose factors do not divide, as Timeloop counts them (rules.imperfect ``timeloop_residual``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.networks import NestCounts
from accelax.model.levels.residual_chain import RankChains, largest_extents, rank_chains
from accelax.model.levels.residual_walk import walked_network
from accelax.model.levels.residual_words import separable, separable_network
from accelax.model.levels.reuse import iterations
from accelax.model.levels.tiles import tile_size
from accelax.model.levels.visits import keeps_tile
from accelax.model.ops import Number, namespace, product, where


def residual_nest(structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping) -> NestCounts:
    """Count a nest with residual factors as Timeloop of March 2025 does. No gradient passes through the counts."""
    levels, tensors = range(structure.n_levels), range(len(structure.tensors))
    xp = namespace_of(workload, mapping)
    if xp is not np:
        workload, mapping = jax.tree.map(_constant, (workload, mapping))
    chains = rank_chains(structure, mapping, xp)
    fanout = tuple(_fanout(structure, chains, level, "trips") for level in levels)
    instances, peak = [1.0], [1.0]
    for level in levels:
        instances.append(product([instances[-1], _fanout(structure, chains, level, "average")]))
        peak.append(product([peak[-1], fanout[level]]))
    innermost = structure.n_levels - 1
    if structure.is_fanout[innermost]:
        instances[-1] = product([instances[innermost], fanout[innermost]])
    networks = tuple(
        tuple(network_counts(structure, workload, mapping, chains, level, tensor, xp) for tensor in tensors)
        for level in levels
    )
    return NestCounts(
        networks=networks,
        tiles=tuple(
            tuple(tile_size(structure, workload, tensor, tuple(largest_extents(chains, level))) for tensor in tensors)
            for level in levels
        ),
        fanout=fanout,
        instances=tuple(instances),
        peak_instances=tuple(peak),
        compute_iterations=compute_iterations(structure, chains),
        compute_cycles=iterations(structure, mapping, levels),
    )


def _constant(value: Number) -> Number:
    """The same number, through which no gradient passes."""
    return jax.lax.stop_gradient(value) if isinstance(value, jax.Array) else value


def namespace_of(workload: LevelWorkload, mapping: LevelMapping) -> Any:
    """numpy for plain numbers, ``jax.numpy`` where any number of the problem is an array of JAX."""
    grids = (mapping.factor, mapping.residual, mapping.position, mapping.on_x, *workload.coefficients)
    return namespace(*(value for grid in grids for row in grid for value in row))


def _fanout(structure: LevelStructure, chains: RankChains, level: int, name: str) -> Number:
    """The product of one quantity of all spatial loops of a fan-out level; 1 for a storage level."""
    if not structure.is_fanout[level]:
        return 1.0
    return getattr(chains, name)[level].prod()


def compute_iterations(structure: LevelStructure, chains: RankChains) -> Number:
    """Computations of one unit: below a storage level of the first, below a fan-out the mean over all ever used."""
    innermost = structure.n_levels - 1
    if not structure.is_fanout[innermost]:
        return (chains.others[-1] + chains.last[-1]).prod()
    others, last = chains.others[innermost], chains.last[innermost]
    trips, residual = chains.trips[innermost], chains.residual[innermost]
    done = others * trips + last * residual
    units = where(others > 0, trips, residual)
    return done.prod() / units.prod()


def network_counts(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: RankChains,
    network: int,
    tensor: int,
    xp: Any,
) -> NetworkCounts:
    """Count what crosses one network for one tensor. Router words are counted between neighbouring levels only."""
    if network == structure.n_levels - 1 and not structure.is_fanout[network]:
        words = compute_iterations(structure, chains)
        counts = NetworkCounts(words, words)
    elif _has_closed_form(structure, network, tensor):
        counts = separable_network(structure, workload, mapping, chains, network, tensor, xp)
    else:
        counts = walked_network(structure, workload, mapping, chains, network, tensor, xp)
    return counts if structure.is_fanout[network] else replace(counts, router_words=counts.accesses)


def _has_closed_form(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether products of sums over ranks suffice.

    Children of a fan-out that keep their tile never find a new one at a neighbour unless the tensor slides: a tile
    moves by multiples of what all children hold together. Before pull request 297 a tile may be fetched again without
    moving.
    """
    if not separable(structure, tensor) or structure.rules.halo == "timeloop_pre297":
        return False
    if not structure.is_fanout[network]:
        return True
    linked = structure.allows_links(network, tensor) and not keeps_tile(structure, network, tensor)
    return not linked and not structure.network_energy[network]
