"""What a sweep is, whole and picklable: workers are sent it, and a results file is recognised by it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from accelax.encode.machine_function import is_traceable
from accelax.errors import Problem, SpecError
from accelax.ir import Mapping
from accelax.search.objective import Objective, check_objective, parse_objective
from accelax.spec.specification import Specification
from accelax.sweeps.axes import PROBLEM, Axis
from accelax.sweeps.networks import Network, changed, label_of, network_at, network_with

Maps = bool | Literal["once"]
CHUNK = 1024
"""Points priced at once."""
FEW = 64
"""Up to so many evaluations of layers a variant is evaluated point by point: compiling takes longer."""
TRIED = 64
"""Values of an axis that are tried before a sweep begins."""
SEARCH_CHUNK = 8
"""Points whose searches start from each other's mappings."""


@dataclass(frozen=True)
class Settings:
    """How each point is evaluated; ``chunk`` points at once."""

    objective: Objective
    map: Maps
    seconds: float
    tolerance: float
    seed: int
    chunk: int


@dataclass(frozen=True)
class Chunk:
    """Points that are evaluated together: ``variant`` tells which values they share."""

    variant: int
    numbers: tuple[int, ...]
    values: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep but for its points.

    ``traced`` are the paths that only change numbers of the machine. Points that agree in the paths ``grouped`` are a
    variant: ``variants`` are the values of these paths, ``sizes`` the numbers of these points, ``mappings`` those of
    each variant where they were searched once.
    """

    base: Network
    paths: tuple[str, ...]
    traced: tuple[str, ...]
    grouped: tuple[str, ...]
    variants: tuple[tuple[Any, ...], ...]
    sizes: tuple[int, ...]
    settings: Settings
    fingerprint: str
    mappings: dict[int, tuple[Mapping | None, ...]] = field(default_factory=dict)

    @property
    def own(self) -> tuple[str, ...]:
        """The paths in which the points of a variant differ."""
        return tuple(path for path in self.paths if path not in self.grouped)

    def network(self, variant: int) -> Network:
        """The layers of a variant. Raises SpecError or UnsupportedError where its values do not fit together."""
        values = dict(zip(self.grouped, self.variants[variant], strict=True))
        layers = self.base
        if PROBLEM in values:
            layers = network_at(self.base[0].specification, values.pop(PROBLEM))
        return network_with(layers, values)

    def own_values(self, point: tuple[Any, ...]) -> dict[str, Any]:
        """The values of a point that its variant leaves open."""
        return {path: value for path, value in zip(self.paths, point, strict=True) if path not in self.grouped}


def check_paths(base: Network, axes: Sequence[Axis], table: Sequence[tuple[Any, ...]], search: bool) -> tuple[str, ...]:
    """The paths that are traced; all axes are tried, each by itself, on the first layer.

    Where mappings are searched nothing is traced.

    Raises:
        SpecError: with all that is wrong: a path that is not there, values that do not fit.
    """
    problems: list[Problem] = []
    traced: list[str] = []
    places = sorted(range(len(axes)), key=lambda place: axes[place].path != PROBLEM)
    for place in places:
        axis, values = axes[place], list({_key(row[place]): row[place] for row in table}.values())
        try:
            if axis.path == PROBLEM:
                base = network_at(base[0].specification, values[0])
                for value in values[1:]:
                    network_at(base[0].specification, value)
            elif not search and is_traceable(base[0].specification, axis.path, values):
                traced.append(axis.path)
            else:
                _try_values(base[0].specification, axis.path, values)
        except SpecError as error:
            problems += [_of_axis(problem, axis.path) for problem in error.problems]
    if problems:
        raise SpecError(problems)
    return tuple(axis.path for axis in axes if axis.path in traced)


def _of_axis(problem: Problem, path: str) -> Problem:
    """A problem that an axis has; one with a place in the files says which axis too."""
    if problem.location is None:
        return Problem(problem.message, None, path)
    return Problem(f"{problem.message} (by the axis {path})", problem.location, problem.path)


def _try_values(spec: Specification, path: str, values: list[Any]) -> None:
    """Raise SpecError for a path or a value that does not fit; of many numbers the least and the largest are tried."""
    if len(values) > TRIED and all(isinstance(value, (int, float)) for value in values):
        values = [min(values), max(values)]
    for value in values[:TRIED]:
        changed(spec, {path: value})


def _key(value: Any) -> Any:
    """What tells two values of an axis apart."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return type(value).__name__, value


def divide(
    paths: Sequence[str], grouped: Sequence[str], table: Sequence[tuple[Any, ...]], size: int
) -> tuple[tuple[tuple[Any, ...], ...], list[Chunk]]:
    """The variants of a sweep and its chunks: points that agree in the paths ``grouped``, ``size`` at most, in order.

    >>> divide(("problem", "x"), ("problem",), [("a", 1), ("b", 1), ("a", 2)], 8)[1][0].numbers
    (0, 2)
    """
    places = [place for place, path in enumerate(paths) if path in grouped]
    members: dict[Any, list[int]] = {}
    for number, row in enumerate(table):
        members.setdefault(tuple(_key(row[place]) for place in places), []).append(number)
    variants, chunks = [], []
    for variant, numbers in enumerate(members.values()):
        variants.append(tuple(table[numbers[0]][place] for place in places))
        for begin in range(0, len(numbers), size):
            part = tuple(numbers[begin : begin + size])
            chunks.append(Chunk(variant, part, tuple(table[number] for number in part)))
    return tuple(variants), chunks


def goal_of(base: Network, objective: Any) -> Objective:
    """The objective that is asked for, or that of the files, or ``edp``. Raises SpecError."""
    spec = base[0].specification
    goal = parse_objective(objective if objective is not None else (spec.objectives or ("edp",)))
    check_objective(goal, spec.dialect)
    if any(name == "last_level_accesses" for criterion in goal for name, _ in criterion):
        raise SpecError("objective: a sweep totals energy, delay and edp, not last_level_accesses")
    return goal


def identity(networks: Sequence[Network], paths: Sequence[str], table: Sequence[Any], settings: Settings) -> str:
    """A hash of everything that the values of a sweep depend on but the version of the code."""
    digest = hashlib.sha256()
    for network in networks:
        for layer in network:
            digest.update(repr([layer.name, layer.count, *_described(layer.specification)]).encode())
    digest.update(repr((list(paths), settings)).encode())
    for row in table:
        digest.update(repr([plain(path, value) for path, value in zip(paths, row, strict=True)]).encode())
    return digest.hexdigest()[:32]


def _described(spec: Any) -> list[str]:
    """All that a specification says, as text."""
    names = ("_raw",) if spec.dialect == "timeloop" else ("arch", "workload", "renames", "mapper", "variables")
    return [repr(getattr(spec, name)) for name in names] + [repr(spec.rules), repr(spec.mapping)]


def plain(path: str, value: Any) -> Any:
    """A value of an axis as JSON can hold it: problems are called by their names."""
    if path == PROBLEM:
        return label_of(value)
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(one, (bool, int, float, str)) for one in value):
        return list(value)
    return str(value)
