"""Summaries of energies and areas as Accelergy writes them: which estimator stands behind each entry."""

from __future__ import annotations

from typing import Any

import yaml

from accelax.components.energy_tables import EnergyTables, Term
from accelax.report.energy_tables import GIVEN


def ert_summary(tables: EnergyTables) -> str:
    """``ERT_summary.yaml``: energies by component, and the estimators of its parts."""
    listed = []
    for name in tables.instances:
        entries = [entry for entry in tables.energies if entry.component == name]
        terms = [term for entry in entries for term in entry.terms]
        listed.append(
            {
                "name": _full_name(tables, name),
                "actions": [{"name": entry.action, "energy": float(entry.energy)} for entry in entries],
                "primitive_estimation(s)": _estimators(_full_name(tables, name), terms),
            }
        )
    return yaml.safe_dump({"ERT_summary": {"version": "0.4", "table_summary": listed}}, sort_keys=False, indent=4)


def art_summary(tables: EnergyTables) -> str:
    """``ART_summary.yaml``: areas by component, and the estimators of its parts."""
    listed = [
        {
            "name": _full_name(tables, entry.component),
            "area": float(entry.area),
            "primitive_estimations": _estimators(_full_name(tables, entry.component), list(entry.terms)),
        }
        for entry in tables.areas
    ]
    return yaml.safe_dump({"ART_summary": {"version": "0.4", "table_summary": listed}}, sort_keys=False, indent=4)


def _estimators(name: str, terms: list[Term]) -> list[dict[str, Any]]:
    """Each part once with the estimator that priced it; the component itself where the file gives the entry."""
    if not terms:
        return [{"name": name, "estimator": GIVEN}]
    found = {(term.part or name, term.choice.estimator.name) for term in terms}
    return [{"name": part, "estimator": estimator} for part, estimator in sorted(found)]


def _full_name(tables: EnergyTables, name: str) -> str:
    return f"system_top_level.{name}[1..{float(tables.instances[name]):g}]"
