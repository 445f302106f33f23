"""What a co-design returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from accelax.codesign.sensitivity import Slope
from accelax.ir import Mapping
from accelax.search.budget import PROOF
from accelax.search.record import gap_of


@dataclass(frozen=True)
class DesignedLayer:
    """A layer on the chosen machine: its mapping, and the evaluation of that. ``names`` are all layers of its kind."""

    name: str
    count: int
    names: tuple[str, ...]
    mapping: Mapping
    result: Any


@dataclass(frozen=True)
class FrontDesign:
    """A machine that no other beats in both area and objective, with the totals of the network."""

    knobs: dict[str, float]
    area_um2: float
    value: float
    energy_pJ: float
    delay: float


@dataclass(frozen=True)
class CodesignResult:
    """The best machine found for a network, and what is proved of it.

    knobs
        The chosen values; None when nothing was found before an interruption.
    layers
        Every distinct layer with its mapping, evaluated by itself.
    value
        The objective of the network: ``energy^a * delay^b`` of its totals, pJ and cycles (seconds where the knobs
        change the clock).
    lower_bound
        No machine of the grid with any mappings is better; 0 while nothing is proved.
    total
        ``energy_pJ``, ``cycles``, ``latency_s`` (None without a clock), ``edp`` (pJ x cycles), ``area_um2``.
    front
        By rising area: see :class:`FrontDesign`. Every point is exact; a better one may exist.
    slopes
        Finds the ``sensitivity``.
    history
        ``(seconds, value, lower_bound)`` whenever one of the two changed.
    evaluated, searches
        Mappings evaluated, and searches of a layer on a machine.
    """

    knobs: dict[str, float] | None
    layers: tuple[DesignedLayer, ...]
    value: float
    lower_bound: float
    objective: str
    total: dict[str, float | None]
    designs: int
    evaluated: int
    searches: int
    seconds: float
    method: str = "certified"
    interrupted: bool = False
    front: tuple[FrontDesign, ...] = ()
    slopes: Callable[[], Sequence[Slope]] = field(default=tuple, repr=False)
    history: tuple[tuple[float, float, float], ...] = field(default=(), repr=False)

    @cached_property
    def sensitivity(self) -> tuple[Slope, ...]:
        """Slopes of the objective by knob and by hardware number (:mod:`accelax.codesign.sensitivity`).

        Found, and compiled for, when they are first asked for.
        """
        return tuple(self.slopes())

    @property
    def gap(self) -> float:
        """How far from the optimum the value can be at most, as a fraction of it: ``1 - lower_bound / value``."""
        return gap_of(self.value, self.lower_bound)

    @property
    def optimal(self) -> bool:
        """Whether the value is proved to be the optimum, up to the rounding of the bound."""
        return self.knobs is not None and self.gap <= PROOF

    def to_dict(self) -> dict[str, Any]:
        """Everything by name as plain numbers and text."""
        names = ("method", "objective", "value", "lower_bound", "gap", "optimal", "knobs", "total", "designs")
        more = ("evaluated", "searches", "seconds", "interrupted")
        return {
            **{name: getattr(self, name) for name in (*names, *more)},
            "layers": [
                {
                    "name": layer.name,
                    "count": layer.count,
                    "names": list(layer.names),
                    "mapping": layer.mapping.to_yaml(),
                    "result": layer.result.to_dict(),
                }
                for layer in self.layers
            ],
            "front": [vars(point).copy() for point in self.front],
            "sensitivity": [vars(slope).copy() for slope in self.sensitivity],
            "history": [list(entry) for entry in self.history],
        }

    def plot_front(self, path: str | Path) -> None:
        """Draw the objective against area into a file; needs the ``plot`` extra."""
        from accelax.report.plots import plot_front

        plot_front([(point.area_um2, point.value) for point in self.front], ("area_um2", self.objective), path)

    def plot_history(self, path: str | Path) -> None:
        """Draw value and bound over time into a file; needs the ``plot`` extra."""
        from accelax.report.plots import plot_history

        plot_history(self.history, self.objective, path)
