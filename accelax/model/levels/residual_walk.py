"""What crosses one network for one tensor when factors do not divide: a walk over Timeloop's visits.

Exact for any projection, halo rule, multicast and link transfers (reference C.3 to C.5), at the price of one step per
visit. Every step keeps the tile of the first child, what it received (up to ``2 A + 1`` boxes for ``A`` tensor
ranks), and which spatial loops were short.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np
from flax import struct

from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.residual_chain import RankChains
from accelax.model.levels.residual_mesh import Mesh, mesh_of_network
from accelax.model.levels.residual_visits import Loops, Visit, loops_of_network, next_digits, visit_at
from accelax.model.levels.visits import keeps_tile, vector


@struct.dataclass
class Delta:
    """Disjoint boxes ``low <= x < high`` (``[B, A]``), those that are ``present`` ``[B]``."""

    low: Any
    high: Any
    present: Any


@struct.dataclass
class State:
    """The walk before a visit: digits, the tile held, the direction it moved in, the last delivery, and the sums."""

    index: Any
    going: Any
    first: Any
    low: Any
    high: Any
    move: Any
    has_move: Any
    delta: Delta
    positions: Any
    counts: NetworkCounts


@dataclass(frozen=True)
class Walk:
    """What stays the same during a walk. ``coefficients`` is ``[A, R]``."""

    structure: LevelStructure
    network: int
    tensor: int
    loops: Loops
    coefficients: Any
    mesh: Mesh | None
    xp: Any


def walked_network(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    chains: RankChains,
    network: int,
    tensor: int,
    xp: Any,
) -> NetworkCounts:
    """Count what crosses ``network`` for ``tensor`` visit by visit, per instance of the parent, before bypassing."""
    loops = loops_of_network(structure, mapping, chains, network, xp)
    coefficients = _coefficients(structure, workload, tensor, xp)
    mesh = None
    if structure.is_fanout[network]:
        mesh = mesh_of_network(structure, workload, mapping, chains, coefficients, network, tensor, xp)
    walk = Walk(structure, network, tensor, loops, coefficients, mesh, xp)
    state = _start(walk)
    if xp is np:
        while state.going:
            state = _advance(walk, state)
    else:
        state = jax.lax.while_loop(lambda s: s.going, partial(_advance, walk), state)
    return state.counts


def _coefficients(structure: LevelStructure, workload: LevelWorkload, tensor: int, xp: Any) -> Any:
    rows = []
    for terms, factors in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
        row: list[Any] = [0.0] * len(structure.ranks)
        for rank, factor in zip(terms, factors, strict=True):
            row[rank] = row[rank] + factor
        rows += row
    return vector(xp, rows).reshape(len(structure.projections[tensor]), len(structure.ranks))


def _start(walk: Walk) -> State:
    xp, axes = walk.xp, walk.coefficients.shape[0]
    columns, rows = walk.structure.physical_mesh[walk.network]
    zero = xp.zeros(())
    empty = xp.zeros((2 * axes + 1, axes))
    return State(
        index=xp.zeros(walk.loops.trips.shape),
        going=xp.ones((), dtype=bool),
        first=xp.ones((), dtype=bool),
        low=xp.zeros(axes),
        high=xp.zeros(axes),
        move=xp.zeros(axes),
        has_move=xp.zeros((), dtype=bool),
        delta=Delta(empty, empty, xp.zeros(2 * axes + 1, dtype=bool)),
        positions=xp.full((axes, columns * rows), xp.nan),
        counts=NetworkCounts(zero, zero, zero, zero, zero),
    )


def _advance(walk: Walk, state: State) -> State:
    """Make one visit."""
    xp = walk.xp
    visit = visit_at(walk.loops, state.index, xp)
    low, high = _tile(walk, visit)
    delta, move, has_move = _delivered(walk, state, low, high)
    words = xp.where(delta.present, (delta.high - delta.low).prod(axis=1), 0.0).sum()
    counts, positions = _count(walk, state, visit, delta, words)
    index, going = next_digits(walk.loops, state.index, visit, xp)
    return State(
        index=index,
        going=going,
        first=xp.zeros((), dtype=bool),
        low=low,
        high=high,
        move=move,
        has_move=has_move,
        delta=delta,
        positions=positions,
        counts=counts,
    )


def _tile(walk: Walk, visit: Visit) -> tuple[Any, Any]:
    """``(low, high)`` ``[A]`` of the tile of the first child, ``high`` exclusive."""
    point = walk.network == walk.structure.n_levels - 1
    last = visit.start + (0.0 if point else visit.extent - 1.0)
    ends = [walk.coefficients * visit.start[None, :], walk.coefficients * last[None, :]]
    return walk.xp.minimum(*ends).sum(axis=1), walk.xp.maximum(*ends).sum(axis=1) + 1.0


def _delivered(walk: Walk, state: State, low: Any, high: Any) -> tuple[Delta, Any, Any]:
    """``(delta, move, has_move)``: what the tile lacks, by the halo rule, and the direction to remember."""
    xp = walk.xp
    if not keeps_tile(walk.structure, walk.network, walk.tensor):
        return _slices(walk, state, low, high, xp.ones((), dtype=bool)), state.move, state.has_move
    rule = walk.structure.rules.halo
    difference = (low + high - state.low - state.high) / 2.0
    move = xp.sign(difference) * xp.floor(abs(difference) + 0.5)
    still = (move == 0).all()
    if rule == "exact":
        whole = state.first
    elif rule == "none":
        whole = state.first | ~still
    else:
        kept = (state.first | still) if rule == "timeloop" else state.first
        same = (move == state.move).all()
        whole = ~kept & state.has_move & ~same
        known = xp.where(kept | (state.has_move & same), state.has_move, ~state.has_move)
        return _slices(walk, state, low, high, whole), xp.where(kept | state.has_move, state.move, move), known
    return _slices(walk, state, low, high, whole), state.move, state.has_move


def _slices(walk: Walk, state: State, low: Any, high: Any, whole: Any) -> Delta:
    """The new tile without the old one.

    Per axis a slice on the left, one on the right, then shrink. Slot 0 is a whole tile.
    """
    xp, axes = walk.xp, len(low)
    shared_low, shared_high = xp.maximum(low, state.low), xp.minimum(high, state.high)
    whole = whole | state.first | (shared_low >= shared_high).any()
    lows, highs, present = [low], [high], [whole]
    for axis in range(axes):
        before = xp.asarray(np.arange(axes) < axis)
        at = xp.asarray(np.arange(axes) == axis)
        left, right = xp.where(before, shared_low, low), xp.where(before, shared_high, high)
        lows += [left, xp.where(at, shared_high, left)]
        highs += [xp.where(at, shared_low, right), right]
        present += [~whole & (low[axis] < shared_low[axis]), ~whole & (shared_high[axis] < high[axis])]
    return Delta(xp.stack(lows), xp.stack(highs), xp.stack(present))


def _count(walk: Walk, state: State, visit: Visit, delta: Delta, words: Any) -> tuple[NetworkCounts, Any]:
    """``(the sums with this visit, positions of the children)``."""
    xp, sums, mesh = walk.xp, state.counts, walk.mesh
    if mesh is None:
        served = words * visit.weight
        return replace(sums, accesses=sums.accesses + served, deliveries=sums.deliveries + served), state.positions
    layout = mesh.lay_out(visit.children)
    chosen, linked = layout.used, xp.zeros(())
    groups = mesh.count(layout, chosen)
    if walk.structure.allows_links(walk.network, walk.tensor):
        shift, alike = _shift(state.delta, delta, xp)
        served = mesh.served(layout, state.positions, shift) & (alike & ~state.first & (words > 0))
        rest = chosen & ~served
        left = mesh.count(layout, rest)
        linked = xp.where(left < groups, served.sum(), 0.0)
        chosen = xp.where(left < groups, rest, chosen)
        groups = xp.minimum(left, groups)
    words = words * visit.epochs
    hops = words * mesh.hops(layout, chosen) if walk.structure.network_energy[walk.network] else 0.0
    counts = NetworkCounts(
        accesses=sums.accesses + words * groups,
        deliveries=sums.deliveries + words * chosen.sum(),
        link_transfers=sums.link_transfers + words * linked,
        hops=sums.hops + hops,
        router_words=sums.router_words,
    )
    return counts, layout.position


def _shift(old: Delta, new: Delta, xp: Any) -> tuple[Any, Any]:
    """``(offset [A], whether the new boxes are the old ones moved by it)``."""
    corner = [xp.where(delta.present[:, None], delta.low, xp.inf).min(axis=0) for delta in (old, new)]
    some = old.present.any() & new.present.any()
    shift = xp.where(some, corner[1], 0.0) - xp.where(some, corner[0], 0.0)
    low, high = new.low - shift, new.high - shift
    equal = (low[:, None, :] == old.low[None, :, :]).all(axis=2) & (high[:, None, :] == old.high[None, :, :]).all(
        axis=2
    )
    found = (equal & old.present[None, :]).any(axis=1) | ~new.present
    return shift, some & found.all() & (old.present.sum() == new.present.sum())
