"""Link transfers of a sliding tensor when one rank spreads the children along a shared index expression.

The closed form of :mod:`links` for the common case: on a regular mesh, of all the ranks that share an index expression
only one, ``b`` with ``n`` lanes and an offset ``s`` between lanes, is spatial. A neighbour then holds what a child
needs next if the visit moves by ``s`` or ``-s`` along that expression and by nothing else, and ``b`` is the innermost
spatial loop (longer than 1) of its side of the mesh: every child but those in the last lane is served. Where another
loop stands inside ``b``, at most one of the children that share a tile has the right neighbour, the parent serves the
tile all the same, and Timeloop uses no links (reference C.5: only if the parent's accesses decrease).

With the visits as in :mod:`halo` (``V`` the tile, ``d_1 = V - overlap(t_1)``,
``w_j = (n_j - 1) prod_{k outside j} n_k``, loop 1 the innermost that moves, ``apart`` if ``d_1 = V``), equal deliveries
follow one another and give, per child,

    steps of loop 1, if t_1 = s      (n_1 - 1) d_1 [apart (prod_{k > 1} n_k - sum_same w_j - sum_back w_j)
                                     + sum_same w_j]
    steps of j > 1, if t_j = +-s     w_j d_1 if t_j = t_1, else w_j V if apart

words over links, where ``same`` are the steps with ``t_j = t_1`` and ``back`` those with ``t_j = 0``, which deliver
nothing. The first line needs loop 1 to slide along the shared expression, the second that it slides along any. A loop
longer than 1 inside loop 1 delivers nothing right before every other step, so that no two deliveries are equal.
"""

from __future__ import annotations

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.halo import SlidingLevel, SlidingLoop, axis_sizes, sliding_axes, sliding_level
from accelax.model.levels.reuse import level_moves, loop_ranks
from accelax.model.levels.tiles import index_extents
from accelax.model.ops import (
    INFINITY,
    Number,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    product,
    total,
    where,
)

Lanes = dict[int, tuple[tuple[int, Number, Number], ...]]
"""Per sliding axis: ``(rank, lanes, offset between lanes)`` of every rank that may be spatial."""


def spatial_lanes(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, extent: Grid, network: int, tensor: int
) -> Lanes:
    """How the children of ``network`` lie along each sliding axis of ``tensor``."""
    ranks, factor, below = loop_ranks(structure, network), mapping.factor[network], extent[network + 1]
    lanes = {}
    for axis in sliding_axes(structure, tensor):
        terms = zip(structure.projections[tensor][axis], workload.coefficients[tensor][axis], strict=True)
        lanes[axis] = tuple((r, factor[r], abs(c) * below[r]) for r, c in terms if r in ranks)
    return lanes


def spread_along(lanes: tuple[tuple[int, Number, Number], ...]) -> Number:
    """How far apart the children lie along one axis: ``sum (n - 1) s``."""
    return sum(((n - 1.0) * step for _, n, step in lanes), start=0.0)


def one_lane(lanes: Lanes) -> Number:
    """Whether at most one rank spreads the children over all sliding axes."""
    count = sum((where(n > 1, 1.0, 0.0) for row in lanes.values() for _, n, _ in row), start=0.0)
    return count <= 1


def served_words(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    network: int,
    tensor: int,
) -> tuple[Number, Number]:
    """``(words, lanes)`` that neighbours serve on a network between storage levels.

    Every child in all but the last of the ``lanes`` receives ``words`` from a neighbour (a mean over all children would
    not be whole).
    """
    lanes = spatial_lanes(structure, workload, mapping, extent, network, tensor)
    above = [level for level in reversed(range(network + 1)) if not structure.is_fanout[level]]
    levels = [sliding_level(structure, workload, mapping, extent, level, tensor, every=True) for level in above]
    innermost = [level_moves(structure, mapping, level, tensor).innermost for level in above]
    sizes = index_extents(structure, workload, tensor, extent[network + 1])
    alone = one_lane(lanes)
    words, count = 0.0, 1.0
    for axis, row in lanes.items():
        if not row:
            continue
        offset = sum((where(n > 1, step, 0.0) for _, n, step in row), start=0.0)
        linked = _linked_words(
            levels, innermost, axis, offset, axis_sizes(structure, tensor, sizes), product(list(sizes))
        )
        for rank, n, _ in row:
            first = logical_and(alone, n > 1, _is_innermost(structure, mapping, network, rank))
            words = where(first, linked, words)
            count = where(first, n, count)
    return words, count


def slide_links(
    structure: LevelStructure,
    mapping: LevelMapping,
    network: int,
    counts: NetworkCounts,
    served: tuple[Number, Number],
) -> NetworkCounts:
    """``counts`` of a network without links, less what neighbours serve: ``served`` as from :func:`served_words`."""
    words, lanes = served
    children = product([mapping.factor[network][rank] for rank in loop_ranks(structure, network)])
    distinct = counts.accesses * children / counts.deliveries
    transfers = words * children * (lanes - 1.0) / lanes
    return NetworkCounts(
        accesses=counts.accesses - words * distinct * (lanes - 1.0) / lanes,
        deliveries=counts.deliveries - transfers,
        link_transfers=transfers,
    )


