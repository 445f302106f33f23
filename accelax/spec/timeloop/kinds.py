"""What a value of a Timeloop specification may be: the kinds that the tables of keys are made of.

A kind converts a plain value and says in words what it expects, so that one message serves every key:
``expected an integer of at least 1, got 'many'``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from accelax.components.numbers import is_traced


@dataclass(frozen=True)
class Kind:
    """A scalar type: ``convert`` returns the value or raises ValueError; ``expected`` says what it wants.

    ``text`` tells that a string is a legal value (and so is not taken for an expression outside of attributes). Where a
    number is wanted, one that is traced (swept or differentiated) passes unseen.
    """

    expected: str
    convert: Callable[[object], object]
    text: bool = False


ANY = Kind("a value", lambda value: value, text=True)
"""Any value at all; strings are literal unless the section parses expressions."""


def _number(value: object) -> float | int:
    """Return ``value`` as a number; a string that spells one counts, a bool does not."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise ValueError from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise ValueError
    return value


def integer(minimum: int | None = None, maximum: int = 2**53) -> Kind:
    """An integer within bounds; ``4.0`` is read as 4.

    >>> integer(1).convert(4.0)
    4
    """
    words = "an integer" if minimum is None else f"an integer of at least {minimum}"

    def convert(value: object) -> object:
        if is_traced(value):
            return value
        number = _number(value)
        if math.isinf(number) or number != int(number):
            raise ValueError
        number = int(number)
        if (minimum is not None and number < minimum) or abs(number) > maximum:
            raise ValueError
        return number

    return Kind(words, convert)


def number(minimum: float | None = None, above: float | None = None, infinite: bool = False) -> Kind:
    """A real number, at least ``minimum`` or strictly above ``above``."""
    words = "a number"
    if minimum is not None:
        words += f" of at least {minimum:g}"
    if above is not None:
        words += f" above {above:g}"

    def convert(value: object) -> object:
        if is_traced(value):
            return value
        result = _number(value)
        if (minimum is not None and result < minimum) or (above is not None and result <= above):
            raise ValueError
        if math.isinf(result) and not infinite:
            raise ValueError
        return result

    return Kind(words, convert)


def boolean() -> Kind:
    """``true`` or ``false``."""

    def convert(value: object) -> bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, (bool, int)) or value not in (0, 1):
            raise ValueError
        return bool(value)

    return Kind("true or false", convert)


def string() -> Kind:
    """A string."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or not value:
            raise ValueError
        return str(value)

    return Kind("a string", convert, text=True)


def choice(*options: str) -> Kind:
    """One of some words."""

    def convert(value: object) -> str:
        if value not in options:
            raise ValueError
        return str(value)

    return Kind(f"one of {', '.join(options)}", convert, text=True)


def version() -> Kind:
    """The version of the format: only 0.4 exists here."""

    def convert(value: object) -> str:
        if str(value) != "0.4":
            raise ValueError
        return "0.4"

    return Kind("version 0.4", convert, text=True)
