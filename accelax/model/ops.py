"""Elementwise operations that work alike on Python numbers, numpy scalars and JAX arrays.

The model is written once, for one mapping, on scalars. Called with plain numbers it runs on numpy in float64, which is
how reported results are computed; called with JAX arrays or tracers it is what ``vmap`` and ``jit`` transform.
"""

from __future__ import annotations

import math
from functools import reduce

import numpy as np

from accelax.components.numbers import Number, ceil, namespace


def where(condition: Number, then: Number, otherwise: Number) -> Number:
    """``then`` where the condition holds, else ``otherwise``.

    >>> float(where(3 > 2, 1.0, 0.0))
    1.0
    """
    if isinstance(condition, (bool, np.bool_)):
        return then if condition else otherwise
    return namespace(condition, then, otherwise).where(condition, then, otherwise)


def maximum(*values: Number) -> Number:
    """The largest of the values."""
    return reduce(lambda one, other: namespace(one, other).maximum(one, other), values)


def minimum(*values: Number) -> Number:
    """The smallest of the values."""
    return reduce(lambda one, other: namespace(one, other).minimum(one, other), values)


def floor(value: Number) -> Number:
    """The largest integer not above the value, as a float."""
    return namespace(value).floor(value)


def ceil_divide(value: Number, divisor: Number) -> Number:
    """``ceil(value / divisor)`` for whole numbers, exact even where a compiler multiplies by the reciprocal instead.

    >>> float(ceil_divide(49.0 * 3, 49.0))
    3.0
    """
    whole = ceil(value / divisor)
    whole = where((whole - 1.0) * divisor >= value, whole - 1.0, whole)
    return where(whole * divisor < value, whole + 1.0, whole)


def floor_divide(value: Number, divisor: Number) -> Number:
    """``floor(value / divisor)`` for finite numbers, exact even where a compiler multiplies by the reciprocal instead.

    >>> float(floor_divide(49.0 * 3, 49.0))
    3.0
    """
    whole = floor(value / divisor)
    whole = where((whole + 1.0) * divisor <= value, whole + 1.0, whole)
    return where(whole * divisor > value, whole - 1.0, whole)


def share_of(used: Number, limit: Number) -> Number:
    """``used / limit``: at most 1 exactly when ``used`` is at most ``limit``, even where reciprocals are used.

    >>> float(share_of(14.0, 14.0))
    1.0
    """
    share = used / limit
    return where(used <= limit, minimum(share, 1.0), maximum(share, 1.0))


def round_half_away(value: Number) -> Number:
    """Round to the nearest integer, halves away from zero, as C's ``round`` does. The value is not negative.

    >>> float(round_half_away(2.5)), float(round_half_away(0.49999999999999994))
    (3.0, 0.0)
    """
    whole = floor(value)
    return where(value - whole >= 0.5, whole + 1.0, whole)


def logical_and(*values: Number) -> Number:
    """Whether all conditions hold."""
    return reduce(lambda one, other: namespace(one, other).logical_and(one, other), values)


def logical_or(*values: Number) -> Number:
    """Whether any condition holds."""
    return reduce(lambda one, other: namespace(one, other).logical_or(one, other), values)


def logical_not(value: Number) -> Number:
    """The negation of a condition."""
    return namespace(value).logical_not(value)


def product(values: list[Number]) -> Number:
    """The product of the values, 1.0 for none; factors known to be exactly 1 cost nothing.

    >>> product([2.0, 1.0, 3.0])
    6.0
    """
    result: Number = 1.0
    for value in values:
        if isinstance(value, float) and value == 1.0:
            continue
        result = value if isinstance(result, float) and result == 1.0 else result * value
    return result


def total(values: list[Number]) -> Number:
    """The sum of the values in order, 0.0 for none."""
    result: Number = 0.0
    for value in values:
        result = value if isinstance(result, float) and result == 0.0 else result + value
    return result


INFINITY = math.inf