def _is_innermost(structure: LevelStructure, mapping: LevelMapping, network: int, rank: int) -> Number:
    """Whether the spatial loop over ``rank`` has no loop longer than 1 inside it on its side of the mesh."""
    factor, position, on_x = mapping.factor[network], mapping.position[network], mapping.on_x[network]
    first: Number = True
    for other in loop_ranks(structure, network):
        if other != rank:
            inside = logical_and(position[other] < position[rank], on_x[other] == on_x[rank], factor[other] > 1)
            first = logical_and(first, logical_not(inside))
    return first


def _linked_words(
    levels: list[SlidingLevel],
    innermost: list[Number],
    axis: int,
    offset: Number,
    sizes: dict[int, Number],
    tile: Number,
) -> Number:
    """Words per child of visits that neighbours can serve, when the lanes lie ``offset`` apart along ``axis``."""
    outer: list[Number] = [1.0] * len(levels)
    for index in reversed(range(len(levels) - 1)):
        outer[index] = product([outer[index + 1], levels[index + 1].iterations])
    walk = _Walk(axis, offset, sizes, tile)
    for index, level in enumerate(levels):
        walk.pass_level(level, innermost[index], outer[index])
    return walk.words()


class _Walk:
    """A walk outward that adds up the weights of steps by what they bring."""

    def __init__(self, axis: int, offset: Number, sizes: dict[int, Number], tile: Number):
        self.axis, self.offset, self.sizes, self.tile = axis, offset, sizes, tile
        self.moved: Number = False
        self.fixed: Number = False
        self.idle: Number = False
        self.move: Number = 0.0
        self.apart: Number = False
        self.slides: Number = False
        self.first_trips: Number = 1.0
        self.beyond_first: Number = 0.0
        self.advanced: dict[int, Number] = dict.fromkeys(sizes, 0.0)
        self.same: list[Number] = []
        self.back: list[Number] = []
        self.linked_same: list[Number] = []
        self.linked_whole: list[Number] = []

    def pass_level(self, level: SlidingLevel, innermost: Number, outer: Number) -> None:
        """Take the steps of one level's loops into account."""
        unmoved = logical_not(self.moved)
        self.idle = logical_or(self.idle, logical_and(unmoved, level.first_irrelevant < innermost))
        starts = {loop: logical_and(loop.place == innermost, unmoved) for loop in level.all_loops}
        for loop, first in starts.items():
            if loop.axis >= 0:
                self.apart = where(first, loop.step >= self.sizes[loop.axis], self.apart)
                self.slides = logical_or(self.slides, first)
            if loop.axis == self.axis:
                self.move = where(first, loop.step, self.move)
                self.first_trips = where(first, loop.trips, self.first_trips)
                self.beyond_first = where(first, product([loop.outside, outer]), self.beyond_first)
        for loop, first in starts.items():
            self._add(loop, first, level, product([loop.outside, outer]))
        self.moved = logical_or(self.moved, innermost < INFINITY)
        self.fixed = logical_or(self.fixed, level.fixed < INFINITY)
        for axis in self.sizes:
            self.advanced[axis] = self.advanced[axis] + level.advance[axis]

    def _add(self, loop: SlidingLoop, first: Number, level: SlidingLevel, outside: Number) -> None:
        """Sort the steps of one loop other than loop 1 by their move."""
        moves = {axis: loop.steps[axis] - (self.advanced[axis] + loop.insides[axis]) for axis in self.sizes}
        straight = logical_and(logical_not(self.fixed), loop.place < level.fixed, logical_not(first))
        for axis, move in moves.items():
            if axis != self.axis:
                straight = logical_and(straight, move == 0)
        weight = where(straight, (loop.trips - 1.0) * outside, 0.0)
        same = logical_and(moves[self.axis] == self.move, self.move > 0)
        near = abs(moves[self.axis]) == self.offset
        self.same.append(where(same, weight, 0.0))
        self.back.append(where(moves[self.axis] == 0, weight, 0.0) if loop.axis >= 0 else 0.0)
        self.linked_same.append(where(logical_and(near, same), weight, 0.0))
        self.linked_whole.append(where(logical_and(near, logical_not(same)), weight, 0.0))

    def words(self) -> Number:
        """The sum of the module's two lines; 0 when loop 1 does not slide or a loop inside it moves nothing."""
        size = self.sizes[self.axis]
        part = self.tile / size * minimum(self.move, size)
        same, back = total(self.same), total(self.back)
        whole = where(self.apart, maximum(self.beyond_first - same - back, 0.0), 0.0)
        first = where(self.move == self.offset, (self.first_trips - 1.0) * part * (whole + same), 0.0)
        later = total(self.linked_same) * part + where(self.apart, total(self.linked_whole) * self.tile, 0.0)
        counted = logical_and(self.slides, logical_not(self.idle), self.offset > 0)
        return where(counted, first + later, 0.0)
