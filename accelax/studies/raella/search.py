"""The best mapping of every layer on every architecture: least energy-delay product over all that packing leaves open.

Nothing is sampled. First every mapping with the fewest steps of its unit is counted. It bounds what others may cost:
what the columns of a crossbar do (``FLOOR``) is the same in every mapping, since the leftovers only move activations of
columns between places and time, and the cycles of a layer grow with its steps. So a mapping whose steps times that
energy exceed the best product known is left out, and all others are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accelax.errors import SpecError
from accelax.model.levels.arrays import LevelHardware
from accelax.studies.raella.counting import Counts, count, joined
from accelax.studies.raella.leftovers import ALL_PLACES, Candidates, Unit, list_candidates
from accelax.studies.raella.machines import SPEEDS, Machine, Prices
from accelax.studies.raella.openings import Openings

FLOOR = ("column_readout", "timely_psubbuf", "pim_cell")
"""Components that are used once for every activation of a column or of a cell."""
MARGIN = 1e-9


@dataclass(frozen=True)
class Task:
    """One layer to map: its unit, and the machine as the layer's data make it."""

    unit: Unit
    prices: Prices
    name: str = ""


@dataclass(frozen=True)
class Solution:
    """The best mapping of a task.

    factors
        Level and rank to every factor above 1.
    energy_pJ
        Of each level of the machine, by name; fan-outs left out.
    """

    factors: Mapping[tuple[str, str], int]
    energy_pJ: Mapping[str, float]
    cycles: float

    @property
    def total_pJ(self) -> float:
        """Energy of all levels."""
        return sum(self.energy_pJ.values())

    @property
    def edp(self) -> float:
        """Energy times cycles, in J and cycles as the model reports it."""
        return self.total_pJ * 1e-12 * self.cycles


def solve(
    machine: Machine, tasks: Sequence[Task], advance: Callable[[int], None] = lambda done: None
) -> list[Solution]:
    """The best mapping of each task on machines that differ from ``machine`` in prices and bandwidths alone.

    ``advance`` is told how many mappings were counted. Raises SpecError for layers that the machine has no room for.
    """
    openings = Openings(machine.problem, machine.lanes, ALL_PLACES)
    units = list(dict.fromkeys(task.unit for task in tasks))
    candidates = list_candidates(openings, units)
    variants, variant_of = _variants(tasks)
    number = {unit: i for i, unit in enumerate(units)}
    mine = [number[task.unit] for task in tasks]
    picks = _fewest_steps(candidates)
    _refuse_homeless(units, candidates.unit[picks], tasks, machine)
    counts = count(candidates, picks, variants)
    advance(len(picks))
    limits = _step_limits(candidates, picks, counts, tasks, mine, variant_of)
    fewest = np.full(len(units), np.inf)
    fewest[candidates.unit[picks]] = candidates.steps[picks]
    more = candidates.fitting(
        np.flatnonzero((candidates.steps > fewest[candidates.unit]) & (candidates.steps <= limits[candidates.unit]))
    )
    if len(more):
        counts, picks = joined([counts, count(candidates, more, variants)]), np.concatenate([picks, more])
        advance(len(more))
    rows_of = _rows_by_unit(candidates, picks)
    chosen, numbers = [], []
    for task, unit, variant in zip(tasks, mine, variant_of, strict=True):
        rows = rows_of(unit)
        best = rows[[np.argmin(counts.totals(rows, task.prices, variant) * counts.cycles[rows, variant])]]
        chosen.append(picks[best[0]])
        energies = counts.energies(best, task.prices, variant)
        numbers.append((energies[0].tolist(), float(counts.cycles[best[0], variant])))
    return _solutions(candidates, np.array(chosen, int), numbers)


def _rows_by_unit(candidates: Candidates, picks: np.ndarray) -> Callable[[int], np.ndarray]:
    """A function from the number of a unit to where its mappings are in ``picks``."""
    order = np.argsort(candidates.unit[picks], kind="stable")
    bounds = np.searchsorted(candidates.unit[picks][order], np.arange(len(candidates.units) + 1))
    return lambda unit: order[bounds[unit] : bounds[unit + 1]]


