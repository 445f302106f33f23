"""Plots of searches, written to files. They need matplotlib, the ``plot`` extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelax.errors import AccelaxError


def plot_history(history: Sequence[tuple[float, float, float]], objective: str, path: str | Path) -> None:
    """Draw the best value and the lower bound over time as steps. ``history`` are (seconds, value, lower bound).

    Raises AccelaxError without matplotlib.
    """
    figure, axes = _figure()
    seconds, values, bounds = ([entry[i] for entry in history] for i in range(3))
    axes.step(seconds, values, where="post", label="best mapping")
    if any(bounds):
        axes.step(seconds, [bound or None for bound in bounds], where="post", label="lower bound")
    axes.set_yscale("log")
    axes.set_xlabel("seconds")
    axes.set_ylabel(objective)
    axes.legend()
    figure.savefig(path)


def plot_front(points: Sequence[tuple[float, ...]], metrics: Sequence[str], path: str | Path) -> None:
    """Draw the non-dominated points of two metrics, each with the corner it dominates.

    Raises AccelaxError without matplotlib, and for other than two metrics.
    """
    if len(metrics) != 2:
        raise AccelaxError(f"a front of {len(metrics)} metrics cannot be drawn in a plane")
    figure, axes = _figure()
    ordered = sorted(points)
    axes.step([point[0] for point in ordered], [point[1] for point in ordered], where="post", marker="o")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(metrics[0])
    axes.set_ylabel(metrics[1])
    figure.savefig(path)


def _figure() -> tuple[Any, Any]:
    """A figure that no window shows, and its axes."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise AccelaxError("plots need matplotlib: pip install 'accelax[plot]'") from None
    figure = Figure(figsize=(6, 4), layout="constrained")
    return figure, figure.subplots()
