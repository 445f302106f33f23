"""One point of a sweep as plain numbers: each layer's, and the totals of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from accelax.search.objective import Objective, criterion_values

COLUMNS = ("energy_pJ", "cycles", "latency_s", "area_um2", "violation")
"""What is computed of every layer at every point."""
FITS = 1e-12
"""Relative excess below which a constraint counts as met, as in the results of ``accelax.evaluate``."""
SUMS = ("energy_pJ", "cycles", "latency_s")
"""What adds up over layers, each taken as often as it occurs."""


def row_of(
    number: int,
    values: Mapping[str, Any],
    columns: Mapping[str, Sequence[Any]],
    counts: Sequence[int],
    objective: Objective,
    reason: str | None = None,
) -> dict[str, Any]:
    """The row of a point from its layers' numbers.

    ``columns`` are lists with one entry for each layer: ``energy_pJ``, ``cycles``, ``latency_s``, ``area_um2`` and
    ``violation``, None where there is no such number. ``edp`` is joules times cycles, or times seconds in the
    AccelForge dialect, which has no cycles; ``value`` the first criterion of the objective, of the totals.

    >>> columns = {"energy_pJ": [1e12, 2e12], "cycles": [3.0, 4.0], "latency_s": [None, None],
    ...            "area_um2": [9.0, 9.0], "violation": [0.0, 0.0]}
    >>> row = row_of(0, {}, columns, [1, 2], ((("edp", 1.0),),))
    >>> row["energy_pJ"], row["cycles"], row["edp"], row["valid"]
    (5000000000000.0, 11.0, 55.0, True)
    """
    totals = {name: _sum(columns[name], counts) for name in SUMS}
    energy, cycles, latency = (totals[name] for name in SUMS)
    delay = latency if cycles is None else cycles
    areas = [area for area in columns["area_um2"] if area is not None]
    valid = reason is None and all(v is not None and v <= FITS for v in columns["violation"])
    value = edp = None
    if energy is not None and delay is not None:
        edp = energy * 1e-12 * delay
        unit = 1e-12 if cycles is None else 1.0
        metrics = {"energy": energy * unit, "delay": delay, "edp": energy * unit * delay}
        value = criterion_values(metrics, objective)[0]
    row = {"point": number, "values": dict(values), "valid": valid, "value": value, **totals, "edp": edp}
    row["area_um2"] = max(areas, default=None)
    if reason is not None:
        row["reason"] = reason
    row["layers"] = {name: list(column) for name, column in columns.items() if name != "area_um2"}
    return row


def figures_of(result: Any) -> dict[str, float | None]:
    """The numbers of one evaluation by the names of ``COLUMNS``."""
    figures = result.to_dict()
    energy = figures["energy_pJ"] if "energy_pJ" in figures else figures["energy"] * 1e12
    numbers = (energy, figures["cycles"], figures["latency"], figures["area_um2"], result.cost.violation)
    pairs = zip(COLUMNS, numbers, strict=True)
    return {name: None if number is None else finite(float(number)) for name, number in pairs}


def failed_row(number: int, values: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The row of a point that cannot be evaluated."""
    nothing: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    return row_of(number, values, nothing, [], ((("edp", 1.0),),), reason)


def finite(number: float) -> float | None:
    """A number as JSON can hold it; None where it is not finite."""
    return number if math.isfinite(number) else None


def _sum(column: Sequence[float | None], counts: Sequence[int]) -> float | None:
    """The sum over layers, None where one is missing."""
    if not column or any(value is None for value in column):
        return None
    return sum(count * value for count, value in zip(counts, column, strict=True) if value is not None)
