"""Attributes of a component whose values are expressions over each other and over those of what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accelax.errors import Location
from accelax.spec.text import ExpressionError, Problems, Quoted, evaluate_expression
from accelax.spec.timeloop.reader import show

MUST_SPECIFY = "must_specify"
_PATH = re.compile(r"[\w~.-]*(/[\w~.-]+)+\.[A-Za-z]\w*")
"""A file with its directory; a division rarely ends with a dot and a name."""


class AttributeScope(Mapping):
    """Attributes as expressions see them; each is evaluated when it is first used.

    A name in the expression of an attribute means the first of: an attribute of the same component further up, a name
    of ``outer`` (the attributes of the component around it), an attribute further down. So ``width: width`` takes the
    surrounding component's. A circle is an error.
    """

    def __init__(self, raw: Mapping[str, object], outer: Mapping[str, object]):
        self._raw = {name: value for name, value in raw.items() if value is not None}
        self._positions = {name: position for position, name in enumerate(self._raw)}
        self._outer = outer
        self._values: dict[str, Any] = {}
        self._running: list[str] = []

    def __getitem__(self, name: str) -> Any:
        if name not in self._raw:
            return self._outer[name]
        user = self._running[-1] if self._running else None
        if user is not None and self._positions[name] >= self._positions[user] and name in self._outer:
            return self._outer[name]
        if name in self._values:
            return self._values[name]
        if name in self._running:
            circle = " -> ".join([*self._running[self._running.index(name) :], name])
            raise ExpressionError(f"the attributes form a circle: {circle}", str(self._raw[name]))
        self._running.append(name)
        try:
            self._values[name] = evaluated(self._raw[name], self)
        finally:
            self._running.pop()
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._raw or name in self._outer

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._raw, *self._outer)))

    def __len__(self) -> int:
        return len(set(self._raw) | set(self._outer))

    def give_up(self, name: str) -> None:
        """Let an attribute that cannot be evaluated stand for 1, so that its mistake is reported once."""
        self._values[name] = 1


def evaluated(value: object, scope: Mapping[str, object]) -> Any:
    """A value with the expressions in it evaluated; a word that names nothing stays a word.

    Raises:
        ExpressionError: an expression that cannot be evaluated.

    >>> evaluated("2 * width", {"width": 8}), evaluated("LPDDR4", {}), evaluated("45nm", {})
    (16, 'LPDDR4', '45nm')
    """
    if isinstance(value, Mapping):
        return {key: evaluated(item, scope) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [evaluated(item, scope) for item in value]
    if not isinstance(value, str) or isinstance(value, Quoted):
        return str(value) if isinstance(value, Quoted) else value
    try:
        return evaluate_expression(value, scope)
    except ExpressionError as error:
        # A word is text, as are units ("45nm"), dashes ("itrs-hp") and paths; what has a space or bracket is a formula.
        is_word = not any(sign in value.strip() for sign in " ()[]*/+") or _PATH.fullmatch(value.strip())
        if is_word and "circle" not in error.message:
            return str(value)
        raise


def resolved(
    raw: Mapping[str, object],
    outer: Mapping[str, object],
    place_of: Callable[[str], Location | None],
    path_of: Callable[[str], str],
    problems: Problems,
) -> dict[str, Any]:
    """The values of the attributes ``raw`` that are given; mistakes go to ``problems``, placed by ``place_of``.

    An attribute that nobody specified is a mistake of whoever uses the class: see :func:`unspecified`.
    """
    scope = AttributeScope(raw, outer)
    left_open = set(unspecified(raw))
    for name in left_open:
        scope.give_up(name)
    names = [name for name, value in raw.items() if value is not None and name not in left_open]
    for name in names:
        try:
            scope[name]
        except ExpressionError as error:
            message = f"cannot evaluate {show(raw[name])}: {error.message}"
            problems.add(message, place_of(name), path_of(name))
            scope.give_up(name)
    return {name: scope[name] for name in names}


def unspecified(raw: Mapping[str, object]) -> list[str]:
    """The attributes that a class leaves to whoever uses it.

    >>> unspecified({"width": "must_specify", "depth": 64})
    ['width']
    """
    return [name for name, value in raw.items() if isinstance(value, str) and value == MUST_SPECIFY]
