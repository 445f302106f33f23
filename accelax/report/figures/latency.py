"""Time by level: what each level alone would take, and which of them the run waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelax.report.figures.bars import finish, height_of, legend, shortened
from accelax.report.figures.energy import titled
from accelax.report.figures.style import INK, LIMITING, PAPER, PLAIN, LeftOut, colours, new_figure, styled
from accelax.report.numbers import share
from accelax.report.results import Part, Results
from accelax.report.shares import COMPUTE, Times, times
from accelax.report.units import scale


def draw_latency(results: Results) -> Any:
    """Bars of time with a line at the compute unit's: by level, or of several layers by layer with what limits each.

    Raises:
        LeftOut: nothing was evaluated.
    """
    parts = results.evaluated
    if not parts:
        raise LeftOut(results.why_no_evaluation)
    with styled():
        return _one(times(parts[0].result or {})) if len(parts) == 1 else _several(parts)


def _one(known: Times) -> Any:
    names = [*known.levels, known.compute_name]
    values = [*known.levels.values(), known.compute]
    factor, unit = scale([*values, known.total], known.unit)
    figure = new_figure(6.4, height_of(len(names) + 1))
    axes = figure.subplots()
    for wanted, label, colour in ((True, "limits the run", LIMITING), (False, "keeps up", PLAIN)):
        places = [place for place, name in enumerate(names) if (name in known.limiting) == wanted]
        hatch = "///" if wanted else None
        bars = [values[place] * factor for place in places]
        axes.barh(places, bars, 0.72, color=colour, edgecolor=PAPER, linewidth=0.6, hatch=hatch, label=label)
    axes.axvline(known.compute * factor, color=INK, linewidth=1.2, label=f"{shortened(known.compute_name)} (compute)")
    if known.total > 1.000001 * max(values):
        axes.axvline(known.total * factor, color=INK, linewidth=1.0, linestyle="--", label="total, networks included")
    notes = [share(value, known.total) if value else "no limit" for value in values]
    finish(axes, names, _label(known.unit, unit), notes, [value * factor for value in values])
    axes.set_xlim(0, known.total * factor * 1.24)
    legend(axes, 4)
    return figure


def _several(parts: Sequence[Part]) -> Any:
    """A bar for each layer in the colour of what limits it; the part that computing takes is marked."""
    each = [times(part.result or {}) for part in parts]
    totals = [part.count * known.total for part, known in zip(parts, each, strict=True)]
    computes = [part.count * known.compute for part, known in zip(parts, each, strict=True)]
    factor, unit = scale(totals, each[0].unit)
    limits = [COMPUTE if known.compute_name in known.limiting else known.limiting[0] for known in each]
    levels = list(dict.fromkeys(name for known in each for name in (COMPUTE, *known.levels)))
    palette = colours([*levels[1:], COMPUTE])
    figure = new_figure(6.4, height_of(len(parts) + 1))
    axes = figure.subplots()
    for level in [name for name in levels if name in limits]:
        places = [place for place, name in enumerate(limits) if name == level]
        widths = [totals[place] * factor for place in places]
        hatch = None if level == COMPUTE else "///"
        label = "compute limits" if level == COMPUTE else f"{shortened(level)} limits"
        axes.barh(places, widths, 0.72, color=palette[level], edgecolor=PAPER, linewidth=0.6, hatch=hatch, label=label)
    axes.plot([value * factor for value in computes], range(len(parts)), "|", color=INK, markersize=13,
              markeredgewidth=1.6, label="time of the compute unit")  # fmt: skip
    whole = sum(totals)
    notes = [share(value, whole) for value in totals]
    finish(axes, [titled(p) for p in parts], _label(each[0].unit, unit), notes, [value * factor for value in totals])
    axes.set_title(f"all layers: {whole * factor:.4g} {unit}", pad=34 if len(set(limits)) > 3 else 22)
    legend(axes, len(set(limits)) + 1)
    return figure


def _label(unit: str, scaled: str) -> str:
    """What the axis says: cycles are their own name."""
    return scaled if unit == "cycles" else f"time ({scaled})"
