"""Jinja2 rendering of the input files, before YAML sees them.

The functions that Timeloop users know are available: ``cwd() include(path, keys) include_all(glob, keys)
include_text(path) find_path(p) find_paths(p) path_exists(p) setenv(key, value) add_to_path(directory)``. Relative
paths are looked up beside the current file and then in every directory given to ``add_to_path``. An undefined variable
is an error. ``setenv`` writes to a dictionary of this load and never to the environment of the process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accelax.errors import Location, Problem, SpecError, did_you_mean
from accelax.spec.text.files import missing_file_message, read_text, search_paths

if TYPE_CHECKING:
    from accelax.spec.text.sandbox import Marks, Steps

MAX_RENDERED = 32 * 1024 * 1024
_SYNTAX = re.compile(r"\{[{%#]")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")


@dataclass
class TemplateSession:
    """What the templates of one load share.

    ``load_value(path, directories)`` reads an included file as YAML; what ``include`` read is kept in ``included``
    under the name that the rendered ``!include_loaded`` tag gives. ``open_files`` are the files being read, outermost
    first.
    """

    load_value: Callable[[str, list[str]], object]
    data: Mapping[str, object] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    included: dict[str, object] = field(default_factory=dict)
    open_files: list[str] = field(default_factory=list)
    texts: dict[tuple[str, ...], str] = field(default_factory=dict)
    rendered_size: int = 0
    _machinery: tuple[Marks, Steps] | None = None

    @property
    def machinery(self) -> tuple[Marks, Steps]:
        """The line marks and the step counter, made when the first template needs them: Jinja2 is slow to import."""
        if self._machinery is None:
            from accelax.spec.text.sandbox import Marks, Steps

            self._machinery = (Marks(), Steps())
        return self._machinery


@dataclass(frozen=True)
class Rendered:
    """A rendered file: its text, and for each line of it the (file, line) where it was written; ``None``: unchanged."""

    text: str
    places: list[tuple[str, int]] | None


def render_file(path: str, shown: str, session: TemplateSession, directories: list[str]) -> Rendered:
    """Render the template at ``path``; files without template syntax are returned as they are.

    Args:
        path: the real path of the file.
        shown: how messages name it.
        session: what the templates of this load share.
        directories: the search directories inherited from the including file; ``add_to_path`` appends to a copy.

    Raises:
        SpecError: with the file and line of the template error.
    """
    text = read_text(path)
    if not _SYNTAX.search(text):
        return Rendered(text, None)
    marks, _ = session.machinery
    marked = _FileTemplate(path, shown, session, directories).render()
    return Rendered(*marks.strip(marked, shown))


def shown_path(path: str) -> str:
    """Return how messages name an included file: relative to the working directory when it lies below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


