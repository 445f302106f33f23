"""Horizontal bars: names keep their length, and any number of rows stays legible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accelax.report.figures.style import PAPER, colours, plain

ROW = 0.3
"""Inches of height that one bar takes."""


def height_of(rows: int, panels: int = 1) -> float:
    """Inches that a figure with so many bars needs, with the axis and the legend of each panel."""
    return ROW * max(rows, 2) + 0.95 * panels


def draw_stacks(
    axes: Any,
    names: Sequence[str],
    stacks: Sequence[Mapping[str, float]],
    order: Sequence[str],
    compute_units: Sequence[str] = (),
) -> None:
    """One bar for each name from the top down, of the parts in ``order``, each labelled for the legend.

    Parts that are ``compute_units`` have the colour of computing.
    """
    palette = colours(order, compute_units)
    left = [0.0] * len(names)
    for part in order:
        widths = [stack.get(part, 0.0) for stack in stacks]
        if not any(widths):
            continue
        axes.barh(
            range(len(names)),
            widths,
            0.72,
            left=left,
            label=plain(part),
            color=palette[part],
            edgecolor=PAPER,
            linewidth=0.6,
        )
        left = [start + width for start, width in zip(left, widths, strict=True)]


def finish(axes: Any, names: Sequence[str], label: str, notes: Sequence[str] = (), ends: Sequence[float] = ()) -> None:
    """Names beside the bars, the first on top; ``notes`` behind the ends of the bars; the axis from 0."""
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(label)
    longest = max(ends, default=0.0)
    for place, (note, end) in enumerate(zip(notes, ends, strict=bool(ends))):
        axes.annotate(note, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=7.5)
    axes.set_xlim(0, longest * (1.24 if notes else 1.05) or 1)


def legend(axes: Any, parts: int, title: str = "") -> None:
    """The legend above the axes, in one to two rows."""
    columns = parts if parts <= 5 else (parts + 1) // 2
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        borderaxespad=0.3,
        columnspacing=1.2,
        title=title or None,
    )


def shortened(name: str, most: int = 26) -> str:
    """A name of at most so many letters, its middle left out, as matplotlib shows it as it is.

    >>> shortened("features.0.conv.block.depthwise", 16)
    'features…pthwise'
    """
    if len(name) > most:
        kept = most - 1
        name = f"{name[: kept - kept // 2]}…{name[len(name) - kept // 2 :]}"
    return plain(name)
