"""Run the strategy of a method on the grid, or on one grid after the other where the whole is too large."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from accelax.codesign.baselines import baseline_of
from accelax.codesign.certified import certified
from accelax.codesign.choice import Goal
from accelax.codesign.family import Variant, build_family
from accelax.codesign.gradient import Start, relaxed_starts, remap
from accelax.codesign.knobs import MOST_POINTS, Grid, Knob, thinned
from accelax.codesign.layer import Solver
from accelax.codesign.limits import Limits
from accelax.codesign.state import Search
from accelax.errors import UnsupportedError
from accelax.search.record import Progress

RELAXED_SHARE = 0.3
"""The part of the time after which no relaxation goes on."""
ROUNDS = 3
"""Grids laid out one after the other where the whole is too large, each finer around the best design."""


@dataclass(frozen=True)
class Run:
    """What a co-design is to do."""

    variants: list[Variant]
    knobs: tuple[Knob, ...]
    goal: Goal
    limits: Limits
    seed: int
    tolerance: float
    workers: int
    method: str
    progress: Callable[[Progress], None] | None

    @property
    def whole(self) -> bool:
        """Whether the grid can be laid out as a whole."""
        return math.prod(knob.count for knob in self.knobs) <= MOST_POINTS

    def search(self, begin: float, seconds: float) -> Search:
        """Search the grid, or where it is too large grids around what is best so far; the best search."""
        best: Search | None = None
        starts, stopped = self.starts(begin, seconds)
        around = starts[0].design.values if starts else None
        for number in range(1 if self.whole else ROUNDS):
            if best is not None and best.best.point >= 0:
                around = best.families[best.best.family].design(best.best.point)
            grid = Grid(self.knobs if self.whole else thinned(self.knobs, MOST_POINTS >> 4, around))
            passed = time.perf_counter() - begin
            left = seconds - passed
            found = self.on_grid(grid, left if self.whole else left / (ROUNDS - number), best, starts, stopped)
            starts = []
            found.history = [(passed + after, value, bound) for after, value, bound in found.history]
            if best is None or found.best.log <= best.best.log:
                found.history = [*(best.history if best else []), *found.history]
                best = found
            if found.interrupted:
                break
        assert best is not None
        return best

    def starts(self, begin: float, seconds: float) -> tuple[list[Start], bool]:
        """Machines from the relaxation, where the method takes them; and whether Ctrl-C was pressed."""
        if self.method != "gradient" and (self.whole or self.method != "certified"):
            return [], False

        def show() -> None:
            """Tell that time passes: nothing is found or proved yet."""
            if self.progress is not None:
                self.progress(Progress(0, time.perf_counter() - begin, None, 0.0))

        until = begin + RELAXED_SHARE * seconds
        try:
            return relaxed_starts(self.variants, self.knobs, self.goal, self.limits, self.seed, until, show), False
        except UnsupportedError:
            if self.method == "gradient":
                raise
            return [], False
        except KeyboardInterrupt:
            return [], True

    def on_grid(self, grid: Grid, seconds: float, before: Search | None, starts: list[Start], stopped: bool) -> Search:
        """One search over one grid; it begins with the mappings of one before, or with starts."""
        begin = time.perf_counter()
        families = [build_family(variant, grid) for variant in self.variants]
        self.limits.check_clock(families)
        self.limits.apply_area(families)
        if before is not None:
            for family, held in zip(families, before.families, strict=True):
                for pool, old in zip(family.pools, held.pools, strict=True):
                    pool.add(old.mappings)
        named = {(i, j): layer for i, family in enumerate(families) for j, layer in enumerate(family.layers)}
        with Solver(named, self.workers) as solver:
            search = Search(families, self.goal, self.limits, solver, self.seed, progress=_shown(self.progress))
            search.interrupted = stopped
            if not stopped:
                search.run(seconds - (time.perf_counter() - begin), self.strategy(starts))
        return search

    def strategy(self, starts: list[Start]) -> Callable[[Search], None]:
        """What the method does with a search."""
        if self.method == "certified":
            return lambda search: certified(search, self.tolerance, starts, self.whole)
        if self.method == "gradient":
            return lambda search: remap(search, starts)
        return baseline_of(self.method)


def _shown(progress: Callable[[Progress], None] | None) -> Callable[[Search], None] | None:
    """``progress`` told of a search."""
    if progress is None:
        return None

    def show(search: Search) -> None:
        """Tell value and bound."""
        value = math.exp(search.best.log) if math.isfinite(search.best.log) else None
        progress(Progress(search.evaluated, search.seconds, value, math.exp(search.log_bound)))

    return show
