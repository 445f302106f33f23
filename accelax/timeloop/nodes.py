"""Nodes of a specification as scripts written for TimeloopFE use them: dictionaries and lists with attributes.

A node is a live view of a part of a specification. One that a script builds itself (``tl.Problem(...)``) stands alone
until it is assigned to a place in a specification, which takes a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from accelax.errors import did_you_mean
from accelax.spec.text import SourceDict, SourceList, load_documents
from accelax.spec.timeloop.views import Keys, View
from accelax.timeloop.written import Loose, add_all, fill, insert, plain, put, put_all, remove, written

KIND_OF: dict[str, type[Node]] = {}
"""Which class stands for a place, by the names in its ``places``; classes enter themselves."""


class Node(View):
    """A part of a specification. Its keys are items and attributes; iterating follows the values of a list."""

    __slots__ = ()
    places: ClassVar[tuple[str, ...]] = ()
    """Where nodes of the class stand: a section, the kind of a leaf of the architecture, a YAML tag."""
    node_tag: ClassVar[str] = ""
    """The YAML tag of nodes of this class."""

    def __init__(self, *args: Any, **kwargs: Any):
        tree: Any = SourceDict(tag=self.node_tag or None)
        for given in args:
            fill(tree, given)
        fill(tree, kwargs)
        View.__init__(self, Loose(tree), ())  # type: ignore[arg-type]

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        KIND_OF.update(dict.fromkeys(cls.__dict__.get("places", ()), cls))

    @classmethod
    def of(cls, holder: Any, keys: Keys) -> Node:
        """The view of what keys lead to."""
        node = object.__new__(cls)
        View.__init__(node, holder, keys)
        return node

    @classmethod
    def from_yaml_files(
        cls, *paths: str | Path, jinja_parse_data: Mapping[str, object] | None = None, **kwargs: Any
    ) -> Node:
        """A node from files that hold its keys, or its section with them. Raises SpecError."""
        node = cls()
        for document in load_documents([str(path) for path in paths], dict(jinja_parse_data or {})):
            inner: Any = document.get(cls.places[0]) if cls.places and len(document) == 1 else None
            node.update(document if inner is None else inner)
        node.update(kwargs)
        return node

    from_yaml_file = from_yaml_files

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._spec, self._keys)

    def __getitem__(self, key: Any) -> Any:
        held = self._value()
        try:
            value = held[key]
        except (KeyError, IndexError, TypeError) as error:
            hidden = self._hidden_name(key)
            if hidden is not None:
                return plain(self._spec.written_at((*self._keys, hidden)))  # type: ignore[attr-defined]
            if isinstance(error, IndexError):
                raise
            choices = held if isinstance(held, dict) else range(len(held))
            raise KeyError(f"{key!r}{did_you_mean(key, choices)}") from None
        if isinstance(key, int) and key < 0:
            key += len(held)
        return node_at(self._spec, (*self._keys, key), value)

    def __contains__(self, item: object) -> bool:
        return item in self._value() or self._hidden_name(item) is not None

    def _hidden_name(self, key: object) -> str | None:
        """The name under which the text holds a key that a processor declared; None where there is no such key."""
        return None if isinstance(self._spec, Loose) else self._spec.hidden_name(self._keys, key)  # type: ignore

    def __setitem__(self, key: Any, value: object) -> None:
        self._change(lambda held: put(held, key, value))

    def __setattr__(self, name: str, value: object) -> None:
        known = self._value()
        accepts_any = not isinstance(self._spec, Loose) and self._accepts_any()
        if isinstance(known, dict) and not isinstance(self._spec, Loose) and not accepts_any:
            self._spec.require_known((*self._keys, name))  # type: ignore[attr-defined]
        self[name] = value

    def _accepts_any(self) -> bool:
        """Whether the section may have keys of any name."""
        return self._keys[:1] in (("mapper",), ("variables",), ("globals",)) or self._keys == ("problem", "instance")

    def __delitem__(self, key: Any) -> None:
        if isinstance(self._value(), dict) and key not in self:
            raise KeyError(key)
        name = self._hidden_name(key) or key
        self._change(lambda held: remove(held, name))

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError as error:
            raise AttributeError(f"no {error.args[0]!r}") from None

    def __eq__(self, other: object) -> bool:
        return self._value() == (other._value() if isinstance(other, View) else other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self._value())

    def _change(self, change: Callable[[Any], None]) -> None:
        self._spec.change_at(self._keys, change)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Any]:
        held = self._value()
        return iter(list(held)) if isinstance(held, dict) else (self[i] for i in range(len(held)))

    def items(self) -> list[tuple[Any, Any]]:
        """Keys (positions in a list) with their values."""
        held = self._value()
        return [(key, self[key]) for key in (held if isinstance(held, dict) else range(len(held)))]

    def values(self) -> list[Any]:
        """All values."""
        return [value for _, value in self.items()]

    def pop(self, key: Any = -1, *default: Any) -> Any:
        """Take a value away and return it; with a default no KeyError where there is none."""
        if isinstance(self._value(), dict) and key not in self:
            if default:
                return default[0]
            raise KeyError(key)
        value = plain(self[key])
        del self[key]
        return value

    def get(self, key: str, default: object = None) -> Any:
        """The value of ``key``, or ``default``."""
        return self[key] if key in self else default  # noqa: SIM401

    def setdefault(self, key: str, default: object = None) -> Any:
        """The value of ``key``, which is set to ``default`` where there is none."""
        if key not in self or self[key] is None:
            self[key] = default
        return self[key]

    def update(self, *args: Mapping[str, object] | Node, **kwargs: object) -> None:
        """Set several keys at once."""
        given: dict[str, object] = {}
        for more in (*args, kwargs):
            given |= plain(more)
        self._change(lambda held: put_all(held, given))

    def append(self, value: object) -> None:
        """Add a value at the end of a list."""
        self.extend([value])

    def extend(self, values: Any) -> None:
        """Add values at the end of a list."""
        added = [written(value) for value in values]
        self._change(lambda held: add_all(held, added))

    def insert(self, position: int, value: object) -> None:
        """Add a value to a list before ``position``."""
        self._change(lambda held: insert(held, position, written(value)))

    def remove(self, value: object) -> None:
        """Take the first equal value out of a list. Raises ValueError."""
        for position, held in enumerate(self):
            if held == value:
                del self[position]
                return
        raise ValueError(f"{value!r} is not in the list")

    def get_nodes_of_type(self, kinds: type | tuple[type, ...]) -> list[Any]:
        """This node and all below it that are of some class, outermost first."""
        found = [self] if isinstance(self, kinds) else []
        for value in self.values():
            if isinstance(value, Node):
                found += value.get_nodes_of_type(kinds)
        return found

    def to_dict(self) -> Any:
        """Plain dictionaries and lists."""
        return plain(self._value())


class ListNode(Node):
    """A list of a specification."""

    __slots__ = ()

    def __init__(self, values: Any = ()):
        View.__init__(self, Loose(SourceList()), ())  # type: ignore[arg-type]
        self.extend(values)

    def __contains__(self, item: object) -> bool:
        return any(value == item for value in self)


class DictNode(Node):
    """A section of a specification that has no class of its own."""

    __slots__ = ()


def _restore(kind: type[Node], holder: Any, keys: Keys) -> Node:
    return kind.of(holder, keys)


def node_at(holder: Any, keys: Keys, value: object) -> Any:
    """``value``, which keys lead to, as a node where it is a dictionary or a list."""
    if not isinstance(value, (dict, list)):
        return value
    return class_at(keys, value).of(holder, keys)


def class_at(keys: Keys, value: dict | list) -> type[Node]:
    """The class that stands for a place of a specification."""
    if keys[:1] == ("architecture",) and len(keys) > 1 and isinstance(value, dict):
        name = _name_in_architecture(keys, value)
    elif isinstance(value, dict) and getattr(value, "tag", None):
        name = f"!{value.tag}"  # type: ignore[union-attr]
    else:
        name = ".".join(str(key) for key in keys if not isinstance(key, int))
    return KIND_OF.get(name) or (ListNode if isinstance(value, list) else DictNode)


def _name_in_architecture(keys: Keys, value: dict) -> str:
    """What a dictionary in the architecture is called among the classes."""
    if isinstance(keys[-1], int) and keys[-2] == "nodes":
        if "nodes" in value:
            return f"!{getattr(value, 'tag', '') or 'Hierarchical'}"
        return f"leaf.{value.get('kind', '')}"
    after = [key for key in keys if isinstance(key, str) and key not in ("architecture", "nodes")]
    return "leaf." + ".".join(after)