class _FileTemplate:
    """One file being rendered: its functions, and where its errors are."""

    def __init__(self, path: str, shown: str, session: TemplateSession, directories: list[str]):
        from accelax.spec.text.sandbox import BoundedEnvironment

        self._path = path
        self._shown = shown
        self._session = session
        self._added = list(directories)
        self._files = {shown}
        marks, steps = session.machinery
        self._environment = BoundedEnvironment(self._read, marks, steps)
        self._environment.globals.update(self._functions())

    def render(self) -> str:
        """Return the rendered text with its line marks."""
        from jinja2 import TemplateError

        session = self._session
        pieces = []
        try:
            for piece in self._environment.get_template(self._path).generate(dict(session.data)):
                session.rendered_size += len(piece)
                if session.rendered_size > MAX_RENDERED:
                    raise ValueError(f"the rendered text is longer than {MAX_RENDERED} characters")
                pieces.append(piece)
        except SpecError:
            raise
        except (TemplateError, Exception) as error:
            raise SpecError([Problem(self._message(error), self._location(error))]) from error
        return "".join(pieces)

    def _functions(self) -> dict[str, Callable]:
        return {
            "cwd": lambda: os.path.dirname(self._path),
            "include": self._include,
            "include_all": self._include_all,
            "include_text": self._include_text,
            "find_path": lambda path: self._find(path)[0],
            "find_paths": self._find,
            "path_exists": lambda path: bool(search_paths(str(path), self._directories())),
            "setenv": self._setenv,
            "add_to_path": self._add_to_path,
        }

    def _directories(self) -> list[str]:
        return [os.path.dirname(self._path), *self._added]

    def _find(self, path: object) -> list[str]:
        """Return every file that a path, a glob pattern or a list of them names."""
        if isinstance(path, (list, tuple)):
            return list(dict.fromkeys(match for item in path for match in self._find(item)))
        found = search_paths(str(path), self._directories())
        if not found:
            base = str(path) if os.path.isabs(str(path)) else os.path.join(os.path.dirname(self._path), str(path))
            message = missing_file_message(shown_path(os.path.realpath(base)))
            raise FileNotFoundError(message + (f"; also searched {', '.join(self._added)}" if self._added else ""))
        return found

    def _include(self, path: str, keys: str = "") -> str:
        found = self._find(path)
        if len(found) > 1:
            raise ValueError(f"include({str(path)!r}) matches {len(found)} files; use include_all for several")
        return self._remember(self._load(found[0]), keys)

    def _include_all(self, pattern: str, keys: str = "") -> str:
        return self._remember(IncludedFiles([self._load(path) for path in self._find(pattern)]), keys)

    def _load(self, path: str) -> object:
        """Return the value of an included YAML file."""
        if path in self._session.open_files:
            raise ValueError(f"{shown_path(path)} includes itself")
        return self._session.load_value(path, self._added)

    def _remember(self, value: object, keys: str) -> str:
        name = f"included_{len(self._session.included)}"
        self._session.included[name] = value
        keys = str(keys).strip(".")
        return f"!include_loaded {name}.{keys}" if keys else f"!include_loaded {name}"

    def _include_text(self, path: object) -> str:
        texts = []
        marks, _ = self._session.machinery
        for found in self._find(path):
            if found in self._session.open_files:
                raise ValueError(f"{shown_path(found)} includes itself")
            self._session.open_files.append(found)
            try:
                texts.append(self._text_of(found, marks))
            finally:
                self._session.open_files.pop()
        return "\n".join(texts)

    def _text_of(self, path: str, marks: Marks) -> str:
        """Return the rendered text of an included file, which is rendered once."""
        key = (path, *self._added)
        if key not in self._session.texts:
            text, shown = read_text(path), shown_path(path)
            if _SYNTAX.search(text):
                text = _FileTemplate(path, shown, self._session, self._added).render()
            self._session.texts[key] = marks.mark(shown, 1) + text
        return self._session.texts[key]

    def _setenv(self, key: object, value: object) -> str:
        self._session.environment[str(key)] = str(value)
        return ""

    def _add_to_path(self, path: object) -> str:
        self._added.extend(self._find(path))
        return ""

    def _read(self, name: str) -> tuple[str, str] | None:
        """Return (text, shown path) of the file itself or of one that ``{% include %}`` names beside it."""
        if name == self._path:
            return read_text(name), self._shown
        found = search_paths(name, self._directories())
        if not found:
            return None
        shown = shown_path(found[0])
        self._files.add(shown)
        return read_text(found[0]), shown

    def _location(self, error: BaseException) -> Location:
        """Return the innermost line of a template file that the error passed through."""
        filename, line = getattr(error, "filename", None), getattr(error, "lineno", None)
        if isinstance(line, int) and filename in self._files:
            return Location(str(filename), line, 1)
        place = Location(self._shown)
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename in self._files:
                place = Location(step.tb_frame.f_code.co_filename, step.tb_lineno, 1)
            step = step.tb_next
        return place

    def _message(self, error: BaseException) -> str:
        """Say what went wrong in one line."""
        if isinstance(error, RecursionError):
            return "template error: the templates include or call each other without end"
        if type(error).__name__ == "TemplateNotFound":
            return f"template error: no such file {str(error)!r}"
        text = (str(error) or type(error).__name__).split("\n")[0]
        undefined = _UNDEFINED.search(text)
        if undefined:
            known = [*self._session.data, *self._functions()]
            text = f"variable {undefined[1]!r} is not defined{did_you_mean(undefined[1], known)}"
        return f"template error: {text}"


class IncludedFiles:
    """What ``include_all`` read: one value per file. Keys are looked up in each of them."""

    def __init__(self, values: list[object]):
        self.values = values
