"""The gradient searcher: relaxed optima of all classes, rounded to legal mappings, with the bound that they prove."""

from __future__ import annotations

import math
import time
from itertools import islice
from typing import Any

import jax
import numpy as np

from accelax.encode.level_mapspace import unpack
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.search.judge import Judge
from accelax.search.objective import UNFIT, Objective
from accelax.search.relaxed.bounds import CHUNK, MOST_CLASSES, Relaxation
from accelax.search.relaxed.classes import enumerate_classes
from accelax.search.relaxed.rounding import neighbourhood, round_off

BATCH = 4096
"""Mappings scored at once."""
TOGETHER = 8
"""Classes whose neighbourhoods share a batch."""
HANDED_OUT = 8
"""Candidates that a batch yields at most."""
ROUNDS = 4
"""Batches drawn around one optimum before the search counts as done."""


class GradientSearch:
    """Bounds classes chunk by chunk and looks around their relaxed optima, best bound first.

    A :class:`~accelax.search.bounded.BoundedSearch`. ``lower_bound`` is 0 until the last class is bounded, and stays 0
    if there are more than ``most`` classes.

    Args:
        problem: a problem with perfect factors.
        objective: the first criterion is relaxed; all of them rank candidates.
        seed: of the random numbers.
        most: how many classes to look at.

    Raises:
        UnsupportedError: tiles do not divide.
    """

    def __init__(self, problem: LevelProblem, objective: Objective, seed: int = 0, most: int = MOST_CLASSES):
        self.lower_bound = 0.0
        self.done = False
        self.evaluated = 0
        self._problem, self._objective = problem, objective
        self._relaxation = Relaxation(problem)
        self._judge = Judge(problem, objective)
        self._space = jax.device_put(problem.space)
        self._key = jax.random.key(seed, impl="rbg")
        self._classes, self._complete = enumerate_classes(problem, self._relaxation.box, most)
        self._bounds = np.zeros(0)
        self._factors: list[np.ndarray] = []
        self._visits = np.zeros(len(self._classes), dtype=int)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self._classes)

    def advance(self, incumbent: float, seconds: float) -> list[Mapping]:
        """Bound the next classes, then look around the most promising optima; see ``BoundedSearch``."""
        end = time.perf_counter() + seconds
        found: list[Mapping] = []
        while True:
            if len(self._bounds) < len(self._classes):
                self._bound_next()
            found += self._look_around(incumbent)
            if self.done or time.perf_counter() >= end:
                return found

    def _bound_next(self) -> None:
        """Bound one more chunk of classes."""
        start = len(self._bounds)
        bounds, factors = self._relaxation.bound(self._classes[start : start + CHUNK], self._objective[0])
        self._bounds = np.concatenate([self._bounds, bounds])
        self._factors += list(factors)
        if self._complete and len(self._bounds) == len(self._classes):
            self.lower_bound = float(self._bounds.min(initial=math.inf))

    def _promising(self, incumbent: float) -> list[int]:
        """The classes to look at next: least visited first, then by bound; none that cannot be better."""
        open_classes = np.flatnonzero((self._bounds < incumbent) & (self._visits[: len(self._bounds)] < ROUNDS))
        order = sorted(open_classes.tolist(), key=lambda i: (self._visits[i], self._bounds[i]))
        return list(islice(order, TOGETHER))

    def _look_around(self, incumbent: float) -> list[Mapping]:
        """Score one batch around some optima and return the best of it."""
        chosen = self._promising(incumbent)
        if not chosen:
            self.done = len(self._bounds) == len(self._classes)
            return []
        filled = (chosen * TOGETHER)[:TOGETHER]
        around = neighbourhood(
            self._problem, [self._classes[i] for i in filled], np.stack([self._factors[i] for i in filled])
        )
        self._key, own = jax.random.split(self._key)
        layout = round_off(self._space, jax.tree.map(np.float32, around), own, BATCH)
        scores = np.asarray(self._judge.batch(layout)[0])
        self._visits[chosen] += 1
        self.evaluated += BATCH
        return self._best(layout, scores)

    def _best(self, layout: Any, scores: np.ndarray) -> list[Mapping]:
        """The mappings with the best distinct scores among those that fit."""
        _, places = np.unique(scores, axis=1, return_index=True)
        fitting = [int(place) for place in places if scores[0, place] < UNFIT]
        best = sorted(fitting, key=lambda place: tuple(scores[:, place]))[:HANDED_OUT]
        batch = unpack(jax.tree.map(lambda leaf: np.asarray(leaf)[..., best], layout))
        return [self._problem.decode(batch, place) for place in range(len(best))]
