"""The results file: a header and one line for each point, only ever appended to, and read again after a kill.

Every line is a JSON object whose last entry, ``crc``, is the CRC-32 of the line without it: a digit that changed on the
way does not become a result.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelax.errors import Location, Problem, SpecError

FORMAT = 2
KIND = "accelax_sweep"
Row = dict[str, Any]
CHECK = b',"crc":'
_ENCODER = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":"))


@dataclass
class Contents:
    """What a results file holds: the header, rows by point number, and mappings by variant.

    ``good`` bytes of it can be read; ``notes`` say what cannot.
    """

    header: dict[str, Any]
    rows: dict[int, Row] = field(default_factory=dict)
    mappings: dict[int, list[Any]] = field(default_factory=dict)
    good: int = 0
    notes: list[str] = field(default_factory=list)


def read_file(path: str | Path) -> Contents:
    """Read a results file up to its last good line.

    Raises:
        SpecError: there is no such file, or it is not a results file.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise SpecError([Problem(f"cannot be read: {error.strerror or error}", Location(str(path)))]) from error
    lines = text.splitlines(keepends=True)
    header = _parsed(lines[0]) if lines else None
    if not isinstance(header, dict) or header.get(KIND) != FORMAT:
        message = "not a results file of a sweep: its first line is no header"
        raise SpecError([Problem(message, Location(str(path), 1, 1))])
    found = Contents(header, good=len(lines[0]))
    for place, line in enumerate(lines[1:], 2):
        problem = _take(found, line)
        if problem:
            found.notes.append(_note(path, place, problem, len(lines) - place, whole=line.endswith(b"\n")))
            break
        found.good += len(line)
    return found


def _take(found: Contents, line: bytes) -> str:
    """Add a line to what was read; what is wrong with it, or nothing."""
    entry = _parsed(line)
    if not isinstance(entry, dict):
        return "not a line as it was written"
    if isinstance(entry.get("mappings"), list) and isinstance(entry.get("variant"), int):
        found.mappings[entry["variant"]] = entry["mappings"]
        return ""
    number, total = entry.get("point"), found.header.get("points", 0)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < total:
        return f"expected a point from 0 to {total - 1}, got {number!r}"
    if number in found.rows:
        return f"point {number} for the second time"
    if not {"values", "valid", "layers"} <= entry.keys():
        return f"point {number} without its results"
    found.rows[number] = entry
    return ""


def _note(path: str | Path, place: int, problem: str, after: int, whole: bool) -> str:
    """What is lost from a file, in words."""
    if not whole and not after:
        return f"{path}:{place}: the last line was not written to its end; its point is evaluated again"
    lost = f"this and the next {after}" if after else "this"
    return f"{path}:{place}: {problem}; lines that cannot be used: {lost}; their points are evaluated again"


def written(entry: Mapping[str, Any]) -> bytes:
    r"""The line of an entry.

    >>> written({"point": 3})
    b'{"point":3,"crc":3722348581}\n'
    """
    text = _ENCODER.encode(entry).encode()
    return b"%s%s%d}\n" % (text[:-1], CHECK, zlib.crc32(text))


def _parsed(line: bytes) -> Any:
    """The entry of a line; None where it is not as it was written."""
    text, _, check = line.rpartition(CHECK)
    text += b"}"
    if check.rstrip() != b"%d}" % zlib.crc32(text) or not line.endswith(b"\n"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


class Journal:
    """A results file that is being written, by this process alone.

    Every call of :meth:`add` is one write of whole lines at the end of the file. Use it as a context.
    """

    def __init__(self, path: Path, descriptor: int, contents: Contents):
        self.path, self.contents = path, contents
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: str | Path, header: Mapping[str, Any], resume: bool) -> Journal:
        """Begin a results file, or take up the one that is there.

        What follows its last good line is kept in ``PATH.corrupt`` unless it is only a line cut short.

        Raises:
            SpecError: the file cannot be written, is being written, is there and ``resume`` is False, or is of another
                sweep.
        """
        file = Path(path)
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            message = f"the results cannot be written: {error.strerror or error}"
            raise SpecError([Problem(message, Location(str(path)))]) from error
        try:
            _lock(descriptor, file)
            contents = _existing(file, header, resume)
            journal = cls(file, descriptor, contents)
            if contents.good == 0:
                journal._write([{KIND: FORMAT, **header}])
        except BaseException:
            os.close(descriptor)
            raise
        return journal

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows. Raises SpecError where that fails, a full disk for instance; lines before stay good."""
        self._write(rows)
        self.contents.rows.update({row["point"]: row for row in rows})

    def add_mappings(self, variant: int, mappings: list[Any]) -> None:
        """Append the mappings that all points of a variant have."""
        self._write([{"variant": variant, "mappings": mappings}])
        self.contents.mappings[variant] = mappings

    def _write(self, entries: Iterable[Mapping[str, Any]]) -> None:
        left = memoryview(b"".join(map(written, entries)))
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            message = f"the results cannot be written: {error.strerror or error}; what was written before is kept"
            raise SpecError([Problem(message, Location(str(self.path)))]) from error


def _lock(descriptor: int, file: Path) -> None:
    """Keep other processes from writing the same file; the lock ends with the process, however that ends."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SpecError([Problem("another run is writing this file", Location(str(file)))]) from error
    except OSError:
        return


def _existing(file: Path, header: Mapping[str, Any], resume: bool) -> Contents:
    """What the file holds, cut after its last good line. Raises SpecError where it may not be continued."""
    size = file.stat().st_size
    if size == 0 or (size < 1 << 20 and b"\n" not in file.read_bytes() and _is_cut_header(file)):
        os.truncate(file, 0)
        return Contents(dict(header))
    if not resume:
        raise SpecError([Problem("the file is there already: resume it, or name another", Location(str(file)))])
    contents = read_file(file)
    different = [
        key for key in header if key != "run" and contents.header.get(key) != json.loads(json.dumps(header[key]))
    ]
    if different:
        first = different[0]
        message = f"the file is of another sweep: it has {first} {_short(contents.header.get(first))}"
        raise SpecError([Problem(f"{message}, this sweep {_short(header[first])}", Location(str(file), 1, 1))])
    if contents.good < size:
        _set_aside(file, contents.good)
    return contents


def _is_cut_header(file: Path) -> bool:
    """Whether a file is the beginning of a header that was not written to its end."""
    begin = f'{{"{KIND}":'.encode()
    held = file.read_bytes()
    return held[: len(begin)] == begin[: len(held)]


def _set_aside(file: Path, good: int) -> None:
    """Cut a file after ``good`` bytes; more than one broken line is kept beside it."""
    rest = file.read_bytes()[good:]
    if b"\n" in rest:
        Path(f"{file}.corrupt").write_bytes(rest)
    os.truncate(file, good)


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
