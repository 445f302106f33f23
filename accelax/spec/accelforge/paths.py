"""Setting values by their paths: ``arch.GLB.size``, ``workload.rank_sizes.M``, ``variables.width``.

In addition to what :mod:`accelax.spec.paths` says, an item of a list of named things may be named
(``arch.GLB.actions.read.energy``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from accelax.errors import Problem, SpecError, did_you_mean
from accelax.spec.accelforge.arch_models import Arch
from accelax.spec.accelforge.models import SpecModel
from accelax.spec.paths import parse_path, rules_with
from accelax.spec.text import Quoted
from accelax.spec.text.scalars import plain_scalar

if TYPE_CHECKING:
    from accelax.spec.accelforge.specification import AccelForgeSpecification

ROOTS = ("arch", "workload", "mapping", "mapper", "renames", "variables", "rules")


def _fail(message: str, path: str) -> SpecError:
    return SpecError([Problem(message, path=path)])


def set_value(spec: AccelForgeSpecification, path: str, value: object) -> Callable[[], None]:
    """Set the value that ``path`` names in ``spec`` and return what undoes it.

    Texts are read as they would be in a file. Raises SpecError, and then nothing has changed.
    """
    root, *steps = parse_path(path)
    if isinstance(value, str) and not isinstance(value, Quoted):
        value = plain_scalar(value)
    if root not in ROOTS or not steps:
        raise _fail(f"no value {path!r}{did_you_mean(root, ROOTS)}", path)
    if root == "rules":
        before = spec.rules
        spec.rules = rules_with(before, ".".join(str(step) for step in steps), value)
        return lambda: setattr(spec, "rules", before)
    if root == "mapping" and not isinstance(spec.mapping_source, (dict, list)):
        raise _fail("the specification has no mapping section that could be changed", path)
    target: Any = spec.mapping_source if root == "mapping" else getattr(spec, str(root))
    for step in steps[:-1]:
        target = _child(target, step, path)
    return _assign(target, steps[-1], value, path)


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


def _assign(target: Any, step: str | int, value: object, path: str) -> Callable[[], None]:
    """Set the last step of a path, and return what undoes it."""
    if isinstance(target, SpecModel):
        before = _child(target, step, path)
        try:
            setattr(target, str(step), value)
        except SpecError as error:
            raise _fail("; ".join(problem.message for problem in error.problems), path) from None
        return lambda: setattr(target, str(step), before)
    if isinstance(target, list):
        index = _index(target, step, path)
        before, target[index] = target[index], value
        return lambda: target.__setitem__(index, before)
    if isinstance(target, dict):
        if step not in target:
            target[step] = value
            return lambda: target.pop(step)
        before, target[step] = target[step], value
        return lambda: target.__setitem__(step, before)
    raise _fail(f"no value {step!r}", path)
