"""A result in a few words: its title, a sentence, and its most important figures."""

from __future__ import annotations

from typing import Any

from accelax.report.codesigns import codesign_summary
from accelax.report.numbers import count, quantity
from accelax.report.results import KINDS, Results
from accelax.report.searches import front_summary, percent, summary, workload_summary
from accelax.report.shares import is_level_result
from accelax.report.tables import summary_table
from accelax.report.units import metric_units


def describe(results: Results) -> tuple[str, str]:
    """A title, and a sentence about what was done."""
    figures = results.figures
    names = ", ".join(part.name for part in results.parts[:3] if part.name) or ", ".join(_files(figures))
    more = f" and {len(results.parts) - 3} more layers" if len(results.parts) > 3 else ""
    kind = KINDS[results.kind]
    title = f"{kind[0].upper()}{kind[1:]}" + (f": {names}{more}" if names else "")
    return title, _sentence(results)


def _sentence(results: Results) -> str:
    figures = results.figures
    match results.kind:
        case "search":
            return (
                summary(figures) if figures["result"] else f"no valid mapping: {figures.get('reason') or 'none found'}"
            )
        case "network":
            return workload_summary(figures)
        case "front":
            return front_summary(figures)
        case "codesign":
            return codesign_summary(figures) if figures["knobs"] else "no design was found"
        case "sweep":
            valid = sum(bool(row.get("valid")) for row in figures["points"])
            return f"{count(len(figures['points']))} points, {count(valid)} of them valid"
    if not figures.get("valid", True):
        return f"the mapping is not valid: {figures.get('reason_if_invalid')}"
    return "the mapping fits the machine"


def _files(figures: Any) -> list[str]:
    """The last parts of the names of the files that the result is about."""
    run = figures.get("run") or {}
    return [str(name).rsplit("/", 1)[-1] for name in run.get("files", ())]


def facts_of(results: Results) -> list[tuple[str, str]]:
    """The most important figures by name."""
    figures = results.figures
    match results.kind:
        case "network":
            return [*_total(figures.get("total")), ("largest gap", percent(figures["largest_gap"]))]
        case "front":
            known = [("points on the front", count(len(figures["front"])))]
            units = figures.get("units", {})
            bounds = [(name, bound) for name, bound in figures["lower_bounds"].items() if bound]
            return known + [
                (f"{name} at least", f"{bound:.6g} {units.get(name, '')}".strip()) for name, bound in bounds
            ]
        case "codesign":
            knobs = [(path, f"{value:.10g}") for path, value in (figures["knobs"] or {}).items()]
            return [*_proof(figures), *_design_total(figures["total"]), *knobs]
        case "sweep":
            return _best(figures)
    found: list[tuple[str, str]] = _proof(figures) if results.kind == "search" else []
    for part in results.evaluated[:1]:
        table = summary_table(part.result or {})
        names, values = ([str(cell) for cell in column.cells] for column in table.columns)
        found += list(zip(names, values, strict=True))
    return found


def _proof(figures: Any) -> list[tuple[str, str]]:
    """The value of a search, its bound and its gap."""
    if figures["value"] is None:
        return []
    objective = figures["objective"]
    result = figures.get("result") or next((layer["result"] for layer in figures.get("layers", ())), {})
    unit = metric_units("timeloop" if is_level_result(result) else "accelforge", [objective]).get(objective, "")
    known = [(f"{objective} found", f"{figures['value']:.6g} {unit}".strip())]
    if figures["lower_bound"]:
        gap = "none: optimal" if figures["optimal"] else percent(figures["gap"])
        known += [("lower bound", f"{figures['lower_bound']:.6g} {unit}".strip()), ("gap", gap)]
    else:
        known.append(("lower bound", "none proved"))
    return known


def _total(total: Any) -> list[tuple[str, str]]:
    """The sums over the layers of a network."""
    if total is None:
        return [("total", "not every layer has a mapping")]
    known = [("energy", quantity(total["energy"], "J"))]
    if total["cycles"] is not None:
        known.append(("cycles", count(total["cycles"])))
    if total["latency"] is not None:
        known.append(("latency", quantity(total["latency"], "s")))
    if total["edp"] is not None:
        known.append(("EDP", f"{total['edp']:.6g} {'J·s' if total['cycles'] is None else 'J·cycle'}"))
    return known


def _design_total(total: Any) -> list[tuple[str, str]]:
    known = [("energy", quantity(total["energy_pJ"] * 1e-12, "J"))] if total.get("energy_pJ") is not None else []
    if total.get("cycles") is not None:
        known.append(("cycles", count(total["cycles"])))
    if total.get("area_um2") is not None:
        known.append(("area", f"{total['area_um2'] * 1e-6:.4g} mm²"))
    return known


def _best(figures: Any) -> list[tuple[str, str]]:
    """The best point of a sweep."""
    rows = [row for row in figures["points"] if row.get("valid") and row.get("value") is not None]
    if not rows:
        return []
    best = min(rows, key=lambda row: row["value"])
    objective = (figures.get("header") or {}).get("objective", "value")
    known = [(f"least {objective}", f"{best['value']:.6g}"), ("at point", count(best["point"]))]
    return known + [(str(path).removeprefix("architecture."), str(value)) for path, value in best["values"].items()]
