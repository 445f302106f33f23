"""From files to dictionaries: render, parse, resolve tags and aliases, merge. Every value keeps its place.

Built on PyYAML's composer (the C one when it is there), whose nodes carry source marks; the meaning of scalars, tags,
aliases and merge keys is ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from accelax.errors import Location, Problem, SpecError
from accelax.spec.text.expansion import MAX_DEPTH, too_deep
from accelax.spec.text.files import expand_paths, missing_file_message, search_paths
from accelax.spec.text.source import Problems, SourceDict
from accelax.spec.text.templating import Rendered, TemplateSession, render_file, shown_path
from accelax.spec.text.yaml_builder import Builder

MAX_INCLUDE_DEPTH = 20
_SURELY_SHALLOW = 1_000


_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Composer(_SafeLoader):
    """Composes nodes without guessing tags: a node without a written tag has the tag ``""``."""

    def resolve(self, kind: type, value: object, implicit: object) -> str:
        return ""


@dataclass(frozen=True)
class LoadedFiles:
    """What a load returns: one document per file, and what their templates wrote with ``setenv``."""

    documents: list[SourceDict]
    environment: dict[str, str]


def load_documents(
    paths: Sequence[str | Path] | str | Path, jinja_parse_data: Mapping[str, object] | None = None
) -> list[SourceDict]:
    """Read YAML files: expand globs, render Jinja2, parse, merge. One mapping per file, in the order given.

    Args:
        paths: paths or glob patterns (or a single one); a file that is named twice is read once.
        jinja_parse_data: the variables that the templates see.

    Raises:
        SpecError: with every problem found in any of the files, each with its place.
    """
    return load_files(paths, jinja_parse_data).documents


def load_files(
    paths: Sequence[str | Path] | str | Path, jinja_parse_data: Mapping[str, object] | None = None
) -> LoadedFiles:
    """Do what ``load_documents`` does and also return the variables that templates set with ``setenv``."""
    loader = _Loader(jinja_parse_data or {})
    documents = []
    paths = [paths] if isinstance(paths, str | Path) else paths
    for path in expand_paths(paths, loader.problems):
        value = loader.load(os.path.realpath(path), os.fspath(path), [])
        if isinstance(value, SourceDict):
            documents.append(value)
        elif not loader.problems:
            message = f"expected a mapping at the top of the file, found {_kind(value)}"
            loader.problems.add(message, Location(os.fspath(path)))
    loader.problems.raise_if_any()
    return LoadedFiles(documents, dict(loader.session.environment))


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else f"the value {str(value)[:40]!r}"


class _Loader:
    """One load: the files being read, the templates' session, the problems found so far."""

    def __init__(self, data: Mapping[str, object]):
        self.problems = Problems()
        self._included: dict[tuple[str, ...], object] = {}
        self.session = TemplateSession(self._load_included, data)
        self.builder = Builder(self.problems, self.session, self._load_tagged)

    def load(self, path: str, shown: str, directories: list[str]) -> object:
        """Return the value of one file, or ``None`` after noting what is wrong with it."""
        if len(self.session.open_files) >= MAX_INCLUDE_DEPTH:
            raise SpecError([Problem(f"files include each other more than {MAX_INCLUDE_DEPTH} deep", Location(shown))])
        self.session.open_files.append(path)
        try:
            rendered = render_file(path, shown, self.session, directories)
            root = compose(rendered, shown)
            return None if root is None else self.builder.build(root, rendered.places, path, shown)
        except SpecError as error:
            self.problems.extend(error.problems)
            return None
        finally:
            self.session.open_files.pop()

    def _load_included(self, path: str, directories: list[str]) -> object:
        """Return the value of an included file, which is read once; the places that use it take copies."""
        key = (path, *directories)
        if key not in self._included:
            self._included[key] = self.load(path, shown_path(path), directories)
        return self._included[key]

    def _load_tagged(self, pattern: str, from_file: str, location: Location) -> list[object]:
        """Load the files that ``!include`` or ``!includedir`` names, relative to the file that holds the tag."""
        found = search_paths(pattern, [os.path.dirname(from_file)])
        if not found:
            full = os.path.realpath(os.path.join(os.path.dirname(from_file), pattern))
            raise SpecError([Problem(missing_file_message(shown_path(full)), location)])
        if any(path in self.session.open_files for path in found):
            raise SpecError([Problem(f"{pattern!r} includes itself", location)])
        return [self._load_included(path, []) for path in found]


def compose(rendered: Rendered, shown: str) -> yaml.Node | None:
    """Parse text to PyYAML's node graph.

    Raises:
        SpecError: malformed YAML, with its line and column; also text that nests deeper than ``MAX_DEPTH``.
    """
    try:
        if _may_nest_deep(rendered.text):
            _check_depth(rendered, shown)
        return yaml.compose(rendered.text, Loader=_Composer)
    except RecursionError as error:
        raise too_deep(Location(shown)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = place_of(mark.line, mark.column, rendered.places, shown) if mark else Location(shown)
        message = ", ".join(part for part in (error.context, error.problem) if part)
        raise SpecError([Problem(f"malformed YAML: {message}", place)]) from error
    except yaml.reader.ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        before = rendered.text[:position]
        place = place_of(before.count("\n"), position - before.rfind("\n") - 1, rendered.places, shown)
        raise SpecError([Problem(f"malformed YAML: {error.reason}", place)]) from error


def place_of(line: int, column: int, places: list[tuple[str, int]] | None, shown: str) -> Location:
    """Return the source place of a (zero-based) line and column of the rendered text."""
    if places is None:
        return Location(shown, line + 1, column + 1)
    file, source_line = places[min(line, len(places) - 1)]
    return Location(file, source_line, column + 1)


def _may_nest_deep(text: str) -> bool:
    """Return whether the text could nest deeper than a C stack holds (a cheap upper bound on its depth)."""
    brackets = text.count("[") + text.count("{")
    indent = max((len(line) - len(line.lstrip(" -?:\t")) for line in text.split("\n")), default=0)
    return brackets + indent > _SURELY_SHALLOW


def _check_depth(rendered: Rendered, shown: str) -> None:
    """Refuse text that nests too deep, by counting the parser's events: its composer recurses on the C stack."""
    depth = 0
    for event in yaml.parse(rendered.text, Loader=_Composer):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                mark = event.start_mark
                place = place_of(mark.line, mark.column, rendered.places, shown)
                raise too_deep(place)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
