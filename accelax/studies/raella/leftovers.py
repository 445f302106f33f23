"""The mappings that greedy packing leaves open.

Weights are packed first (:data:`~accelax.spec.timeloop.packing.IN_MEMORY_STEPS`). What is then left of images (N), rows
(Q) and columns (P) of the output may stand at the places of ``PLACES``; groups that found no crossbar go to columns.
All splits of what is left are listed, for many shapes of layers at once, but for those that overflow a fan-out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from accelax.encode.factorizations import Factorizations, FactorRule
from accelax.model.levels.arrays import LevelWorkload
from accelax.spec.timeloop.packing import IN_MEMORY_STEPS, forget_packed, pack
from accelax.studies.raella.layers import RANKS, Shape
from accelax.studies.raella.openings import Openings, Slot

PLACES: dict[str, tuple[str, ...]] = {
    "P": ("column", "crossbar", "input_buffer", "macro", "eDRAM_buf"),
    "Q": ("crossbar", "input_buffer", "macro", "eDRAM_buf", "chip"),
    "N": ("column", "crossbar", "macro", "chip"),
}
"""Where what is left of a rank may go."""
GROUPS_AT = "column"
WEIGHTS = "CRSM"
PACKED = {(level, rank) for step in IN_MEMORY_STEPS for level in step.only for rank in step.ranks}
ALL_PLACES = PACKED | {(level, rank) for rank in PLACES for level in PLACES[rank]} | {(GROUPS_AT, "G")}


@dataclass(frozen=True)
class Unit:
    """What a mapping is for: a shape of layer, and how many columns each of its weights takes."""

    shape: Shape
    slices: int
    batch: int


@dataclass(frozen=True, eq=False)
class Candidates:
    """The mappings of many units, in the order of the units. No fan-out overflows; a buffer may.

    base
        ``[slots, units]``: factors that are fixed or packed.
    tables
        For each rank of ``PLACES`` the splits, ``[rows, places]``.
    unit, rows
        ``[n]`` each: the unit of a mapping, and its rows in the tables.
    steps
        ``[n]``: the product of the factors in time.
    """

    openings: Openings
    units: tuple[Unit, ...]
    base: np.ndarray
    tables: dict[str, np.ndarray]
    unit: np.ndarray
    rows: dict[str, np.ndarray]
    steps: np.ndarray

    def factors(self, picks: np.ndarray) -> dict[Slot, Any]:
        """The factors of some mappings: ``[picks]`` each, or one number where all mappings have the same."""
        factors: dict[Slot, Any] = {}
        unit = self.unit[picks]
        for slot, row in zip(self.openings.slots, self.base, strict=True):
            factors[slot] = float(row[0]) if len(row) and (row == row[0]).all() else row[unit]
        for rank, levels in _places(self.openings).items():
            chosen = self.tables[rank][self.rows[rank][picks]]
            for place, level in enumerate(levels):
                slot = self.openings.slot(level, rank)
                factors[slot] = factors[slot] * chosen[:, place]
        return factors

    def workload(self, picks: np.ndarray) -> LevelWorkload:
        """The workloads of some mappings."""
        return self.openings.strided(*_strides(self.units, self.unit[picks]))

    def fitting(self, picks: np.ndarray) -> np.ndarray:
        """Those of some mappings that overflow nothing."""
        fits = self.openings.fits(self.factors(picks), self.workload(picks))
        return picks[np.broadcast_to(fits, len(picks))]


def list_candidates(openings: Openings, units: Sequence[Unit]) -> Candidates:
    """Every mapping that packing leaves to the units and that no fan-out is too small for; a unit may have none."""
    base = np.ones((len(openings.slots), len(units)))
    for position, slot in enumerate(openings.slots):
        base[position] = openings.fixed.get(slot, 1.0)
    left = [_pack_unit(openings, base[:, i], unit) for i, unit in enumerate(units)]
    tables, owners = {}, {}
    for rank, levels in _places(openings).items():
        tables[rank], owners[rank] = _splits(openings, base, units, rank, levels, [sizes[rank] for sizes in left])
    unit, rows = _combinations(openings, base, tables, owners)
    steps = np.full(len(unit), openings.steps(openings.fixed))
    for rank, levels in _places(openings).items():
        in_time = [place for place, level in enumerate(levels) if level not in openings.lanes]
        steps *= tables[rank][:, in_time].prod(axis=1)[rows[rank]]
    return Candidates(openings, tuple(units), base, tables, unit, rows, steps)


def _places(openings: Openings) -> dict[str, tuple[str, ...]]:
    """``PLACES`` as far as a machine has them."""
    return {rank: openings.present(levels) for rank, levels in PLACES.items()}


def _pack_unit(openings: Openings, factors: np.ndarray, unit: Unit) -> dict[str, int]:
    """Write what packing decides into ``factors`` ``[slots]``; what is left of each rank, 0 where weights are left."""
    sizes = dict(zip(RANKS, unit.shape, strict=False)) | {"N": unit.batch, "L": unit.slices}
    used = {level for level, _ in PACKED}
    lanes = {name: number for name, number in openings.lanes.items() if name in used} | {
        name: 1 for name in used if name not in openings.lanes
    }
    for level, row in pack(sizes, lanes, IN_MEMORY_STEPS).items():
        for rank, factor in row.items():
            sizes[rank] //= factor
            if factor > 1:
                factors[openings.slots.index(openings.slot(level, rank))] = factor
    if openings.present((GROUPS_AT,)):
        factors[openings.slots.index(openings.slot(GROUPS_AT, "G"))] = sizes["G"]
        sizes["G"] = 1
    homeless = math.prod(sizes[rank] for rank in (*WEIGHTS, "L", "G")) > 1
    return {rank: 0 if homeless else sizes[rank] for rank in PLACES}


def _splits(
    openings: Openings, base: np.ndarray, units: Sequence[Unit], rank: str, levels: tuple[str, ...], left: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Splits of one rank ``[rows, places]`` that fit while all else is outside, and the unit of each row."""
    limits = tuple(openings.lanes.get(level) for level in levels)
    parts = [_factorizations(size, limits) for size in left]
    table = np.concatenate(parts)
    unit = np.repeat(np.arange(len(units)), [len(part) for part in parts])
    factors = dict(zip(openings.slots, base[:, unit], strict=True))
    for place, level in enumerate(levels):
        factors[openings.slot(level, rank)] = factors[openings.slot(level, rank)] * table[:, place]
    fits = np.broadcast_to(openings.fits(factors, openings.strided(*_strides(units, unit))), len(unit))
    return table[fits], unit[fits]


