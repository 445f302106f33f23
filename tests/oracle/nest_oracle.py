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
    Points that the level hands down. In one step, a point that several children of one instance acquire is read once.
    Outputs: a point that no child of this instance acquired before is not read.
``updates``
    Outputs only: points that come back from below. Each acquired point comes back once; children of one instance
    that acquired it in the same step are reduced on the way and arrive as one word.

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
    """What a count may leave out of the rules.

    ``sharing`` says when children of one instance share a word: ``union``: each point they acquire in one step moves
    once; ``identical``: only children that acquire the very same points share (overlapping windows do not);
    ``none``: every child is served alone. The elisions make first visits of partial sums free.
    """

    sharing: Literal["union", "identical", "none"] = "union"
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
        buffered = child < len(nest.levels)
        fan_out = sum(len(level.spatial) for level in nest.levels[:parent])
        handed_down: dict[Position, set[Point]] = {}
        held: dict[Position, set[Point]] = {}
        for acquired in _acquisitions(tensor, visits[child], buffered):
            for upper, group in _by_parent(acquired, fan_out).items():
                known = handed_down.setdefault(upper, set())
                for points in _transfers(group, options.sharing):
                    elide = tensor.output and options.first_read_elision
                    traffic[parent].reads += len(points & known) if elide else len(points)
                    traffic[parent].updates += len(points) if tensor.output else 0
                known.update(*group)
            for instance, points in acquired if buffered else ():
                known = held.setdefault(instance, set())
                elide = tensor.output and options.first_fill_elision
                traffic[child].fills += len(points & known) if elide else len(points)
                known |= points


def _acquisitions(tensor: Tensor, visits: list[Visit], buffered: bool) -> Iterator[list[tuple[Position, set[Point]]]]:
    """Per step, the instances that acquire points, and the points; what is not buffered acquires in every step."""
    boxes: dict[Position, Box] = {}
    for _, together in groupby(visits, key=attrgetter("step")):
        acquired = []
        for visit in together:
            box = _box(tensor, visit)
            old = boxes.get(visit.instance)
            if buffered and box == old:
                continue
            kept = set(product(*old)) if buffered and old is not None else set()
            acquired.append((visit.instance, set(product(*box)) - kept))
            boxes[visit.instance] = box
        yield acquired


def _by_parent(acquired: list[tuple[Position, set[Point]]], fan_out: int) -> dict[Position, list[set[Point]]]:
    """The acquired sets by parent, whose position is the first ``fan_out`` coordinates of the child's."""
    groups: dict[Position, list[set[Point]]] = {}
    for instance, points in acquired:
        groups.setdefault(instance[:fan_out], []).append(points)
    return groups


def _transfers(group: list[set[Point]], sharing: str) -> list[set[Point]]:
    """What leaves the parent for what its children acquire in one step."""
    if sharing == "union":
        return [set().union(*group)]
    if sharing == "identical":
        return [set(points) for points in {frozenset(points) for points in group}]
    return group
