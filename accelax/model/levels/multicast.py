"""How many different tiles the children of one parent need at once: spatial sharing of equal tiles.

Children are translates of the first one, so two need the same tile exactly when their offsets agree (Timeloop compares
whole tiles for equality; tiles that merely overlap are not shared). A rank that does not index the tensor makes copies;
a rank alone in its index expression makes different tiles; two ranks that share an expression make ``n m`` offsets
``i a + j b``, of which ``(n - b/g)(m - a/g)`` coincide with another, ``g = gcd(a, b)``.
"""

from __future__ import annotations

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.reuse import loop_ranks
from accelax.model.ops import Number, floor, maximum, product, where

EUCLID_STEPS = 14
"""Enough for every pair whose reduced terms are below 600: Fibonacci(15) = 610. Larger terms cannot coincide on a mesh
whose sides are below 600, and an unfinished gcd only makes them look larger."""


def fanout(structure: LevelStructure, mapping: LevelMapping, level: int) -> Number:
    """Children of one instance of fan-out level ``level`` that are in use."""
    return product([mapping.factor[level][rank] for rank in loop_ranks(structure, level)])


def reduced(a: Number, b: Number) -> tuple[Number, Number]:
    """``(a / g, b / g)`` with ``g = gcd(a, b)``, by Euclid's algorithm with a fixed number of steps.

    >>> [float(x) for x in reduced(6.0, 4.0)]
    [3.0, 2.0]
    """
    high, low = a, b
    for _ in range(EUCLID_STEPS):
        divisor = where(low > 0, low, 1.0)
        rest = high - divisor * floor(high / divisor)
        high, low = where(low > 0, low, high), where(low > 0, rest, 0.0)
    return a / high, b / high


def distinct_offsets(n: Number, a: Number, m: Number, b: Number) -> Number:
    """The number of different values of ``i a + j b`` for ``i < n, j < m``.

    >>> float(distinct_offsets(4.0, 1.0, 3.0, 1.0))
    6.0
    """
    a, b = reduced(a, b)
    return n * m - maximum(n - b, 0.0) * maximum(m - a, 0.0)


def distinct_tiles(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    level: int,
    tensor: int,
) -> Number:
    """Different tiles of ``tensor`` among the children of one instance of fan-out level ``level``.

    At most two ranks of one index expression may be spatial at one level (``encode`` refuses more).
    """
    ranks = loop_ranks(structure, level)
    factor, below = mapping.factor[level], extent[level + 1]
    if not structure.multicasts(level, tensor):
        return product([factor[rank] for rank in ranks])
    counts = []
    for terms, coefficients in zip(structure.projections[tensor], workload.coefficients[tensor], strict=True):
        members = [(r, abs(c) * below[r]) for r, c in zip(terms, coefficients, strict=True) if r in ranks]
        count = product([factor[r] for r, _ in members])
        for first, (r, a) in enumerate(members):
            for q, b in members[first + 1 :]:
                pair = distinct_offsets(factor[r], a, factor[q], b)
                count = count - (factor[r] * factor[q] - pair)
        counts.append(count)
    return product(counts)
