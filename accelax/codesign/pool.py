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
from accelax.model.levels.evaluate import LevelCost, evaluate_levels
from accelax.search.exact_batch import exact_costs
from accelax.search.judge import TOLERANCE


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
    return _where_it_fits(exact_costs(problem.replace(hardware=machine), rows), count)  # type: ignore[attr-defined]


def price(problem: LevelProblem, machines: Machines, mapping: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Energy and cycles of a mapping, ``[points]`` each, in float64: counts are made once, prices for all machines."""
    numbers = encode_mapping(problem.structure, problem.lowered, mapping)
    with np.errstate(all="ignore"):
        cost = evaluate_levels(problem.structure, problem.workload, machines.table, numbers)
    return _where_it_fits(cost, machines.points)


def _where_it_fits(cost: LevelCost, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Energy and cycles ``[count]``, infinite where constraints are missed."""
    fits = np.broadcast_to(np.asarray(cost.violation) <= TOLERANCE, count)
    energy, cycles = (np.where(fits, np.asarray(part, dtype=float), np.inf) for part in (cost.energy, cost.cycles))
    return energy, cycles
