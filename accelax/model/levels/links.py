"""Exact counts of one network when children may take tiles from their neighbours (link transfers).

On every visit, a child whose new words are exactly the words that a neighbour on the mesh received on the previous
visit takes them from there. Timeloop's nest analysis does so for all such children of the visit if the parent's
accesses, multicasts counted once, then strictly decrease; the comparison is by equality of whole sets, and only with
the neighbours' previous delivery, not with all that they hold.

Visits fall into the classes of :mod:`visits`. Before a step of an outer loop comes a step of the innermost one; before
a step of the innermost one comes the first visit or a step of some outer loop. Two deliveries are equal when they have
the same shape and the second is where the neighbour's first was, so a class is decided by its *shift*: the offset
between neighbours at which it is served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from flax import struct

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.elements import Elements, place_elements
from accelax.model.levels.hops import Paths, multicast_paths, router_words
from accelax.model.levels.reuse import delivered_tiles, innermost_position, iterations, level_moves, loop_ranks
from accelax.model.levels.tiles import extents
from accelax.model.levels.visits import Visits, keeps_tile, visits_of_child
from accelax.model.ops import INFINITY, Number, logical_or, minimum, namespace, product, where


@dataclass(frozen=True)
class Candidates:
    """Classes of visits that neighbours might serve: ``words`` ``[C]`` per child over the run, ``shift`` ``[C, A]``."""

    words: Any
    shift: Any


@struct.dataclass
class Outcome:
    """What links do for one class of visits, or for an array of them.

    ``distinct``: different tiles that the parent still serves; ``served``: children served by neighbours; ``paths``:
    the multicasts that remain, where hops are wanted.
    """

    distinct: Any
    served: Any
    paths: Paths | None


def linked_network(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, network: int, tensor: int
) -> NetworkCounts:
    """Count what crosses ``network`` for ``tensor``, per instance of the parent level, before bypassing.

    For perfect mappings. Covers link transfers, multicast by equal tiles of any projection, ``no_multicast``, and,
    where ``structure.network_energy[network]``, hops and router words. The work grows with the physical mesh of the
    network; a network without spatial loops is a mesh of one child.
    """
    xp = _namespace(workload, mapping)
    extent = extents(structure, mapping)
    visits = visits_of_child(structure, workload, mapping, extent, network, tensor, xp)
    elements = place_elements(structure, workload, mapping, extent, network, tensor, xp)
    words = visits.size + (visits.weight * visits.words).sum()
    distinct, everyone = elements.distinct(elements.used), elements.used.sum()
    counts = NetworkCounts(accesses=words * distinct, deliveries=words * everyone)
    rows = []
    if structure.network_energy[network]:
        rows = [(words, multicast_paths(structure, elements, network, elements.used, xp))]
    if structure.allows_links(network, tensor) and len(visits.trips):
        candidates = _candidates(structure, visits, elements.axes, network, tensor, xp)
        outcome = _decide(structure, elements, network, candidates.shift, xp)
        linked = xp.where(outcome.distinct < distinct, candidates.words, 0.0)
        transfers = (linked * outcome.served).sum()
        counts = NetworkCounts(
            accesses=counts.accesses - (linked * (distinct - outcome.distinct)).sum(),
            deliveries=counts.deliveries - transfers,
            link_transfers=transfers,
        )
        if outcome.paths is not None:
            rows = [(words - linked.sum(), rows[0][1]), (linked, outcome.paths)]
    return _with_distance(counts, rows, everyone, xp) if rows else counts


def point_links(structure: LevelStructure, mapping: LevelMapping, tensor: int) -> NetworkCounts:
    """Count the innermost network when it is a fan-out laid out regularly and ``tensor`` has no sliding rank.

    A visit that does not move the tensor is served by neighbours entirely if the innermost X loop or the innermost Y
    loop does not index the tensor, for then every child has a neighbour that just held the same word; no other visit is
    served at all. See :func:`regular_layout`. No hops.
    """
    network = structure.n_levels - 1
    ranks, indexed = loop_ranks(structure, network), structure.relevant(tensor)
    factor, on_x = mapping.factor[network], mapping.on_x[network]
    everyone = product([factor[rank] for rank in ranks])
    alone = not structure.multicasts(network, tensor)
    distinct = everyone if alone else product([factor[rank] for rank in ranks if rank in indexed])
    visits = iterations(structure, mapping, range(structure.n_levels))
    above = [level for level in reversed(range(network)) if not structure.is_fanout[level]]
    moved, _ = delivered_tiles([level_moves(structure, mapping, level, tensor) for level in above])
    served: Number = False
    for on_axis in ([on_x[rank] > 0 for rank in ranks], [on_x[rank] <= 0 for rank in ranks]):
        first = [_innermost_on(mapping, network, ranks, on_axis, wanted) for wanted in (set(ranks) - indexed, indexed)]
        served = logical_or(served, first[0] < first[1])
    served = served if structure.allows_links(network, tensor) else False
    asked = where(served, moved, visits)
    return NetworkCounts(asked * distinct, asked * everyone, (visits - asked) * everyone)


def regular_layout(structure: LevelStructure, mapping: LevelMapping, network: int) -> Number:
    """Whether the rows of the mesh are the runs of the X loops: they fill its width, or there is one row only."""
    ranks = loop_ranks(structure, network)
    factor, on_x = mapping.factor[network], mapping.on_x[network]
    width = product([where(on_x[rank] > 0, factor[rank], 1.0) for rank in ranks])
    height = product([where(on_x[rank] > 0, 1.0, factor[rank]) for rank in ranks])
    return logical_or(width == structure.physical_mesh[network][0], height == 1.0)


def _innermost_on(
    mapping: LevelMapping, network: int, ranks: list[int], on_axis: list[Number], wanted: frozenset[int] | set[int]
) -> Number:
    """Position of the innermost spatial loop (> 1) over ``wanted`` on one axis of the mesh; infinite if none."""
    position: Number = INFINITY
    for rank, on in zip(ranks, on_axis, strict=True):
        if rank in wanted:
            there = where(on, innermost_position(mapping, network, [rank]), INFINITY)
            position = minimum(position, there)
    return position


def _namespace(workload: LevelWorkload, mapping: LevelMapping) -> Any:
    """numpy for plain numbers, ``jax.numpy`` where any number of the problem is an array of JAX."""
    grids = (mapping.factor, mapping.position, mapping.on_x, *workload.coefficients)
    return namespace(*(value for grid in grids for row in grid for value in row))


def _candidates(
    structure: LevelStructure, visits: Visits, axes: tuple[int, ...], network: int, tensor: int, xp: Any
) -> Candidates:
    """The classes of visits whose delivery has the shape of the delivery before."""
    words = xp.where(visits.innermost, visits.words, 0.0).sum()
    if structure.rules.halo == "exact" and keeps_tile(structure, network, tensor):
        found = _exact_candidates(visits, words, xp)
    else:
        alike = (visits.words == words) & ~visits.innermost
        before = (words == visits.size) + xp.where(alike, visits.weight, 0.0).sum()
        repeats = xp.where(visits.innermost, (visits.trips - 1.0) * before, xp.where(alike, visits.weight, 0.0))
        found = Candidates(repeats * visits.words, visits.move)
    others = [axis for axis in range(len(visits.sides)) if axis not in axes]
    reachable = (found.shift[:, others] == 0).all(axis=1)
    return Candidates(xp.where(reachable, found.words, 0.0), found.shift[:, list(axes)])


def _exact_candidates(visits: Visits, words: Any, xp: Any) -> Candidates:
    """The same for true movement, where a step of the innermost loop mostly follows another of its kind.

    A slice that enters at one side of the tile equals a neighbour's that entered at the other side when the neighbour
    is one whole tile away.
    """
    first = visits.innermost
    move = xp.where(first[:, None], visits.move, 0.0).sum(axis=0)
    whole = (visits.words == visits.size) & (words == visits.size)
    alike = (whole | (visits.move == move).all(axis=1)) & ~first
    mirrored = ~whole & (visits.move == -move).all(axis=1) & ((move != 0).sum() == 1) & ~first
    outer = xp.where(first, 0.0, visits.weight)
    follows = (visits.trips - 2.0) * (1.0 + outer.sum()) + (words == visits.size) + xp.where(alike, outer, 0.0).sum()
    repeats = xp.where(first, follows, xp.where(alike, outer, 0.0))
    reflected = xp.where(mirrored, outer, 0.0) * words
    across = xp.sign(visits.move) * visits.sides
    return Candidates(
        xp.concatenate([repeats * visits.words, reflected, reflected]),
        xp.concatenate([visits.move, across, -across]),
    )


def _decide(structure: LevelStructure, elements: Elements, network: int, shifts: Any, xp: Any) -> Outcome:
    """What links would leave to the parent in each class."""
    energy = structure.network_energy[network]

    def one(shift: Any) -> Outcome:
        served = elements.served(shift)
        rest = elements.used & ~served
        paths = multicast_paths(structure, elements, network, rest, xp) if energy else None
        return Outcome(elements.distinct(rest), served.sum(), paths)

    if xp is not np:
        return jax.lax.map(one, shifts)
    return jax.tree.map(lambda *leaves: np.stack(leaves), *(one(shift) for shift in shifts))


def _with_distance(counts: NetworkCounts, rows: list[tuple[Any, Paths]], everyone: Any, xp: Any) -> NetworkCounts:
    """Add hops and router words. ``rows`` pairs words per child over the run with the multicasts that carry them.

    Without spatial loops there is no distance: Timeloop counts one router and no hop.
    """
    words = xp.concatenate([xp.reshape(amount, (-1,)) for amount, _ in rows])
    width = rows[0][1].count.shape[-1]
    count = xp.concatenate([paths.count.reshape(-1, width) for _, paths in rows])
    hops = xp.concatenate([paths.hops.reshape(-1, width) for _, paths in rows])
    hops = xp.where(everyone > 1, hops, 0.0)
    return NetworkCounts(
        accesses=counts.accesses,
        deliveries=counts.deliveries,
        link_transfers=counts.link_transfers,
        hops=(hops.sum(axis=1) * words).sum(),
        router_words=router_words(Paths(count, hops), words, xp),
    )
