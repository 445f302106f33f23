"""The result of evaluating a mapping on a chain of levels, by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.ir import LoweredLevels, Mapping
from accelax.ir.level_machine import Level
from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.capacity import Constraint
from accelax.model.levels.evaluate import LevelCost
from accelax.report.nests import nest_entries

TOLERANCE = 1e-12
"""Relative excess below which a constraint counts as met: sizes are integers, so a true excess is far larger."""


@dataclass(frozen=True)
class LevelResult:
    """What ``accelax.evaluate`` returns for a Timeloop specification. All numbers are float64."""

    structure: LevelStructure
    lowered: LoweredLevels
    mapping: Mapping
    cost: LevelCost

    @property
    def valid(self) -> bool:
        """Whether the mapping fits the machine."""
        return float(self.cost.violation) <= TOLERANCE

    @property
    def reason_if_invalid(self) -> str | None:
        """Which constraints are missed, where, and by how much; None when the mapping fits."""
        missed = [c for c in self.cost.constraints if float(c.excess) > TOLERANCE]
        return "; ".join(self._explain(c) for c in missed) or None

    def _explain(self, constraint: Constraint) -> str:
        """One missed constraint in words."""
        level = constraint.level
        name, used, limit = self.structure.level_names[level], _whole(constraint.used), _whole(constraint.limit)
        if constraint.kind == "capacity":
            held = self.to_tensors(level)
            parts = " + ".join(f"{t} {fields['tile_size']}" for t, fields in held.items())
            return f"{name} needs {used} words ({parts}), has {limit}"
        if constraint.kind == "utilization":
            return f"{name} holds {used} words, min_utilization asks for {limit}"
        return f"{name} needs {constraint.kind.replace('fanout', 'a fan-out of')} {used}, has {limit}"

    def to_tensors(self, level: int) -> dict[str, dict[str, Any]]:
        """The counts and energy of every tensor that ``level`` keeps."""
        structure, cost, traffic = self.structure, self.cost, self.cost.traffic
        tensors = {}
        for index, name in enumerate(structure.tensors):
            if not self._keeps(level, name):
                continue
            tensors[name] = {
                "tile_size": _whole(traffic.tiles[level][index]),
                "utilized_instances": _whole(cost.nest.instances[level]),
                "reads": _whole(traffic.reads[level][index]),
                "fills": _whole(traffic.fills[level][index]),
                "updates": _whole(traffic.updates[level][index]),
                "temporal_reductions": _whole(traffic.temporal_reductions[level][index]),
                "energy_pJ": float(cost.tensor_energy[level][index]),
            }
        return tensors

    def _keeps(self, level: int, tensor: str) -> bool:
        """Whether the mapping keeps ``tensor`` at ``level``."""
        from accelax.ir import Storage

        name = self.structure.level_names[level]
        return any(
            isinstance(node, Storage) and node.component == name and tensor in node.tensors
            for node in self.mapping.nodes
        )

    def to_levels(self) -> dict[str, dict[str, Any]]:
        """Every storage level, outermost first."""
        levels = {}
        for level, name in enumerate(self.structure.level_names):
            if self.structure.is_fanout[level]:
                continue
            levels[name] = {
                "cycles": _whole(self.cost.level_cycles[level]),
                "bandwidth_throttling": float(self.cost.slowdown[level]),
                "area_um2_per_instance": _single(self.lowered.machine.levels[level].area_um2),
                "leakage_pJ": float(self.cost.leakage[level]),
                **_ports(self.lowered.machine.levels[level]),
                "tensors": self.to_tensors(level),
            }
        return levels

    def to_networks(self) -> dict[str, dict[str, Any]]:
        """Networks with energy or link transfers, named ``outer <==> inner``."""
        names = [
            f"inter_{name}_spatial" if fanout else name
            for name, fanout in zip(self.structure.level_names, self.structure.is_fanout, strict=True)
        ]
        names.append(self.structure.compute_name)
        networks = {}
        for level in range(self.structure.n_levels):
            tensors = {}
            for index, tensor in enumerate(self.structure.tensors):
                counts = self.cost.traffic.networks[level][index]
                tensors[tensor] = {
                    "ingresses": float(counts.accesses),
                    "link_transfers": _whole(counts.link_transfers),
                    "energy_pJ": float(self.cost.network_energy[level][index]),
                    "link_transfer_energy_pJ": float(self.cost.link_energy[level][index]),
                }
            shown = ("link_transfers", "energy_pJ", "link_transfer_energy_pJ")
            if any(fields[key] for fields in tensors.values() for key in shown):
                networks[f"{names[level]} <==> {names[level + 1]}"] = {"tensors": tensors}
        return networks

    @property
    def energy_pJ(self) -> float:  # noqa: N802
        """Energy of the run in pJ."""
        return float(self.cost.energy)

    @property
    def cycles(self) -> int | float:
        """Cycles of the run."""
        return _whole(self.cost.cycles)

    @property
    def latency_s(self) -> float | None:
        """Seconds of the run; None where no clock is known."""
        cycle = self.lowered.machine.cycle_seconds
        return None if cycle is None else float(self.cost.cycles) * cycle

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: energies pJ, areas µm², counts in words per instance; ``edp`` in joules times cycles."""
        compute = self.lowered.machine.compute
        instances = compute.mesh_x * compute.mesh_y
        computes = float(self.cost.computes)
        return {
            "valid": self.valid,
            "reason_if_invalid": self.reason_if_invalid,
            "energy_pJ": self.energy_pJ,
            "energy": self.energy_pJ * 1e-12,
            "cycles": self.cycles,
            "latency": self.latency_s,
            "edp": self.energy_pJ * 1e-12 * self.cycles,
            "computes": _whole(computes),
            "utilization": computes / instances / float(self.cost.cycles),
            "area_um2": float(self.cost.area),
            "compute_unit": {
                "name": compute.name,
                "cycles": _whole(self.cost.nest.compute_cycles),
                "utilized_instances": _whole(self.cost.nest.peak_instances[-1]),
                "instances": instances,
                "energy_pJ": float(self.cost.compute_energy),
                "area_um2_total": compute.area_um2 * instances,
            },
            "levels": self.to_levels(),
            "networks": self.to_networks(),
            "workload": {self.lowered.einsum.name: dict(self.lowered.einsum.bounds)},
            "nest": nest_entries(self.mapping, [self.lowered.einsum]),
        }


def _ports(level: Level) -> dict[str, Any]:
    """Bits of a word, and words per cycle and instance that can be read, written, or both together; None: no limit."""
    limits = {f"{name}_bandwidth": getattr(level, f"{name}_bandwidth") for name in ("read", "write", "shared")}
    ports = {name: limit if math.isfinite(limit) else None for name, limit in limits.items()}
    scales = {tensor: scale for tensor, scale in level.bandwidth_scale if scale != 1}
    return {"word_bits": level.word_bits, **ports, **({"bandwidth_scale": scales} if scales else {})}


def _whole(value: Any) -> int | float:
    """An integer where the number is one, so that counts print and compare as counts."""
    number = float(value)
    return int(number) if math.isfinite(number) and number == int(number) else number


def _single(value: float) -> float:
    """The number in single precision: Timeloop keeps the area of a storage level as a C++ float."""
    return float(np.float32(value))
