"""What accelax raises.

    AccelaxError
    ├── SpecError          the input is wrong; carries every problem found, each with its place
    └── UnsupportedError   the input is right, and accelax does not do this yet; names the feature

Nothing here imports a third party, so that every layer may raise these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file. Lines and columns count from 1; a zero line means that only the file is known.

    >>> str(Location("arch.yaml", 37, 9))
    'arch.yaml:37:9'
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One mistake in the input: where it is, what was found, and what was expected.

    ``path`` names the value inside the specification (``architecture.nodes[2].attributes.depth``).
    """

    message: str
    location: Location | None = None
    path: str = ""

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{self.message}"


class AccelaxError(Exception):
    """Any failure that accelax foresees."""


class SpecError(AccelaxError):
    """The input is wrong. ``problems`` lists every mistake that was found, not just the first.

    >>> print(SpecError([Problem("expected a number, got 'x'", Location("a.yaml", 3, 5), "problem.instance.C")]))
    a.yaml:3:5: problem.instance.C: expected a number, got 'x'
    """

    def __init__(self, problems: Iterable[Problem] | str):
        if isinstance(problems, str):
            problems = [Problem(problems)]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class UnsupportedError(AccelaxError):
    """The input is right and accelax does not do this yet. ``feature`` names what is missing.

    >>> print(UnsupportedError("fused mappings", path="mapping.nodes[3]"))
    fused mappings is not supported yet (mapping.nodes[3])
    """

    def __init__(self, feature: str, location: Location | None = None, path: str = ""):
        self.feature = feature
        self.location = location
        self.path = path
        where = ", ".join(str(w) for w in (location, path) if w)
        super().__init__(f"{feature} is not supported yet" + (f" ({where})" if where else ""))

    def __reduce__(self) -> tuple[type[UnsupportedError], tuple[str, Location | None, str]]:
        """What makes the same error again, in another process."""
        return type(self), (self.feature, self.location, self.path)


def did_you_mean(word: object, choices: Iterable[object]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of ``choices``, or a list of them when none is near.

    >>> did_you_mean("depht", ["depth", "width"])
    "; did you mean 'depth'?"
    >>> did_you_mean("q", ["depth", "width"])
    '; expected one of: depth, width'
    """
    names = [str(c) for c in choices]
    near = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"; expected one of: {shown}"
