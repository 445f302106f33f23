"""What a search returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelax.ir import Mapping
from accelax.search.budget import PROOF
from accelax.search.record import gap_of


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    value
        The first criterion of the objective: pJ, cycles or pJ x cycles (AccelForge: J, s or J x s). Infinite when
        nothing fits.
    mapping, result
        The best mapping, and its evaluation; None when nothing fits.
    lower_bound
        No mapping that fits is better than this; 0 while nothing is proved.
    evaluated, classes
        Mappings evaluated, and classes of mappings that were bounded (0 where the searcher has none).
    seconds, startup_seconds
        Time spent searching, and on compilation besides.
    history
        ``(seconds, value, lower_bound)`` whenever one of the two changed.
    reason
        Why there is no mapping, and what would make one fit.
    explanation
        What holds the gap open, where the searcher can tell.
    """

    value: float
    mapping: Mapping | None
    result: Any
    evaluated: int
    seconds: float
    lower_bound: float = 0.0
    classes: int = 0
    interrupted: bool = False
    reason: str | None = None
    explanation: str | None = None
    searcher: str = ""
    objective: str = ""
    startup_seconds: float = 0.0
    history: tuple[tuple[float, float, float], ...] = field(default=(), repr=False)

    @property
    def gap(self) -> float:
        """How far from the optimum the value can be at most, as a fraction of it: ``1 - lower_bound / value``."""
        return gap_of(self.value, self.lower_bound)

    @property
    def optimal(self) -> bool:
        """Whether the value is proved to be the optimum, up to the rounding of the bound."""
        return self.mapping is not None and self.gap <= PROOF

    def to_dict(self) -> dict[str, Any]:
        """Everything by name as plain numbers and text: the mapping as YAML, the result as its own ``to_dict()``."""
        names = ("objective", "searcher", "value", "lower_bound", "gap", "optimal", "evaluated", "classes", "seconds")
        more = ("startup_seconds", "interrupted", "reason", "explanation")
        return {
            **{name: getattr(self, name) for name in (*names, *more)},
            "history": [list(entry) for entry in self.history],
            "mapping": None if self.mapping is None else self.mapping.to_yaml(),
            "result": None if self.result is None else self.result.to_dict(),
        }

    def plot_history(self, path: str | Path) -> None:
        """Draw value and bound over time into a file; needs the ``plot`` extra."""
        from accelax.report.plots import plot_history

        plot_history(self.history, self.objective, path)
