"""The ``variables`` section: evaluated when first used, whatever the order."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from typing import Any

from accelax.spec.text import ExpressionError, Quoted, SourceDict, evaluate_expression, location_of
from accelax.spec.timeloop.reader import Parsed, Reader, Scope, join_path, show
from accelax.spec.timeloop.schema import VERSION


class Variables(MappingABC):
    """The variables as expressions see them: evaluated when first used, whatever their order; a cycle is an error."""

    def __init__(self, raw: MappingABC[str, object], scope: Scope):
        self._raw = {k: v for k, v in raw.items() if isinstance(k, str) and k != "version" and "ignore" not in k}
        self._scope = scope.child(self)
        self._values: dict[str, Any] = {}
        self._running: list[str] = []

    def __getitem__(self, name: str) -> object:
        if name in self._values:
            return self._values[name]
        value = self._raw[name]
        if isinstance(value, str) and not isinstance(value, Quoted):
            if name in self._running:
                circle = " -> ".join([*self._running[self._running.index(name) :], name])
                raise ExpressionError(f"the variables form a circle: {circle}", value)
            self._running.append(name)
            try:
                value = evaluate_expression(value, self._scope)
            finally:
                self._running.pop()
        self._values[name] = value
        return value

    def replace(self, name: str, value: object) -> None:
        """Let ``name`` stand for ``value``, so that a mistake in it is reported once."""
        self._raw[name] = self._values[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def read_variables(raw: SourceDict, reader: Reader, scope: Scope, sections: dict[str, Any]) -> Variables:
    """Evaluate the variables; the result is what expressions see."""
    given = raw.get("variables")
    place = location_of(raw, "variables")
    if given is not None and not isinstance(given, MappingABC):
        reader.problems.add(f"expected a section with keys, got {show(given)}", place, "variables")
        given = None
    given = {} if given is None else given
    lazy = Variables(given, scope)
    section = Parsed("variables", given)
    for key in given:
        path = join_path("variables", key)
        if key == "version":
            reader.value(VERSION.kind, given[key], path, location_of(given, key), scope)
        elif key in lazy:
            try:
                section[key] = lazy[key]
            except ExpressionError as error:
                hint = "; quote it if it is meant as a word" if str(given[key]).isidentifier() else ""
                reader.problems.add(
                    f"cannot evaluate {show(given[key])}: {error.message}{hint}", location_of(given, key), path
                )
                lazy.replace(key, 1)
    sections["variables"] = section
    return lazy
