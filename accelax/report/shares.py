"""What a result is made of: energy by level and tensor, time by level, and bytes moved for a roofline.

Everything is read from the dictionaries that results give, of both dialects; figures that older results do not hold are
None, with the reason beside them where a picture would need them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]
Shares = dict[str, dict[str, float]]

COMPUTE, LEAKAGE, NETWORKS, ALL = "compute", "leakage", "networks", "all tensors"
ROUNDING = 1e-9
"""Part of the energy below which a rest is rounding."""


def is_level_result(figures: Figures) -> bool:
    """Whether the result is of the Timeloop dialect, which reports by level; the other reports by component."""
    return "levels" in figures


def energy_shares(figures: Figures) -> Shares:
    """Picojoules by level, outermost first, and by tensor within it; they add up to the energy of the result.

    Besides tensors there are ``leakage``, ``compute`` and, as a level of its own, ``networks``. Results of the
    AccelForge dialect without energies by action have one share for each component.

    >>> energy_shares({"energy_per_component": {"DRAM": 3e-12}, "energy_pJ": 3.0})
    {'DRAM': {'all tensors': 3.0}}
    """
    shares = _level_energy(figures) if is_level_result(figures) else _component_energy(figures)
    found = sum(value for parts in shares.values() for value in parts.values())
    rest = figures["energy_pJ"] - found
    if rest > ROUNDING * figures["energy_pJ"]:
        shares["other"] = {"other": rest}
    return shares


def _level_energy(figures: Figures) -> Shares:
    shares: Shares = {}
    for name, level in figures["levels"].items():
        parts = {tensor: row["energy_pJ"] for tensor, row in level["tensors"].items()}
        shares[name] = parts | ({LEAKAGE: level["leakage_pJ"]} if level.get("leakage_pJ") else {})
    networks: dict[str, float] = {}
    for network in figures.get("networks", {}).values():
        for tensor, row in network["tensors"].items():
            energy = sum(value for key, value in row.items() if key.endswith("energy_pJ"))
            networks[tensor] = networks.get(tensor, 0.0) + energy
    if any(networks.values()):
        shares[NETWORKS] = networks
    unit = figures["compute_unit"]
    shares[unit["name"]] = {COMPUTE: unit["energy_pJ"]}
    return shares


def _component_energy(figures: Figures) -> Shares:
    shares: Shares = {name: {} for name in figures["energy_per_component"]}
    for key, joules in figures.get("energy_per_action", {}).items():
        *path, tensor, _ = key.split("|")
        parts = shares.setdefault(path[-1], {})
        part = COMPUTE if tensor == "None" else tensor
        parts[part] = parts.get(part, 0.0) + joules * 1e12
    rest_name = LEAKAGE if "energy_per_action" in figures else ALL
    for name, joules in figures["energy_per_component"].items():
        rest = joules * 1e12 - sum(shares[name].values())
        if rest > ROUNDING * joules * 1e12:
            shares[name][rest_name] = rest
    return shares


@dataclass(frozen=True)
class Times:
    """How long each level alone would take, of which the slowest decides; ``unit`` is ``cycles`` or ``s``.

    ``compute`` is the compute unit's, under ``compute_name``; ``total`` the run's, with what networks add.
    """

    levels: dict[str, float]
    compute_name: str
    compute: float
    total: float
    unit: str

    @property
    def limiting(self) -> tuple[str, ...]:
        """The names of those that the run waits for; a level that only keeps up with the compute unit is none."""
        longest = max([self.compute, *self.levels.values()])
        if math.isclose(longest, self.compute, rel_tol=1e-9):
            return (self.compute_name,)
        return tuple(name for name, time in self.levels.items() if math.isclose(time, longest, rel_tol=1e-9))


def times(figures: Figures) -> Times:
    """The times of a result: what the bandwidths of each level ask for where they are known, else its cycles.

    Components of several Einsums add up, as the Einsums run one after the other.
    """
    if is_level_result(figures):
        unit = figures["compute_unit"]
        needs = {name: _own_cycles(level, unit["cycles"]) for name, level in figures["levels"].items()}
        return Times(needs, unit["name"], unit["cycles"], figures["cycles"], "cycles")
    latencies: dict[str, float] = {}
    for key, seconds in figures["latency_per_component"].items():
        name = key.split("|")[-1]
        latencies[name] = latencies.get(name, 0.0) + seconds
    compute = compute_name(figures)
    return Times(
        {name: seconds for name, seconds in latencies.items() if name != compute},
        compute,
        latencies.get(compute, 0.0),
        figures["latency"],
        "s",
    )


def compute_name(figures: Figures) -> str:
    """The compute unit of a result of the AccelForge dialect: the one whose actions move no tensor."""
    for key in figures["actions"]:
        *path, tensor, _ = key.split("|")
        if tensor == "None":
            return path[-1]
    return next(reversed(figures["energy_per_component"]), "")


def _own_cycles(level: Figures, compute_cycles: float) -> float:
    """Cycles that a level's bandwidths alone ask for; its cycles in the result where bandwidths are not told."""
    if level["cycles"] > compute_cycles or "word_bits" not in level:
        return level["cycles"]
    return bandwidth_cycles(level)


