"""What a step of a sliding window brings: the part of the new tile that the old one lacks.

The loops above a tile are visited like a counter. A *step* of loop ``j`` (all loops inside it wrap) moves the tile by
``t_j = s_j - sum_{k inside j} m_k s_k``, where ``s`` is the coefficient times the extent below the loop, and happens
``(n_j - 1) prod_{k outside j} n_k`` times. Timeloop extrapolates every loop from its iterations 0 and 1, so there
``m_k = 1``; true movement has ``m_k = n_k - 1``. Let loop 1 be the innermost that moves the tile. Then

    timeloop          a step of loop 1 brings V - overlap(t_1); another step brings nothing if t_j = 0, V - overlap(t_1)
                      if t_j = t_1 (the direction is kept), and V otherwise, which forgets the direction
    timeloop_pre297   the same with loop 1 the innermost loop of all, so t_1 may be 0; a later t_j = 0 brings V unless
                      t_1 = 0
    exact             a step of loop j brings V - overlap(t_j)

(Timeloop's SaveAndSubtractIfSameStride before and after pull request 297; by induction the remembered direction before
each step of loop 1 is empty or t_1.) A step of a loop whose rank stands alone in its index expression never overlaps;
so only loops whose rank shares an index expression can reuse a halo, and only while no other rank has moved inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.reuse import LevelMoves, innermost_position, loop_ranks
from accelax.model.ops import INFINITY, Number, logical_and, logical_not, logical_or, maximum, product, where


@dataclass(frozen=True, eq=False)
class SlidingLoop:
    """One loop as a sliding tensor sees it.

    ``axis``: the tensor rank it slides along; ``step``: coefficient times extent below the loop; ``inside``: the moves
    along that axis of the loops inside it at the same level; ``trips``; ``outside``: the product of all loops of the
    level outside it. ``steps`` and ``insides`` give the same for every sliding axis.
    """

    place: Any
    trips: Any
    outside: Any
    steps: dict[int, Any]
    insides: dict[int, Any]
    axis: int = -1

    @property
    def step(self) -> Number:
        """The move along the loop's own axis."""
        return self.steps[self.axis]

    @property
    def inside(self) -> Number:
        """The moves along the loop's own axis of the loops inside it."""
        return self.insides[self.axis]


@dataclass(frozen=True)
class SlidingLevel:
    """The loops of one level, with what a walk outward needs to pass the level.

    ``loops`` slide along an axis; ``all_loops`` adds those that do not move the tile (the exact rule and links need
    them). ``advance[axis]``: the summed moves along the axis; ``others[axis]``: the innermost position of a loop that
    moves the tile but not along this axis; ``fixed``: that of a loop whose rank stands alone in its index expression;
    ``first_irrelevant``: that of a loop that does not move the tile; ``iterations``: the product of all loops.
    """

    loops: tuple[SlidingLoop, ...]
    all_loops: tuple[SlidingLoop, ...]
    advance: dict[int, Any]
    others: dict[int, Any]
    fixed: Any
    first_irrelevant: Any
    iterations: Any


def sliding_axes(structure: LevelStructure, tensor: int) -> list[int]:
    """The tensor ranks whose index expression has several terms."""
    return [axis for axis, terms in enumerate(structure.projections[tensor]) if len(terms) > 1]


