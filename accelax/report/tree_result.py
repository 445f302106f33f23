"""The result of evaluating an AccelForge mapping, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accelax.ir import LoweredTree, Mapping
from accelax.report.nests import nest_entries

TOLERANCE = 1e-12
"""Relative excess below which a constraint counts as met: sizes are whole bits, so a true excess is far larger."""


@dataclass(frozen=True)
class TreeResult:
    """What ``accelax.evaluate`` returns for an AccelForge specification. All numbers are float64.

    ``cost`` is an ``accelax.model.tree.TreeCost`` of plain numbers: joules, seconds, square metres and bits.
    """

    lowered: LoweredTree
    mapping: Mapping
    cost: Any

    @property
    def valid(self) -> bool:
        """Whether the mapping fits the machine."""
        return float(self.cost.violation) <= TOLERANCE

    @property
    def reason_if_invalid(self) -> str | None:
        """Which memories and fan-outs are too small, and by how much; None when the mapping fits."""
        reasons = [*self._full_memories(), *self._full_dimensions()]
        return "; ".join(reasons) or None

    def to_dict(self) -> dict[str, Any]:
        """All figures by name, as plain Python numbers (joules, seconds, and the unit in the name elsewhere).

        With several Einsums the keys of ``latency_per_component`` and ``actions`` start with ``einsum|``.
        """
        cost = self.cost
        return {
            "valid": self.valid,
            "reason_if_invalid": self.reason_if_invalid,
            "energy_pJ": float(cost.energy) * 1e12,
            "energy": float(cost.energy),
            "cycles": None,
            "latency": float(cost.latency),
            "edp": float(cost.edp),
            "computes": float(cost.computes),
            "utilization": float(cost.utilization),
            "area_um2": float(cost.area) * 1e12,
            "energy_per_component": self.energy_per_component(),
            "latency_per_component": self.latency_per_component(),
            "actions": self.actions(),
            "resource_usage": self.resource_usage(),
            "energy_per_action": self.energy_per_action(),
            "bits_per_component": self.bits_per_component(),
            "workload": {einsum.name: dict(einsum.bounds) for einsum in self.lowered.einsums},
            "nest": nest_entries(self.mapping, self.lowered.einsums),
        }

    def energy_per_component(self) -> dict[str, float]:
        """Joules per component, leakage included, summed over the Einsums."""
        energies: dict[str, float] = {}
        for number, _, position, component in self._components():
            if component.kind != "container":
                energy = float(self.cost.einsums[number].energy[position])
                energies[component.name] = energies.get(component.name, 0.0) + energy
        return energies

    def latency_per_component(self) -> dict[str, float]:
        """Seconds that each component is busy; the longest is the Einsum's latency."""
        return {
            self._key(number, component.name): float(self.cost.einsums[number].latency[position])
            for number, _, position, component in self._components()
            if component.kind != "container"
        }

    def actions(self) -> dict[str, float]:
        """``component|tensor|action`` to a count; the tensor of a computation is ``None``."""
        counts: dict[str, float] = {}
        for number, einsum, position, component in self._components():
            cost = self.cost.einsums[number]
            if component.kind == "compute":
                computes = float(cost.computes) * component.actions_scale
                counts[self._key(number, component.name, "None", "compute")] = computes
            for t, tensor in enumerate(einsum.tensor_names):
                if not cost.kept[position][t]:
                    continue
                counts[self._key(number, component.name, tensor, "read")] = float(cost.reads[position][t])
                if component.kind == "memory":
                    counts[self._key(number, component.name, tensor, "write")] = float(cost.writes[position][t])
        return counts

    def energy_per_action(self) -> dict[str, float]:
        """Joules under the keys of :meth:`actions`: the count times the energy of one. Leakage is not among them."""
        each = {
            (self._key(number, component.name), action.name): action.energy
            for number, _, _, component in self._components()
            for action in component.actions
        }
        energies: dict[str, float] = {}
        for key, count in self.actions().items():
            component, _, action = key.rsplit("|", 2)
            energies[key] = count * each.get((component, action), 0.0)
        return energies

    def bits_per_component(self) -> dict[str, float]:
        """Bits that all instances of each memory and toll read and write."""
        counts = self.actions()
        moved: dict[str, float] = {}
        for number, einsum, _, component in self._components():
            if component.kind not in ("memory", "toll"):
                continue
            total = 0.0
            sizes = {tensor.name: tensor.bits_per_value for tensor in einsum.tensors} | dict(component.bits_per_value)
            for action in component.actions:
                for tensor, values in action.values_per_action:
                    count = counts.get(self._key(number, component.name, tensor, action.name), 0.0)
                    total += count * values * (sizes.get(tensor) or 0.0)
            moved[self._key(number, component.name)] = total
        return moved

    def resource_usage(self) -> dict[str, float]:
        """The part of each memory that is taken at the fullest moment; 0 for one without limit."""
        return {name: float(self.cost.memory_usage[identity]) for name, identity in self._memories().items()}

    def _components(self) -> Iterator[tuple[int, Any, int, Any]]:
        for number, (einsum, machine) in enumerate(zip(self.lowered.einsums, self.lowered.machines, strict=True)):
            for position, component in enumerate(machine.components):
                yield number, einsum, position, component

    def _key(self, number: int, *parts: str) -> str:
        several = len(self.lowered.einsums) > 1
        return "|".join((self.lowered.einsums[number].name, *parts) if several else parts)

    def _memories(self) -> dict[str, int]:
        """The memories and their numbers among the distinct components, which count in order of appearance."""
        kinds: dict[str, str] = {}
        for _, _, _, component in self._components():
            kinds.setdefault(component.name, component.kind)
        return {name: number for number, (name, kind) in enumerate(kinds.items()) if kind == "memory"}

    def _full_memories(self) -> Iterator[str]:
        for name, identity in self._memories().items():
            usage = float(self.cost.memory_usage[identity])
            if usage > 1 + TOLERANCE:
                bits = float(self.cost.memory_bits[identity])
                has = f"has {bits / usage:,.10g} ({usage - 1:.3g} over)"
                yield f"{name} needs {bits:,.10g} bits{self._parts(name)}, {has}"

    def _parts(self, name: str) -> str:
        """What the tensors of a single Einsum take in a memory."""
        if len(self.lowered.einsums) != 1:
            return ""
        position = self.lowered.machines[0].index(name)
        held = zip(self.lowered.einsums[0].tensor_names, self.cost.einsums[0].bits[position], strict=True)
        return " (" + " + ".join(f"{tensor} {float(bits):,.10g}" for tensor, bits in held if bits) + ")"

    def _full_dimensions(self) -> Iterator[str]:
        for number, _, position, component in self._components():
            for d, dimension in enumerate(component.spatial):
                usage = float(self.cost.einsums[number].usage[position][d])
                if usage > 1 + TOLERANCE:
                    used = float(self.cost.einsums[number].used[position][d])
                    scale = "" if dimension.usage_scale == 1 else f" at a usage scale of {dimension.usage_scale:g}"
                    place = self._key(number, f"{component.name}.{dimension.name}")
                    yield f"{place} needs a fan-out of {used:g}{scale}, has {dimension.fanout:g} ({usage - 1:.3g} over)"
