"""Energies and areas from the ``ERT`` and ``ART`` of the file: per component, by the last part of its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

READ = ("random_read", "read")
FILL = ("random_fill", "random_write", "fill", "write")
UPDATE = ("random_update", "random_write", "update", "write")
COMPUTE = ("mac_random", "mult_random", "mac", "mult", "compute")
LEAK = ("leak",)
WIRE = ("wire", "Wire")


def component_name(written: str) -> str:
    """The component that a table belongs to: the last dotted part without its range.

    >>> component_name("system_top_level.chip[1..2].GLB[1..1]")
    'GLB'
    """
    if written.endswith("]"):
        written = written.rpartition("[")[0]
    return written.rpartition(".")[2]


@dataclass(frozen=True)
class ReferenceTables:
    """Component to action to energy (pJ), and component to area (µm²)."""

    energies: dict[str, dict[str, float]] = field(default_factory=dict)
    areas: dict[str, float] = field(default_factory=dict)

    def energy(self, component: str, actions: tuple[str, ...]) -> float | None:
        """The energy of the first of ``actions`` that the table has; None without one."""
        table = self.energies.get(component, {})
        return next((table[action] for action in actions if action in table), None)

    def wire_energy(self) -> float | None:
        """pJ per bit and mm that an entry ``wire`` sets for every network; None without one."""
        found = [self.energy(name, ("transfer_random",)) for name in WIRE]
        return next((energy for energy in found if energy is not None), None)


def read_tables(ert: dict[str, Any] | None, art: dict[str, Any] | None) -> ReferenceTables:
    """Collect the tables. Several entries of one action (with different arguments) count with the largest energy."""
    energies: dict[str, dict[str, float]] = {}
    for table in (ert or {}).get("tables") or []:
        if table["name"] is None:
            continue
        actions: dict[str, float] = {}
        for action in table["actions"] or []:
            name, energy = action["name"], action["energy"]
            if name is not None and energy is not None:
                actions[name] = max(energy, actions[name]) if name in actions else energy
        energies.setdefault(component_name(table["name"]), {}).update(actions)
    areas = {
        component_name(table["name"]): table["area"]
        for table in (art or {}).get("tables") or []
        if table["name"] is not None and table["area"] is not None
    }
    return ReferenceTables(energies, areas)
