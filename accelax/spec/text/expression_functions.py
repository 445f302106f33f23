"""The functions and constants that every expression may use (timeloop-v4.md A.3), bounded where they could run away."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable

MAX_ITEMS = 100_000
MAX_BITS = 4_096

CONSTANTS: dict[str, float] = {name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}

_PLAIN_MATH = (
    "ceil copysign fabs floor fmod frexp fsum gcd isclose isfinite isinf isnan isqrt ldexp modf prod remainder trunc exp "
    "expm1 log log1p log2 log10 sqrt acos asin atan atan2 cos dist hypot sin tan degrees radians acosh asinh atanh cosh "
    "sinh tanh erf erfc gamma lgamma"
).split()


def power(base: object, exponent: object, modulus: object = None) -> object:
    """Return ``base ** exponent``; integers whose power would exceed ``MAX_BITS`` bits are refused."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and exponent > 0:
        if base.bit_length() * exponent > MAX_BITS:
            raise OverflowError(f"{base:.6g} ** {exponent:.6g} is too large")
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


def _round(value: object, digits: int | None = None) -> object:
    if digits is not None and abs(digits) > MAX_BITS:
        raise OverflowError("too many digits to round to")
    return round(value, digits)


FUNCTIONS: dict[str, Callable] = {
    **{name: getattr(math, name) for name in _PLAIN_MATH},
    **{name: _small(name, 1_000) for name in ("comb", "factorial", "perm")},
    **{f.__name__: f for f in (abs, sum, len, min, max, float, int, str, bool, list, tuple)},
    "pow": power,
    "range": _range,
    "map": _map,
    "enumerate": _enumerate,
    "round": _round,
    "getcwd": os.getcwd,
}
