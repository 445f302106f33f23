"""The best mappings that a search has seen, its bound, and how both came about."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from accelax.ir import Mapping
from accelax.search.budget import PROOF, Budget, Counts
from accelax.search.judge import TOLERANCE, Judge, Judgement, count_of, decode_some
from accelax.search.objective import UNFIT

FINALISTS = 16
"""Mappings of batches that are judged exactly at the end: single precision may swap neighbours in the ranking."""


class Progress(NamedTuple):
    """How far a search is. ``value`` is None while no mapping fits; ``layer`` names one of several."""

    evaluated: int
    seconds: float
    value: float | None
    lower_bound: float
    layer: str = ""


@dataclass
class Clock:
    """Seconds of a search, without those in which the model was compiled."""

    begin: float
    startup: float = 0.0

    @staticmethod
    def start() -> Clock:
        """A clock that begins now."""
        return Clock(time.perf_counter())

    @property
    def elapsed(self) -> float:
        """Seconds that count."""
        return max(time.perf_counter() - self.begin - self.startup, 0.0)


class Record:
    """What a search has found. A mapping that ``contains`` rejects is never the best.

    ``best`` is the best mapping that was judged exactly, ``values`` its criteria. ``contenders`` were judged in single
    precision; ``nearest`` is the mapping that misses least, kept until one fits.
    """

    def __init__(
        self,
        judge: Judge,
        progress: Callable[[Progress], None] | None = None,
        contains: Callable[[Mapping], bool] | None = None,
    ):
        self.judge, self.progress, self.contains = judge, progress, contains
        self.clock = Clock.start()
        self.best: Mapping | None = None
        self.values: tuple[float, ...] = (math.inf,) * len(judge.objective)
        self.contenders: dict[tuple[float, ...], Mapping] = {}
        self.nearest: tuple[float, Mapping | None] = (math.inf, None)
        self.counts = Counts()
        self.judged = 0
        self.inside = 0
        self.lower_bound = 0.0
        self.history: list[tuple[float, float, float]] = []

    @property
    def value(self) -> float:
        """The first criterion of the best mapping, infinite while there is none."""
        return self.values[0]

    @property
    def evaluated(self) -> int:
        """Mappings evaluated, here and inside the searcher."""
        return self.judged + self.inside

    @property
    def proved(self) -> bool:
        """Whether bound and value meet, and no later criterion is left to improve."""
        return len(self.values) == 1 and self.gap <= PROOF

    @property
    def gap(self) -> float:
        """How far from the optimum the value can be at most, as a fraction of it."""
        return gap_of(self.value, self.lower_bound)

    def over(self, budget: Budget, done: bool) -> bool:
        """Whether the search ends."""
        closed = self.gap <= budget.tolerance if budget.tolerance else False
        return done or closed or self.proved or self.clock.elapsed >= budget.seconds or self.counts.exhausted(budget)

    def add(self, candidates: Any) -> Any:
        """Judge candidates, keep the best, and return their scores ``[criteria, n]``."""
        if isinstance(candidates, (list, tuple)):
            return self._add_mappings(candidates)
        scores, logs = self.judge.batch(candidates)
        table = np.asarray(scores, dtype=float)
        self._add_batch(candidates, table)
        self.observe_batch(candidates, table, logs)
        return scores

    def observe_batch(self, candidates: Any, scores: np.ndarray, logs: Any) -> None:
        """Called with every batch, its scores ``[criteria, n]`` and the logs of all metrics ``[4, n]``."""

    def observe_mappings(self, mappings: Sequence[Mapping], found: Judgement) -> None:
        """Called with mappings that were judged exactly."""

    def _add_mappings(self, mappings: Sequence[Mapping]) -> np.ndarray:
        found = self.judge.exact(mappings)
        table = found.scores()
        if len(mappings):
            self.judged += len(mappings)
            self.counts.add(table[0], table[0] < UNFIT)
            self.observe_mappings(mappings, found)
        for mapping, values, excess in zip(mappings, found.values, found.excess, strict=True):
            self._consider(mapping, values, excess)
        return table

    def _consider(self, mapping: Mapping, values: tuple[float, ...], excess: float) -> None:
        """Keep a mapping that was judged exactly, when it is the best."""
        if excess > TOLERANCE:
            if self.best is None and excess < self.nearest[0]:
                self.nearest = excess, mapping
        elif (values < self.values or self.best is None) and (self.contains is None or self.contains(mapping)):
            self.best, self.values = mapping, values

    def _add_batch(self, candidates: Any, table: np.ndarray) -> None:
        """Keep the best of a batch for the end; judge one exactly at once when it looks better than all before."""
        self.judged += count_of(candidates)
        self.counts.add(table[0], table[0] < UNFIT)
        worst = max(self.contenders) if len(self.contenders) >= FINALISTS else (math.inf,)
        first = min(self.contenders, default=(math.inf,))
        near = np.flatnonzero(table[0] <= worst[0])
        distinct, place = np.unique(table[:, near], axis=1, return_index=True)
        ranked = zip(map(tuple, distinct.T[: 2 * FINALISTS].tolist()), near[place], strict=False)
        picked = {score: int(at) for score, at in ranked if score < worst and score not in self.contenders}
        mappings = decode_some(self.judge.problem, candidates, list(picked.values()))
        self.contenders.update(zip(picked, mappings, strict=True))
        self.contenders = dict(sorted(self.contenders.items())[:FINALISTS])
        if mappings and min(picked) < first:
            self._judge_exactly([mappings[0]])

    def _judge_exactly(self, mappings: Sequence[Mapping]) -> None:
        found = self.judge.exact(mappings)
        for mapping, values, excess in zip(mappings, found.values, found.excess, strict=True):
            self._consider(mapping, values, excess)

    def judge_contenders(self) -> None:
        """Judge exactly what was ranked in single precision."""
        self._judge_exactly(list(self.contenders.values()))

    def learn(self, lower_bound: float, inside: int) -> None:
        """Take over the bound of the searcher and its own count, and report the figures."""
        self.lower_bound = max(self.lower_bound, lower_bound)
        self.inside = inside
        self.show()

    def note(self) -> float:
        """Enter a change of value or bound into the history; returns the seconds so far."""
        elapsed = self.clock.elapsed
        entry = (self.value, self.lower_bound)
        if math.isfinite(self.value) and (not self.history or self.history[-1][1:] != entry):
            self.history.append((elapsed, *entry))
        return elapsed

    def show(self) -> None:
        """Note what changed and report the figures."""
        elapsed = self.note()
        if self.progress is not None:
            value = self.value if math.isfinite(self.value) else None
            self.progress(Progress(self.evaluated, elapsed, value, self.lower_bound))


def gap_of(value: float, lower_bound: float) -> float:
    """``1 - lower_bound / value``; 1 without a mapping, 0 where nothing costs anything.

    >>> gap_of(4.0, 3.0), gap_of(math.inf, 3.0), gap_of(0.0, 0.0)
    (0.25, 1.0, 0.0)
    """
    if not math.isfinite(value):
        return 1.0
    return max(1.0 - lower_bound / value, 0.0) if value else 0.0
