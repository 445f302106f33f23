"""What every object of an AccelForge specification has in common: fields that may be expressions, errors with a place.

The objects are pydantic models. They hold what the file says, expressions included; nothing is evaluated here, because
most expressions mean something else in each Einsum.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from accelax.errors import Location, Problem, SpecError, did_you_mean

_LONGEST_MESSAGE = 500


def _number_or_text(value: object) -> object:
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float, str))):
        raise ValueError(f"expected a number or an expression, got {value!r}")
    return value


Expression = Annotated[int | float | str, BeforeValidator(_number_or_text)]
"""A number, or an expression that yields one."""

Condition = bool | str
"""A truth value, or an expression that yields one."""

SetExpression = str
"""An expression that yields a set of tensors or of rank variables."""


class SpecModel(BaseModel):
    """An object of the specification. Assignments are validated; unknown and ill-typed fields raise SpecError."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, protected_namespaces=())

    def __setattr__(self, name: str, value: object) -> None:
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            raw = {name: value}
            raise SpecError(problems_of(error, type(self), raw, type(self).__name__, Sources())) from None


class Sources:
    """Where each value of a specification was written: path to :class:`Location`; the empty path is the whole."""

    def __init__(self, locations: dict[str, Location] | None = None):
        self._locations = locations or {}

    def location(self, path: str) -> Location | None:
        """The place of ``path``, or of the nearest value around it that has one."""
        while path:
            if path in self._locations:
                return self._locations[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._locations.get("")

    def problem(self, message: str, path: str) -> Problem:
        """A problem with the value at ``path``."""
        return Problem(message, self.location(path), path)


class Collector:
    """The problems found so far, and where values stand."""

    def __init__(self, sources: Sources | None = None):
        self.sources = sources or Sources()
        self.problems: list[Problem] = []
        self.noted = 0
        """How often :meth:`add` was called, repetitions included."""

    def add(self, message: str, path: str) -> None:
        """Note a problem with the value at ``path``; one that was noted before is not repeated."""
        self.noted += 1
        if len(message) > _LONGEST_MESSAGE:
            message = message[: _LONGEST_MESSAGE - 3] + "..."
        problem = self.sources.problem(message, path)
        if problem not in self.problems:
            self.problems.append(problem)

    def raise_if_any(self) -> None:
        """Raise SpecError with everything noted, if anything was."""
        if self.problems:
            raise SpecError(self.problems)


Model = TypeVar("Model", bound=SpecModel)


def build(model: type[Model], raw: object, path: str, collector: Collector) -> Model | None:
    """Validate ``raw`` as a ``model``; on failure note every problem with its place and return None."""
    if not isinstance(raw, MappingABC):
        collector.add(f"expected a mapping of fields, got {raw!r}", path)
        return None
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        for problem in problems_of(error, model, raw, path, collector.sources):
            collector.add(problem.message, problem.path)
        return None


def problems_of(
    error: ValidationError, model: type[SpecModel], raw: object, path: str, sources: Sources
) -> list[Problem]:
    """Translate pydantic's report: one problem per place, unknown fields with the nearest known one."""
    problems: dict[str, Problem] = {}
    for entry in error.errors():
        where, fields = _place(entry["loc"], model, raw, path)
        if entry["type"] in ("extra_forbidden", "no_such_attribute"):
            message = f"unknown field {entry['loc'][-1]!r}{did_you_mean(entry['loc'][-1], fields)}"
        elif entry["type"] == "missing":
            message = f"missing field {entry['loc'][-1]!r}"
        else:
            text = entry["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            message = text if entry["type"] == "value_error" else f"expected {text}, got {entry['input']!r}"
        if where in problems and message not in problems[where].message:
            message = f"{problems[where].message}; or {message}"
        problems[where] = sources.problem(message, where)
    return list(problems.values())


def _place(loc: tuple[Any, ...], model: type[SpecModel], raw: object, path: str) -> tuple[str, list[str]]:
    """The path that pydantic's ``loc`` means (members of unions left out), and the fields known at its last step."""
    fields = list(model.model_fields)
    current: object = raw
    for step in loc:
        if isinstance(current, (list, tuple)) and isinstance(step, int):
            path, current = f"{path}[{step}]", current[step] if step < len(current) else None
        elif isinstance(current, MappingABC) and (step in current or step is loc[-1]):
            path, current = f"{path}.{step}", current.get(step)
            continue
        elif not isinstance(current, MappingABC) and step in fields:
            path = f"{path}.{step}"
        else:
            continue
    parent = _model_at(model, loc[:-1])
    return path, list(parent.model_fields) if parent is not None else fields


def _model_at(model: type[SpecModel], loc: tuple[Any, ...]) -> type[SpecModel] | None:
    """The model that holds the field after ``loc``, as far as the annotations tell."""
    current: type[SpecModel] | None = model
    for step in loc:
        if isinstance(step, int) or current is None or step not in current.model_fields:
            continue
        current = _model_in(current.model_fields[step].annotation)
    return current


def _model_in(annotation: object) -> type[SpecModel] | None:
    """The first SpecModel class inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None