def bandwidth_cycles(level: Figures) -> float:
    """Cycles that reading and writing the words of one instance takes; 0 without limits.

    >>> words = {"reads": 60, "fills": 10, "updates": 2, "utilized_instances": 3}
    >>> ports = {"read_bandwidth": 4, "write_bandwidth": None, "shared_bandwidth": 8}
    >>> bandwidth_cycles({"tensors": {"A": words}, **ports})
    15.0
    """
    scales = level.get("bandwidth_scale", {})
    read = sum(row["reads"] * scales.get(tensor, 1) for tensor, row in level["tensors"].items())
    write = sum((row["fills"] + row["updates"]) * scales.get(tensor, 1) for tensor, row in level["tensors"].items())
    demands = {"read": read, "write": write, "shared": read + write}
    limits = {name: level.get(f"{name}_bandwidth") for name in demands}
    return max([demands[name] / limit for name, limit in limits.items() if limit], default=0.0)


@dataclass(frozen=True)
class Roof:
    """A level in a roofline: bytes that all its instances move, and the time that this takes it (0: no limit)."""

    name: str
    bytes_moved: float
    time: float

    @property
    def bandwidth(self) -> float | None:
        """Bytes a cycle or second at this mix of reads and writes; None without a limit."""
        return self.bytes_moved / self.time if self.time > 0 else None


@dataclass(frozen=True)
class Roofline:
    """Computes and their time; the peak of all compute units; levels from the outermost inwards. Time as ``unit``."""

    computes: float
    time: float
    peak: float
    levels: tuple[Roof, ...]
    unit: str

    @property
    def rate(self) -> float:
        """Computes per cycle or second that the run reaches."""
        return self.computes / self.time


def roofline(figures: Figures) -> Roofline | str:
    """The roofline of a result, or what is missing for one. Rates are per second where the clock is known."""
    if not figures.get("computes"):
        return "the result has no computes"
    if is_level_result(figures):
        return _level_roofline(figures)
    if "bits_per_component" not in figures:
        return "the file does not tell the bits that each component moves (bits_per_component)"
    known = times(figures)
    if not known.compute or not known.total:
        return "the compute unit takes no time"
    moved: dict[str, float] = {}
    for key, bits in figures["bits_per_component"].items():
        name = key.split("|")[-1]
        moved[name] = moved.get(name, 0.0) + bits / 8
    roofs = tuple(Roof(name, size, known.levels.get(name, 0.0)) for name, size in moved.items() if size > 0)
    peak = figures["computes"] / known.compute / (figures.get("utilization") or 1.0)
    return Roofline(figures["computes"], known.total, peak, roofs, "s")


def _level_roofline(figures: Figures) -> Roofline | str:
    levels, unit = figures["levels"], figures["compute_unit"]
    if not all("word_bits" in level for level in levels.values()):
        return "the file does not tell the word sizes and bandwidths of the levels"
    if not figures["cycles"]:
        return "the result has no cycles"
    cycle = figures["latency"] / figures["cycles"] if figures.get("latency") else None
    roofs = []
    for name, level in levels.items():
        rows = level["tensors"].values()
        words = sum((row["reads"] + row["fills"] + row["updates"]) * row["utilized_instances"] for row in rows)
        if words:
            size = words * level["word_bits"] / 8
            roofs.append(Roof(name, size, bandwidth_cycles(level) * (cycle or 1.0)))
    peak = unit["instances"] / (cycle or 1.0)
    return Roofline(
        figures["computes"], figures["cycles"] * (cycle or 1.0), peak, tuple(roofs), "s" if cycle else "cycle"
    )


def added(shares: Sequence[tuple[float, Shares]]) -> Shares:
    """Energy shares of layers that occur so many times, added up.

    >>> added([(2, {"L": {"A": 1.0}}), (1, {"L": {"A": 1.0, "B": 4.0}})])
    {'L': {'A': 3.0, 'B': 4.0}}
    """
    total: Shares = {}
    for count, one in shares:
        for level, parts in one.items():
            into = total.setdefault(level, {})
            for name, value in parts.items():
                into[name] = into.get(name, 0.0) + count * value
    return total
