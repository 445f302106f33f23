"""From PyYAML's node graph to plain values that know their place: scalars, tags, aliases, includes and merge keys."""

from __future__ import annotations

import os
from collections.abc import Callable

import yaml

from accelax.errors import Location, Problem, SpecError, did_you_mean
from accelax.spec.text.expansion import MAX_DEPTH, MAX_VALUES, check_expansion, too_deep, too_many_values
from accelax.spec.text.merge import DEEP, SHALLOW, merge_into
from accelax.spec.text.scalars import plain_scalar
from accelax.spec.text.source import Problems, Quoted, SourceDict, SourceList
from accelax.spec.text.templating import IncludedFiles, TemplateSession

_STANDARD = "tag:yaml.org,2002:"
_SCALAR_TAGS = tuple(_STANDARD + name for name in ("str", "int", "float", "bool", "null"))
_INCLUDES = ("!include", "!includedir", "!include_loaded")
_LoadTagged = Callable[[str, str, Location], list]


class Builder:
    """Builds the values of all files of one load; counts them, so that aliases cannot multiply without bound."""

    def __init__(self, problems: Problems, session: TemplateSession, load_tagged: _LoadTagged):
        self.problems = problems
        self.session = session
        self.load_tagged = load_tagged
        self._values = 0

    def build(self, root: yaml.Node, places: list[tuple[str, int]] | None, path: str, shown: str) -> object:
        """Return the value of one file's root node; problems that do not stop the reading are collected.

        Raises:
            SpecError: the file nests too deep, or its aliases are recursive or multiply without bound.
        """
        file = _FileBuilder(self, places, path, shown)
        check_expansion(root, file.location)
        return file.value(root)

    def count(self, location: Location) -> None:
        """Count one value."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise too_many_values(location)


class _FileBuilder:
    """Builds the values of one file."""

    def __init__(self, load: Builder, places: list[tuple[str, int]] | None, path: str, shown: str):
        self._load = load
        self._places = places
        self._path = path
        self._shown = shown
        self._depth = 0

    def value(self, node: yaml.Node) -> object:
        """Return the value of a node; an aliased node is built anew for each place that refers to it."""
        location = self.location(node)
        self._load.count(location)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, location)
        if self._depth >= MAX_DEPTH:
            raise too_deep(location)
        self._depth += 1
        build = self._mapping if isinstance(node, yaml.MappingNode) else self._list
        value = build(node, location)
        self._depth -= 1
        return value

    def location(self, node: yaml.Node) -> Location:
        """Return where a node stands in the source files."""
        mark = node.start_mark
        if self._places is None:
            return Location(self._shown, mark.line + 1, mark.column + 1)
        file, line = self._places[min(mark.line, len(self._places) - 1)]
        return Location(file, line, mark.column + 1)

    def _scalar(self, node: yaml.ScalarNode, location: Location) -> object:
        tag = node.tag
        if tag and tag not in _SCALAR_TAGS:
            return self._tagged_scalar(tag, node.value, location)
        if node.style in ("'", '"') or tag == _STANDARD + "str":
            return Quoted(node.value)
        if node.style in ("|", ">"):
            return node.value
        try:
            return plain_scalar(node.value)
        except ValueError as error:
            self._load.problems.add(str(error), location)
            return None

    def _tagged_scalar(self, tag: str, text: str, location: Location) -> object:
        """Return what a tagged scalar stands for: an included file, or an empty mapping with that tag."""
        if tag in _INCLUDES:
            return self._included(tag, text.strip().rstrip(","), location)
        if tag == "!nomerge" and text in ("", "~", "null"):
            return None
        if tag.startswith(_STANDARD):
            self._load.problems.add(f"tag !!{tag.removeprefix(_STANDARD)} is not supported", location)
            return None
        if text.strip():
            self._load.problems.add(f"tag {tag} belongs on a mapping or a list, not on {text[:40]!r}", location)
        return SourceDict(tag=tag.removeprefix("!"), location=location)

    def _included(self, tag: str, text: str, location: Location) -> object:
        if tag == "!include_loaded":
            name, _, keys = text.partition(".")
            if name not in self._load.session.included:
                raise SpecError([Problem(f"!include_loaded {name!r}: no such include", location)])
            value = self._load.session.included[name]
            value = self._pick(value, keys.split(".") if keys else [], location)
        else:
            pattern = os.path.join(text, "*.yaml") if tag == "!includedir" else text
            items = self._load.load_tagged(pattern, self._path, location)
            value = items[0] if tag == "!include" and len(items) == 1 else SourceList(items, location=location)
        return self._copy(value, location, self._depth)

    def _pick(self, value: object, keys: list[str], location: Location) -> object:
        """Follow the dot-separated keys of an include into the included value (into each one for several files)."""
        if isinstance(value, IncludedFiles):
            return SourceList([self._pick(item, keys, location) for item in value.values], location=location)
        for key in keys:
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            elif value is None and self._load.problems:
                return None
            else:
                choices = did_you_mean(key, value) if isinstance(value, dict) else ""
                raise SpecError([Problem(f"the included file has no key {key!r}{choices}", location)])
        return value

    def _copy(self, value: object, location: Location, depth: int) -> object:
        """Return a deep copy, so that no two places of a document share a value that one of them may change."""
        self._load.count(location)
        if depth > MAX_DEPTH:
            raise too_deep(location)
        if isinstance(value, (SourceDict, SourceList)):
            twin = value.copy()
            for key in value if isinstance(value, dict) else range(len(value)):
                twin[key] = self._copy(value[key], location, depth + 1)
            return twin
        return value

    def _list(self, node: yaml.Node, location: Location) -> SourceList:
        tag = self._collection_tag(node, location)
        result = SourceList(tag=tag, location=location, nomerge=node.tag == "!nomerge")
        for item in node.value:
            result.place(self.value(item), self.location(item))
        return result

    def _mapping(self, node: yaml.Node, location: Location) -> SourceDict:
        tag = self._collection_tag(node, location)
        result = SourceDict(tag=tag, location=location, nomerge=node.tag == "!nomerge")
        merge: tuple[str, yaml.Node, Location] | None = None
        for key_node, value_node in node.value:
            key_location = self.location(key_node)
            if _is_merge_key(key_node):
                if merge is not None:
                    message = f"a mapping can have one merge key ('<<' or '<<<'); the first is at {merge[2]}"
                    self._load.problems.add(message, key_location)
                merge = merge or (key_node.value, value_node, key_location)
                continue
            key = self._key(key_node, key_location)
            if key is None:
                continue
            if key in result:
                message = f"duplicate key {str(key)!r} (first at {result.key_locations[key]})"
                self._load.problems.add(message, key_location)
            result.place(key, self.value(value_node), key_location, self.location(value_node))
        if merge is not None:
            self._merge(result, merge[1], deep=merge[0] == DEEP)
        return result

    def _merge(self, own: SourceDict, node: yaml.Node, *, deep: bool) -> None:
        """Apply a merge key: one mapping, or a list of mappings of which the earlier wins."""
        value = self.value(node)
        for item in value if isinstance(value, SourceList) else [value]:
            if isinstance(item, SourceDict):
                merge_into(own, item, deep=deep)
            else:
                found = "a list" if isinstance(item, list) else repr(item)[:40]
                self._load.problems.add(f"expected a mapping to merge, found {found}", self.location(node))

    def _key(self, node: yaml.Node, location: Location) -> str | int | None:
        """Return a mapping key: text, or an integer when it is written as one; ``None`` after noting a problem."""
        if not isinstance(node, yaml.ScalarNode):
            self._load.problems.add("a mapping or list cannot be a key", location)
            return None
        if node.style not in ("'", '"'):
            try:
                key = plain_scalar(node.value)
            except ValueError as error:
                self._load.problems.add(str(error), location)
                return None
            if type(key) is int:
                return key
        return str(node.value)

    def _collection_tag(self, node: yaml.Node, location: Location) -> str | None:
        """Return the tag of a mapping or list without its exclamation mark, or ``None``."""
        tag = node.tag
        if tag in ("", _STANDARD + "map", _STANDARD + "seq", "!nomerge"):
            return None
        if tag in _INCLUDES:
            self._load.problems.add(f"tag {tag} needs a file name", location)
            return None
        if tag.startswith(_STANDARD):
            self._load.problems.add(f"tag !!{tag.removeprefix(_STANDARD)} is not supported", location)
            return None
        return tag.removeprefix("!")


def _is_merge_key(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style not in ("'", '"') and node.value in (SHALLOW, DEEP)