def _combinations(
    openings: Openings, base: np.ndarray, tables: dict[str, np.ndarray], owners: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The unit and the rows of every combination of splits of one unit that no fan-out is too small for."""
    count, places = base.shape[1], _places(openings)
    bounds = {rank: np.searchsorted(owners[rank], np.arange(count + 1)) for rank in PLACES}
    room = {}
    for level in {level for levels in places.values() for level in levels if level in openings.lanes}:
        index = openings.structure.level_names.index(level)
        mine = [position for position, slot in enumerate(openings.slots) if slot[0] == index]
        room[level] = openings.lanes[level] / base[mine].prod(axis=0)
    units, found = [], {rank: [] for rank in PLACES}
    for unit in range(count):
        begin = [bounds[rank][unit] for rank in PLACES]
        rows = [tables[rank][bounds[rank][unit] : bounds[rank][unit + 1]] for rank in PLACES]
        fine = np.ones([len(part) for part in rows], bool)
        for level, lanes in room.items():
            used: Any = 1.0
            for axis, (rank, part) in enumerate(zip(PLACES, rows, strict=True)):
                if level in places[rank]:
                    shape = [-1 if axis == other else 1 for other in range(len(rows))]
                    used = used * part[:, places[rank].index(level)].reshape(shape)
            fine &= used <= lanes[unit]
        chosen = np.nonzero(fine)
        units.append(np.full(len(chosen[0]), unit))
        for rank, first, part in zip(PLACES, begin, chosen, strict=True):
            found[rank].append(first + part)
    return np.concatenate(units), {rank: np.concatenate(parts) for rank, parts in found.items()}


def _strides(units: Sequence[Unit], unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The strides along P and Q of the units with these numbers."""
    table = np.array([entry.shape[-2:] for entry in units], float).reshape(-1, 2)[unit]
    return table[:, 0], table[:, 1]


@lru_cache(maxsize=10_000)
def _factorizations(size: int, limits: tuple[int | None, ...]) -> np.ndarray:
    """``[rows, places]``: the ordered factorizations of a number, each factor within its limit; none of 0."""
    if size == 0:
        return np.ones((0, len(limits)))
    table = Factorizations(size, tuple(FactorRule(maximum=limit) for limit in limits))
    return table.numbered(np.arange(table.count))


def forget_packing() -> None:
    """Forget what was packed and split before, so that the next list is made as the first one is."""
    _factorizations.cache_clear()
    forget_packed()
