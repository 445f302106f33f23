"""Energy and area tables for people, as figures for programs, and in the files that Accelergy writes.

Numbers must be plain here. The figures are exact; only what people read is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from accelax.components.energy_tables import AreaEntry, EnergyEntry, EnergyTables, Term
from accelax.report.numbers import count

Figures = Mapping[str, Any]
GIVEN = "given"
"""What stands for the estimator of an entry that the file gives itself."""


def energy_figures(tables: EnergyTables, estimates: EnergyTables | None = None) -> dict[str, Any]:
    """Every entry with its terms, as plain dictionaries and lists, by component.

    Energies are pJ per action, leakage pJ per cycle, areas µm² of one instance; ``area_um2`` at the top is that of all
    instances. A term is ``value * count * scale`` and says who estimated it, who declined, and who was not asked.
    With ``estimates``, ``compared`` tells how far they are from the entries that the file gives.
    """
    components: dict[str, Any] = {}
    for name in tables.instances:
        energies = [entry for entry in tables.energies if entry.component == name]
        areas = [entry for entry in tables.areas if entry.component == name]
        components[name] = {
            "class": tables.classes.get(name, ""),
            "instances": _plain(tables.instances[name]),
            "actions": [_energy_figures(entry) for entry in energies],
            "area_um2": _plain(areas[0].area) if areas else None,
            "area_scale": _plain(areas[0].scale) if areas else 1,
            "area_terms": [_term_figures(term) for area in areas for term in area.terms],
        }
    total = math.fsum(part["area_um2"] * part["instances"] for part in components.values() if part["area_um2"])
    figures = {"components": components, "area_um2": total, "warnings": _warnings(tables)}
    return figures if estimates is None else figures | _comparison(tables, estimates)


def _comparison(tables: EnergyTables, estimates: EnergyTables) -> dict[str, Any]:
    """How far estimates are from given entries, in percent, and why some have none."""
    rows = []
    own_areas = {entry.component: entry for entry in estimates.areas}
    own_energies = {(entry.component, entry.action): entry for entry in reversed(estimates.energies)}
    given: list[tuple[str, str, Any, EnergyEntry | AreaEntry | None, Any]] = [
        *(
            (e.component, e.action, e.energy, own_energies.get((e.component, e.action)), e.terms)
            for e in tables.energies
        ),
        *((e.component, "area", e.area, own_areas.get(e.component), e.terms) for e in tables.areas),
    ]
    for component, what, value, own, terms in given:
        if own is None or terms:
            continue
        estimate = _plain(own.energy if isinstance(own, EnergyEntry) else own.area)
        row = {"component": component, "what": what, "given": _plain(value), "estimate": estimate}
        row["error_percent"] = 100 * (estimate / row["given"] - 1) if row["given"] else None
        rows.append(row | {"terms": [_term_figures(term) for term in own.terms]})
    return {"compared": rows, "notes": list(estimates.notes)}


def _energy_figures(entry: EnergyEntry) -> dict[str, Any]:
    """One energy."""
    return {
        "action": entry.action,
        "arguments": {name: _plain(value) for name, value in entry.arguments.items()},
        "energy_pJ": _plain(entry.energy),
        "scale": _plain(entry.scale),
        "terms": [_term_figures(term) for term in entry.terms],
    }


def _term_figures(term: Term) -> dict[str, Any]:
    """One term of an energy or area."""
    choice = term.choice
    return {
        "part": term.part,
        "class": term.kind,
        "action": term.what,
        "value": _plain(term.value),
        "count": _plain(term.count),
        "scale": _plain(term.scale),
        "total": _plain(term.total),
        "estimator": choice.estimator.name,
        "accuracy_percent": choice.estimator.accuracy,
        "source": choice.estimator.source,
        "formula": choice.estimator.formula,
        "warnings": list(choice.warnings),
        "declined": [{"estimator": one.estimator, "reason": one.reason} for one in choice.refusals],
        "not_asked": list(choice.others),
    }


def _warnings(tables: EnergyTables) -> list[str]:
    """Every warning once, with the component it is about."""
    entries: Iterable[EnergyEntry | AreaEntry] = (*tables.energies, *tables.areas)
    found = (
        f"{entry.component} ({' '.join(filter(None, (term.part, term.kind)))}, {term.choice.estimator.name}): {warning}"
        for entry in entries
        for term in entry.terms
        for warning in term.choice.warnings
    )
    return list(dict.fromkeys(found))


def _plain(value: Any) -> Any:
    """A number of Python; texts and lists as they are."""
    return value.tolist() if hasattr(value, "tolist") else value


def ert_yaml(tables: EnergyTables, digits: int | None = None) -> str:
    """The energies as Accelergy's energy reference table (version 0.4), to ``digits`` significant ones if given."""
    listed = []
    for name in tables.instances:
        actions = [
            {
                "name": entry.action,
                "arguments": {key: _plain(value) for key, value in entry.arguments.items()},
                "energy": significant(_plain(entry.energy), digits),
            }
            for entry in tables.energies
            if entry.component == name
        ]
        listed.append({"name": _full_name(tables, name), "actions": actions})
    return _dump({"ERT": {"version": "0.4", "tables": listed}})


def art_yaml(tables: EnergyTables, digits: int | None = None) -> str:
    """The areas as Accelergy's area reference table (version 0.4), to ``digits`` significant ones if given."""
    listed = [
        {"name": _full_name(tables, entry.component), "area": significant(_plain(entry.area), digits)}
        for entry in tables.areas
    ]
    return _dump({"ART": {"version": "0.4", "tables": listed}})


