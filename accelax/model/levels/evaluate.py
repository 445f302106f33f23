"""The whole model of a chain of levels, on one page: nest, traffic, time, energy, fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.model.levels.arrays import LevelHardware, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.capacity import Constraint, constraints, largest_excess
from accelax.model.levels.clipped_traffic import clipped_traffic
from accelax.model.levels.energy import compute_energy, leakage, network_energy, run_area, tensor_energy
from accelax.model.levels.latency import level_cycles, run_cycles
from accelax.model.levels.nest import count_nest
from accelax.model.levels.networks import NestCounts
from accelax.model.levels.traffic import Traffic, level_traffic
from accelax.model.ops import Number, total


@dataclass(frozen=True)
class LevelCost:
    """Every number of one evaluation, before it is named for a report.

    Energies in pJ over all instances: ``tensor_energy`` ``[L][T]``, ``network_energy`` and ``link_energy`` ``[L][T]``,
    ``leakage`` ``[L]``, ``compute_energy``. Times in cycles: ``level_cycles`` and ``slowdown`` ``[L]``, ``cycles``.
    """

    nest: NestCounts
    traffic: Traffic
    constraints: tuple[Constraint, ...]
    level_cycles: tuple[Any, ...]
    slowdown: tuple[Any, ...]
    tensor_energy: tuple[tuple[Any, ...], ...]
    network_energy: tuple[tuple[Any, ...], ...]
    link_energy: tuple[tuple[Any, ...], ...]
    leakage: tuple[Any, ...]
    compute_energy: Any
    computes: Any
    energy: Any
    cycles: Any
    area: Any
    violation: Any


def evaluate_levels(
    structure: LevelStructure, workload: LevelWorkload, hardware: LevelHardware, mapping: LevelMapping
) -> LevelCost:
    """Evaluate one mapping. Pure in its arrays; ``vmap`` it over mappings or hardware."""
    nest = count_nest(structure, workload, mapping)
    return price_nest(structure, hardware, mapping, nest, nest_traffic(structure, mapping, nest))


def nest_traffic(structure: LevelStructure, mapping: LevelMapping, nest: NestCounts) -> Traffic:
    """The accesses of every level that follow from the counts of the loop nest."""
    if nest.clipped is not None:
        return clipped_traffic(structure, mapping, nest, nest.clipped)
    return level_traffic(structure, mapping, nest)


def price_nest(
    structure: LevelStructure, hardware: LevelHardware, mapping: LevelMapping, nest: NestCounts, traffic: Traffic
) -> LevelCost:
    """Everything that follows from the counts of the loop nest and the accesses of every level."""
    levels, tensors = range(structure.n_levels), range(len(structure.tensors))
    timing = [level_cycles(structure, hardware, traffic, nest, level) for level in levels]
    cycles_by_level = tuple(cycles for cycles, _ in timing)
    steady, cycles = run_cycles(hardware, cycles_by_level, nest.compute_cycles)
    computes = nest.compute_iterations * nest.instances[-1]
    by_tensor = tuple(tuple(tensor_energy(hardware, traffic, nest, level, t) for t in tensors) for level in levels)
    networks = [_network_energies(structure, hardware, nest, traffic, level) for level in levels]
    leaked = tuple(
        0.0 if structure.is_fanout[level] else leakage(structure, hardware, nest, steady, level) for level in levels
    )
    computed = compute_energy(hardware, computes)
    transfers = tuple(tuple(pair[0] for pair in row) for row in networks)
    links = tuple(tuple(pair[1] for pair in row) for row in networks)
    found = constraints(structure, hardware, mapping, nest)
    parts = [x for table in (by_tensor, transfers, links) for row in table for x in row]
    return LevelCost(
        nest=nest,
        traffic=traffic,
        constraints=tuple(found),
        level_cycles=cycles_by_level,
        slowdown=tuple(slowdown for _, slowdown in timing),
        tensor_energy=by_tensor,
        network_energy=transfers,
        link_energy=links,
        leakage=leaked,
        compute_energy=computed,
        computes=computes,
        energy=total([*parts, *leaked, computed]),
        cycles=cycles,
        area=run_area(hardware),
        violation=largest_excess(found),
    )


def _network_energies(
    structure: LevelStructure, hardware: LevelHardware, nest: NestCounts, traffic: Traffic, level: int
) -> list[tuple[Number, Number]]:
    """pJ of transfers and link transfers of each tensor on one network; zero where the network has no energies."""
    if not structure.network_energy[level]:
        return [(0.0, 0.0) for _ in structure.tensors]
    return [
        network_energy(structure, hardware, nest, traffic.networks[level][t], traffic.partition[level][t], level, t)
        for t in range(len(structure.tensors))
    ]
