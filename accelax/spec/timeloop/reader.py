"""Reads raw dictionaries against the tables of ``schema``: evaluates expressions, fills defaults, collects problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accelax.errors import Location, UnsupportedError, did_you_mean
from accelax.spec.text import (
    ExpressionError,
    Problems,
    Quoted,
    evaluate_expression,
    key_location_of,
    location_of,
)
from accelax.spec.timeloop.kinds import ANY, Kind
from accelax.spec.timeloop.schema import Field, ListOf, Section

RESERVED = ("tag", "parent_node")


class Parsed(dict[str, Any]):
    """A section after reading: plain values, defaults filled in, and still knowing where it came from."""

    __slots__ = ("path", "place", "source", "tag")

    def __init__(self, path: str, source: object, tag: str = "", place: Location | None = None):
        super().__init__()
        self.path = path
        self.source = source
        self.tag = tag
        self.place = place

    def location(self, key: object = None) -> Location | None:
        """Where the value of ``key`` stands, or the section itself, or what it would belong to."""
        return location_of(self.source, key) or self.place

    def expression_attribute(self, name: str) -> object:
        """What ``section.name`` means inside an expression: a key, or a way to read keys. Raises KeyError."""
        if name not in self and name in ("get", "keys", "values", "items"):
            return getattr(self, name)
        return self[name]


class Scope(Mapping):
    """The names an expression may use: its own bindings, then those of the enclosing scopes."""

    __slots__ = ("own", "parent")

    def __init__(self, own: Mapping[str, object] | None = None, parent: Scope | None = None):
        self.own: Mapping[str, object] = {} if own is None else own
        self.parent = parent

    def child(self, own: Mapping[str, object] | None = None) -> Scope:
        """A scope inside this one."""
        return Scope({} if own is None else own, self)

    def __getitem__(self, name: str) -> object:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.own:
                return scope.own[name]
            scope = scope.parent
        raise KeyError(name)

    def _names(self) -> dict[str, None]:
        names: dict[str, None] = {}
        scope: Scope | None = self
        while scope is not None:
            names.update(dict.fromkeys(scope.own))
            scope = scope.parent
        return names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


def join_path(path: str, key: object) -> str:
    """Extend a path by a key or an index.

    >>> join_path("architecture.nodes", 2), join_path("", "problem")
    ('architecture.nodes[2]', 'problem')
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def show(value: object) -> str:
    """A value for a message, shortened."""
    text = repr(str(value)) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Reader:
    """Reads sections. All mistakes go to ``problems``; reading goes on with the default."""

    def __init__(self, problems: Problems):
        self.problems = problems

    def section(self, table: Section, raw: object, path: str, scope: Scope, place: Location | None = None) -> Parsed:
        """Read a dictionary against ``table``. The result has every key of the table."""
        parsed = Parsed(path, raw, getattr(raw, "tag", None) or "", place)
        if raw is None:
            raw = {}
        if not isinstance(raw, Mapping):
            self.problems.add(f"expected a section with keys, got {show(raw)}", location_of(raw) or place, path)
            raw = {}
        inner = scope.child({"parent_node": parsed})
        for key, value in raw.items():
            self._entry(table, parsed, raw, key, value, inner)
        for key, entry in table.fields.items():
            if key in parsed:
                continue
            if entry.required and raw.get(key) is None:
                given = [k for k in raw if isinstance(k, str)]
                hint = f" (it has {', '.join(given)})" if given else ""
                self.problems.add(f"{key!r} is missing{hint}", location_of(raw) or place, path)
            parsed[key] = self._default(entry, join_path(path, key), scope, parsed.location())
        return parsed

    def _default(self, entry: Field, path: str, scope: Scope, place: Location | None) -> object:
        """The value of a key that is not given."""
        if isinstance(entry.kind, Section) and isinstance(entry.default, dict):
            return self.section(entry.kind, {}, path, scope, place)
        return list(entry.default) if isinstance(entry.default, list) else entry.default

    def _entry(self, table: Section, parsed: Parsed, raw: Mapping, key: object, value: object, scope: Scope) -> None:
        """Read one key of a section into ``parsed``, and let the keys after it use its value."""
        if not isinstance(key, str):
            self.problems.add(f"expected a word as the key, got {show(key)}", key_location_of(raw, key), parsed.path)
            return
        if "ignore" in key:
            return
        path = join_path(parsed.path, key)
        if key in table.unsupported:
            raise UnsupportedError(f"{key!r} in a {table.name}", key_location_of(raw, key), path)
        if key in RESERVED and not (key == "tag" and location_of(raw) is None):
            self.problems.add(f"{key!r} is a reserved word", key_location_of(raw, key), path)
            return
        if key == "tag":
            return
        entry = table.fields.get(key)
        kind = entry.kind if entry else table.extra
        if kind is None:
            hint = did_you_mean(key, table.fields)
            self.problems.add(f"unknown key {key!r} in a {table.name}{hint}", key_location_of(raw, key), path)
            return
        if value is None:
            if entry is None:
                parsed[key] = None
            return
        found = self.value(kind, value, path, location_of(raw, key), scope, table.expressions)
        if found is not None or entry is None:
            parsed[key] = found
            if isinstance(scope.own, dict):
                scope.own[key] = found

    def value(
        self,
        kind: Kind | Section | ListOf,
        value: object,
        path: str,
        place: Location | None,
        scope: Scope,
        expressions: bool = False,
    ) -> object:
        """Read a value of any kind; None after a mistake."""
        if isinstance(kind, Section):
            return self.section(kind, value, path, scope, place)
        if isinstance(kind, ListOf):
            return self.list(kind, value, path, place, scope)
        if isinstance(value, (dict, list)) and kind is ANY and expressions:
            return self._nested(value, path, scope)
        return self.scalar(kind, value, path, place, scope, expressions)

    def _nested(self, value: dict | list, path: str, scope: Scope) -> object:
        """A free dictionary or list inside attributes: every string in it is an expression as well."""
        if isinstance(value, dict):
            return self.section(Section("attributes", {}, extra=ANY, expressions=True), value, path, scope)
        return [
            self._nested(item, join_path(path, i), scope)
            if isinstance(item, (dict, list))
            else self.scalar(ANY, item, join_path(path, i), location_of(value, i), scope, True)
            for i, item in enumerate(value)
        ]

    def list(self, kind: ListOf, value: object, path: str, place: Location | None, scope: Scope) -> object:
        """Read a list; a string where ``or_text`` allows it."""
        if isinstance(value, str) and value.startswith("(") and not isinstance(value, Quoted):
            value = self.evaluate(value, path, place, scope)
            if value is None:
                return None
        if isinstance(value, str) and kind.or_text:
            return str(value)
        if not isinstance(value, (list, tuple)):
            self.problems.add(f"expected a list, got {show(value)}", place, path)
            return None
        items = []
        for i, item in enumerate(value):
            where = location_of(value, i) or place
            if kind.depth > 1 and isinstance(item, (list, tuple)):
                deeper = ListOf(kind.item, depth=kind.depth - 1)
                read = self.list(deeper, item, join_path(path, i), where, scope)
            else:
                read = self.value(kind.item, item, join_path(path, i), where, scope)
            if read is not None:
                items.append(read)
        return items

    def scalar(
        self, kind: Kind, value: object, path: str, place: Location | None, scope: Scope, expressions: bool
    ) -> object:
        """Read one value: evaluate it where it is an expression, then convert it; None after a mistake."""
        original = value
        if isinstance(value, str) and not isinstance(value, Quoted) and self._is_expression(kind, value, expressions):
            lenient = kind.text and place is None
            written = expressions or value.startswith("(")
            value = self.evaluate(value, path, place, scope, lenient, "" if written else kind.expected)
            if value is None:
                return None
            if kind.text and kind is not ANY and isinstance(value, Mapping) and "name" in value:
                value = value["name"]
        try:
            return kind.convert(value)
        except (ValueError, TypeError, OverflowError):
            came = "" if value is original or value == original else f" from {show(original)}"
            self.problems.add(f"expected {kind.expected}, got {show(value)}{came}", place, path)
            return None

    @staticmethod
    def _is_expression(kind: Kind, text: str, expressions: bool) -> bool:
        """Whether an unquoted string is evaluated: in attributes, in parentheses, or where text is not legal."""
        if expressions or (text.startswith("(") and text.endswith(")")):
            return True
        if kind.text:
            return False
        try:
            kind.convert(text)
        except (ValueError, TypeError, OverflowError):
            return True
        return False

    def evaluate(
        self,
        text: str,
        path: str,
        place: Location | None,
        scope: Scope,
        lenient: bool = False,
        expected: str = "",
    ) -> object:
        """Evaluate an expression; None after a mistake. ``lenient`` leaves text that is none as it is.

        ``expected`` says what the place wants when the text was only tried as an expression.
        """
        try:
            value = evaluate_expression(text, scope)
        except ExpressionError as error:
            if lenient:
                return text
            quote = "" if not text.isidentifier() else f"; quote it ({text!r}) if it is meant as a word"
            message = f"cannot evaluate {show(text)}: {error.message}{quote}"
            if expected:
                message = f"expected {expected}, got {show(text)} (as an expression: {error.message})"
            self.problems.add(message, place, path)
            return None
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
        return value