def sliding_level(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    level: int,
    tensor: int,
    every: bool = False,
) -> SlidingLevel:
    """Describe the loops of storage level ``level`` as a sliding tensor sees them; ``every`` fills ``all_loops``."""
    ranks = loop_ranks(structure, level)
    factor, position = mapping.factor[level], mapping.position[level]
    exact = structure.rules.halo == "exact"
    step = _steps(structure, workload, ranks, extent[level + 1], tensor)
    move = {
        axis: {r: where(factor[r] > 1, s * (factor[r] - 1.0) if exact else s, 0.0) for r, s in steps.items()}
        for axis, steps in step.items()
    }
    sliding = {r for moves in step.values() for r in moves}

    def describe(rank: int) -> SlidingLoop:
        own = [axis for axis in step if rank in step[axis]]
        inside = {
            axis: sum((where(position[r] < position[rank], m, 0.0) for r, m in moves.items() if r != rank), start=0.0)
            for axis, moves in move.items()
            if exact or every or axis in own
        }
        return SlidingLoop(
            place=position[rank],
            trips=factor[rank],
            outside=product([where(position[r] > position[rank], factor[r], 1.0) for r in ranks if r != rank]),
            steps={axis: step[axis].get(rank, 0.0) for axis in step},
            insides=inside,
            axis=own[0] if own else -1,
        )

    indexed = structure.relevant(tensor)
    return SlidingLevel(
        loops=tuple(describe(r) for r in ranks if r in sliding),
        all_loops=tuple(describe(r) for r in ranks if r in sliding or r not in indexed) if exact or every else (),
        advance={axis: sum(moves.values(), start=0.0) for axis, moves in move.items()},
        others={
            axis: innermost_position(mapping, level, [r for r in ranks if r in indexed and r not in step[axis]])
            for axis in step
        },
        fixed=innermost_position(mapping, level, [r for r in ranks if r in indexed and r not in sliding]),
        first_irrelevant=innermost_position(mapping, level, [r for r in ranks if r not in indexed]),
        iterations=product([factor[r] for r in ranks]),
    )


def _steps(
    structure: LevelStructure, workload: LevelWorkload, ranks: list[int], below: tuple[Number, ...], tensor: int
) -> dict[int, dict[int, Number]]:
    """How far each of the loops over ``ranks`` moves the tile along each sliding axis; ``below`` are extents inside."""
    steps = {}
    for axis in sliding_axes(structure, tensor):
        terms = zip(structure.projections[tensor][axis], workload.coefficients[tensor][axis], strict=True)
        steps[axis] = {r: abs(c) * below[r] for r, c in terms if r in ranks}
    return steps


def halo_saving(
    levels: list[SlidingLevel], moves: list[LevelMoves], sizes: dict[int, Number], size: Number, rule: str
) -> Number:
    """Words that halo reuse saves against fetching the whole tile on every step that moves it.

    ``levels`` and ``moves`` are those above the tile, innermost level first; ``sizes`` the tile's extent along each
    sliding axis, ``size`` its volume. Returns ``sum_j weight_j * saved_j`` over the steps ``j``.
    """
    if rule == "none":
        return 0.0
    outer: list[Number] = [1.0] * len(levels)
    for index in reversed(range(len(levels) - 1)):
        outer[index] = product([outer[index + 1], levels[index + 1].iterations])
    walk = _ExactWalk(sizes, size) if rule == "exact" else _StrideWalk(sizes, size, rule)
    return sum((walk.pass_level(level, moves[i], outer[i]) for i, level in enumerate(levels)), start=0.0)


