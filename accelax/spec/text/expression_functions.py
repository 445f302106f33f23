"""The functions and constants that every expression may use, bounded where they could run away.

A function of numbers takes the traced numbers of an array library as well (:mod:`accelax.components.numbers`), so that
what an expression computes can be swept and differentiated.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

from accelax.components.numbers import is_traced, maximum, minimum, namespace

MAX_ITEMS = 10_000
MAX_BITS = 4_096

CONSTANTS: dict[str, float] = {name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}

_PLAIN_MATH = (
    *("ceil", "copysign", "fabs", "floor", "fmod", "frexp", "fsum", "gcd", "isclose", "isfinite", "isinf", "isnan"),
    *("isqrt", "ldexp", "modf", "prod", "remainder", "trunc", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt"),
    *("acos", "asin", "atan", "atan2", "cos", "dist", "hypot", "sin", "tan", "degrees", "radians", "acosh", "asinh"),
    *("atanh", "cosh", "sinh", "tanh", "erf", "erfc", "gamma", "lgamma"),
)


def power(base: Any, exponent: Any, modulus: Any = None) -> Any:
    """Return ``base ** exponent``; integers whose power would exceed ``MAX_BITS`` bits are refused."""
    integers = isinstance(base, int) and isinstance(exponent, int)
    if integers and abs(base) > 1 and base.bit_length() * exponent > MAX_BITS:
        raise OverflowError("the result of ** is too large")
    return pow(base, exponent) if modulus is None else pow(base, exponent, modulus)


def _small(name: str, limit: int) -> Callable[..., int]:
    """Return an integer function of ``math`` that refuses arguments beyond ``limit``."""
    function = getattr(math, name)

    def bounded(*args: int) -> int:
        if any(abs(arg) > limit for arg in args):
            raise OverflowError(f"{name} of a number beyond {limit}")
        return function(*args)

    return bounded


def _range(*args: int) -> list[int]:
    numbers = range(*args)
    if len(numbers) > MAX_ITEMS:
        raise OverflowError(f"a range of more than {MAX_ITEMS} items")
    return list(numbers)


def _map(function: Callable, *items: Iterable) -> list:
    return [function(*values) for values in zip(*items, strict=False)]


def _enumerate(items: Iterable, start: int = 0) -> list[tuple[int, object]]:
    return list(enumerate(items, start))


def _sum(items: Iterable, start: Any = 0) -> Any:
    total = start
    for item in items:
        if isinstance(item, str | list | tuple):
            raise TypeError("sum adds numbers, not texts or lists")
        total = total + item
    return total


def _round(value: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > MAX_BITS:
        raise OverflowError("too many digits to round to")
    return round(value, digits)


_OTHER_NAMES = {
    **{"fabs": "abs", "int": "trunc", "float": "asarray", "acos": "arccos", "asin": "arcsin", "atan": "arctan"},
    **{"atan2": "arctan2", "acosh": "arccosh", "asinh": "arcsinh", "atanh": "arctanh"},
}
"""How array libraries call some functions."""


def _of_numbers(name: str, plain: Callable) -> Callable:
    """``plain``, or the function of the same meaning in the array library that an argument comes from."""

    @functools.wraps(plain)
    def dispatched(*args: Any, **keywords: Any) -> Any:
        if not any(map(is_traced, args)):
            return plain(*args, **keywords)
        library = namespace(*args)
        if name == "log" and len(args) == 2:
            return library.log(args[0]) / library.log(args[1])
        return getattr(library, _OTHER_NAMES.get(name, name))(*args, **keywords)

    return dispatched


def _extreme(plain: Callable, pairwise: Callable) -> Callable:
    """``min`` or ``max`` of numbers, or of the items of a list."""

    @functools.wraps(plain)
    def dispatched(*args: Any, **keywords: Any) -> Any:
        items = list(args[0]) if len(args) == 1 and not is_traced(args[0]) else list(args)
        return functools.reduce(pairwise, items) if any(map(is_traced, items)) else plain(*args, **keywords)

    return dispatched


FUNCTIONS: dict[str, Callable] = {
    **{name: _of_numbers(name, getattr(math, name)) for name in _PLAIN_MATH},
    **{name: _small(name, 1_000) for name in ("comb", "factorial", "perm")},
    **{f.__name__: f for f in (all, any, len, str, bool, list, tuple)},
    **{f.__name__: _of_numbers(f.__name__, f) for f in (abs, float, int)},
    "min": _extreme(min, minimum),
    "max": _extreme(max, maximum),
    "pow": power,
    "range": _range,
    "map": _map,
    "enumerate": _enumerate,
    "round": _of_numbers("round", _round),
    "sum": _sum,
    "getcwd": os.getcwd,
}
