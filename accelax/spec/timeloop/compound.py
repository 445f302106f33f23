"""Accelergy's ``components`` section: classes of components that are made of others.

A class has attributes (values, formulae, or ``must_specify``), subcomponents, whose names may end in a range
(``adders[0..width-1]``), and actions, each of which is actions of subcomponents. Nothing is evaluated here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelax.errors import Location, did_you_mean
from accelax.spec.text import Problems, SourceList, location_of
from accelax.spec.timeloop.kinds import ANY, string
from accelax.spec.timeloop.reader import Parsed, Reader, Scope, join_path
from accelax.spec.timeloop.schema import Field, ListOf, Section

_FREE = Section("attributes", {}, extra=ANY)
_SHARES = ("energy_scale", "repeat", "action_share")
"""The words for how often an action of a part takes place; several multiply."""
_SUBACTION = Section(
    "action of a subcomponent",
    {"name": Field(string(), required=True), "arguments": Field(_FREE, default={})}
    | {name: Field(ANY) for name in _SHARES},
)
_ACTED = Section(
    "subcomponent of an action",
    {"name": Field(string(), required=True), "actions": Field(ListOf(_SUBACTION), default=[])},
)
_ACTION = Section(
    "action",
    {
        "name": Field(string(), required=True),
        "arguments": Field(_FREE, default={}),
        "subcomponents": Field(ListOf(_ACTED), default=[]),
    },
)
_SUBCOMPONENT = Section(
    "subcomponent",
    {
        "name": Field(string(), required=True),
        "class": Field(string()),
        "subclass": Field(string()),
        "attributes": Field(_FREE, default={}),
    }
    | {name: Field(ANY) for name in ("area_scale", "area_share", "energy_scale")},
)
_CLASS = Section(
    "component class",
    {
        "name": Field(string(), required=True),
        "attributes": Field(_FREE, default={}),
        "subcomponents": Field(ListOf(_SUBCOMPONENT), default=[]),
        "actions": Field(ListOf(_ACTION), default=[]),
    },
    unsupported=("primitive_type",),
)
_RANGE = re.compile(r"(?P<base>[^\[\]]+?)\s*(\[(?P<first>.*?)(\.\.(?P<last>.*))?\])?\s*")


class _TextReader(Reader):
    """A reader that leaves every expression as it is written."""

    def evaluate(self, text: str, *_: object, **__: object) -> object:
        """The text itself."""
        return text


@dataclass(frozen=True)
class PartName:
    """A name with the range of parts it means: ``x[0..n-1]`` is ``x`` from ``0`` to ``n-1``; ``x`` is one part."""

    base: str
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class SubAction:
    """An action of a part, with the factors that say how often it takes place."""

    name: str
    section: Parsed

    @property
    def shares(self) -> dict[str, Any]:
        """The factors that are given, as written."""
        return {name: self.section[name] for name in _SHARES if self.section[name] is not None}


@dataclass(frozen=True)
class Acted:
    """What an action does to some parts."""

    name: PartName
    actions: tuple[SubAction, ...]
    section: Parsed


@dataclass(frozen=True)
class ActionClass:
    """An action of a compound component."""

    name: str
    acted: tuple[Acted, ...]
    section: Parsed


@dataclass(frozen=True)
class PartClass:
    """A subcomponent as its class describes it."""

    name: PartName
    kind: str
    section: Parsed

    def scales(self, words: tuple[str, ...]) -> dict[str, Any]:
        """Those of the scales called ``words`` that are given, as written."""
        return {name: self.section[name] for name in words if self.section[name] is not None}


@dataclass(frozen=True)
class ComponentClass:
    """A class of the ``components`` section. Without parts it only gives attributes to a class of an estimator."""

    name: str
    attributes: Parsed
    parts: Mapping[str, PartClass]
    actions: Mapping[str, ActionClass]
    section: Parsed = field(repr=False)

    def location(self, key: str | None = None) -> Location | None:
        """Where a key of the class stands, or the class."""
        return self.section.location(key)


def read_classes(section: object, problems: Problems) -> dict[str, ComponentClass]:
    """The classes of a ``components`` section, by name. Mistakes go to ``problems``."""
    listed = section.get("classes") if isinstance(section, Mapping) else section
    found: dict[str, ComponentClass] = {}
    if listed is None:
        return found
    reader = _TextReader(problems)
    place = section.location("classes") if isinstance(section, Parsed) else None
    flat = _flattened(listed) if isinstance(listed, (list, tuple)) else listed
    read = reader.list(ListOf(_CLASS), flat, "components.classes", place, Scope())
    for position, parsed in enumerate(read if isinstance(read, list) else ()):
        if parsed["name"] is None:
            continue
        if parsed["name"] in found:
            if found[parsed["name"]].section.source == parsed.source:
                continue  # a file that was included twice
            where = f"components.classes[{position}].name"
            problems.add(f"the class {parsed['name']!r} is defined twice", parsed.location("name"), where)
        found[parsed["name"]] = _component_class(parsed, problems)
    return found


def _flattened(listed: list[Any] | tuple[Any, ...]) -> SourceList:
    """A list with the lists in it spread out: each file that a pattern includes brings its own list."""
    flat = SourceList(location=location_of(listed))
    for position, item in enumerate(listed):
        if isinstance(item, (list, tuple)):
            for inner, one in enumerate(inner_list := _flattened(item)):
                flat.place(one, location_of(inner_list, inner))
        else:
            flat.place(item, location_of(listed, position))
    return flat


def _component_class(section: Parsed, problems: Problems) -> ComponentClass:
    """One class; every action must act on parts that the class has."""
    parts: dict[str, PartClass] = {}
    unread: set[str] = set()
    for part in section["subcomponents"]:
        kind = part["subclass"] or part["class"]
        name = _part_name(part, problems)
        if name is None:
            unread.add(str(part["name"]).partition("[")[0])
            continue
        if kind is None:
            problems.add("'class' is missing", part.location(), part.path)
        elif name.base in parts:
            problems.add(f"the subcomponent {name.base!r} is defined twice", part.location("name"), part.path)
        else:
            parts[name.base] = PartClass(name, kind, part)
    actions: dict[str, ActionClass] = {}
    for action in section["actions"]:
        if action["name"] in actions:
            problems.add(f"the action {action['name']!r} is defined twice", action.location("name"), action.path)
        elif action["name"] is not None:
            actions[action["name"]] = _action(action, parts, unread, problems)
    return ComponentClass(section["name"], section["attributes"], parts, actions, section)


def _action(section: Parsed, parts: Mapping[str, PartClass], unread: set[str], problems: Problems) -> ActionClass:
    """An action of a class; what it does to parts that could not be read is left out."""
    acted = []
    for part in section["subcomponents"]:
        name = _part_name(part, problems)
        if name is None or name.base in unread:
            continue
        if name.base not in parts:
            message = f"the class has no subcomponent {name.base!r}{did_you_mean(name.base, parts)}"
            problems.add(message, part.location("name"), join_path(part.path, "name"))
            continue
        actions = tuple(SubAction(sub["name"], sub) for sub in part["actions"] if sub["name"] is not None)
        acted.append(Acted(name, actions, part))
    return ActionClass(section["name"], tuple(acted), section)


def _part_name(section: Parsed, problems: Problems) -> PartName | None:
    """The name of a subcomponent; None after a mistake."""
    if section["name"] is None:
        return None
    match = _RANGE.fullmatch(section["name"])
    if match is None or match["first"] == "" or match["last"] == "":
        message = f"expected a name such as 'adder', 'adder[0]' or 'adder[0..width-1]', got {section['name']!r}"
        problems.add(message, section.location("name"), join_path(section.path, "name"))
        return None
    return PartName(match["base"], match["first"], match["last"])
