"""When a search ends: time, a proof, and the counts that Timeloop's ``mapper`` section may set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.errors import SpecError

PROOF = 1e-8
"""A gap up to this counts as closed: bounds are rounded outward."""
ALGORITHMS = {
    "exhaustive": "exhaustive",
    "linear_pruned": "exhaustive",
    "random": "random",
    "random_pruned": "random",
    "hybrid": "random",
}
"""Timeloop's algorithms and the searchers that do the same. ``hybrid`` draws factorizations at random."""


@dataclass(frozen=True)
class Budget:
    """The limits of a search besides its proof; a zero switches a count off.

    seconds
        Compilation comes on top.
    tolerance
        The search ends when the gap is at most this.
    search_size
        Valid mappings to evaluate.
    victory_condition
        Valid mappings in a row that are no better than the best.
    timeout
        Invalid mappings in a row.
    """

    seconds: float = 10.0
    tolerance: float = 0.0
    search_size: int = 0
    victory_condition: int = 0
    timeout: int = 0

    def __post_init__(self) -> None:
        for name in ("seconds", "tolerance", "search_size", "victory_condition", "timeout"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < math.inf:
                raise SpecError(f"{name}: expected a finite number that is not negative, got {given!r}")

    @staticmethod
    def of(settings: Mapping[str, Any], seconds: float, tolerance: float) -> Budget:
        """The budget of a file whose ``mapper`` section sets ``settings``.

        >>> Budget.of({"victory_condition": 100, "algorithm": "random"}, 10.0, 0.0).victory_condition
        100
        """
        names = ("search_size", "victory_condition", "timeout")
        return Budget(seconds, tolerance, **{name: settings.get(name) or 0 for name in names})


def searcher_of(settings: Mapping[str, Any]) -> str:
    """The searcher that a ``mapper`` section asks for: ``certified`` unless it also says when its algorithm ends.

    Timeloop's algorithms end by ``search_size`` or ``victory_condition``; where a file sets neither, time is what ends
    the search, and nothing is lost by the best use of it.

    >>> searcher_of({"algorithm": "random_pruned", "victory_condition": 3000})
    'random'
    >>> searcher_of({"algorithm": "random_pruned", "victory_condition": 0}), searcher_of({})
    ('certified', 'certified')
    """
    if not (settings.get("search_size") or settings.get("victory_condition")):
        return "certified"
    return ALGORITHMS.get(str(settings.get("algorithm", "")).replace("-", "_"), "certified")


class Counts:
    """The runs of mappings that Timeloop's conditions speak of."""

    def __init__(self) -> None:
        self.valid = 0
        self.best = math.inf
        self.stale = self.invalid = 0
        self.longest_stale = self.longest_invalid = 0

    def add(self, score: np.ndarray, valid: np.ndarray) -> None:
        """Count mappings in the order in which they were drawn: the scores of the first criterion, and which fit."""
        self.valid += int(valid.sum())
        self.invalid, longest = _runs(~valid, valid, self.invalid)
        self.longest_invalid = max(self.longest_invalid, longest)
        own = np.where(valid, score, math.inf)
        before = np.minimum.accumulate(np.concatenate([[self.best], own]))
        better = own < before[:-1]
        self.stale, longest = _runs(valid & ~better, better, self.stale)
        self.longest_stale = max(self.longest_stale, longest)
        self.best = float(before[-1])

    def exhausted(self, budget: Budget) -> bool:
        """Whether one of the conditions that are on is met."""
        reached = (
            (budget.search_size, self.valid),
            (budget.victory_condition, self.longest_stale),
            (budget.timeout, self.longest_invalid),
        )
        return any(limit and count >= limit for limit, count in reached)


def _runs(counted: np.ndarray, ends: np.ndarray, before: int) -> tuple[int, int]:
    """How many entries of ``counted`` follow the last of ``ends``, and the most between two of them.

    ``before`` were counted earlier and belong to the first run.

    >>> _runs(np.array([1, 1, 0, 1], bool), np.array([0, 0, 1, 0], bool), 5)
    (1, 7)
    """
    total = before + np.cumsum(counted)
    at_ends = np.concatenate([[0], total[ends]])
    last = int(total[-1]) if len(total) else before
    lengths = np.diff(np.concatenate([at_ends, [last]]))
    return int(lengths[-1]), int(lengths.max())
