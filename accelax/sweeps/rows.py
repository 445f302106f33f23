"""One point of a sweep as plain numbers: each layer's, and the totals of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from accelax.search.objective import Objective, criterion_values

COLUMNS = ("energy_pJ", "cycles", "latency_s", "area_um2", "violation")
"""What is computed of every layer at every point."""
LAYER_COLUMNS = ("energy_pJ", "cycles", "latency_s", "violation")
"""What of it a row holds for each layer."""
FITS = 1e-12
"""Relative excess below which a constraint counts as met, as in the results of ``accelax.evaluate``."""
Row = dict[str, Any]
SUMS = ("energy_pJ", "cycles", "latency_s")
"""What adds up over layers, each taken as often as it occurs."""


def row_of(
    number: int,
    values: Mapping[str, Any],
    columns: Mapping[str, Sequence[Any]],
    counts: Sequence[int],
    objective: Objective,
    reason: str | None = None,
) -> Row:
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
    table = np.array([[columns[name]] for name in COLUMNS], dtype=float)
    (row,) = rows_of([number], [values], table.transpose(2, 0, 1), counts, objective)
    if reason is not None:
        row |= {"valid": False, "reason": reason}
    return row


def rows_of(
    numbers: Sequence[int],
    values: Sequence[Mapping[str, Any]],
    table: np.ndarray,
    counts: Sequence[int],
    objective: Objective,
) -> list[Row]:
    """The same for many points: ``table`` is ``[layers, columns, points]``, NaN where there is no number."""
    empty = np.full(len(numbers), np.nan)
    by_layer = [dict(zip(COLUMNS, layer, strict=True)) for layer in table]
    totals = {name: _sum([layer[name] for layer in by_layer], counts, empty) for name in SUMS}
    energy, cycles, latency = (totals[name] for name in SUMS)
    timed = not np.isnan(cycles).all()
    delay, unit = (cycles, 1.0) if timed else (latency, 1e-12)
    metrics = {"energy": energy * unit, "delay": delay, "edp": energy * unit * delay}
    value = criterion_values(metrics, objective)[0]
    areas = np.fmax.reduce([empty, *(layer["area_um2"] for layer in by_layer)])
    valid = np.all([layer["violation"] <= FITS for layer in by_layer], axis=0) & ~np.isnan(energy)
    figures = {"valid": valid, "value": value, **totals, "edp": energy * 1e-12 * delay, "area_um2": areas}
    listed = [column if column.dtype == bool else _or_none(column) for column in figures.values()]
    shown = [COLUMNS.index(name) for name in LAYER_COLUMNS]
    layers = _or_none(table[:, shown, :].transpose(2, 1, 0)).tolist()
    rows = zip(numbers, values, zip(*(column.tolist() for column in listed), strict=True), layers, strict=True)
    return [
        {
            "point": number,
            "values": own,
            **dict(zip(figures, totalled, strict=True)),
            "layers": dict(zip(LAYER_COLUMNS, columns, strict=True)),
        }
        for number, own, totalled, columns in rows
    ]


def _sum(column: Sequence[np.ndarray], counts: Sequence[int], empty: np.ndarray) -> np.ndarray:
    """The sums over layers, ``[points]``; NaN where one is missing."""
    if not column:
        return empty
    return sum((count * one for count, one in zip(counts, column, strict=True)), np.zeros_like(empty))


def _or_none(numbers: np.ndarray) -> np.ndarray:
    """Numbers as JSON can hold them: None where they are not finite."""
    finite_ones = np.isfinite(numbers)
    return numbers if finite_ones.all() else np.where(finite_ones, numbers, np.array(None))


def figures_of(result: Any) -> dict[str, float | None]:
    """The numbers of one evaluation by the names of ``COLUMNS``."""
    figures = result.to_dict()
    energy = figures["energy_pJ"] if "energy_pJ" in figures else figures["energy"] * 1e12
    numbers = (energy, figures["cycles"], figures["latency"], figures["area_um2"], result.cost.violation)
    pairs = zip(COLUMNS, numbers, strict=True)
    return {name: None if number is None else finite(float(number)) for name, number in pairs}


def failed_row(number: int, values: Mapping[str, Any], reason: str) -> Row:
    """The row of a point that cannot be evaluated."""
    nothing: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    return row_of(number, values, nothing, [], ((("edp", 1.0),),), reason)


def finite(number: float) -> float | None:
    """A number as JSON can hold it; None where it is not finite."""
    return number if math.isfinite(number) else None
