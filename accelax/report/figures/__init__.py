"""Pictures of results: ``draw_all`` makes those that a result holds the numbers for, and says what is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accelax.report.figures.energy import draw_energy
from accelax.report.figures.front import draw_front
from accelax.report.figures.history import draw_history
from accelax.report.figures.latency import draw_latency
from accelax.report.figures.nest import draw_nest
from accelax.report.figures.roof import draw_roofline
from accelax.report.figures.style import LeftOut
from accelax.report.results import Part, Results

__all__ = ["FIGURES", "Drawn", "LeftOut", "draw_all", "draw_nests"]

LOOPNEST = "loopnest"
_DRAW: dict[str, Callable[[Results], Any]] = {
    "energy": draw_energy,
    "latency": draw_latency,
    "roofline": draw_roofline,
    "pareto": draw_front,
    "history": draw_history,
}
FIGURES = (*_DRAW, LOOPNEST)
"""The kinds of figures."""
TITLES = {
    "energy": "Energy by level and tensor",
    "latency": "Time by level",
    "roofline": "Roofline",
    "pareto": "Pareto front",
    "history": "Search over time",
    LOOPNEST: "Loop nest",
}


@dataclass(frozen=True)
class Drawn:
    """A figure (matplotlib's), its kind, the layer that it is about where it is one's, and a title."""

    kind: str
    figure: Any
    layer: str = ""

    @property
    def title(self) -> str:
        """What the figure shows."""
        return TITLES[self.kind] + (f": {self.layer}" if self.layer else "")


def draw_all(
    results: Results, kinds: Sequence[str] = FIGURES, *, nests: int | None = None
) -> tuple[list[Drawn], dict[str, str]]:
    """The figures of ``kinds``, and for each kind that there is nothing to draw of, the reason.

    Of several layers there is a loop nest each, or those of the ``nests`` layers with the most energy.

    Raises:
        AccelaxError: matplotlib is missing.
    """
    drawn: list[Drawn] = []
    left_out: dict[str, str] = {}
    for kind in kinds:
        try:
            found = draw_nests(results, nests) if kind == LOOPNEST else [Drawn(kind, _DRAW[kind](results))]
            drawn += found
        except LeftOut as reason:
            left_out[kind] = str(reason)
    return drawn, left_out


def draw_nests(results: Results, most: int | None = None) -> list[Drawn]:
    """The loop nests of all layers, or of the ``most`` that take the most energy.

    Raises:
        LeftOut: there is no mapping, or no nest in the file.
    """
    parts = results.evaluated
    if not parts:
        raise LeftOut(results.why_no_evaluation)
    if len(parts) == 1:
        return [Drawn(LOOPNEST, draw_nest(parts[0]))]
    costly = sorted(parts, key=_energy, reverse=True)[:most]
    return [Drawn(LOOPNEST, draw_nest(part), part.name) for part in parts if part in costly]


def _energy(part: Part) -> float:
    return part.count * (part.result or {})["energy_pJ"]
