"""Finding and reading the input files: globs, search directories, and files that are not text."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from accelax.errors import Location, Problem, SpecError, did_you_mean
from accelax.spec.text.source import Problems

MAX_FILE_BYTES = 64 * 1024 * 1024
_SPEC_SUFFIXES = (".yaml", ".yml", ".jinja", ".jinja2")


def expand_paths(paths: Iterable[str | Path], problems: Problems) -> list[Path]:
    """Return the files that paths and glob patterns name, in order; a file named twice is taken once.

    A path that names no file is a problem, which names the nearest file.
    """
    found: dict[str, Path] = {}
    for path in paths:
        matches = _matches(os.path.expanduser(os.fspath(path)))
        if not matches:
            problems.add(missing_file_message(os.fspath(path)))
        for match in matches:
            found.setdefault(os.path.realpath(match), Path(match))
    return list(found.values())


def _matches(path: str) -> list[str]:
    """Return what one path or glob pattern names; an existing file always names itself."""
    if "\0" in path:
        return []
    if os.path.exists(path):
        return [path]
    return sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []


def missing_file_message(path: str) -> str:
    """Say that ``path`` does not exist, and name the nearest file of its directory."""
    directory, name = os.path.split(path)
    try:
        neighbours = sorted(os.listdir(directory or "."))
    except (OSError, ValueError):
        return f"no such file {path!r}" + (f" (there is no directory {directory!r})" if directory else "")
    nearest = did_you_mean(name, neighbours)
    if not nearest.startswith("; did"):
        nearest = did_you_mean(name, [n for n in neighbours if n.endswith(_SPEC_SUFFIXES)])
    return f"no such file {path!r}{nearest}"


def search_paths(pattern: str, directories: Sequence[str]) -> list[str]:
    """Return the real paths that ``pattern`` names in any of ``directories`` (all of them, each once, in order)."""
    bases = [""] if os.path.isabs(pattern) else directories
    found: dict[str, None] = {}
    for base in bases:
        for match in _matches(os.path.join(base, pattern)):
            found.setdefault(os.path.realpath(match))
    return list(found)


def read_text(path: str | Path) -> str:
    """Return the text of a regular UTF-8 file.

    Raises:
        SpecError: the file is missing, unreadable, not a regular file, too large or not text.
    """
    place = Location(os.fspath(path))
    try:
        if not os.path.exists(path):
            raise SpecError([Problem(missing_file_message(os.fspath(path)))])
        if not os.path.isfile(path):
            kind = "a directory" if os.path.isdir(path) else "not a regular file"
            raise SpecError([Problem(f"expected a file, but this is {kind}", place)])
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SpecError([Problem(f"cannot read the file: {error.strerror or error}", place)]) from error
    if len(data) > MAX_FILE_BYTES:
        raise SpecError([Problem(f"the file is larger than {MAX_FILE_BYTES} bytes", place)])
    return _decode(data, place)


def _decode(data: bytes, place: Location) -> str:
    """Decode UTF-8 (a byte-order mark is dropped), refusing anything else with the line of the first bad byte."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not a text file: byte 0x{data[error.start]:02x} is not valid UTF-8"
        raise SpecError([Problem(message, Location(place.file, line, 1))]) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SpecError([Problem("not a text file: it contains a zero byte", Location(place.file, line, 1))])
    return text.replace("\r\n", "\n")
