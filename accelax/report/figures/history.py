"""Searches over time: the best value, the proved bound, and the gap between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from accelax.report.figures.bars import shortened
from accelax.report.figures.style import INK, PALETTE, LeftOut, new_figure, plain, styled, wants_log
from accelax.report.results import Results
from accelax.report.searches import percent
from accelax.report.shares import is_level_result
from accelax.report.units import axis_label, metric_units, scale

MOST = 12
"""Searches that one figure shows: those with the largest gaps."""

History = Sequence[Sequence[float | None]]


def draw_history(results: Results) -> Any:
    """A panel for each search, value and bound as steps over the seconds.

    Raises:
        LeftOut: no search left a history.
    """
    searches = results.searches
    if not searches:
        raise LeftOut("there is no history of a search")
    shown = sorted(searches, key=lambda pair: -pair[1].get("gap", 0.0))[:MOST]
    shown = [pair for pair in searches if pair in shown]
    with styled():
        columns = min(len(shown), 3)
        rows = math.ceil(len(shown) / columns)
        single = len(shown) == 1
        figure = new_figure(6.4 if columns < 3 else 8.4, 3.3 if single else 1.75 * rows + 0.5)
        grid = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes in grid[len(shown) :]:
            axes.set_axis_off()
        for axes, (name, search) in zip(grid, shown, strict=False):
            unit = _unit(results, search)
            label = draw_steps(axes, _until_the_end(search), search["objective"], unit, small=not single)
            axes.set_title(f"{shortened(name, 22)}: {label}" if name else label, fontsize=8 if not single else 9)
            axes.set_xlabel("seconds" if single or axes in grid[max(len(shown) - columns, 0) :] else "")
        if not single:
            handles, labels = grid[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=3)
        return figure


def draw_steps(axes: Any, history: History, objective: str, unit: str, *, small: bool = False) -> str:
    """Value and bound of one search into ``axes``; returns the gap that is left in words."""
    seconds = [float(entry[0] or 0.0) for entry in history]
    values = [math.nan if entry[1] is None else float(entry[1]) for entry in history]
    bounds = [float(entry[2] or 0.0) for entry in history]
    finite = [value for value in values if math.isfinite(value)]
    positive = [bound for bound in bounds if bound > 0]
    factor, label = scale([*finite, *positive], unit)
    scaled = [value * factor for value in values]
    style = {"where": "post", "linewidth": 1.5, "marker": "." if len(seconds) < 40 else None, "markersize": 4}
    axes.step(seconds, scaled, color=PALETTE[0], label="best found", **style)
    if positive:
        low = [bound * factor if bound > 0 else math.nan for bound in bounds]
        axes.step(seconds, low, color=PALETTE[5], linestyle="--", label="lower bound", **style)
        axes.fill_between(seconds, low, scaled, step="post", color=PALETTE[0], alpha=0.12, linewidth=0, label="gap")
    if wants_log([*finite, *positive]):
        axes.set_yscale("log")
    elif finite and max([*finite, *positive]) - min([*finite, *positive]) < 1e-3 * max(finite):
        axes.set_ylim(0.95 * min([*finite, *positive]) * factor, 1.05 * max(finite) * factor)
    axes.set_xlim(0, 1.04 * seconds[-1] or 1)
    axes.grid()
    axes.set_ylabel(axis_label(plain(objective), label) if not small else label, fontsize=7.5 if small else 9)
    if small:
        axes.tick_params(labelsize=7)
    else:
        axes.set_xlabel("seconds")
        axes.legend(loc="best", labelcolor=INK)
    if not positive or not finite:
        return "no bound" if finite else "no mapping"
    gap = max(1 - bounds[-1] / values[-1], 0.0) if math.isfinite(values[-1]) and values[-1] else 1.0
    return f"gap {percent(gap)}"


def _until_the_end(search: Any) -> History:
    """The history with what held when the search stopped."""
    *_, last = history = list(search["history"])
    end = search.get("seconds") or 0.0
    return [*history, [end, *last[1:]]] if end > (last[0] or 0.0) else history


def _unit(results: Results, search: Any) -> str:
    """The unit of a search's objective; nothing where it is a combination."""
    result = search.get("result") or next((part.result for part in results.evaluated), None)
    if result is None:
        return ""
    dialect = "timeloop" if is_level_result(result) else "accelforge"
    objective = search["objective"].split(",")[0]
    return metric_units(dialect, [objective]).get(objective, "")
