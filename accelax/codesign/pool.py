"""Mappings of one layer, priced on every machine of a grid at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware
from accelax.model.levels.evaluate import nest_traffic, price_nest
from accelax.model.levels.nest import count_nest

FITS = 1e-12
"""Relative excess below which a constraint counts as met."""


@dataclass
class Pool:
    """Mappings of a layer that occurs ``count`` times, with energy and cycles on every machine.

    ``energy`` (pJ) and ``cycles`` are ``[mappings, points]``, infinite where a mapping does not fit.
    """

    name: str
    count: int
    problem: LevelProblem
    machines: LevelHardware
    mappings: list[Mapping] = field(default_factory=list)
    energy: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    cycles: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, mappings: Sequence[Mapping]) -> bool:
        """Price mappings that are not known yet; whether there were any."""
        fresh = [m for m in dict.fromkeys(mappings) if m not in self.mappings]
        if not fresh:
            return False
        priced = [price(self.problem, self.machines, mapping) for mapping in fresh]
        energy, cycles = (np.stack([pair[part] for pair in priced]) for part in (0, 1))
        self.energy = np.concatenate([self.energy, energy]) if self.mappings else energy
        self.cycles = np.concatenate([self.cycles, cycles]) if self.mappings else cycles
        self.mappings += fresh
        return True

    def keep(self, rows: Sequence[int] | np.ndarray) -> None:
        """Forget all mappings but those of ``rows``."""
        self.mappings = [self.mappings[row] for row in rows]
        self.energy, self.cycles = self.energy[list(rows)], self.cycles[list(rows)]


def price(problem: LevelProblem, machines: LevelHardware, mapping: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Energy and cycles of a mapping, ``[points]`` each, in float64: counts are made once, prices for all machines."""
    structure = problem.structure
    numbers = encode_mapping(structure, problem.lowered, mapping)
    with np.errstate(all="ignore"):
        nest = count_nest(structure, problem.workload, numbers)
        cost = price_nest(structure, machines, numbers, nest, nest_traffic(structure, numbers, nest))
    points = len(machines.compute_energy)
    fits = np.broadcast_to(np.asarray(cost.violation) <= FITS, points)
    energy, cycles = (np.broadcast_to(np.asarray(part, dtype=float), points) for part in (cost.energy, cost.cycles))
    return np.where(fits, energy, np.inf), np.where(fits, cycles, np.inf)
