"""The visits that Timeloop makes to the loops above a network, one after the other (reference C.3).

The loops are digits of an odometer, ``[levels, ranks]``, that skips iterations: a loop shows iteration 0, then
iteration 1 in place of all that follow. Only a loop around an imperfect one of its rank, with the loops of the rank
further out at their last iteration, shows its true last iteration too, and before that the second last if it is
imperfect itself.
"""

from __future__ import annotations

from typing import Any

from flax import struct

from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.levels.residual_chain import RankChains
from accelax.model.levels.visits import vector


@struct.dataclass
class Loops:
    """The loops of levels ``0 .. network``, all ``[network + 1, R]`` unless stated.

    trips, residual, stride
        Iterations in an ordinary and in the last visit; extent of the rank below the loop.
    depth
        Larger for a loop further in.
    visited
        Whether the loop is stepped through: temporal loops only.
    imperfect_inside
        Whether a loop of the rank further in is imperfect.
    reports
        Whether the loop is the one directly above the children: the innermost one longer than 1 of level ``network``.
    extent, residual_extent
        ``[R]``: the children's tile.
    """

    trips: Any
    residual: Any
    stride: Any
    depth: Any
    visited: Any
    imperfect_inside: Any
    reports: Any
    extent: Any
    residual_extent: Any


def loops_of_network(
    structure: LevelStructure, mapping: LevelMapping, chains: RankChains, network: int, xp: Any
) -> Loops:
    """Collect the loops above the children of ``network`` into arrays."""
    levels, ranks = range(network + 1), range(len(structure.ranks))
    trips = xp.stack(chains.trips[: network + 1])
    depth = xp.stack(
        [vector(xp, [(level + 1.0) * len(ranks) - mapping.position[level][r] for r in ranks]) for level in levels]
    )
    spatial = xp.asarray([structure.is_fanout[level] for level in levels])[:, None]
    visited = (trips > 1) & ~spatial
    own = visited[network] & (depth[network] == xp.where(visited[network], depth[network], -1.0).max())
    reports = xp.concatenate([xp.zeros((network, len(ranks)), dtype=bool), own[None, :]])
    return Loops(
        trips=trips,
        residual=xp.stack(chains.residual[: network + 1]),
        stride=xp.stack(chains.extent[1 : network + 2]),
        depth=depth,
        visited=visited,
        imperfect_inside=xp.stack(chains.imperfect_inside[1 : network + 2]),
        reports=reports,
        extent=chains.extent[network + 1],
        residual_extent=chains.residual_extent[network + 1],
    )


@struct.dataclass
class Visit:
    """What the digits of the odometer mean. ``children`` ``[R]``: spatial trips at the network itself.

    ``start``, ``extent`` ``[R]``: the interval of every rank that the first child needs. ``epochs``: how many visits
    this one stands for; ``weight`` the same for the delta that the loop directly above reports.
    """

    now: Any
    runs_last: Any
    children: Any
    start: Any
    extent: Any
    epochs: Any
    weight: Any


def visit_at(loops: Loops, index: Any, xp: Any) -> Visit:
    """Interpret the digits ``index``."""
    at_end = (index + 1.0 >= loops.residual) * 1.0
    upto = xp.cumprod(at_end, axis=0)
    outside = xp.concatenate([xp.ones_like(upto[:1]), upto[:-1]]) > 0
    now = xp.where(outside, loops.residual, loops.trips)
    runs_last = outside & loops.imperfect_inside
    imperfect = loops.trips != loops.residual
    second = index == 1
    rest = xp.maximum(now - 2.0 - imperfect, 1.0)
    epochs = xp.where(second, xp.where(runs_last, rest, now - 1.0), 1.0)
    told = xp.where(
        second, xp.maximum(now - 1.0 - imperfect, 1.0), xp.where(imperfect & (index == now - 1.0), 1.0, 0.0)
    )
    told = xp.where(index == 0, 1.0, xp.where(runs_last, told, now - 1.0))
    return Visit(
        now=now,
        runs_last=runs_last,
        children=now[-1],
        start=(index * loops.stride).sum(axis=0),
        extent=xp.where(upto[-1] > 0, loops.residual_extent, loops.extent),
        epochs=epochs.prod(),
        weight=xp.where(loops.reports, told, epochs).prod(),
    )


def next_digits(loops: Loops, index: Any, visit: Visit, xp: Any) -> tuple[Any, Any]:
    """``(next digits, whether there is a next visit)``: the innermost loop that can goes on, those inside restart."""
    more = xp.where(visit.runs_last, index + 1.0 < visit.now, (index == 0) & (visit.now > 1)) & loops.visited
    depth = xp.where(more, loops.depth, -1.0).max()
    imperfect = loops.trips != loops.residual
    jump = xp.maximum(visit.now - 1.0 - imperfect, 2.0)
    onward = xp.where(index == 1, jump, index + 1.0)
    stepped = xp.where(loops.depth == depth, onward, xp.where(loops.depth > depth, 0.0, index))
    return xp.where(loops.visited, stepped, index), more.any()
