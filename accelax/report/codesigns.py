"""Co-designs in words and tables, from the dictionaries that their results give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from accelax.report.numbers import count, quantity
from accelax.report.searches import percent, proof

Figures = Mapping[str, Any]
MOST_ROWS = 20
"""Rows of the front and of the slopes that a table shows."""


def design_lines(figures: Figures) -> str:
    """The chosen knobs and the totals of the network, a line each."""
    total = figures["total"]
    lines = [f"{path} = {value:.10g}" for path, value in figures["knobs"].items()]
    parts = [quantity(total["energy_pJ"] * 1e-12, "J")]
    if total["cycles"] is not None:
        parts.append(f"{count(total['cycles'])} cycles")
    if total["latency_s"] is not None:
        parts.append(quantity(total["latency_s"], "s"))
    if total["edp"] is not None:
        parts.append(f"EDP {total['edp'] * 1e-12:.6g} J·cycle")
    return "\n".join([*lines, f"network: {', '.join(parts)}; area {total['area_um2'] * 1e-6:.4g} mm²"])


def design_table(figures: Figures) -> Table:
    """A line for each layer on the chosen machine."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer")
    for title in ("count", "energy", "cycles", "util."):
        table.add_column(title, justify="right")
    for layer in figures["layers"]:
        result = layer["result"]
        table.add_row(
            layer["name"],
            count(layer["count"]),
            quantity(result["energy"], "J"),
            count(result["cycles"]),
            f"{100 * result['utilization']:.1f} %",
        )
    return table


def front_table(figures: Figures) -> Table:
    """The front of objective against area; of a long one, points spread evenly."""
    front = figures["front"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="front", title_justify="left")
    for title in ("area mm²", figures["objective"], *figures["knobs"]):
        table.add_column(title, justify="right")
    step = max(-(-len(front) // MOST_ROWS), 1)
    for point in [*front[: len(front) - 1 : step], *front[-1:]]:
        values = [f"{value:.10g}" for value in point["knobs"].values()]
        table.add_row(f"{point['area_um2'] * 1e-6:.4g}", f"{point['value']:.6g}", *values)
    return table


def slope_table(figures: Figures) -> Table:
    """What one per cent more of every number changes, the largest first, knobs before."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="sensitivity, mappings fixed", title_justify="left")
    table.add_column("number")
    for title in ("value", "d log(objective) / d log(number)"):
        table.add_column(title, justify="right")
    for slope in figures["sensitivity"][:MOST_ROWS]:
        table.add_row(slope["name"], f"{slope['value']:.6g}", f"{slope['slope']:+.4f}")
    return table


def codesign_summary(figures: Figures) -> str:
    """One line about a co-design that found a machine."""
    stopped = "interrupted: " if figures["interrupted"] else ""
    rate = f"{count(figures['searches'])} searches of layers in {figures['seconds']:.1f} s"
    left = (
        f" ({percent(figures['gap'])} above the bound {figures['lower_bound']:.6g})" if figures["lower_bound"] else ""
    )
    proved = proof(figures) if figures["optimal"] else left.strip(" ()") or "without a bound"
    return f"{stopped}best {figures['objective']} {figures['value']:.6g}, {proved}; {rate}"
