"""From the arguments of a command to a specification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelax.errors import Problem, SpecError
from accelax.spec.text.scalars import plain_scalar

if TYPE_CHECKING:
    from accelax.spec.specification import Specification


def load_specification(files: Sequence[str], settings: Sequence[str] = ()) -> Specification:
    """Read ``files`` as one specification and apply the ``path=value`` of each setting, in order.

    Raises:
        SpecError: what is wrong in the files, or in the settings; all settings are tried.
    """
    from accelax.spec.specification import Specification

    spec = Specification.from_yaml_files(*files)
    set_all(spec, settings)
    return spec


def set_all(spec: Specification, settings: Sequence[str]) -> None:
    """Apply the ``path=value`` of each setting, in order. Raises SpecError; all settings are tried."""
    problems: list[Problem] = []
    for setting in settings:
        try:
            path, value = parse_setting(setting)
            spec.set(path, value)
        except SpecError as error:
            problems += [_from_option(problem, setting) for problem in error.problems]
    if problems:
        raise SpecError(problems)


def parse_setting(setting: str) -> tuple[str, object]:
    """Split ``path=value`` at its first equals sign and read the value as in a file: a scalar, or ``[a, b]``.

    >>> parse_setting("architecture.GLB.attributes.depth=1e3")
    ('architecture.GLB.attributes.depth', 1000.0)
    >>> parse_setting("rules.halo=exact")
    ('rules.halo', 'exact')
    >>> parse_setting("x.keep=[A, B]")
    ('x.keep', ['A', 'B'])

    Raises:
        SpecError: there is no equals sign or no path before it, or the value is a number beyond all bounds.
    """
    path, equals, text = setting.partition("=")
    if not equals or not path.strip():
        raise SpecError([Problem("expected path=value")])
    try:
        return path.strip(), _value(text.strip())
    except ValueError as error:
        raise SpecError([Problem(str(error))]) from None


def _value(text: str) -> object:
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        return [plain_scalar(item.strip()) for item in inner.split(",")] if inner else []
    return plain_scalar(text)


def parse_objective(text: str) -> str | dict[str, float]:
    """Read ``--objective``: one metric's name, or several with weights.

    >>> parse_objective("edp")
    'edp'
    >>> parse_objective("energy=0.3,delay=0.7")
    {'energy': 0.3, 'delay': 0.7}

    Raises:
        SpecError: a weight is no number. Names are judged by the search.
    """
    if "=" not in text:
        return text.strip()
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.partition("=")
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            message = f"--objective: expected name=weight with a number, got {part.strip()!r}"
            raise SpecError([Problem(message)]) from None
    return weights


def _from_option(problem: Problem, setting: str) -> Problem:
    return Problem(f"--set {setting}: {problem.message}", problem.location, problem.path)
