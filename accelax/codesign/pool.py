"""Mappings of one layer, priced on every machine of a grid at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from accelax.codesign.machines import Machines
from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware, LevelMapping
from accelax.model.levels.evaluate import nest_traffic, price_nest
from accelax.model.levels.nest import count_nest
from accelax.search.exact_batch import exact_costs

FITS = 1e-12
"""Relative excess below which a constraint counts as met."""


@dataclass
class Pool:
    """Mappings of a layer that occurs ``count`` times, with energy and delay on every machine.

    ``energy`` (pJ) and ``delay`` are ``[mappings, points]``, infinite where a mapping does not fit. ``below`` is the
    problem under rules that make no mapping dearer (:mod:`accelax.codesign.below`). ``scale`` ``[points]`` turns cycles
    into the unit of ``delay``.
    """

    name: str
    count: int
    problem: LevelProblem
    below: LevelProblem
    machines: Machines
    scale: np.ndarray
    mappings: list[Mapping] = field(default_factory=list)
    energy: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    delay: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    _rows: LevelMapping | None = None

    def add(self, mappings: Sequence[Mapping]) -> bool:
        """Price mappings that are not known yet; whether there were any."""
        fresh = [m for m in dict.fromkeys(mappings) if m not in self.mappings]
        if not fresh:
            return False
        priced = [price(self.problem, self.machines, mapping) for mapping in fresh]
        energy, delay = (np.stack([pair[part] for pair in priced]) for part in (0, 1))
        delay = delay * self.scale
        self.energy = np.concatenate([self.energy, energy]) if self.mappings else energy
        self.delay = np.concatenate([self.delay, delay]) if self.mappings else delay
        self.mappings += fresh
        self._rows = None
        return True

    def keep(self, rows: Sequence[int] | np.ndarray) -> None:
        """Forget all mappings but those of ``rows``."""
        places = [int(row) for row in rows]
        self.mappings = [self.mappings[place] for place in places]
        self.energy, self.delay = self.energy[places], self.delay[places]
        self._rows = None

    def on(self, machine: LevelHardware) -> tuple[np.ndarray, np.ndarray]:
        """Energy (pJ) and cycles of every mapping ``[mappings]`` on a machine, under the rules of ``below``."""
        if self._rows is None:
            self._rows = rows_of(self.below, self.mappings)
        return costs_of(self.below, machine, self._rows, len(self.mappings))


def costs_on(
    problem: LevelProblem, machine: LevelHardware, mappings: Sequence[Mapping]
) -> tuple[np.ndarray, np.ndarray]:
    """Energy (pJ) and cycles ``[mappings]`` on a machine, infinite where a mapping does not fit."""
    return costs_of(problem, machine, rows_of(problem, mappings), len(mappings))


def rows_of(problem: LevelProblem, mappings: Sequence[Mapping]) -> LevelMapping:
    """Mappings as numbers, every leaf ``[mappings]``."""
    encoded = [encode_mapping(problem.structure, problem.lowered, mapping) for mapping in mappings]
    return jax.tree.map(lambda *leaves: np.asarray(leaves, dtype=float), *encoded)


def costs_of(
    problem: LevelProblem, machine: LevelHardware, rows: LevelMapping, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same of ``count`` mappings as numbers."""
    cost = exact_costs(problem.replace(hardware=machine), rows)  # type: ignore[attr-defined]
    fits = np.broadcast_to(np.asarray(cost.violation) <= FITS, count)
    energy, cycles = (np.where(fits, np.asarray(part, dtype=float), np.inf) for part in (cost.energy, cost.cycles))
    return energy, cycles


def price(problem: LevelProblem, machines: Machines, mapping: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Energy and cycles of a mapping, ``[points]`` each, in float64: counts are made once, prices for all machines."""
    structure = problem.structure
    numbers = encode_mapping(structure, problem.lowered, mapping)
    with np.errstate(all="ignore"):
        nest = count_nest(structure, problem.workload, numbers)
        cost = price_nest(structure, machines.table, numbers, nest, nest_traffic(structure, numbers, nest))
    points = machines.points
    fits = np.broadcast_to(np.asarray(cost.violation) <= FITS, points)
    energy, cycles = (np.broadcast_to(np.asarray(part, dtype=float), points) for part in (cost.energy, cost.cycles))
    return np.where(fits, energy, np.inf), np.where(fits, cycles, np.inf)
