"""The terms that each reported number is made of, one line each: ``count x energy per access = pJ``.

The terms are computed from the reported counts and the machine's numbers alone, so that a reader can check them with a
pocket calculator, and so that a difference from the reported figure shows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelax.ir.level_machine import Level, LevelMachine
from accelax.ir.tree_machine import TreeComponent, TreeMachine
from accelax.report.numbers import count

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Term:
    """One summand: what it is for, how it comes about, and its value."""

    label: str
    formula: str
    value: float


@dataclass(frozen=True)
class Account:
    """A reported figure and the terms that it is the sum of."""

    title: str
    unit: str
    terms: tuple[Term, ...]
    reported: float

    @property
    def total(self) -> float:
        """The sum of the terms; it equals ``reported`` but for rounding."""
        return _total(self.terms)


def format_accounts(accounts: Sequence[Account]) -> str:
    """Write accounts as aligned text; an account whose terms miss the reported figure says by how much.

    >>> print(format_accounts([Account("GLB", "pJ", (Term("A read", "8 lines x 2 pJ", 16.0),), 16.0)]))
    GLB: 16 pJ
      A read  8 lines x 2 pJ = 16
    """
    width = max((len(term.label) for account in accounts for term in account.terms), default=0)
    lines: list[str] = []
    for account in accounts:
        lines.append(f"{account.title}: {count(account.reported)} {account.unit}")
        lines += [f"  {term.label:{width}}  {term.formula} = {count(term.value)}" for term in account.terms]
        missing = account.reported - account.total
        if abs(missing) > 1e-6 * abs(account.reported):
            lines.append(f"  {'not in these terms':{width}}  {count(missing)}")
    return "\n".join(lines)


def explain_level_energy(figures: Figures, machine: LevelMachine) -> list[Account]:
    """The energy of every level, network and the compute unit of a Timeloop result, and the total.

    A tensor at a level costs, per action, ``ceil(words / words per line) * pJ per line`` in one instance, times the
    clusters in use. Leakage is ``pJ per cycle * cycles * instances that leak``.
    """
    accounts = []
    for name, row in figures["levels"].items():
        level = _storage(machine, name)
        terms = (*_access_terms(row, level), *_leakage_terms(row, level, figures, machine))
        reported = math.fsum(_energies(tensor) for tensor in row["tensors"].values()) + row.get("leakage_pJ", 0.0)
        accounts.append(Account(f"{name} energy", "pJ", terms, reported))
    for name, network in figures.get("networks", {}).items():
        accounts.append(Account(f"{name} energy", "pJ", tuple(_network_terms(network)), _network_energy(network)))
    unit, energy = figures["compute_unit"], machine.compute.energy or 0.0
    formula = f"{count(figures['computes'])} x {energy:g} pJ"
    terms = (Term("compute", formula, figures["computes"] * energy),)
    accounts.append(Account(f"{unit['name']} energy", "pJ", terms, unit["energy_pJ"]))
    whole = tuple(Term(account.title, "the account above", account.reported) for account in accounts)
    return [*accounts, Account("total energy", "pJ", whole, figures["energy_pJ"])]


def explain_level_cycles(figures: Figures, machine: LevelMachine) -> str:
    """The cycles of every level: those of the compute unit, stretched by the bandwidth that is short of the demand."""
    unit = figures["compute_unit"]
    base = unit["cycles"]
    lines = [f"{unit['name']} cycles: {count(base)}, on {_instances(unit['utilized_instances'])}"]
    for name, row in figures["levels"].items():
        lines.append(f"{name} cycles: {count(row['cycles'])}")
        lines += [f"  {line}" for line in _demands(row, _storage(machine, name), base)]
    parts = [base, *(row["cycles"] for row in figures["levels"].values())]
    added = figures["cycles"] - max(parts)
    latency = f" + {count(added)} of network fill and drain" if added else ""
    lines.append(f"total cycles: max({', '.join(map(count, parts))}){latency} = {count(figures['cycles'])}")
    energy = figures["energy_pJ"] * 1e-12
    lines.append(f"EDP: {energy:.6g} J x {count(figures['cycles'])} cycles = {figures['edp']:.6g} J·cycle")
    return "\n".join(lines)


def explain_tree_energy(figures: Figures, machines: Mapping[str, TreeMachine]) -> list[Account]:
    """The energy of every component of an AccelForge result, in joules; ``machines`` maps each Einsum to its machine.

    A component costs ``count * J per action`` summed over tensors and actions, and ``leak power * latency``. Where
    lanes are gated, the share that stays on is what the reported energy implies.
    """
    components: dict[tuple[str, str], TreeComponent] = {
        (einsum, component.name): component for einsum, machine in machines.items() for component in machine.components
    }
    only = next(iter(machines))
    accounts = []
    for name, reported in figures["energy_per_component"].items():
        terms = []
        for key, number in figures["actions"].items():
            *einsum, component, tensor, action = key.split("|")
            if component == name:
                description = components[einsum[0] if einsum else only, name]
                energy = next(a.energy for a in description.actions if a.name == action)
                label = f"{tensor} {action}" if tensor != "None" else action
                terms.append(Term(label, f"{count(number)} x {energy:g} J", number * energy))
        terms += _tree_leakage(components[only, name].leak_power, figures, machines, reported - _total(terms))
        accounts.append(Account(f"{name} energy", "J", tuple(terms), reported))
    whole = tuple(Term(account.title, "the account above", account.reported) for account in accounts)
    return [*accounts, Account("total energy", "J", whole, figures["energy"])]


def _tree_leakage(
    power: float, figures: Figures, machines: Mapping[str, TreeMachine], reported: float
) -> Iterator[Term]:
    if not power:
        return
    whole, formula = power * figures["latency"], f"{power:g} W x {figures['latency']:g} s"
    dimensions = [d for machine in machines.values() for component in machine.components for d in component.spatial]
    if not any(dimension.power_gateable for dimension in dimensions) or math.isclose(reported, whole, rel_tol=1e-6):
        yield Term("leakage", formula, whole)
    else:
        yield Term("leakage", f"{formula} x {reported / whole:.4g} of the lanes on", reported)


def _total(terms: Sequence[Term]) -> float:
    return math.fsum(term.value for term in terms)


def _storage(machine: LevelMachine, name: str) -> Level:
    """The storage level called ``name``; a fan-out may share the name."""
    return machine.levels[machine.storage_index(name)]


def _access_terms(row: Figures, level: Level) -> Iterator[Term]:
    used = max((tensor["utilized_instances"] for tensor in row["tensors"].values()), default=1)
    clusters = min(used, level.mesh_x * level.mesh_y / level.cluster_size)
    energies = {"reads": level.read_energy, "fills": level.fill_energy, "updates": level.update_energy}
    for name, tensor in row["tensors"].items():
        for action, energy in energies.items():
            words = tensor.get(action, 0)
            if not words:
                continue
            lines = math.ceil(words / level.block_size)
            division = "" if level.block_size == 1 else f" / {level.block_size:g} = {count(lines)} lines"
            value = lines * (energy or 0.0) * clusters
            formula = f"{count(words)} words{division} x {energy or 0.0:g} pJ x {_instances(clusters)}"
            yield Term(f"{name} {action}", formula, value)
        for extra in ("temporal_reduction", "address_generation"):
            if tensor.get(f"{extra}_energy_pJ"):
                yield Term(f"{name} {extra.replace('_', ' ')}", "all instances", tensor[f"{extra}_energy_pJ"])


def _leakage_terms(row: Figures, level: Level, figures: Figures, machine: LevelMachine) -> Iterator[Term]:
    if not row.get("leakage_pJ"):
        return
    gate = _storage(machine, level.power_gated_at) if level.power_gated_at else level
    tensors = figures["levels"].get(gate.name, row)["tensors"].values()
    cycles = max(figures["compute_unit"]["cycles"], *(other["cycles"] for other in figures["levels"].values()))
    used = max((tensor["utilized_instances"] for tensor in tensors), default=None)
    if used is None:
        # A level that keeps nothing reports no instances: they follow from its leakage.
        leaking = round(row["leakage_pJ"] / (cycles * level.leak_energy))
    else:
        leaking = used * (level.mesh_x * level.mesh_y) / (gate.mesh_x * gate.mesh_y)
    formula = f"{count(cycles)} cycles x {level.leak_energy:g} pJ x {_instances(leaking)}"
    yield Term("leakage", formula, cycles * level.leak_energy * leaking)


def _network_terms(network: Figures) -> Iterator[Term]:
    for name, row in network["tensors"].items():
        counts = f"{count(row.get('ingresses', 0))} ingresses, {count(row.get('hops', 0))} hops each, all instances"
        yield Term(name, counts, row.get("energy_pJ", 0.0))
        for extra in ("link_transfer", "spatial_reduction"):
            if row.get(f"{extra}_energy_pJ"):
                times = count(row.get(f"{extra}s", 0))
                yield Term(f"{name} {extra.replace('_', ' ')}", f"{times} times", row[f"{extra}_energy_pJ"])


def _demands(row: Figures, level: Level, base: float) -> Iterator[str]:
    scale = dict(level.bandwidth_scale)
    reads = sum(t.get("reads", 0) * scale.get(name, 1) for name, t in row["tensors"].items()) / base
    writes = sum((t.get("fills", 0) + t.get("updates", 0)) * scale.get(name, 1) for name, t in row["tensors"].items())
    writes /= base
    limits = (
        ("reads", reads, level.read_bandwidth),
        ("fills and updates", writes, level.write_bandwidth),
        ("all accesses", reads + writes, level.shared_bandwidth),
    )
    for what, demand, bandwidth in limits:
        if math.isfinite(bandwidth):
            verdict = f"{demand / bandwidth:.4g} times too many" if demand > bandwidth else "enough"
            yield f"{what}: {demand:.4g} words/cycle of {bandwidth:g} per instance, {verdict}"


def _instances(number: float) -> str:
    return "1 instance" if number == 1 else f"{count(number)} instances"


def _energies(row: Figures) -> float:
    return math.fsum(value for key, value in row.items() if key.endswith("energy_pJ"))


def _network_energy(network: Figures) -> float:
    return math.fsum(_energies(row) for row in network["tensors"].values())
