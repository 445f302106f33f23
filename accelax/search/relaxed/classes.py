"""What of the discrete part of a mapping matters to its relaxed cost: placements of tensors and classes of loop orders.

A tile stays across the innermost run of loops that do not move its tensor, and that run goes on outward through a level
whose relevant loops are all 1 (:mod:`accelax.model.levels.reuse`). So of the order of a level's loops only this is
kept: for every tensor the loops of its run, or that the level is *transparent* to it; and for a sliding tensor the loop
that ends the run, since halo reuse depends on it. Loops of factor 1 stand outside all others of their level, by rank,
so that every mapping has exactly one class.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.ir import LevelConstraints, Mapping
from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.levels.nest import may_link
from accelax.search.relaxed.box import Box

Keep = tuple[tuple[bool, ...], ...]
"""``[L][T]``: whether a level keeps a tensor."""


@dataclass(frozen=True)
class LoopClass:
    """A class of loop orders of one storage level.

    runs
        ``[T]``: the loops across which the tensor stays; None where the level is transparent to it; empty where no
        child below the level keeps the tensor.
    moving
        ``[T]``: the loop that ends the run of a sliding tensor, None for other tensors and where there is none.
    units
        Ranks whose factor is 1 in this class. Of a class that stands for a mapping, those that transparency needs.
    order
        One order with this behaviour, innermost first. Not part of the identity.
    """

    runs: tuple[frozenset[int] | None, ...]
    moving: tuple[int | None, ...]
    units: frozenset[int]
    order: tuple[int, ...]

    def _identity(self) -> tuple[object, ...]:
        return self.runs, self.moving, self.units

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoopClass) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())


@dataclass(frozen=True)
class MappingClass:
    """The discrete part of a mapping: ``keep`` ``[L][T]``, and ``loops`` ``[L]``, None for fan-out levels.

    Which axis of a mesh a spatial loop lies on does not matter here: no term of the relaxed cost depends on it, and of
    the fan-outs' limits only those that hold for all assignments are used.
    """

    keep: Keep
    loops: tuple[LoopClass | None, ...]


def watched_tensors(structure: LevelStructure, keep: Keep, level: int) -> frozenset[int]:
    """The tensors whose deliveries depend on the order of the loops of ``level``: a child below it keeps them.

    The compute unit counts as a child where neighbours on its mesh may hand it what it needed a step before.
    """
    last = structure.n_levels
    tensors = range(len(structure.tensors))
    return frozenset(
        t for t in tensors if any(keep[c][t] for c in range(level + 1, last)) or may_link(structure, last - 1, t)
    )


def class_of(problem: LevelProblem, mapping: Mapping | LevelMapping) -> MappingClass:
    """The class of a mapping (of one, given as an object or as plain numbers). Every mapping has exactly one.

    Raises SpecError for a mapping that does not describe the problem.
    """
    structure = problem.structure
    if isinstance(mapping, Mapping):
        mapping = encode_mapping(structure, problem.lowered, mapping)
    keep = tuple(
        tuple(
            not structure.is_fanout[level] and bool(mapping.keep[level][t] > 0 if fixed is None else fixed)
            for t, fixed in enumerate(row)
        )
        for level, row in enumerate(structure.keep_fixed)
    )
    loops = [
        None if fanout else _loop_class(structure, keep, mapping, level)
        for level, fanout in enumerate(structure.is_fanout)
    ]
    return MappingClass(keep, tuple(loops))


def _loop_class(structure: LevelStructure, keep: Keep, mapping: LevelMapping, level: int) -> LoopClass:
    """The class of the loops of one level of a mapping."""
    factor, position = mapping.factor[level], mapping.position[level]
    ranks = range(len(structure.ranks))
    real = sorted((r for r in ranks if factor[r] > 1), key=lambda r: position[r])
    order = (*real, *(r for r in ranks if factor[r] <= 1))
    watched = watched_tensors(structure, keep, level)
    runs: list[frozenset[int] | None] = []
    moving: list[int | None] = []
    for t in range(len(structure.tensors)):
        relevant = structure.relevant(t)
        end = next((r for r in real if r in relevant), None)
        if t not in watched:
            runs.append(frozenset())
        else:
            runs.append(None if end is None else frozenset(real[: real.index(end)]))
        moving.append(end if t in watched and structure.is_sliding(t) else None)
    units = frozenset(r for t, run in enumerate(runs) if run is None for r in structure.relevant(t))
    return LoopClass(tuple(runs), tuple(moving), units, order)


def placements(problem: LevelProblem) -> Iterator[Keep]:
    """All placements of tensors that the constraints leave open; those that keep more come first."""
    table = problem.space.keep_probability
    rows = [
        [tuple(choice) for choice in itertools.product(*([True, False] if p == 0.5 else [p > 0.5] for p in row))]
        for row in table
    ]
    for keep in itertools.product(*rows):
        yield tuple(tuple(bool(flag) for flag in row) for row in keep)


def loop_classes(problem: LevelProblem, box: Box, keep: Keep, level: int) -> tuple[LoopClass, ...]:
    """The classes of loop orders that the constraints leave open at one storage level, without dominated ones.

    ``box`` limits the factors. For every legal order with factors in the box, one of the classes allows these factors
    and has no delivery more.
    """
    structure, watched = problem.structure, watched_tensors(problem.structure, keep, level)
    walk = _OrderWalk(structure, problem.lowered.constraints[level], box, level, watched)
    found = list(dict.fromkeys(walk.classes()))
    outermost = all(structure.is_fanout[:level])
    kept = [a for a in found if not any(_dominates(structure, b, a, outermost) and a != b for b in found)]
    return tuple(sorted(kept, key=lambda a: len(a.units)))


def enumerate_classes(problem: LevelProblem, box: Box, most: int | None = None) -> tuple[list[MappingClass], bool]:
    """``(classes, complete)``: the classes that the constraints leave open, at most ``most`` of them.

    Together they cover every mapping with factors in ``box`` if ``complete``.
    """
    found: list[MappingClass] = []
    cache: dict[tuple[int, frozenset[int]], tuple[LoopClass, ...]] = {}
    structure = problem.structure
    for keep in placements(problem):
        choices: list[tuple[LoopClass | None, ...]] = []
        for level, fanout in enumerate(structure.is_fanout):
            key = level, watched_tensors(structure, keep, level)
            if not fanout and key not in cache:
                cache[key] = loop_classes(problem, box, keep, level)
            choices.append((None,) if fanout else cache[key])
        for loops in itertools.product(*choices):
            if most is not None and len(found) >= most:
                return found, False
            found.append(MappingClass(keep, loops))
    return found, True


def _dominates(structure: LevelStructure, better: LoopClass, worse: LoopClass, outermost: bool) -> bool:
    """Whether ``better`` allows every factor that ``worse`` allows, and delivers no tile more at any of them.

    At the outermost level transparency changes nothing further out, so that a tensor that never moves has the longest
    run; elsewhere the levels above see it, and both must be transparent to the same tensors.
    """
    if not better.units <= worse.units:
        return False
    for t, (run, other) in enumerate(zip(better.runs, worse.runs, strict=True)):
        if other is None and not outermost:
            if run is not None:
                return False
            continue
        if run is None:
            return False
        if other is None:
            other = frozenset(range(len(structure.ranks))) - structure.relevant(t)
        elif better.moving[t] != worse.moving[t]:
            return False
        if not other - worse.units <= run:
            return False
    return True


class _OrderWalk:
    """Builds the orders of one level from the inside, as long as some watched tensor has not moved.

    At any point the loops that move none of the tensors still at rest are placed first: they only lengthen runs. A
    given loop that would move one may be 1 instead, and is then out of the way.
    """

    def __init__(
        self, structure: LevelStructure, constraint: LevelConstraints, box: Box, level: int, watched: frozenset[int]
    ):
        self.structure, self.watched = structure, watched
        count = len(structure.ranks)
        self.longer = [box.most[level][r] > 1 for r in range(count)]
        self.may_be_one = [box.least[level][r] <= 1 for r in range(count)]
        inner, outer = (
            tuple(r for r in map(structure.ranks.index, names) if self.longer[r])
            for names in (constraint.order_inner, constraint.order_outer)
        )
        free = frozenset(r for r in range(count) if self.longer[r] and r not in inner and r not in outer)
        self.start = (inner, free, outer)
        self.runs: dict[int, frozenset[int]] = {}
        self.moving: dict[int, int] = {}

    def classes(self) -> Iterator[LoopClass]:
        """All of them; some are dominated."""
        never = frozenset(r for r, longer in enumerate(self.longer) if not longer)
        yield from self._walk((), self.watched, never, *self.start)

    def _moved(self, rank: int, resting: frozenset[int]) -> frozenset[int]:
        return frozenset(t for t in resting if rank in self.structure.relevant(t))

    def _walk(
        self,
        order: tuple[int, ...],
        resting: frozenset[int],
        units: frozenset[int],
        inner: tuple[int, ...],
        free: frozenset[int],
        outer: tuple[int, ...],
    ) -> Iterator[LoopClass]:
        if not resting:
            yield self._finish(order, units, resting)
            return
        if inner:
            rank, *rest = inner
            moved = self._moved(rank, resting)
            yield from self._place(order, resting, moved, units, (rank, tuple(rest), free, outer))
            if moved and self.may_be_one[rank]:
                yield from self._walk(order, resting, units | {rank}, tuple(rest), free, outer)
            return
        if free:
            yield from self._walk_free(order, resting, units, free, outer)
        elif outer:
            yield from self._walk(order, resting, units, outer, free, ())
        else:
            yield self._finish(order, units, resting)

    def _walk_free(
        self,
        order: tuple[int, ...],
        resting: frozenset[int],
        units: frozenset[int],
        free: frozenset[int],
        outer: tuple[int, ...],
    ) -> Iterator[LoopClass]:
        """Choose the next of the loops whose order is free."""
        idle = sorted(r for r in free if not self._moved(r, resting))
        if idle:
            yield from self._walk((*order, *idle), resting, units, (), free - set(idle), outer)
            return
        seen = set()
        for rank in sorted(free):
            moved = self._moved(rank, resting)
            slides = any(self.structure.is_sliding(t) for t in moved)
            if (moved, rank if slides else None) not in seen:
                seen.add((moved, rank if slides else None))
                yield from self._place(order, resting, moved, units, (rank, (), free - {rank}, outer))
        if all(self.may_be_one[rank] for rank in free):
            yield from self._walk(order, resting, units | free, (), frozenset(), outer)

    def _place(
        self,
        order: tuple[int, ...],
        resting: frozenset[int],
        moved: frozenset[int],
        units: frozenset[int],
        following: tuple[int, tuple[int, ...], frozenset[int], tuple[int, ...]],
    ) -> Iterator[LoopClass]:
        """Put a loop longer than 1 outside the order so far."""
        rank, inner, free, outer = following
        before = dict(self.runs), dict(self.moving)
        for t in moved:
            self.runs[t], self.moving[t] = frozenset(order), rank
        yield from self._walk((*order, rank), resting - moved, units, inner, free, outer)
        self.runs, self.moving = before

    def _finish(self, order: tuple[int, ...], units: frozenset[int], resting: frozenset[int]) -> LoopClass:
        """The class of the order; tensors still at rest find the level transparent."""
        tensors = range(len(self.structure.tensors))
        rest = [r for r in range(len(self.structure.ranks)) if r not in order]
        still = frozenset(r for t in resting for r in self.structure.relevant(t))
        return LoopClass(
            tuple(None if t in resting else self.runs[t] if t in self.watched else frozenset() for t in tensors),
            tuple(self.moving.get(t) if self.structure.is_sliding(t) and t not in resting else None for t in tensors),
            units | still,
            (*order, *rest),
        )