class _StrideWalk:
    """Timeloop's rules: the state of a walk outward, namely what has moved so far, and the first move."""

    def __init__(self, sizes: dict[int, Number], size: Number, rule: str):
        self.sizes, self.size, self.rule = sizes, size, rule
        self.moved: Number = False
        self.irrelevant_first: Number = False
        self.advanced: dict[int, Number] = dict.fromkeys(sizes, 0.0)
        self.others: dict[int, Number] = dict.fromkeys(sizes, False)
        self.first_move: dict[int, Number] = dict.fromkeys(sizes, 0.0)

    def pass_level(self, level: SlidingLevel, moves: LevelMoves, outer: Number) -> Number:
        """Add up what the steps of this level's loops save, then take the level's moves into account."""
        irrelevant_first = self._irrelevant_first(level, moves)
        starts = {loop: logical_and(loop.place == moves.innermost, logical_not(self.moved)) for loop in level.loops}
        for loop, starts_here in starts.items():
            self.first_move[loop.axis] = where(starts_here, loop.step, self.first_move[loop.axis])
        saved: Number = 0.0
        for loop, starts_here in starts.items():
            weight = (loop.trips - 1.0) * product([loop.outside, outer])
            saved = saved + weight * self._saved_by(loop, starts_here, level, irrelevant_first)
        self.irrelevant_first = irrelevant_first
        self.moved = logical_or(self.moved, moves.innermost < INFINITY)
        for axis in self.sizes:
            self.advanced[axis] = self.advanced[axis] + level.advance[axis]
            self.others[axis] = logical_or(self.others[axis], level.others[axis] < INFINITY)
        return saved

    def _irrelevant_first(self, level: SlidingLevel, moves: LevelMoves) -> Number:
        """Whether the innermost loop of all does not move the tile (it matters before pull request 297 only)."""
        if self.rule != "timeloop_pre297":
            return False
        here = level.first_irrelevant < moves.innermost
        return logical_or(self.irrelevant_first, logical_and(logical_not(self.moved), here))

    def _saved_by(self, loop: SlidingLoop, first: Number, level: SlidingLevel, irrelevant_first: Number) -> Number:
        """Words one step of ``loop`` saves against a whole tile; ``first`` says that it is loop 1."""
        axis = loop.axis
        move = loop.step - (self.advanced[axis] + loop.inside)
        alone = logical_and(logical_not(self.others[axis]), loop.place < level.others[axis])
        later = logical_and(alone, logical_not(first))
        same = logical_and(later, move == self.first_move[axis])
        back = logical_and(later, move == 0)
        if self.rule == "timeloop_pre297":
            first, same = (logical_and(kept, logical_not(irrelevant_first)) for kept in (first, same))
            back = logical_and(back, irrelevant_first)
        overlap = _shared(self.size, [(self.sizes[axis], where(first, loop.step, self.first_move[axis]))])
        return where(back, self.size, where(logical_or(first, same), overlap, 0.0))


class _ExactWalk:
    """True movement: every step is compared with the tile right before it, over all axes at once."""

    def __init__(self, sizes: dict[int, Number], size: Number):
        self.sizes, self.size = sizes, size
        self.moved: Number = False
        self.fixed_moved: Number = False
        self.advanced: dict[int, Number] = dict.fromkeys(sizes, 0.0)

    def pass_level(self, level: SlidingLevel, moves: LevelMoves, outer: Number) -> Number:
        """Add up what the steps of this level's loops save, then take the level's moves into account."""
        saved: Number = 0.0
        for loop in level.all_loops:
            counted = logical_or(self.moved, loop.place >= moves.innermost)
            alone = logical_and(logical_not(self.fixed_moved), loop.place < level.fixed)
            shifts = [
                (self.sizes[axis], loop.steps[axis] - (self.advanced[axis] + loop.insides[axis])) for axis in self.sizes
            ]
            weight = (loop.trips - 1.0) * product([loop.outside, outer])
            saved = saved + where(logical_and(counted, alone), weight * _shared(self.size, shifts), 0.0)
        self.moved = logical_or(self.moved, moves.innermost < INFINITY)
        self.fixed_moved = logical_or(self.fixed_moved, level.fixed < INFINITY)
        for axis in self.sizes:
            self.advanced[axis] = self.advanced[axis] + level.advance[axis]
        return saved


def _shared(size: Number, shifts: list[tuple[Number, Number]]) -> Number:
    """Words that two tiles share when one is the other moved; ``shifts`` are (extent, move) along each sliding axis."""
    for extent, move in shifts:
        size = size / extent * maximum(extent - abs(move), 0.0)
    return size


def axis_sizes(structure: LevelStructure, tensor: int, sizes: tuple[Number, ...]) -> dict[int, Number]:
    """The index extents along the sliding axes only."""
    return {axis: sizes[axis] for axis in sliding_axes(structure, tensor)}
