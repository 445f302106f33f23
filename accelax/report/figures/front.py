"""Points in planes of two metrics, and those among them that no other beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from accelax.report.figures.style import GRID, INK, PALETTE, LeftOut, new_figure, styled, wants_log
from accelax.report.results import Points, Results
from accelax.report.units import axis_label, field_unit, scale


def draw_front(results: Results) -> Any:
    """A panel for each pair of metrics: the front as steps, other points in grey, proved bounds as lines.

    Raises:
        LeftOut: there are no points.
    """
    points = results.points
    if points is None or not points.values:
        raise LeftOut("there is no front: map --pareto, codesign and sweep give one")
    return draw_points(points, results.figures.get("units", {}))


def draw_points(points: Points, units: Mapping[str, str]) -> Any:
    """The same from points; ``units`` by metric."""
    pairs = list(itertools.combinations(range(len(points.metrics)), 2))
    columns = min(len(pairs), 3)
    rows = math.ceil(len(pairs) / columns)
    with styled():
        figure = new_figure(6.4 if columns < 3 else 9.6, 3.6 * rows if columns == 1 else 3.2 * rows)
        grid = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, pair in itertools.zip_longest(grid, pairs):
            if pair is None:
                axes.set_axis_off()
            else:
                _panel(axes, points, pair, units)
        parts = {
            label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(list(parts.values()), list(parts), loc="outside upper left", ncols=3, columnspacing=1.2)
        return figure


def _panel(axes: Any, points: Points, pair: tuple[int, int], units: Mapping[str, str]) -> None:
    values = [(row[pair[0]], row[pair[1]]) for row in points.values]
    names = [points.metrics[place] for place in pair]
    known = [units.get(name) or field_unit(name) for name in names]
    bounds = [points.bounds.get(name) or 0.0 for name in names]
    factors, labels = zip(*(scale((row[i] for row in values), known[i]) for i in (0, 1)), strict=True)
    scaled = sorted((x * factors[0], y * factors[1]) for x, y in values)
    front = front_of(scaled)
    if len(front) < len(scaled):
        rest = [point for point in scaled if point not in set(front)]
        label = "other points" if not points.all_optimal else "best in other metrics"
        axes.plot(*zip(*rest, strict=True), "o", color=GRID, markeredgecolor=INK, markeredgewidth=0.3, markersize=4,
                  label=label)  # fmt: skip
    axes.plot(*zip(*front, strict=True), "-", drawstyle="steps-post", color=PALETTE[0], linewidth=1.2)
    axes.plot(*zip(*front, strict=True), "o", color=PALETTE[0], markersize=5, label="no other is better in both")
    for place, (bound, line) in enumerate(zip(bounds, (axes.axvline, axes.axhline), strict=True)):
        if bound:
            line(bound * factors[place], color=PALETTE[5], linestyle="--", linewidth=1.1, label="lower bound")
    _scales(axes, front, [bound * factor for bound, factor in zip(bounds, factors, strict=True)])
    axes.set_xlabel(axis_label(names[0], labels[0]))
    axes.set_ylabel(axis_label(names[1], labels[1]))
    axes.grid()


def _scales(axes: Any, front: list[tuple[float, float]], bounds: list[float]) -> None:
    """Logarithmic axes where values differ much; otherwise some room, so that one point is not a line."""
    for place, axis in enumerate(("x", "y")):
        values = [point[place] for point in front] + ([bounds[place]] if bounds[place] else [])
        if wants_log(values):
            getattr(axes, f"set_{axis}scale")("log")
        elif max(values) - min(values) < 1e-3 * max(values):
            getattr(axes, f"set_{axis}lim")(0.95 * min(values), 1.05 * max(values))


def front_of(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points, by rising first value, that no other is at least as good as in both.

    >>> front_of([(1, 4), (2, 2), (3, 3)])
    [(1, 4), (2, 2)]
    """
    front: list[tuple[float, float]] = []
    for point in sorted(points):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    return front
