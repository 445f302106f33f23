"""Plots of searches, written to files. They need matplotlib, the ``plot`` extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accelax.errors import AccelaxError
from accelax.report.figures.front import draw_points
from accelax.report.figures.history import draw_steps
from accelax.report.figures.style import new_figure, save, styled
from accelax.report.results import Points


def plot_history(history: Sequence[tuple[float, float, float]], objective: str, path: str | Path) -> None:
    """Draw the best value and the lower bound over time as steps. ``history`` are (seconds, value, lower bound).

    Raises AccelaxError without matplotlib.
    """
    with styled():
        figure = new_figure(6.4, 3.3)
        axes = figure.subplots()
        axes.set_title(draw_steps(axes, history, objective, ""))
    save(figure, path)


def plot_front(points: Sequence[tuple[float, ...]], metrics: Sequence[str], path: str | Path) -> None:
    """Draw the non-dominated points of two metrics, each with the corner it dominates.

    Raises AccelaxError without matplotlib, and for other than two metrics.
    """
    if len(metrics) != 2:
        raise AccelaxError(f"a front of {len(metrics)} metrics cannot be drawn in a plane")
    save(draw_points(Points(tuple(metrics), tuple(points))), path)
