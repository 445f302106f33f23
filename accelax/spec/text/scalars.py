"""What a plain (unquoted) YAML scalar means: YAML 1.2, as the users of both dialects expect.

PyYAML follows YAML 1.1, where ``1e-3`` is a string, ``010`` is eight, ``12:30`` is 750 and ``on`` is true.
"""

from __future__ import annotations

import math
import re

MAX_DIGITS = 400
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "false": False}
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INTEGER = re.compile(rf"[-+]?{_DIGITS}")
_RADIX = re.compile(r"(0x[0-9a-fA-F]+)|(0o[0-7]+)|(0b[01]+)")
_FLOAT = re.compile(rf"[-+]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FIRST_OF_NUMBER = frozenset("0123456789+-.")


def plain_scalar(text: str) -> object:
    """Return the value of an unquoted scalar: ``None``, a bool, an int, a float, or the text itself.

    Raises:
        ValueError: the text is a number that no float or sensible integer can hold.

    >>> [plain_scalar(t) for t in ("1e-3", "010", "0x1F", "TRUE", "on", "12:30", "~", ".inf", "inf")]
    [0.001, 10, 31, True, 'on', '12:30', None, inf, 'inf']
    """
    if text in _NULL:
        return None
    if text[0] in _FIRST_OF_NUMBER:
        return _number(text)
    if len(text) <= 5:
        return _BOOL.get(text.lower(), text)
    return text


def _number(text: str) -> int | float | str:
    """Read a scalar whose first character could start a number."""
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"an integer of {len(text)} digits is too long (at most {MAX_DIGITS})")
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"the number {text[:40]} is too large")
        return value
    special = _SPECIAL.fullmatch(text)
    if special:
        return math.nan if text[-1] in "nN" else float(special[1] + "inf")
    if _RADIX.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"an integer of {len(text)} digits is too long (at most {MAX_DIGITS})")
        return int(text, 0)
    return text
