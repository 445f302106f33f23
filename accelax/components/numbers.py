"""Functions of numbers that are plain, numpy's or an array library's own, so that one formula serves all of them.

Estimators are read by the specification, which must not import an array library (numpy only when it computes), and
differentiated by callers who pass arrays of one. The array says itself where its functions are
(``__array_namespace__`` of the array API standard).
"""

from __future__ import annotations

import numbers
from typing import Any

Number = Any
"""A Python number, a numpy scalar or array, or an array or tracer of a library that follows the array API standard."""


def namespace(*values: Number) -> Any:
    """The module whose functions take ``values``: that of the first value that is an array, else numpy.

    >>> namespace(1.0, 2).__name__
    'numpy'
    """
    for value in values:
        if is_traced(value):
            return value.__array_namespace__()
    import numpy

    return numpy


def is_plain(value: object) -> bool:
    """Whether a value is an ordinary number, whose size may decide what happens next.

    >>> import numpy as np
    >>> is_plain(3), is_plain(np.float64(2)), is_plain("3"), is_plain(True), is_plain(np.ones(2))
    (True, True, False, False, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_traced(value: object) -> bool:
    """Whether a value is an array or tracer of an array library, of which nothing may be asked that decides the flow.

    >>> import numpy as np
    >>> is_traced(3.0), is_traced(np.float64(2)), is_traced(np.ones(2))
    (False, False, False)
    """
    return hasattr(value, "__array_namespace__") and type(value).__module__.partition(".")[0] != "numpy"


def plain_or_traced(value: Number) -> Number:
    """A float, or a traced number as it is.

    >>> plain_or_traced(3)
    3.0
    """
    return value if is_traced(value) else float(value)


def may_differ(one: Number, other: Number) -> bool:
    """Whether two numbers are not known to be equal: a traced one may have any value.

    >>> may_differ(1, 1), may_differ(2, 1)
    (False, True)
    """
    return is_traced(one) or is_traced(other) or bool(one != other)


def exp(value: Number) -> Number:
    """The exponential function."""
    return namespace(value).exp(value)


def log(value: Number) -> Number:
    """The natural logarithm."""
    return namespace(value).log(value)


def log2(value: Number) -> Number:
    """The logarithm to base 2."""
    return namespace(value).log2(value)


def sqrt(value: Number) -> Number:
    """The square root."""
    return namespace(value).sqrt(value)


def ceil(value: Number) -> Number:
    """The least integer that is not below a value; its derivative is zero."""
    return namespace(value).ceil(value)


def minimum(one: Number, other: Number) -> Number:
    """The smaller of two values."""
    return namespace(one, other).minimum(one, other)


def maximum(one: Number, other: Number) -> Number:
    """The larger of two values."""
    return namespace(one, other).maximum(one, other)


def where(condition: Number, then: Number, otherwise: Number) -> Number:
    """``then`` where the condition holds, else ``otherwise``; both are computed."""
    return namespace(condition, then, otherwise).where(condition, then, otherwise)


def interpolate(at: Number, positions: Any, values: Any) -> Number:
    """The value at ``at`` on the polygon through points with ascending ``positions``; constant beyond its ends.

    >>> float(interpolate(1.5, (1, 2), (10.0, 20.0)))
    15.0
    """
    space = namespace(at)
    return space.interp(at, space.asarray(positions, dtype=float), space.asarray(values, dtype=float))
