"""The path grammar: ``arch.GLB.size``, ``workload.rank_sizes.M``, ``variables.width``, ``rules.halo``.

Dots stand between keys and ``[n]`` indexes a list. A component's name directly after ``arch.`` is looked up wherever the
component stands, and an item of a list of named things may be named (``arch.GLB.actions.read.energy``).
"""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from accelax.errors import Problem, SpecError, did_you_mean
from accelax.ir.rules import Rules
from accelax.spec.accelforge.arch_models import Arch
from accelax.spec.accelforge.models import SpecModel
from accelax.spec.accelforge.reading import read_value

if TYPE_CHECKING:
    from accelax.spec.accelforge.specification import AccelForgeSpecification

_STEP = re.compile(r"([^.\[\]]+)|\[(-?\d+)\]")
ROOTS = ("arch", "workload", "mapper", "renames", "variables", "rules")


def _fail(message: str, path: str) -> SpecError:
    return SpecError([Problem(message, path=path)])


def steps_of(path: str) -> list[str | int]:
    """The steps of a path. Raises SpecError when it has none or is malformed.

    >>> steps_of("arch.nodes[1].size")
    ['arch', 'nodes', 1, 'size']
    """
    found = [match[1] if match[1] is not None else int(match[2]) for match in _STEP.finditer(path)]
    rebuilt = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found).lstrip(".")
    if not found or rebuilt != path:
        raise _fail("expected names with dots between them, such as arch.GLB.size", path)
    return found


def set_value(spec: AccelForgeSpecification, path: str, value: object) -> None:
    """Set the value that ``path`` names in ``spec``; texts that read as numbers become numbers. Raises SpecError."""
    root, *steps = steps_of(path)
    value = read_value(value)
    if root not in ROOTS or not steps:
        raise _fail(f"no value {path!r}{did_you_mean(root, ROOTS)}", path)
    if root == "rules":
        spec.rules = rules_with(spec.rules, ".".join(str(step) for step in steps), value)
        return
    target: Any = getattr(spec, str(root))
    for step in steps[:-1]:
        target = _child(target, step, path)
    _assign(target, steps[-1], value, path)


def rules_with(rules: Rules, name: str, value: object) -> Rules:
    """``rules`` with one field changed. Raises SpecError for an unknown field or value."""
    hints = typing.get_type_hints(Rules)
    path = f"rules.{name}"
    if name not in hints:
        raise _fail(f"no rule {name!r}{did_you_mean(name, hints)}", path)
    allowed = typing.get_args(hints[name]) or (True, False)
    if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
        raise _fail(f"unknown value {value!r}{did_you_mean(value, allowed)}", path)
    return dataclasses.replace(rules, **{name: value})


def _child(target: Any, step: str | int, path: str) -> Any:
    """What one step of a path leads to."""
    if isinstance(target, Arch) and isinstance(step, str) and step not in Arch.model_fields:
        try:
            return target.find(step)
        except KeyError:
            names = [leaf.name for leaf in target.leaves() if leaf.name]
            raise _fail(f"no component {step!r}{did_you_mean(step, names)}", path) from None
    if isinstance(target, SpecModel):
        if isinstance(step, str) and step in type(target).model_fields:
            return getattr(target, step)
        raise _fail(f"no field {step!r}{did_you_mean(step, type(target).model_fields)}", path)
    if isinstance(target, list):
        return target[_index(target, step, path)]
    if isinstance(target, dict) and step in target:
        return target[step]
    choices = list(target) if isinstance(target, dict) else []
    raise _fail(f"no value {step!r}{did_you_mean(step, choices)}", path)


def _index(items: list[Any], step: str | int, path: str) -> int:
    """The position of a list's item, given by number or by name."""
    if isinstance(step, int):
        if -len(items) <= step < len(items):
            return step
        raise _fail(f"no item {step} in a list of {len(items)}", path)
    names = [getattr(item, "name", None) for item in items]
    if step in names:
        return names.index(step)
    raise _fail(f"no item {step!r}{did_you_mean(step, [name for name in names if name])}", path)


def _assign(target: Any, step: str | int, value: object, path: str) -> None:
    """Set the last step of a path."""
    if isinstance(target, SpecModel):
        _child(target, step, path)
        try:
            setattr(target, str(step), value)
        except (ValidationError, SpecError) as error:
            problems = error.problems if isinstance(error, SpecError) else ()
            messages = "; ".join(problem.message for problem in problems) or str(error)
            raise _fail(messages, path) from None
    elif isinstance(target, list):
        target[_index(target, step, path)] = value
    elif isinstance(target, dict):
        target[step] = value
    else:
        raise _fail(f"no value {step!r}", path)
