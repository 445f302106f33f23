"""Searches in words and tables, from the dictionaries that their results give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from accelax.report.numbers import count, quantity

Figures = Mapping[str, Any]


def percent(gap: float) -> str:
    """A gap as a percentage; one that only rounding leaves is none.

    >>> percent(0.0123), percent(1e-9)
    ('1.23 %', '0 %')
    """
    return f"{100 * gap:.3g} %" if gap > 1e-8 else "0 %"


def proof(figures: Figures) -> str:
    """What is proved of a search's value.

    >>> proof({"optimal": False, "lower_bound": 3.0, "gap": 0.25}), proof({"optimal": False, "lower_bound": 0.0})
    ('gap 25 %', 'without a bound')
    """
    if figures["optimal"]:
        return "optimal"
    return f"gap {percent(figures['gap'])}" if figures["lower_bound"] else "without a bound"


def summary(figures: Figures) -> str:
    """One line about a search that found a mapping."""
    stopped = "interrupted: " if figures["interrupted"] else ""
    rate = f"{count(figures['evaluated'])} mappings in {figures['seconds']:.1f} s"
    return f"{stopped}best {figures['objective']} {figures['value']:.6g}, {proof(figures)}; {rate}"


def layer_table(figures: Figures) -> Table:
    """A line for each layer of a network; ``figures`` are those of a ``WorkloadResult``."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer")
    for title in ("count", "value", "gap", "energy", "cycles" if _counts_cycles(figures) else "time", "util."):
        table.add_column(title, justify="right")
    table.add_column("proof")
    for layer in figures["layers"]:
        result = layer["result"]
        if result is None:
            table.add_row(layer["name"], count(layer["count"]), *["-"] * 5, "nothing found")
            continue
        time = count(result["cycles"]) if result["cycles"] is not None else quantity(result["latency"], "s")
        gap = percent(layer["gap"]) if layer["lower_bound"] else "-"
        table.add_row(
            layer["name"],
            count(layer["count"]),
            f"{layer['value']:.5g}",
            gap,
            quantity(result["energy"], "J"),
            time,
            f"{100 * result['utilization']:.1f} %",
            f"as {layer['same_as']}" if layer["same_as"] else proof(layer),
        )
    return table


def _counts_cycles(figures: Figures) -> bool:
    """Whether the results know cycles: those of the Timeloop dialect do."""
    return any(layer["result"] and layer["result"]["cycles"] is not None for layer in figures["layers"])


def total_lines(figures: Figures) -> str:
    """The network as a whole, in words."""
    total = figures["total"]
    if total is None:
        return "no total: not every layer has a mapping"
    unit = "J·cycle" if total["cycles"] is not None else "J·s"
    parts = [quantity(total["energy"], "J")]
    if total["cycles"] is not None:
        parts.append(f"{count(total['cycles'])} cycles")
    if total["latency"] is not None:
        parts.append(quantity(total["latency"], "s"))
    if total["edp"] is not None:
        parts.append(f"EDP {total['edp']:.6g} {unit}")
    return f"network, one layer after the other: {', '.join(parts)}"


def workload_summary(figures: Figures) -> str:
    """One line about the searches of a network."""
    stopped = "interrupted: " if figures["interrupted"] else ""
    found = [layer for layer in figures["layers"] if layer["mapping"] is not None]
    proved = sum(bool(layer["optimal"]) for layer in found)
    largest = f", largest gap {percent(figures['largest_gap'])}" if found else ""
    evaluated = sum(layer["evaluated"] for layer in figures["layers"] if layer["same_as"] is None)
    rate = f"{count(evaluated)} mappings in {figures['seconds']:.1f} s"
    return f"{stopped}{len(found)} of {len(figures['layers'])} layers mapped, {proved} optimal{largest}; {rate}"


def front_table(figures: Figures) -> Table:
    """A line for each point of a Pareto front; ``figures`` are those of a ``ParetoResult``."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("#", *figures["metrics"]):
        table.add_column(title, justify="right")
    for number, point in enumerate(figures["front"], 1):
        table.add_row(str(number), *(f"{point[name]:.6g}" for name in figures["metrics"]))
    return table


def front_summary(figures: Figures) -> str:
    """One line about the search of a front."""
    stopped = "interrupted: " if figures["interrupted"] else ""
    bounds = [f"{name} at least {bound:.6g}" for name, bound in figures["lower_bounds"].items() if bound]
    rate = f"{count(figures['evaluated'])} mappings in {figures['seconds']:.1f} s"
    points = len(figures["front"])
    front = "1 mapping" if points == 1 else f"{points} mappings"
    return f"{stopped}{front} on the front{''.join(f', {bound}' for bound in bounds)}; {rate}"
