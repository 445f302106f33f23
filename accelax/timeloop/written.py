"""What a specification holds as text, and how nodes change it: located dictionaries and lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from accelax.errors import SpecError
from accelax.spec.combine import copy_tree
from accelax.spec.text import Quoted, SourceDict, SourceList
from accelax.spec.text.scalars import plain_scalar
from accelax.spec.timeloop.views import Keys, View


class Loose:
    """The tree of a node that stands alone."""

    def __init__(self, tree: Any):
        self.tree = tree

    def value_at(self, keys: Keys) -> Any:
        """The value that keys lead to. Raises KeyError."""
        value = self.tree
        for key in keys:
            value = value[key]
        return value

    def change_at(self, keys: Keys, change: Callable[[Any], None]) -> None:
        """Let ``change`` work on the dictionary or list that keys lead to."""
        change(self.value_at(keys))


def plain(value: Any) -> Any:
    """Nodes and located containers as plain dictionaries and lists; other values as they are."""
    if isinstance(value, View):
        value = value._value()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def written(value: Any) -> Any:
    """A value as the text of a specification holds it; a node gives up its place, and keeps its tag.

    A word that can be no expression (``45nm``) means itself.
    """
    if isinstance(value, View):
        if not isinstance(value._spec, Loose):
            return copy_tree(value._spec.written_at(value._keys))  # type: ignore[attr-defined]
        return copy_tree(value._value())
    if isinstance(value, Mapping) and not isinstance(value, SourceDict):
        twin = SourceDict()
        fill(twin, value)
        return twin
    if isinstance(value, (list, tuple)):
        return copy_tree([written(item) for item in value])
    return Quoted(value) if type(value) is str and _is_bare_word(value) else copy_tree(value)


def _is_bare_word(text: str) -> bool:
    """Whether a text begins like a number and is none, so that no expression can be meant.

    >>> [_is_bare_word(text) for text in ("45nm", "45", "1e-9", "depth", "2 * depth", "M=4")]
    [True, False, False, False, False, False]
    """
    return re.fullmatch(r"\d\w*[A-Za-z_]\w*", text) is not None and isinstance(plain_scalar(text), str)


def fill(tree: SourceDict, given: Any) -> None:
    """Put the keys of a dictionary into another one."""
    if isinstance(given, View):
        given = given._value()
    if not isinstance(given, Mapping):
        raise SpecError(f"expected a dictionary, got {type(given).__name__}")
    for key, value in given.items():
        put(tree, key, value)


def put(held: Any, key: Any, value: object) -> None:
    """Set one value of a written dictionary or list; a key keeps its place in the file."""
    if isinstance(held, SourceDict):
        held.place(key, written(value), held.key_locations.get(key), held.value_locations.get(key))
    else:
        held[key] = written(value)


def put_all(held: Any, given: Mapping[str, object]) -> None:
    """Set several values of a written dictionary."""
    for key, value in given.items():
        put(held, key, value)


def add_all(held: Any, values: list[object]) -> None:
    """Add values at the end of a written list."""
    for value in values:
        insert(held, len(held), value)


def remove(held: Any, key: Any) -> None:
    """Take one value out of a written dictionary or list."""
    if isinstance(held, SourceList):
        del held[key]
        if held.item_locations:
            del held.item_locations[key]
    else:
        held.pop(key, None)


def insert(held: Any, position: int, value: object) -> None:
    """Add a value to a written list before ``position``."""
    if isinstance(held, SourceList) and len(held.item_locations) == len(held):
        held.item_locations.insert(position, None)  # type: ignore[arg-type]
    held.insert(position, value)
