"""Searches in words and tables, from the dictionaries that their results give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelax.report.numbers import count

Figures = Mapping[str, Any]


def proof(figures: Figures) -> str:
    """What is proved of a search's value.

    >>> proof({"optimal": False, "lower_bound": 3.0, "gap": 0.25}), proof({"optimal": False, "lower_bound": 0.0})
    ('gap 25 %', 'without a bound')
    """
    if figures["optimal"]:
        return "optimal"
    return f"gap {100 * figures['gap']:.3g} %" if figures["lower_bound"] else "without a bound"


def summary(figures: Figures) -> str:
    """One line about a search that found a mapping."""
    stopped = "interrupted: " if figures["interrupted"] else ""
    rate = f"{count(figures['evaluated'])} mappings in {figures['seconds']:.1f} s"
    return f"{stopped}best {figures['objective']} {figures['value']:.6g}, {proof(figures)}; {rate}"
