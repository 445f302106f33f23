"""What a child receives on each visit of the temporal loops above it, and how far its tile has moved since the last.

The loops above a tile are visited like a counter; a *step* of loop ``j`` increments it and wraps every loop inside.
Relative to the visit before it, the step moves the tile by ``t_j = s_j - sum_{k inside j} m_k s_k`` (one number per
tensor rank), where ``s`` is coefficient times extent below the loop; it happens ``(n_j - 1) prod_{k outside j} n_k``
times. Timeloop's nest analysis visits only iterations 0 and 1 of each loop and weights the latter ``n - 1``, so there
``m_k = 1`` and every second visit is a step of the innermost loop; true movement has ``m_k = n_k - 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.reuse import loop_ranks
from accelax.model.levels.tiles import index_extents
from accelax.model.ops import Number


@dataclass(frozen=True)
class Visits:
    """The steps of the ``K`` temporal loops above a network's children, as one tensor's tile sees them.

    sides
        ``[A]``: the tile's extent along each rank of the tensor.
    size
        Words of the whole tile, which is what the very first visit delivers.
    trips, weight
        ``[K]``: iterations of the loop; how often its steps happen.
    move
        ``[K, A]``: ``t_j``.
    innermost
        ``[K]``: whether the loop is the innermost one longer than 1.
    words
        ``[K]``: words that a step of the loop delivers to a child.
    """

    sides: Any
    size: Any
    trips: Any
    weight: Any
    move: Any
    innermost: Any
    words: Any


def loops_above(structure: LevelStructure, network: int) -> list[tuple[int, int]]:
    """``(level, rank)`` of every temporal loop above the children of ``network`` that may be longer than 1."""
    levels = [level for level in range(network + 1) if not structure.is_fanout[level]]
    return [(level, rank) for level in levels for rank in loop_ranks(structure, level)]


def vector(xp: Any, values: list[Number]) -> Any:
    """A one-dimensional floating-point array of scalars; works on tracers."""
    return xp.stack([xp.asarray(value, dtype=float) for value in values]) if values else xp.zeros(0)


def steps_per_index(
    structure: LevelStructure, workload: LevelWorkload, tensor: int, loops: list[tuple[int, Number]]
) -> list[list[Number]]:
    """How far one iteration of each loop moves the tensor's tile: ``[K][A]``, coefficient times extent below.

    ``loops`` pairs a rank with the extent below its loop.
    """
    axes = list(zip(structure.projections[tensor], workload.coefficients[tensor], strict=True))

    def along(terms: tuple[int, ...], coefficients: tuple[Number, ...], rank: int, below: Number) -> Number:
        return sum((c * below for r, c in zip(terms, coefficients, strict=True) if r == rank), start=0.0)

    return [[along(terms, coefficients, rank, below) for terms, coefficients in axes] for rank, below in loops]


def visits_of_child(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    network: int,
    tensor: int,
    xp: Any,
) -> Visits:
    """Describe the steps of the loops above the children of ``network``; ``extent`` as from ``tiles.extents``."""
    loops = loops_above(structure, network)
    exact = structure.rules.halo == "exact"
    axes = len(structure.projections[tensor])
    sides = vector(xp, list(index_extents(structure, workload, tensor, extent[network + 1])))
    trips = vector(xp, [mapping.factor[level][rank] for level, rank in loops])
    step = steps_per_index(structure, workload, tensor, [(rank, extent[level + 1][rank]) for level, rank in loops])
    step = vector(xp, [s for row in step for s in row]).reshape(len(loops), axes)
    inside = _inside(mapping, loops, xp)
    wrap = (trips - 1.0 if exact else xp.where(trips > 1, 1.0, 0.0))[:, None] * step
    move = step - (inside[:, :, None] * wrap[None, :, :]).sum(axis=1)
    innermost = _first(inside, trips > 1)
    moving = _first(inside, (trips > 1) & (step != 0).any(axis=1))
    start = innermost if structure.rules.halo == "timeloop_pre297" else moving
    return Visits(
        sides=sides,
        size=sides.prod(),
        trips=trips,
        weight=(trips - 1.0) * xp.where(inside.T, trips[None, :], 1.0).prod(axis=1),
        move=move,
        innermost=innermost,
        words=_words(sides, move, start, inside, _rule(structure, network, tensor), xp),
    )


def _inside(mapping: LevelMapping, loops: list[tuple[int, int]], xp: Any) -> Any:
    """``[K, K]``: whether loop ``k`` (second axis) stands inside loop ``j`` (first axis)."""
    level = vector(xp, [float(level) for level, _ in loops])
    position = vector(xp, [mapping.position[level][rank] for level, rank in loops])
    deeper = level[None, :] > level[:, None]
    return deeper | ((level[None, :] == level[:, None]) & (position[None, :] < position[:, None]))


def _first(inside: Any, among: Any) -> Any:
    """``[K]``: whether the loop is the innermost of those ``among`` holds for."""
    return among & ~(inside & among[None, :]).any(axis=1)


def _rule(structure: LevelStructure, network: int, tensor: int) -> str:
    """The halo rule of the children of ``network``; ``whole`` where they keep nothing from one visit to the next."""
    return structure.rules.halo if keeps_tile(structure, network, tensor) else "whole"


def _words(sides: Any, move: Any, start: Any, inside: Any, rule: str, xp: Any) -> Any:
    """Words that a step of each loop delivers to a child, ``[K]``: the rules of :mod:`halo` and ``whole``.

    ``start`` marks the loop whose steps set the direction that other steps may keep.
    """
    size = sides.prod()
    fresh = size - xp.maximum(sides[None, :] - abs(move), 0.0).prod(axis=1)
    if rule == "exact":
        return fresh
    if rule == "whole":
        return fresh * 0.0 + size
    if rule == "none":
        return xp.where(start | (inside & start[None, :]).any(axis=1), size, 0.0)
    direction = xp.where(start[:, None], move, 0.0).sum(axis=0)
    partial = xp.where(start, fresh, 0.0).sum()
    words = xp.where((move == direction[None, :]).all(axis=1), partial, size)
    return xp.where((move == 0).all(axis=1), 0.0, words) if rule == "timeloop" else words


def keeps_tile(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether the children of ``network`` keep their tile of the tensor from one visit to the next."""
    if network == structure.n_levels - 1 or structure.rules.reuse == "refetch":
        return False
    return not structure.no_temporal_reuse[network + 1][tensor]
