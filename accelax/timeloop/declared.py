"""Keys that processors of the user add to a specification, kept in its text under names that readers pass over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accelax.errors import Location, Problem, SpecError
from accelax.spec.combine import copy_tree
from accelax.spec.text import SourceDict, location_of
from accelax.spec.timeloop.architecture import kind_of_class
from accelax.spec.timeloop.specification import path_of
from accelax.spec.timeloop.views import Keys
from accelax.timeloop.nodes import Node, class_at

HIDDEN = "__ignore_declared__"
"""Prefix under which the text holds declared keys: readers pass over names with ``ignore``."""
UNSPECIFIED: Any = object()
"""The default of an attribute that has none."""


@dataclass(frozen=True)
class Declared:
    """A key that a processor lets nodes of a class have: it must take every one away that a file gives."""

    target: type[Node]
    key: str
    kinds: tuple[type, ...]
    default: Any
    processor: str


def show(value: Any) -> Any:
    """A text with the declared keys under their own names."""
    twin = copy_tree(value)
    waiting: list[Any] = [twin]
    while waiting:
        held = waiting.pop()
        if isinstance(held, SourceDict):
            for key in [key for key in held if isinstance(key, str) and key.startswith(HIDDEN)]:
                held.place(key.removeprefix(HIDDEN), held.pop(key), None, held.value_locations.get(key))
        waiting += [
            item for item in (held.values() if isinstance(held, dict) else held) if isinstance(item, (dict, list))
        ]
    return twin


def hide(held: Any, keys: Keys, declared: Sequence[Declared], fill: bool = False) -> None:
    """Give the declared keys of a written node and of all below it names that readers pass over, and defaults."""
    if not declared:
        return
    if isinstance(held, SourceDict):
        for one in declared:
            if not issubclass(_class_written(held, keys), one.target):
                continue
            hidden = HIDDEN + one.key
            if one.key in held:
                value = held[one.key]
                if one.kinds and not isinstance(value, one.kinds):
                    names = " or ".join(kind.__name__ for kind in one.kinds)
                    place, path = location_of(held, one.key), path_of((*keys, one.key))
                    raise SpecError([Problem(f"expected {names}, got {value!r}", place, path)])
                held.place(hidden, held.pop(one.key), None, held.value_locations.get(one.key))
            elif fill and hidden not in held and one.default is not UNSPECIFIED:
                held.place(hidden, one.default, None, None)
    for key, item in held.items() if isinstance(held, dict) else enumerate(held):
        if isinstance(item, (dict, list)) and not str(key).startswith(HIDDEN):
            hide(item, (*keys, key), declared, fill)


def _class_written(held: SourceDict, keys: Keys) -> type[Node]:
    """The class that stands for a written node."""
    if keys and isinstance(keys[-1], int) and "class" in held:
        return class_at(keys, {"kind": kind_of_class(str(held["class"])) or "unknown"})
    if keys and isinstance(keys[-1], int) and keys[:1] == ("architecture",) and "nodes" not in held:
        return class_at(keys, {"kind": (held.tag or "container").lower()})
    return class_at(keys, held)


def hidden_in(raw: SourceDict, declared: Sequence[Declared]) -> Iterator[tuple[Declared, Any, Location | None, str]]:
    """Every declared key that is in a text: what was declared, the value, its place and its path."""
    known = {one.key: one for one in declared}

    def visit(held: Any, keys: Keys) -> Iterator[tuple[Declared, Any, Location | None, str]]:
        for key, item in held.items() if isinstance(held, dict) else enumerate(held):
            if isinstance(key, str) and key.startswith(HIDDEN):
                name = key.removeprefix(HIDDEN)
                yield known[name], item, location_of(held, key), path_of((*keys, name))
            elif isinstance(item, (dict, list)):
                yield from visit(item, (*keys, key))

    yield from visit(raw, ())
