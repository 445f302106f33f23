"""Points in planes of two metrics, and those among them that no other beats."""

from __future__ import annotations

import itertools
import math
from typing import Any

from accelax.report.figures.style import GRID, INK, PALETTE, LeftOut, new_figure, plain, styled, wants_log
from accelax.report.results import Points, Results
from accelax.report.units import axis_label, field_unit, scale

MANY = 500
"""Points above which those beside the front are small dots, which an SVG holds as an image."""
GREY = "#8c929b"


def draw_front(results: Results) -> Any:
    """A panel for each pair of metrics: the front as steps, other points in grey, proved bounds as lines.

    Raises:
        LeftOut: there are no points.
    """
    points = results.points
    if points is None or not points.values:
        raise LeftOut("there is no front: map --pareto, codesign and sweep give one")
    return draw_points(points)


def draw_points(points: Points) -> Any:
    """The same from points."""
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
                _panel(axes, points, pair)
        parts = {
            label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(list(parts.values()), list(parts), loc="outside upper left", ncols=3, columnspacing=1.2)
        return figure


def _panel(axes: Any, points: Points, pair: tuple[int, int]) -> None:
    values = [(row[pair[0]], row[pair[1]]) for row in points.values]
    names = [points.metrics[place] for place in pair]
    known = [points.units.get(name) or field_unit(name) for name in names]
    bounds = [points.bounds.get(name) or 0.0 for name in names]
    factors, labels = zip(*(scale((row[i] for row in values), known[i]) for i in (0, 1)), strict=True)
    scaled = sorted((x * factors[0], y * factors[1]) for x, y in values)
    front = front_of(scaled)
    rest = [point for point in dict.fromkeys(scaled) if point not in set(front)]
    if rest:
        many = len(rest) > MANY
        style = {"color": GRID, "markeredgecolor": INK, "markeredgewidth": 0.3, "markersize": 4}
        label = "best in other metrics" if points.all_optimal else "other points"
        crowd = {"color": GREY, "markersize": 2, "markeredgewidth": 0, "rasterized": True}
        axes.plot(*zip(*rest, strict=True), "o", label=label, **(crowd if many else style))
    axes.plot(*zip(*front, strict=True), "-", drawstyle="steps-post", color=PALETTE[0], linewidth=1.2)
    axes.plot(*zip(*front, strict=True), "o", color=PALETTE[0], markersize=5, label="no other is better in both")
    for place, (bound, line) in enumerate(zip(bounds, (axes.axvline, axes.axhline), strict=True)):
        if bound:
            line(bound * factors[place], color=PALETTE[5], linestyle="--", linewidth=1.1, label="lower bound")
    _scales(axes, scaled, [bound * factor for bound, factor in zip(bounds, factors, strict=True)])
    axes.set_xlabel(axis_label(plain(names[0]), labels[0]))
    axes.set_ylabel(axis_label(plain(names[1]), labels[1]))
    axes.grid()


def _scales(axes: Any, points: list[tuple[float, float]], bounds: list[float]) -> None:
    """Logarithmic axes where values differ much; otherwise some room, so that one point is not a line."""
    for place, axis in enumerate(("x", "y")):
        values = [point[place] for point in points] + ([bounds[place]] if bounds[place] else [])
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