def significant(value: float, digits: int | None) -> float:
    """``value`` to a number of significant digits, as Accelergy rounds.

    >>> significant(2.0483519, 4), significant(0.0, 4), significant(123456.0, None)
    (2.048, 0.0, 123456.0)
    """
    if digits is None or value == 0 or not math.isfinite(value):
        return value
    return round(value, digits - math.floor(math.log10(abs(value))) - 1)


def _full_name(tables: EnergyTables, name: str) -> str:
    """The name of a component in Accelergy's files."""
    return f"system_top_level.{name}[1..{_plain(tables.instances[name]):g}]"


def _dump(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=False)


def render_energy_tables(figures: Figures, *, explain: bool = False) -> Group:
    """The tables that ``accelax energy`` prints; with ``explain``, what each entry is made of and who was asked."""
    parts: list[Any] = [_energy_table(figures), _area_table(figures)]
    if figures["warnings"]:
        parts.append(Text("\n".join(f"warning: {warning}" for warning in figures["warnings"])))
    if figures.get("compared"):
        parts.append(_comparison_table(figures["compared"]))
    if explain:
        parts += [Text(f"no estimate: {note}") for note in figures.get("notes", ())]
        parts += [_explanation(name, component) for name, component in figures["components"].items()]
        parts.append(_sources(figures))
    return Group(*parts)


def _energy_table(figures: Figures) -> Table:
    """One line for each action of each component."""
    table = Table("component", "class", "action", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("energy pJ", justify="right", no_wrap=True)
    table.add_column("estimated by")
    for name, component in figures["components"].items():
        for position, entry in enumerate(component["actions"]):
            labels = (f"{name} x{component['instances']:g}", component["class"]) if position == 0 else ("", "")
            arguments = ", ".join(f"{key}={value}" for key, value in entry["arguments"].items())
            action = f"{entry['action']}({arguments})" if arguments else entry["action"]
            table.add_row(*labels, action, count(entry["energy_pJ"]), _by_whom(entry["terms"]))
        table.add_section()
    return table


def _area_table(figures: Figures) -> Table:
    """One line for each component whose area is known."""
    table = Table("component", box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("instances", "area µm²", "all instances"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("estimated by")
    for name, part in figures["components"].items():
        if part["area_um2"] is not None:
            area, instances = part["area_um2"], part["instances"]
            whole = count(round(area * instances, 3))
            table.add_row(name, count(instances), count(round(area, 6)), whole, _by_whom(part["area_terms"]))
    table.add_section()
    table.add_row("total", "", "", count(round(figures["area_um2"], 3)), "")
    return table


def _comparison_table(rows: list[Figures]) -> Table:
    """One line for each entry that the file gives and an estimator knows as well."""
    table = Table("component", "action", box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("given", "own estimate", "error %"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("estimated by")
    for row in rows:
        error = "-" if row["error_percent"] is None else f"{row['error_percent']:+.2f}"
        numbers = (count(row["given"]), count(row["estimate"]), error)
        table.add_row(row["component"], row["what"], *numbers, _by_whom(row["terms"]))
    return table


def _by_whom(terms: list[Figures]) -> str:
    """The estimators of an entry with their accuracies, each once."""
    names = dict.fromkeys(f"{term['estimator']} ({term['accuracy_percent']:g} %)" for term in terms)
    return ", ".join(names) or GIVEN


def _explanation(name: str, component: Figures) -> Text:
    """What every entry of a component is made of."""
    lines = [f"{name} ({component['class']})"]
    for entry in component["actions"]:
        lines += _entry_lines(entry["action"], entry["energy_pJ"], "pJ", entry["scale"], entry["terms"])
    if component["area_um2"] is not None:
        scale, terms = component["area_scale"], component["area_terms"]
        lines += _entry_lines("area", component["area_um2"], "µm²", scale, terms)
    return Text("\n".join(lines) + "\n")


def _entry_lines(what: str, total: float, unit: str, scale: float, terms: list[Figures]) -> list[str]:
    """An entry, its terms, and for each of them who estimated it and who was asked besides."""
    factor = "" if scale == 1 else f" (times {scale:g} for the component)"
    lines = [f"  {what}: {count(total)} {unit}{factor}" + ("" if terms else f" ({GIVEN})" if scale == 1 else "")]
    for term in terms:
        factors = [f"{count(term['value'])}"]
        factors += [f"{term['count']:g} parts"] if term["count"] != 1 else []
        factors += [f"{term['scale']:g}"] if term["scale"] != 1 else []
        product = " x ".join(factors) + (f" = {count(term['total'])}" if len(factors) > 1 else "")
        part = f"{term['part']} " if term["part"] else ""
        by = f"{term['estimator']}, {term['accuracy_percent']:g} %"
        lines.append(f"    {part}{term['class']} {term['action']}: {product} {unit} by {by}")
        lines += [f"      warning: {warning}" for warning in term["warnings"]]
        lines += [f"      {one['estimator']} declined: {one['reason']}" for one in term["declined"]]
        if term["not_asked"]:
            lines.append(f"      less accurate, not asked: {', '.join(term['not_asked'])}")
    return lines


def _sources(figures: Figures) -> Text:
    """Every estimator that was used, with its formula and where its numbers come from."""
    used: dict[str, str] = {}
    for component in figures["components"].values():
        for terms in (*(entry["terms"] for entry in component["actions"]), component["area_terms"]):
            for term in terms:
                formula = f"\n    formula: {term['formula']}" if term["formula"] else ""
                used[term["estimator"]] = f"  {term['estimator']}{formula}\n    source: {term['source']}"
    return Text("\n".join(["estimators", *used.values()]) if used else "")
