"""The figures of an evaluation as tables for people.

The functions take what ``Result.to_dict()`` returns and give rich tables. The Timeloop dialect reports by level and
tensor, the AccelForge dialect by component and action.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table

from accelax.report.numbers import count, quantity, share

Figures = Mapping[str, Any]


def render_result(figures: Figures) -> Group:
    """Everything that ``evaluate`` prints about a valid mapping: the summary, then the tables of its dialect."""
    if "levels" in figures:
        parts = [summary_table(figures), tensor_table(figures), cycle_table(figures)]
        if any(network["tensors"] for network in figures.get("networks", {}).values()):
            parts.append(network_table(figures))
        return Group(*parts)
    return Group(summary_table(figures), component_table(figures), action_table(figures))


def summary_table(figures: Figures) -> Table:
    """Energy, time, their product, utilization and area, one a line; a figure that is not known is left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    energy, cycles, latency = (figures.get(key) for key in ("energy_pJ", "cycles", "latency"))
    table.add_row("energy", quantity(figures.get("energy"), "J") if energy is None else quantity(energy * 1e-12, "J"))
    if cycles is not None:
        table.add_row("cycles", count(cycles))
    if latency is not None:
        table.add_row("latency", quantity(latency, "s"))
    if figures.get("edp") is not None:
        table.add_row("EDP", f"{figures['edp']:.6g} {'J·cycle' if 'levels' in figures else 'J·s'}")
    if figures.get("computes"):
        table.add_row("computes", count(figures["computes"]))
        if energy is not None:
            table.add_row("energy per compute", quantity(energy * 1e-12 / figures["computes"], "J"))
    if figures.get("utilization") is not None:
        table.add_row("utilization", f"{100 * figures['utilization']:.4g} %")
    if figures.get("area_um2"):
        table.add_row("area", f"{count(round(figures['area_um2'], 3))} µm²")
    return table


def tensor_table(figures: Figures) -> Table:
    """Per level and tensor: the tile, the instances in use, the traffic of one instance, and the energy of all."""
    table = _table("level", "tensor", "tile", "instances", "reads", "fills", "updates", "energy pJ", "share", text=2)
    total = figures["energy_pJ"]

    def add(name: str, tensor: str, counts: Iterable[float | None], energy: float) -> None:
        table.add_row(name, tensor, *(count(n) for n in counts), count(energy), share(energy, total))

    for name, level in figures["levels"].items():
        for tensor, row in level["tensors"].items():
            keys = ("tile_size", "utilized_instances", "reads", "fills", "updates")
            add(name, tensor, (row.get(key, 0) for key in keys), row["energy_pJ"])
            for extra in ("temporal_reduction", "address_generation"):
                if row.get(f"{extra}_energy_pJ"):
                    add("", extra.replace("_", " "), [None] * 5, row[f"{extra}_energy_pJ"])
        if level.get("leakage_pJ"):
            add(name, "leakage", [None] * 5, level["leakage_pJ"])
        table.add_section()
    unit = figures["compute_unit"]
    add(unit["name"], "compute", (None, unit["utilized_instances"], None, None, None), unit["energy_pJ"])
    network = sum(energy for _, _, energy in _network_energies(figures))
    if network:
        add("networks", "", [None] * 5, network)
    table.add_section()
    add("total", "", [None] * 5, total)
    return table


def cycle_table(figures: Figures) -> Table:
    """Cycles that each level and the compute unit need, and which of them the run waits for."""
    table = _table("cycles of", "cycles", "", text=1)
    needs = {name: level["cycles"] for name, level in figures["levels"].items()}
    unit = figures["compute_unit"]
    needs[unit["name"]] = unit["cycles"]
    longest = max(needs.values())
    for name, cycles in needs.items():
        # A level that only keeps up with the compute unit does not slow the run down.
        binds = cycles == longest and (name == unit["name"] or longest > unit["cycles"])
        table.add_row(name, count(cycles), "binds" if binds else "")
    if figures["cycles"] > longest:
        table.add_row("network fill and drain", count(figures["cycles"] - longest), "added")
    table.add_section()
    table.add_row("total", count(figures["cycles"]), "")
    return table


def network_table(figures: Figures) -> Table:
    """Per network and tensor: ingresses, hops, link transfers and spatial reductions of one instance; all energy."""
    table = _table(
        "network", "tensor", "ingresses", "hops", "link transfers", "spatial reductions", "energy pJ", text=2
    )
    keys = ("ingresses", "hops", "link_transfers", "spatial_reductions")
    energies = {(name, tensor): energy for name, tensor, energy in _network_energies(figures)}
    for name, network in figures["networks"].items():
        for tensor, row in network["tensors"].items():
            table.add_row(name, tensor, *(count(row.get(key, 0)) for key in keys), count(energies[name, tensor]))
    return table


def component_table(figures: Figures) -> Table:
    """Per component of the AccelForge dialect: energy, latency (and which binds), and how full it is."""
    table = _table("component", "energy", "share", "latency", "", "usage", text=1)
    energies, latencies, usage = (
        figures.get(key) or {} for key in ("energy_per_component", "latency_per_component", "resource_usage")
    )
    longest = max(latencies.values(), default=None)
    for name in dict.fromkeys((*energies, *latencies, *usage)):
        latency = latencies.get(name)
        table.add_row(
            name,
            quantity(energies.get(name), "J"),
            share(energies.get(name, 0.0), figures["energy"]),
            quantity(latency, "s"),
            "binds" if latency is not None and latency == longest else "",
            share(usage[name], 1.0) if name in usage else "-",
        )
    return table


def action_table(figures: Figures) -> Table:
    """Per component, tensor and action of the AccelForge dialect: how often it takes place."""
    table = _table("component", "tensor", "action", "count", text=3)
    for key, number in figures["actions"].items():
        *component, tensor, action = key.split("|")
        table.add_row("|".join(component), "-" if tensor == "None" else tensor, action, count(number))
    return table


def _network_energies(figures: Figures) -> list[tuple[str, str, float]]:
    return [
        (name, tensor, sum(value for key, value in row.items() if key.endswith("energy_pJ")))
        for name, network in figures.get("networks", {}).items()
        for tensor, row in network["tensors"].items()
    ]


def _table(*headers: str, text: int) -> Table:
    """A table whose first ``text`` columns hold words, and whose others hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, header in enumerate(headers):
        table.add_column(header, justify="left" if position < text or not header else "right", no_wrap=True)
    return table
