"""Machines of one structure: a grid of numbers, the layers, and what is known of each on these machines."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from accelax.codesign.below import problem_below
from accelax.codesign.bounds import Known
from accelax.codesign.knobs import Grid, Knob
from accelax.codesign.layer import Layer
from accelax.codesign.machines import Machines, machines_at
from accelax.codesign.network import NetworkLayer
from accelax.codesign.pool import Pool
from accelax.encode import encode
from accelax.encode.level_problem import LevelProblem
from accelax.encode.machine_function import is_traceable
from accelax.errors import Problem, SpecError, UnsupportedError

MOST_FAMILIES = 64
"""Structures that are searched side by side."""


@dataclass
class Family:
    """The machines that differ in numbers only.

    values
        The structural knobs of these machines.
    pools, known
        For each layer.
    allowed
        ``[points]``: the machines that the constraints on area allow.
    """

    values: dict[str, float]
    grid: Grid
    layers: tuple[Layer, ...]
    pools: list[Pool]
    known: list[Known]
    allowed: np.ndarray
    areas: np.ndarray = field(default_factory=lambda: np.zeros(0))
    clock: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def middle(self) -> int:
        """The allowed point nearest to the middle of every knob's range: large rather than small, in ratio."""
        shares = [
            np.abs(knob.values - knob.values.mean()) / max(np.ptp(knob.values), 1e-300) for knob in self.grid.knobs
        ]
        away = np.add.reduce(np.meshgrid(*shares, indexing="ij")).ravel() if shares else np.zeros(1)
        return int(np.argmin(np.where(self.allowed, away, np.inf)))

    def design(self, point: int) -> dict[str, float]:
        """All knobs at a point."""
        return {**self.values, **self.grid.values_at(point)}


def divide(layers: Sequence[NetworkLayer], knobs: Sequence[Knob]) -> tuple[list[Knob], list[Knob]]:
    """``(structural, numeric)``: knobs that change what is static, and those that only change numbers.

    Raises:
        SpecError: a path that there is not, or a value that the specification cannot have.
    """
    structural, numeric, problems = [], [], []
    spec = layers[0].specification
    base = encode(spec)
    if not isinstance(base, LevelProblem):
        raise UnsupportedError("co-design in the AccelForge dialect")
    for knob in knobs:
        try:
            ends = [encode(spec.with_values({knob.path: plain(value)})) for value in (knob.low, knob.high)]
        except SpecError as error:
            problems += [Problem(p.message, p.location, p.path or knob.path) for p in error.problems]
            continue
        same = all(
            end.structure == base.structure and end.lowered.constraints == base.lowered.constraints for end in ends
        )
        traced = same and is_traceable(spec, knob.path, [plain(knob.low), plain(knob.high)])
        (numeric if traced else structural).append(knob)
    if problems:
        raise SpecError(problems)
    return structural, numeric


def plain(value: float) -> float | int:
    """A whole number as one: sizes and instances are read as integers."""
    return int(value) if float(value).is_integer() else value


@dataclass(frozen=True)
class Variant:
    """A structure: the structural knobs that it stands for, and the layers on it, each with its name and count."""

    values: dict[str, float]
    names: tuple[str, ...]
    counts: tuple[int, ...]
    layers: tuple[Layer, ...]


def variants_of(layers: Sequence[NetworkLayer], structural: Sequence[Knob]) -> list[Variant]:
    """One variant for each combination of the structural knobs.

    Raises:
        SpecError: too many combinations.
    """
    count = math.prod(knob.count for knob in structural)
    if count > MOST_FAMILIES:
        names = ", ".join(knob.path for knob in structural)
        raise SpecError(f"{count} values of {names} are as many structures: at most {MOST_FAMILIES}, take larger steps")
    found, paths = [], [knob.path for knob in structural]
    for values in itertools.product(*(knob.values.tolist() for knob in structural)):
        whole = {path: plain(value) for path, value in zip(paths, values, strict=True)}
        encoded = []
        for layer in layers:
            spec = layer.specification.with_values(whole) if whole else layer.specification
            problem = encode(spec)
            encoded.append(Layer(spec, problem, problem_below(problem)))
        names, counts = tuple(layer.name for layer in layers), tuple(layer.count for layer in layers)
        found.append(Variant(dict(zip(paths, values, strict=True)), names, counts, tuple(encoded)))
    return found


def build_family(variant: Variant, grid: Grid) -> Family:
    """A family with nothing known yet."""
    pools, tables = [], {}
    scale: np.ndarray | None = None
    for name, count, layer in zip(variant.names, variant.counts, variant.layers, strict=True):
        key = layer.problem.structure, tuple(jax.tree.leaves(layer.problem.hardware))
        if key not in tables:
            tables[key] = machines_at(layer.specification, layer.problem, grid)
        machines: Machines = tables[key]
        scale = _scale(machines) if scale is None else scale
        pools.append(Pool(name, count, layer.problem, layer.below, machines, scale))
    machines = pools[0].machines
    allowed = np.ones(grid.size, dtype=bool)
    known = [Known() for _ in variant.layers]
    return Family(variant.values, grid, variant.layers, pools, known, allowed, machines.areas, machines.clock)


def _scale(machines: Machines) -> np.ndarray:
    """What turns cycles into delay: 1, or seconds of a cycle where the knobs change the clock."""
    clock = machines.clock
    return clock if np.ptp(clock) > 0 else np.ones_like(clock)


def values_text(values: Mapping[str, float]) -> str:
    """Knobs in words.

    >>> values_text({"variables.pe": 16.0, "variables.depth": 0.5})
    'variables.pe=16, variables.depth=0.5'
    """
    return ", ".join(f"{path}={value:.10g}" for path, value in values.items())
