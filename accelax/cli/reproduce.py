"""The command that gives a result again, as a line for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence


def command_line(
    verb: str, files: Sequence[str], options: Mapping[str, object], repeated: Mapping[str, Sequence[str]] | None = None
) -> str:
    """``accelax VERB FILES --option value ...``; an option that is None, and a list without items, are left out.

    >>> command_line("map", ["a b.yaml"], {"seconds": 2.0, "searcher": None}, {"set": ["x=[1, 2]"]})
    "accelax map 'a b.yaml' --seconds 2.0 --set 'x=[1, 2]'"
    """
    words = ["accelax", verb, *files]
    for name, value in options.items():
        words += [f"--{name}", str(value)] if value is not None else []
    for name, values in (repeated or {}).items():
        for value in values:
            words += [f"--{name}", value]
    return shlex.join(words)