def _variants(tasks: Sequence[Task]) -> tuple[list[LevelHardware], list[int]]:
    """The hardware of tasks with different speeds, and which of them each task has."""
    found: dict[tuple[object, ...], int] = {}
    known: dict[int, int] = {}
    variants: list[LevelHardware] = []
    for task in tasks:
        hardware = task.prices.hardware
        if id(hardware) not in known:
            key = tuple(getattr(hardware, name) for name in SPEEDS)
            if key not in found:
                found[key] = len(variants)
                variants.append(hardware)
            known[id(hardware)] = found[key]
    return variants, [known[id(task.prices.hardware)] for task in tasks]


def _fewest_steps(candidates: Candidates) -> np.ndarray:
    """For each unit the mappings with the fewest steps among those that fit."""
    steps, unit = candidates.steps.copy(), candidates.unit
    present, starts = np.unique(unit, return_index=True)
    waiting = np.zeros(len(candidates.units), bool)
    waiting[present] = True
    found = []
    while waiting.any():
        least = np.full(len(waiting), np.inf)
        least[present] = np.minimum.reduceat(steps, starts)
        waiting &= least < np.inf
        picks = np.flatnonzero(waiting[unit] & (steps == least[unit]))
        steps[picks] = np.inf
        fitting = candidates.fitting(picks)
        waiting[unit[fitting]] = False
        found.append(fitting)
    return np.concatenate(found) if found else np.zeros(0, int)


def _refuse_homeless(units: Sequence[Unit], mapped: np.ndarray, tasks: Sequence[Task], machine: Machine) -> None:
    """Name the layers that have no mapping."""
    without = set(range(len(units))) - set(mapped.tolist())
    names = [task.name for task in tasks if units.index(task.unit) in without] if without else []
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        where = f"{machine.architecture.name} with {machine.tiles} tile{'s' if machine.tiles > 1 else ''}"
        raise SpecError(f"{where} has no room for {', '.join(names[:5])}{more}")


def _step_limits(
    candidates: Candidates,
    picks: np.ndarray,
    counts: Counts,
    tasks: Sequence[Task],
    mine: Sequence[int],
    variant_of: Sequence[int],
) -> np.ndarray:
    """``[units]``: mappings with more steps have a larger product than one of ``picks``, for every task of the unit."""
    floor = np.isin(candidates.openings.structure.level_names, FLOOR)
    rows_of = _rows_by_unit(candidates, picks)
    limits = np.zeros(len(candidates.units))
    for task, unit, variant in zip(tasks, mine, variant_of, strict=True):
        rows = rows_of(unit)
        cycles, steps = counts.cycles[rows, variant], candidates.steps[picks[rows]]
        products = counts.totals(rows, task.prices, variant) * cycles
        best = int(np.argmin(products))
        # Cycles are whole: a mapping with k times the steps has at least k (cycles - 1).
        per_step = (cycles[best] - 1.0) / steps[best]
        least = per_step * (counts.lines[rows] @ (task.prices.energies * floor).ravel()).min()
        limits[unit] = max(limits[unit], products[best] / least * (1.0 + MARGIN) if least > 0 else np.inf)
    return limits


def _solutions(
    candidates: Candidates, picks: np.ndarray, numbers: Sequence[tuple[list[float], float]]
) -> list[Solution]:
    """Chosen candidates with their numbers, by name: ``numbers`` are the energy of each level and the cycles."""
    structure = candidates.openings.structure
    factors = candidates.factors(picks)
    named = [(structure.level_names[level], structure.ranks[rank]) for level, rank in factors]
    table = np.stack([np.broadcast_to(factor, len(picks)) for factor in factors.values()], axis=1).tolist()
    stored = [place for place, fanout in enumerate(structure.is_fanout) if not fanout]
    return [
        Solution(
            factors={name: round(factor) for name, factor in zip(named, row, strict=True) if factor > 1},
            energy_pJ={structure.level_names[place]: energies[place] for place in stored},
            cycles=cycles,
        )
        for row, (energies, cycles) in zip(table, numbers, strict=True)
    ]
