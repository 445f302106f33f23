"""A cheap test for mappings in which a neighbour on the mesh might serve a tile (link transfers).

The exact count (:mod:`links`) works on every element of the mesh. Most mappings provably have none: this module computes a
condition that every link transfer needs, so that only mappings that meet it are counted in detail.

Between storage levels, under Timeloop's halo rule, a child is served when its new words are the very set of words that a
neighbour received one visit earlier (reference C.5). With ``t_1`` the move of the innermost moving loop:

* the offset between neighbours along a rank that stands alone in its index expression is never met by a step, so all loops
  up to the step slide along shared expressions, and the children must differ along one of those (``span > 0``);
* some step must move by no more than the children spread along its axis (``near``);
* deliveries alternate with those of loop 1, so equal sets need whole tiles from loop 1 (``apart``: ``t_1`` at least the
  tile's extent) or a step that moves like loop 1 (``same``).
"""

from __future__ import annotations

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.halo import SlidingLevel, axis_sizes, sliding_level
from accelax.model.levels.links import regular_layout
from accelax.model.levels.reuse import level_moves, loop_ranks
from accelax.model.levels.tiles import index_extents
from accelax.model.ops import INFINITY, Number, logical_and, logical_not, logical_or, where


def spans(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, extent: Grid, network: int, tensor: int
) -> dict[int, Number]:
    """How far apart the children of ``network`` lie along each sliding axis: ``sum (n - 1) step``."""
    ranks, found = loop_ranks(structure, network), {}
    for axis, terms in enumerate(structure.projections[tensor]):
        if len(terms) > 1:
            coefficients = workload.coefficients[tensor][axis]
            found[axis] = sum(
                (
                    abs(c) * extent[network + 1][r] * (mapping.factor[network][r] - 1.0)
                    for r, c in zip(terms, coefficients, strict=True)
                    if r in ranks
                ),
                start=0.0,
            )
    return found


def may_meet(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, extent: Grid, network: int, tensor: int
) -> Number:
    """Whether ``tensor`` must be counted in detail on ``network``. False only where no neighbour can serve it.

    On the innermost network False also promises that the closed form of ``links.point_links`` holds.
    """
    innermost = network == structure.n_levels - 1
    ragged = logical_not(regular_layout(structure, mapping, network)) if innermost else False
    if not structure.is_sliding(tensor):
        return ragged if innermost else True
    span = spans(structure, workload, mapping, extent, network, tensor)
    spread: Number = False
    for reach in span.values():
        spread = logical_or(spread, reach > 0)
    kept = innermost or not structure.no_temporal_reuse[network + 1][tensor]
    if structure.rules.halo != "timeloop" or not kept:
        return True if innermost else spread
    child = extent[network + 1]
    sizes = axis_sizes(structure, tensor, index_extents(structure, workload, tensor, child))
    walk = _Walk(sizes, span)
    for level in reversed(range(network + 1)):
        if not structure.is_fanout[level]:
            loops = sliding_level(structure, workload, mapping, extent, level, tensor)
            walk.pass_level(loops, level_moves(structure, mapping, level, tensor).innermost)
    if innermost:
        return logical_or(ragged, logical_or(spread, walk.back))
    return logical_and(spread, logical_and(walk.near, logical_or(walk.apart, walk.same)))


class _Walk:
    """A walk outward over the loops above the children, collecting what the module's conditions ask."""

    def __init__(self, sizes: dict[int, Number], span: dict[int, Number]):
        self.sizes, self.span = sizes, span
        self.moved: Number = False
        self.fixed: Number = False
        self.first: dict[int, Number] = dict.fromkeys(sizes, 0.0)
        self.advanced: dict[int, Number] = dict.fromkeys(sizes, 0.0)
        self.near: Number = False
        self.apart: Number = False
        self.same: Number = False
        self.back: Number = False

    def pass_level(self, level: SlidingLevel, innermost: Number) -> None:
        """Take the steps of one level's loops into account."""
        for loop in level.loops:
            starts = logical_and(loop.place == innermost, logical_not(self.moved))
            self.first[loop.axis] = where(starts, loop.step, self.first[loop.axis])
            apart = loop.step >= self.sizes[loop.axis]
            self.apart = logical_or(self.apart, logical_and(starts, apart))
        for loop in level.loops:
            starts = logical_and(loop.place == innermost, logical_not(self.moved))
            move = loop.step - (self.advanced[loop.axis] + loop.inside)
            sliding = logical_and(logical_not(self.fixed), loop.place < level.fixed)
            steps = logical_and(loop.trips > 1, sliding)
            later = logical_and(steps, logical_not(starts))
            reached = logical_and(abs(move) <= self.span[loop.axis], move != 0)
            self.near = logical_or(self.near, logical_and(steps, reached))
            self.same = logical_or(self.same, logical_and(later, move == self.first[loop.axis]))
            self.back = logical_or(self.back, logical_and(later, move == 0))
        self.moved = logical_or(self.moved, innermost < INFINITY)
        self.fixed = logical_or(self.fixed, level.fixed < INFINITY)
        for axis in self.sizes:
            self.advanced[axis] = self.advanced[axis] + level.advance[axis]
