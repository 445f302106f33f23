"""The one path grammar: the name of any value of a specification, for ``--set``, sweeps and knobs alike.

Dots stand between keys and ``[n]`` is the n-th item of a list: ``problem.instance.C``, ``mapping[0].factors``. A
component's name directly after ``architecture.`` or ``arch.`` is looked up wherever the component stands:
``architecture.shared_glb.attributes.depth``, ``arch.GLB.size``. ``rules.halo`` is a field of the rules.
"""

from __future__ import annotations

import dataclasses
import re
import typing

from accelax.errors import Problem, SpecError, did_you_mean
from accelax.ir.rules import Rules

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?[0-9]{1,9})\]")
MAX_PATH = 1_000


def parse_path(path: str) -> list[str | int]:
    """The steps of a path: keys as strings, list positions as integers.

    Raises:
        SpecError: an empty or malformed path.

    >>> parse_path("architecture.nodes[2].attributes.depth")
    ['architecture', 'nodes', 2, 'attributes', 'depth']
    """
    steps: list[str | int] = []
    position = 0
    while position < len(path) <= MAX_PATH:
        match = _STEP.match(path, position)
        if match is None or (match[1] is not None and (position > 0) != match[0].startswith(".")):
            break
        steps.append(int(match[2]) if match[2] is not None else match[1].strip())
        position = match.end()
    if not steps or position != len(path) or isinstance(steps[0], int):
        example = "architecture.GLB.attributes.depth"
        raise SpecError([Problem(f"{path[:100]!r} is no path: expected keys with dots, such as {example}")])
    return steps


def rules_with(rules: Rules, name: str, value: object) -> Rules:
    """Return ``rules`` with one field changed.

    Raises:
        SpecError: an unknown rule, or a value it cannot have.

    >>> rules_with(Rules(), "halo", "exact").halo
    'exact'
    >>> rules_with(Rules(), "first_read_elision", "false").first_read_elision
    False
    """
    hints = typing.get_type_hints(Rules)
    path = f"rules.{name}"
    if name not in hints:
        raise SpecError([Problem(f"unknown rule {name!r}{did_you_mean(name, hints)}", path=path)])
    allowed = typing.get_args(hints[name]) or (True, False)
    if allowed == (True, False) and isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if not any(value is option or (isinstance(option, str) and value == option) for option in allowed):
        hint = did_you_mean(value, allowed)
        raise SpecError([Problem(f"{value!r} is no value of the rule {name!r}{hint}", path=path)])
    return dataclasses.replace(rules, **{name: value})
