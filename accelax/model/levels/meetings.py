"""A cheap test for mappings in which a neighbour on the mesh might serve a tile (link transfers).

The exact count (:mod:`links`) works on every element of the mesh. Most mappings provably have none: this module
computes a condition that every link transfer needs, so that only mappings that meet it are counted in detail.

Between storage levels, under Timeloop's halo rule, a child is served when its new words are the very set of words that
a neighbour received one visit earlier (reference C.5). With ``t_1`` the move of the innermost moving loop:

* the offset between neighbours along a rank that stands alone in its index expression is never met by a step, so all
  loops up to the step slide along shared expressions, and the children must differ along one of those (``span > 0``);
* some step must move by no more than the children spread along every axis (``near``);
* no loop inside loop 1 may be longer than 1 (``idle``): it delivers nothing right before every other step;
* one rank alone that spreads the children over a regular mesh, not a torus, is counted by the closed form of
  :mod:`sliding_links`, which takes it that children with equal tiles share them;
* where steps may deliver whole tiles, one that ends where it began delivers what the neighbours just had;
* the children must fit on the mesh: what a mapping that does not fit would count is of no use to anyone;
* deliveries alternate with those of loop 1, so equal sets need whole tiles from loop 1 (``apart``: ``t_1`` at least the
  tile's extent) or a step that moves like loop 1 (``same``).
"""

from __future__ import annotations

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.capacity import on_axis
from accelax.model.levels.halo import SlidingLevel, SlidingLoop, axis_sizes, sliding_level
from accelax.model.levels.links import regular_layout
from accelax.model.levels.reuse import level_moves
from accelax.model.levels.sliding_links import one_lane, spatial_lanes, spread_along
from accelax.model.levels.tiles import index_extents
from accelax.model.ops import INFINITY, Number, logical_and, logical_not, logical_or, where


def may_meet(
    structure: LevelStructure, workload: LevelWorkload, mapping: LevelMapping, extent: Grid, network: int, tensor: int
) -> Number:
    """Whether ``tensor`` must be counted in detail on ``network``. False only where no neighbour can serve it.

    On the innermost network False also promises that the closed form of ``links.point_links`` holds.
    """
    innermost = network == structure.n_levels - 1
    ragged = logical_not(regular_layout(structure, mapping, network)) if innermost else False
    fits = _fits(structure, mapping, network)
    if not structure.is_sliding(tensor):
        return logical_and(fits, ragged) if innermost else fits
    lanes = spatial_lanes(structure, workload, mapping, extent, network, tensor)
    axes = {axis: spread_along(row) for axis, row in lanes.items()}
    spread: Number = False
    for span in axes.values():
        spread = logical_or(spread, span > 0)
    kept = innermost or not structure.no_temporal_reuse[network + 1][tensor]
    if not kept or structure.rules.halo in ("none", "timeloop_pre297"):
        return fits
    if structure.rules.halo != "timeloop":
        return fits if innermost else logical_and(fits, spread)
    child = extent[network + 1]
    sizes = axis_sizes(structure, tensor, index_extents(structure, workload, tensor, child))
    walk = _Walk(sizes, axes)
    for level in reversed(range(network + 1)):
        if not structure.is_fanout[level]:
            loops = sliding_level(structure, workload, mapping, extent, level, tensor, every=True)
            walk.pass_level(loops, level_moves(structure, mapping, level, tensor).innermost)
    if innermost:
        return logical_and(fits, logical_or(ragged, spread, walk.back))
    torus = structure.rules.link_transfers == "torus"
    shares = structure.multicasts(network, tensor)
    simple = logical_and(shares, not torus, one_lane(lanes), regular_layout(structure, mapping, network))
    return logical_and(
        fits, spread, logical_not(simple), logical_not(walk.idle), walk.near, logical_or(walk.apart, walk.same)
    )


def _fits(structure: LevelStructure, mapping: LevelMapping, network: int) -> Number:
    """Whether the children in use fit on the physical mesh."""
    x, y = on_axis(structure, mapping, network)
    columns, rows = structure.physical_mesh[network]
    return logical_and(x <= columns, y <= rows)


class _Walk:
    """A walk outward over the loops above the children, collecting what the module's conditions ask."""

    def __init__(self, sizes: dict[int, Number], spans: dict[int, Number]):
        self.sizes, self.spans = sizes, spans
        self.moved: Number = False
        self.fixed: Number = False
        self.first: dict[int, Number] = dict.fromkeys(sizes, 0.0)
        self.advanced: dict[int, Number] = dict.fromkeys(sizes, 0.0)
        self.idle: Number = False
        self.near: Number = False
        self.apart: Number = False
        self.same: Number = False
        self.back: Number = False

    def pass_level(self, level: SlidingLevel, innermost: Number) -> None:
        """Take the steps of one level's loops into account."""
        unmoved = logical_not(self.moved)
        self.idle = logical_or(self.idle, logical_and(unmoved, level.first_irrelevant < innermost))
        starts = {loop: logical_and(loop.place == innermost, unmoved) for loop in level.all_loops}
        for loop, first in starts.items():
            if loop.axis >= 0:
                self.first[loop.axis] = where(first, loop.step, self.first[loop.axis])
                self.apart = logical_or(self.apart, logical_and(first, loop.step >= self.sizes[loop.axis]))
        for loop, first in starts.items():
            self._judge(loop, first, level)
        self.moved = logical_or(self.moved, innermost < INFINITY)
        self.fixed = logical_or(self.fixed, level.fixed < INFINITY)
        for axis in self.sizes:
            self.advanced[axis] = self.advanced[axis] + level.advance[axis]

    def _judge(self, loop: SlidingLoop, first: Number, level: SlidingLevel) -> None:
        """Compare the move of one loop with the spans and with loop 1."""
        steps = logical_and(loop.trips > 1, logical_not(self.fixed), loop.place < level.fixed)
        near: Number = steps
        for axis, span in self.spans.items():
            near = logical_and(near, abs(loop.steps[axis] - (self.advanced[axis] + loop.insides[axis])) <= span)
        self.near = logical_or(self.near, near)
        if loop.axis >= 0:
            move = loop.step - (self.advanced[loop.axis] + loop.inside)
            later = logical_and(steps, logical_not(first))
            self.same = logical_or(self.same, logical_and(later, move == self.first[loop.axis]))
            self.back = logical_or(self.back, logical_and(later, move == 0))
