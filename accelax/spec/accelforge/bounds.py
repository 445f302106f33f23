"""Extents of rank variables: the bounding box of a set of affine inequalities."""

from __future__ import annotations

import math
from collections.abc import Sequence

from accelax.errors import UnsupportedError
from accelax.spec.accelforge.affine import Affine

_ROUNDS = 100
_LARGEST = 2**53


class UnboundedError(ValueError):
    """A rank variable has no lower or no upper bound; ``rank`` names it."""

    def __init__(self, rank: str):
        self.rank = rank
        super().__init__(f"the rank variable {rank!r} has no bounds")


class EmptySpaceError(ValueError):
    """No point satisfies the inequalities."""


def extents(ranks: Sequence[str], inequalities: Sequence[Affine]) -> dict[str, int]:
    """The extent of each rank in the smallest box that holds every point with all ``inequalities`` at least 0.

    Bounds are propagated from each inequality to each of its ranks until nothing changes. The box is the smallest when
    each of its faces holds a point of the space, which is checked; a space where this can not be shown is refused, and
    so is one whose ranks do not start at 0. Raises UnboundedError, EmptySpaceError and UnsupportedError.

    >>> extents(["p"], [Affine((("p", 1),)), Affine((("p", -1),), 13)])
    {'p': 14}
    """
    low: dict[str, float] = dict.fromkeys(ranks, -math.inf)
    high: dict[str, float] = dict.fromkeys(ranks, math.inf)
    for _ in range(_ROUNDS):
        changed = [_tighten(inequality, low, high) for inequality in inequalities]
        if not any(changed):
            break
    else:
        raise UnsupportedError("an iteration space whose bounds do not settle")
    for rank in ranks:
        if math.isinf(low[rank]) or math.isinf(high[rank]):
            raise UnboundedError(rank)
        if low[rank] > high[rank]:
            raise EmptySpaceError(f"the iteration space is empty: {low[rank]:g} <= {rank} <= {high[rank]:g}")
        if high[rank] > _LARGEST:
            raise ValueError(f"the rank variable {rank!r} is too large: {high[rank]:g}")
        if low[rank] != 0:
            raise UnsupportedError(f"a rank variable that does not start at 0 ({rank} starts at {low[rank]:g})")
    _check_faces(ranks, inequalities, high)
    return {rank: int(high[rank]) + 1 for rank in ranks}


def _tighten(inequality: Affine, low: dict[str, float], high: dict[str, float]) -> bool:
    """Narrow the bounds of each rank of one inequality, given those of the others; whether anything changed."""
    changed = False
    if not inequality.terms and inequality.constant < 0:
        raise EmptySpaceError("the iteration space is empty: an inequality without rank variables does not hold")
    for rank, coefficient in inequality.terms:
        rest = float(inequality.constant)
        for other, factor in inequality.terms:
            if other != rank:
                rest += factor * (high[other] if factor > 0 else low[other])
        if math.isinf(rest) or math.isnan(rest):
            continue
        limit = -rest / coefficient
        if coefficient > 0 and math.ceil(limit) > low[rank]:
            low[rank], changed = math.ceil(limit), True
        elif coefficient < 0 and math.floor(limit) < high[rank]:
            high[rank], changed = math.floor(limit), True
        if low[rank] > high[rank]:
            raise EmptySpaceError(f"the iteration space is empty: {low[rank]:g} <= {rank} <= {high[rank]:g}")
    return changed


def _check_faces(ranks: Sequence[str], inequalities: Sequence[Affine], high: dict[str, float]) -> None:
    """Refuse a space unless it holds its largest corner, or each rank's largest value with all others at 0."""

    def inside(point: dict[str, float]) -> bool:
        return all(sum(c * point[r] for r, c in i.terms) + i.constant >= 0 for i in inequalities)

    if all(len(inequality.terms) < 2 for inequality in inequalities) or inside(high):
        return
    for rank in ranks:
        if not inside({r: high[r] if r == rank else 0.0 for r in ranks}):
            raise UnsupportedError(f"an iteration space whose largest {rank} needs integer programming")
