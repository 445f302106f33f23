"""A slow simulator of a loop nest: it holds the points that every buffer holds and counts what moves.

It is the judge of ``Rules.true_movement()`` and shares no code with the model. Everything is plain Python on sets of
points, so keep the nests small (some thousand multiply-accumulates).

The machine. Levels stand one inside the other, outermost first; compute units are below the last. A level has temporal
loops, outermost first, and below them spatial loops, which fan out to several instances of everything further in. A
loop over a rank that still has extent ``e``, with tile ``t``, runs ``ceil(e/t)`` iterations; the last one is clipped to
what is left, and the loops inside it run on the clipped extent.

Time. A step is the tuple of all temporal indices. All instances run in lockstep: two instances meet in a step when
their temporal indices agree. An instance whose loops are shorter (a ragged lane) idles in the steps it lacks and keeps
its tile.

Tiles. An instance holds, of each tensor its level keeps, the box spanned by the indices that its current iteration can
touch: per tensor rank the interval from the smallest to the largest index. Gaps inside the interval count.

Movement. The parent of an instance, for one tensor, is the instance of the next outer level that keeps the tensor. When
a tile changes, the instance *acquires* the points of the new tile that are not in the old one, and no others. A compute
unit remembers nothing: it acquires its operand and its result in every step.

What is counted, per level and tensor, summed over the instances of the level:

``fills``
    Inputs: the points acquired. Outputs: the points acquired that the same instance held at some earlier time; a first
    visit starts from nothing and is free. The outermost level that keeps the tensor has none.
``reads``
    Points that the level hands down. Children of one instance that acquire the same points in one step share one read.
    Outputs: a point that no child of this instance acquired before is not read.
``updates``
    Outputs only: points that come back from below. Each acquired point comes back once; what children of one instance
    acquired together is reduced on the way and arrives as one word.

Reads that only drain a level towards its parent are counted nowhere. In a nest of perfect factors without sliding
windows the counts are Timeloop's: with ``F`` the words delivered to one child, an input has ``fills = F`` and its
parent ``reads = F x scatter``; an output has ``updates = content``, ``reads = content - partition`` and
``fills = F - partition``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, product
from operator import attrgetter
from typing import Literal

Point = tuple[int, ...]
Box = tuple[range, ...]
Position = tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """A loop over ``rank``; ``tile`` is the extent of the rank below it."""

    rank: str
    tile: int


@dataclass(frozen=True)
class Level:
    """A storage level: the tensors it keeps, its temporal loops outermost first, and the spatial loops below them."""

    name: str
    keeps: tuple[str, ...]
    temporal: tuple[Loop, ...] = ()
    spatial: tuple[Loop, ...] = ()


@dataclass(frozen=True)
class Tensor:
    """A tensor: per tensor rank the terms ``(rank, coefficient)`` whose sum is the index."""

    name: str
    projection: tuple[tuple[tuple[str, int], ...], ...]
    output: bool = False


@dataclass(frozen=True)
class Nest:
    """A whole problem with its mapping: extents of the ranks, tensors, and levels from the outermost inwards."""

    bounds: tuple[tuple[str, int], ...]
    tensors: tuple[Tensor, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Options:
    """Which of the possible rules to count by.

    ``sharing`` says when children of one instance share a word. ``identical``: children that acquire the very same
    points share them, so overlapping windows do not; and where the path leads through instances that bypass the tensor,
    only below instances of the very same tile, since each network multicasts for itself (as in Timeloop). ``union``:
    each point they acquire in one step moves once. ``none``: every child is served alone. ``union`` and ``identical``
    differ for tensors with sliding windows only.

    The elisions make first visits of partial sums free.
    """

    sharing: Literal["identical", "union", "none"] = "identical"
    first_read_elision: bool = True
    first_fill_elision: bool = True


DEFAULT = Options()


@dataclass
class Traffic:
    """Words that move at one level for one tensor, over all instances, and the largest tile of one instance."""

    fills: int = 0
    reads: int = 0
    updates: int = 0
    tile: int = 0


@dataclass
class Counts:
    """What a run moves. ``traffic`` has an entry for each level and tensor it keeps."""

    macs: int
    cycles: int
    instances: dict[str, int]
    traffic: dict[tuple[str, str], Traffic] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """One iteration as an instance sees it: when, where, and the interval ``(first index, extent)`` of every rank."""

    step: Position
    instance: Position
    intervals: tuple[tuple[str, tuple[int, int]], ...]


@dataclass(frozen=True)
class Acquisition:
    """The points that an instance acquires in one step, and the tiles of the bypassed instances they pass through."""

    instance: Position
    points: set[Point]
    route: tuple[Box, ...]


def simulate(nest: Nest, options: Options = DEFAULT) -> Counts:
    """Run the nest and count. Raises ValueError when the loops leave an extent above 1 at the compute units."""
    visits = [sorted(_visits(nest, depth), key=attrgetter("step")) for depth in range(len(nest.levels) + 1)]
    computes = visits[-1]
    if any(extent != 1 for visit in computes for _, (_, extent) in visit.intervals):
        raise ValueError("the loops do not reach extent 1 in every rank")
    counts = Counts(
        macs=len(computes),
        cycles=len({visit.step for visit in computes}),
        instances={
            level.name: len({visit.instance for visit in seen})
            for level, seen in zip(nest.levels, visits, strict=False)
        },
    )
    for tensor in nest.tensors:
        _count_tensor(nest, tensor, visits, counts, options)
    return counts


def _visits(nest: Nest, depth: int) -> Iterator[Visit]:
    """All iterations of the loops above level ``depth`` (the number of levels: above the compute units)."""
    loops = [
        (loop, temporal)
        for level in nest.levels[:depth]
        for group, temporal in ((level.temporal, True), (level.spatial, False))
        for loop in group
    ]
    intervals = {rank: (0, bound) for rank, bound in nest.bounds}
    return _iterate(loops, intervals, (), ())


def _iterate(
    loops: list[tuple[Loop, bool]], intervals: dict[str, tuple[int, int]], step: Position, instance: Position
) -> Iterator[Visit]:
    """The visits at the end of ``loops`` (each with whether it is temporal), starting from ``intervals``."""
    if not loops:
        yield Visit(step, instance, tuple(intervals.items()))
        return
    (loop, temporal), inner = loops[0], loops[1:]
    start, extent = intervals[loop.rank]
    for index in range(math.ceil(extent / loop.tile)):
        offset = index * loop.tile
        clipped = intervals | {loop.rank: (start + offset, min(loop.tile, extent - offset))}
        if temporal:
            yield from _iterate(inner, clipped, (*step, index), instance)
        else:
            yield from _iterate(inner, clipped, step, (*instance, index))


def _box(tensor: Tensor, visit: Visit) -> Box:
    """The box of the tensor that one iteration can touch."""
    intervals = dict(visit.intervals)
    sides = []
    for terms in tensor.projection:
        ends = [
            sorted((coefficient * intervals[rank][0], coefficient * (sum(intervals[rank]) - 1)))
            for rank, coefficient in terms
        ]
        sides.append(range(sum(low for low, _ in ends), sum(high for _, high in ends) + 1))
    return tuple(sides)


def _count_tensor(nest: Nest, tensor: Tensor, visits: list[list[Visit]], counts: Counts, options: Options) -> None:
    """Add what one tensor moves to ``counts.traffic``."""
    kept = [depth for depth, level in enumerate(nest.levels) if tensor.name in level.keeps]
    traffic = {depth: counts.traffic.setdefault((nest.levels[depth].name, tensor.name), Traffic()) for depth in kept}
    for depth in kept:
        traffic[depth].tile = max(math.prod(map(len, _box(tensor, visit))) for visit in visits[depth])
    for parent, child in zip(kept, [*kept[1:], len(nest.levels)], strict=True):
        lanes = len(visits[parent][0].instance)
        handed_down: dict[Position, set[Point]] = {}
        held: dict[Position, set[Point]] = {}
        for acquired in _acquisitions(tensor, visits, parent, child, buffered=child < len(nest.levels)):
            for upper, group in _by_parent(acquired, lanes).items():
                known = handed_down.setdefault(upper, set())
                for points in _transfers(group, options.sharing):
                    elide = tensor.output and options.first_read_elision
                    traffic[parent].reads += len(points & known) if elide else len(points)
                    traffic[parent].updates += len(points) if tensor.output else 0
                known.update(*(one.points for one in group))
            for one in acquired if child < len(nest.levels) else ():
                known = held.setdefault(one.instance, set())
                elide = tensor.output and options.first_fill_elision
                traffic[child].fills += len(one.points & known) if elide else len(one.points)
                known |= one.points


def _acquisitions(
    tensor: Tensor, visits: list[list[Visit]], parent: int, child: int, buffered: bool
) -> Iterator[list[Acquisition]]:
    """What the instances of level ``child`` acquire, step by step; what is not buffered acquires in every step."""
    passing = [
        {(visit.step, visit.instance): _box(tensor, visit) for visit in seen} for seen in visits[parent + 1 : child]
    ]
    lengths = [(len(seen[0].step), len(seen[0].instance)) for seen in visits[parent + 1 : child]]
    boxes: dict[Position, Box] = {}
    for step, together in groupby(visits[child], key=attrgetter("step")):
        acquired = []
        for visit in together:
            box = _box(tensor, visit)
            old = boxes.get(visit.instance)
            if buffered and box == old:
                continue
            kept = set(product(*old)) if buffered and old is not None else set()
            route = tuple(
                tiles[step[:steps], visit.instance[:lanes]]
                for tiles, (steps, lanes) in zip(passing, lengths, strict=True)
            )
            acquired.append(Acquisition(visit.instance, set(product(*box)) - kept, route))
            boxes[visit.instance] = box
        yield acquired


def _by_parent(acquired: list[Acquisition], lanes: int) -> dict[Position, list[Acquisition]]:
    """The acquisitions by parent, whose position is the first ``lanes`` coordinates of the child's."""
    groups: dict[Position, list[Acquisition]] = {}
    for one in acquired:
        groups.setdefault(one.instance[:lanes], []).append(one)
    return groups


def _transfers(group: list[Acquisition], sharing: str) -> list[set[Point]]:
    """What leaves the parent for what its children acquire in one step."""
    if sharing == "union":
        return [set().union(*(one.points for one in group))]
    if sharing == "identical":
        return list({(one.route, frozenset(one.points)): one.points for one in group}.values())
    return [one.points for one in group]
