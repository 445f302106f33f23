"""Branch and bound over the machines of all grids: a bound that no design is below."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from accelax.codesign.boxes import Estimate, estimate
from accelax.codesign.family import Family
from accelax.codesign.knobs import Box
from accelax.codesign.state import Search

STAGES = (0.3, 0.15, 0.08, 0.05, 0.03, 0.02, 0.012, 0.008, 0.005, 0.003, 0.002, 0.001, 5e-4)
"""Gaps that are proved one after the other."""
MARGIN = 0.1
"""A box is cut rather than searched while its estimate is not above the aim by this part of the gap."""
TRIES = 2
"""Searches of one box that miss their aim before it is cut, or closed with what is proved."""
TASKS = 4
"""Layers that wait for each worker before they are searched."""


@dataclass(order=True)
class OpenBox:
    """A box of machines of one family with its bound; equal bounds go by age."""

    bound: float
    age: int
    family: int = field(compare=False)
    box: Box = field(compare=False)
    tries: int = field(default=0, compare=False)


Work = tuple[OpenBox, Estimate, dict[int, float]]


class Proof:
    """Boxes that cover all machines, the least bound first.

    A box is searched when the mappings known so far leave room between their value on its best machine and the bound
    that is aimed at; else no search could meet the aim, and it is cut in two. Those layers are searched that have most
    to give, and each only as far as the aim needs.
    """

    def __init__(self, search: Search):
        self.search = search
        self._ages = itertools.count()
        self.floor = math.inf
        """The least bound of single machines that were searched to the end."""
        self.boxes = [
            OpenBox(-math.inf, next(self._ages), number, family.grid.whole)
            for number, family in enumerate(search.families)
            if family.allowed.any()
        ]

    def run(self, tolerance: float, improve: Callable[[], bool]) -> None:
        """Raise the bound to one gap after the other, down to ``tolerance``; ``improve`` whatever design is found."""
        search = self.search
        for stage in [*(stage for stage in STAGES if stage > tolerance), tolerance]:
            while not search.over:
                while improve() and not search.over:
                    search.show()
                if not self.raise_to(search.best.log + math.log1p(-stage), max(stage, 1e-6)):
                    break
            if search.over or self.floor < search.best.log + math.log1p(-stage):
                break

    def raise_to(self, aim: float, gap: float) -> bool:
        """Work on boxes whose bound is below ``aim``; whether any are left, or the best design has changed."""
        search, before = self.search, self.search.best.log
        wanted = TASKS * search.solver.workers if search.solver.workers > 1 else 1
        batch: list[Work] = []
        try:
            while self._is_below(aim) and sum(len(targets) for *_, targets in batch) < wanted and not search.over:
                item = self.boxes[0]
                work = self.look_at(item, aim, gap)
                if work is not None:
                    heapq.heappop(self.boxes)
                    batch.append((item, *work))
            self._work(batch, aim)
        finally:
            for item, _, _ in batch:
                heapq.heappush(self.boxes, item)
            self._settle()
        search.show()
        return search.best.log < before or self._is_below(aim)

    def _is_below(self, aim: float) -> bool:
        return bool(self.boxes) and self.boxes[0].bound < aim

    def look_at(self, item: OpenBox, aim: float, gap: float) -> tuple[Estimate, dict[int, float]] | None:
        """What to search in the first box so that its bound meets ``aim``; None where it was dealt with instead."""
        family = self.search.families[item.family]
        among = family.grid.inside(item.box) & family.allowed
        if not among.any():
            heapq.heappop(self.boxes)
            return None
        found = estimate(family, self.search.goal, among)
        if found is not None:
            if found.bound > item.bound:
                item.bound = found.bound
                heapq.heapreplace(self.boxes, item)
                if item.bound >= aim:
                    return None
            if found.value >= aim + MARGIN * gap and item.tries < TRIES:
                item.tries += 1
                return found, found.targets(aim)
        if self._cut(item, family):
            return None
        if found is not None and item.tries < TRIES:
            item.tries += 1
            return found, {place: float(value) for place, value in enumerate(found.values)}
        self._remove(item)
        self.floor = min(self.floor, item.bound)
        return None

    def _remove(self, item: OpenBox) -> None:
        self.boxes.remove(item)
        heapq.heapify(self.boxes)

    def _cut(self, item: OpenBox, family: Family) -> bool:
        """Cut a box in two along the knob whose halves look best; False for a single machine."""
        splits = family.grid.splits(item.box)
        if not splits:
            return False
        chosen = splits[0] if len(splits) == 1 else max(splits, key=lambda pair: self._promise(family, pair))
        self._remove(item)
        for part in chosen:
            heapq.heappush(self.boxes, OpenBox(item.bound, next(self._ages), item.family, part))
        return True

    def _promise(self, family: Family, pair: Sequence[Box]) -> tuple[float, float]:
        """The estimates of two halves, the worse first."""
        values = []
        for box in pair:
            among = family.grid.inside(box) & family.allowed
            found = estimate(family, self.search.goal, among) if among.any() else None
            values.append(math.inf if not among.any() else -math.inf if found is None else found.value)
        return min(values), max(values)

    def _work(self, batch: Sequence[Work], aim: float) -> None:
        """Search the layers of some boxes, and raise the boxes' bounds."""
        search, among = self.search, sum(len(targets) for *_, targets in batch)
        jobs = [
            (item, p, search.task(item.family, p, found.machines[p], float(found.alphas[p]), 0.0, target, among))
            for item, found, targets in batch
            for p, target in targets.items()
        ]
        for (item, place, task), solved in zip(jobs, search.solver.solve([job[-1] for job in jobs]), strict=True):
            search.enter(search.families[item.family], place, task, solved)
        for item, found, _ in batch:
            item.bound = max(item.bound, found.bound_with(search.families[item.family].known))
            item.tries = 0 if item.bound >= aim else item.tries
        for number in {item.family for item, *_ in batch}:
            search.choose(number)

    def _settle(self) -> None:
        """The bound of everything: the least of all boxes, and never above the best design."""
        least = self.boxes[0].bound if self.boxes else math.inf
        self.search.log_bound = max(self.search.log_bound, min(least, self.floor, self.search.best.log))
