"""The roofline: computes for each byte that a level moves, against its bandwidth and the peak of the compute units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelax.report.figures.bars import shortened
from accelax.report.figures.energy import titled
from accelax.report.figures.style import INK, MARKERS, PALETTE, LeftOut, new_figure, styled
from accelax.report.results import Part, Results
from accelax.report.shares import Roofline, roofline


def draw_roofline(results: Results) -> Any:
    """Of one problem a point and a roof for each level; of several layers a point for each, for the outermost level.

    A level's roof is its bandwidth at the mix of reads and writes that it serves.

    Raises:
        LeftOut: nothing was evaluated, or the results do not tell what the levels move.
    """
    parts = results.evaluated
    if not parts:
        raise LeftOut(results.why_no_evaluation)
    found = [roofline(part.result or {}) for part in parts]
    missing = [one for one in found if isinstance(one, str)]
    if missing:
        raise LeftOut(missing[0])
    known = [one for one in found if isinstance(one, Roofline) and one.levels]
    if len(known) < len(parts):
        raise LeftOut("no level moves anything")
    with styled():
        return _levels(known[0]) if len(parts) == 1 else _layers(parts, known)


def _levels(known: Roofline) -> Any:
    figure, axes = _axes(known.unit)
    points = [(known.computes / roof.bytes_moved, known.rate) for roof in known.levels]
    ridges = [known.peak / roof.bandwidth for roof in known.levels if roof.bandwidth]
    left, right = _span([*(x for x, _ in points), *ridges])
    for place, (roof, (x, y)) in enumerate(zip(known.levels, points, strict=True)):
        colour, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
        label = shortened(roof.name)
        if roof.bandwidth:
            ridge = known.peak / roof.bandwidth
            axes.plot([left, ridge], [left * roof.bandwidth, known.peak], color=colour, linewidth=1.3)
        else:
            label += " (no limit)"
        axes.plot([x], [y], marker, color=colour, markersize=7, markeredgecolor=INK, markeredgewidth=0.6, label=label)
    _finish(axes, known, left, right, [known.rate, *(left * r.bandwidth for r in known.levels if r.bandwidth)])
    return figure


def _layers(parts: Sequence[Part], known: Sequence[Roofline]) -> Any:
    """The outermost level alone: its roof for each bandwidth that its mixes of reads and writes give."""
    figure, axes = _axes(known[0].unit)
    outer = [one.levels[0] for one in known]
    points = [(one.computes / roof.bytes_moved, one.rate) for one, roof in zip(known, outer, strict=True)]
    speeds = [roof.bandwidth for roof in outer if roof.bandwidth]
    left, right = _span([*(x for x, _ in points), *(known[0].peak / speed for speed in speeds)])
    peak = max(one.peak for one in known)
    if speeds:
        slow, fast = min(speeds), max(speeds)
        name = f"bandwidth of {shortened(outer[0].name)}"
        axes.plot([left, peak / fast], [left * fast, peak], color=PALETTE[0], linewidth=1.3, label=name)
        if fast > 1.001 * slow:
            axes.fill_betweenx(
                [left * slow, left * fast, peak, peak], [left, left, peak / fast, peak / slow],
                [left, left * fast / slow, peak / slow, peak / slow], color=PALETTE[0], alpha=0.18, linewidth=0,
                label="at other mixes of reads and writes",
            )  # fmt: skip
    for place, (part, (x, y)) in enumerate(zip(parts, points, strict=True)):
        colour, marker = PALETTE[place % len(PALETTE)], MARKERS[place // len(PALETTE) % len(MARKERS)]
        axes.plot(
            [x], [y], marker, color=colour, markersize=6, markeredgecolor=INK, markeredgewidth=0.6,
            label=shortened(titled(part)),
        )  # fmt: skip
    _finish(axes, known[0], left, right, [y for _, y in points], outer[0].name)
    return figure


def _axes(unit: str) -> tuple[Any, Any]:
    figure = new_figure(6.4, 3.9)
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(which="major")
    axes.set_ylabel(f"computes per {'second' if unit == 's' else unit}")
    return figure, axes


def _span(places: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis: room on both sides of everything."""
    return min(places) / 4, max(places) * 4


def _finish(axes: Any, known: Roofline, left: float, right: float, heights: Sequence[float], level: str = "") -> None:
    axes.axhline(known.peak, color=INK, linewidth=1.3)
    axes.annotate("peak compute", (right, known.peak), (-2, 7), textcoords="offset points", ha="right", fontsize=8)
    axes.set_xlim(left, right)
    axes.set_ylim(max(min(min(heights) / 2, known.peak / 30), known.peak / 1e5), known.peak * 2.5)
    axes.set_xlabel(f"computes per byte of {shortened(level)}" if level else "computes per byte that the level moves")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
