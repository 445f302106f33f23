"""Monomials below what is no monomial: extents of sliding windows, new words of a step, different tiles of lanes.

Each such quantity is a function of two extents ``p`` and ``r`` that take known whole values. In logarithms its lower
convex envelope over these points is a maximum of planes, every plane a monomial below the function; the maximum is
exact at every point that lies on the envelope. For a window ``s p + d r + 1 - s - d`` with ``r`` in {1, R} these are
all points when ``s = 1``; for ``r < s`` the envelope is the chord through the smallest and the largest ``p``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache

import numpy as np

MOST_POINTS = 64
"""Points of which all triples are tried; where there are more, each extent has an envelope of its own."""
SLACK = 1e-12
"""Planes may pass this far above a point."""
LOWERED = 1e-10
"""By this, planes are lowered: more than ``SLACK`` and their rounding to 12 digits can raise them at any extent."""

Facets = tuple[tuple[float, float, float], ...]
"""Planes ``a log p + b log r + c``: triples ``(a, b, c)``."""
Extents = tuple[int, ...]


def index_window(coefficients: tuple[float, float], p: float, r: float) -> float:
    """Extent of an index expression of two terms: ``1 + s (p - 1) + d (r - 1)``."""
    return 1.0 + coefficients[0] * (p - 1.0) + coefficients[1] * (r - 1.0)


def swept_window(coefficients: tuple[float, float], p: float, r: float) -> float:
    """The least that a run of a loop over the first rank brings, when ``p`` is the extent above that loop.

    A tile of extent ``e`` that moves ``n`` times, ``p = n e``, by ``s e`` sweeps ``w(e, r) + (n - 1) min(s e, w(e, r))
    = min(w(p, r), n w(e, r))``; the second, with gaps between the tiles, is least for ``e = 1`` if it is the smaller.

    >>> swept_window((3.0, 1.0), 4, 2)
    8.0
    """
    return min(index_window(coefficients, p, r), p * index_window(coefficients, 1.0, r))


def lane_offsets(coefficients: tuple[float, float], p: float, r: float) -> float:
    """The fewest different offsets ``i a + j b`` of ``p`` by ``r`` lanes, whatever ``a`` and ``b``: ``p + r - 1``."""
    return p + r - 1.0


@lru_cache(maxsize=512)
def envelope(
    function: Callable[[tuple[float, float], float, float], float],
    coefficients: tuple[float, float],
    first: Extents,
    second: Extents,
) -> Facets:
    """Planes below ``log function(coefficients, p, r)`` for every ``p`` in ``first`` and ``r`` in ``second``.

    >>> envelope(lane_offsets, (1.0, 1.0), (1, 2), (1,))
    ((1.0, 0.0, 0.0),)
    """
    if len(first) * len(second) > MOST_POINTS and min(len(first), len(second)) > 1:
        low = min(second), min(first)
        along_p = envelope(function, coefficients, first, low[:1])
        turned = envelope(_swapped(function), coefficients, second, low[1:])
        planes = {(a, 0.0, c) for a, _, c in along_p} | {(0.0, a, c) for a, _, c in turned}
        return tuple(sorted(planes))
    points = np.array([[p, r, function(coefficients, p, r)] for p, r in itertools.product(first, second)])
    return _planes(np.log(points))


@lru_cache(maxsize=16)
def _swapped(
    function: Callable[[tuple[float, float], float, float], float],
) -> Callable[[tuple[float, float], float, float], float]:
    """The same function of ``(r, p)``. All functions here grow with both extents."""
    return lambda coefficients, r, p: function(coefficients, p, r)


def _planes(points: np.ndarray) -> Facets:
    """The facets of the lower hull of ``[n, 3]`` points: planes through some of them and above none."""
    spread = np.ptp(points, axis=0) > 0
    if not spread[:2].any():
        return ((0.0, 0.0, float(points[:, 2].min())),)
    corners = 1 + int(spread[0]) + int(spread[1])
    columns = np.flatnonzero([spread[0], spread[1], True])
    picks = np.array(list(itertools.combinations(range(len(points)), corners)))
    matrix = np.concatenate([points[:, :2], np.ones((len(points), 1))], axis=1)[:, columns]
    systems = matrix[picks]
    sound = abs(np.linalg.det(systems)) > SLACK
    slopes = np.zeros((int(sound.sum()), 3))
    slopes[:, columns] = np.linalg.solve(systems[sound], points[picks[sound]][:, :, 2][..., None])[..., 0]
    full = np.concatenate([points[:, :2], np.ones((len(points), 1))], axis=1)
    room = (points[:, 2] - slopes @ full.T).min(axis=1)
    below = room > -SLACK
    slopes = slopes[below]
    rounded = np.round(slopes, 12) + 0.0
    rounded[:, 2] -= np.where((rounded == slopes).all(axis=1), 0.0, LOWERED)
    return tuple(sorted({(float(a), float(b), float(c)) for a, b, c in rounded}))
