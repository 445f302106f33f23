"""Bound every class of a mapspace: a certified lower bound and a relaxed optimum for each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from accelax.encode.level_problem import LevelProblem
from accelax.errors import UnsupportedError
from accelax.search.objective import Criterion, Objective
from accelax.search.relaxed.box import Box, whole_box
from accelax.search.relaxed.certificate import LARGEST, widened, without_offsets
from accelax.search.relaxed.classes import MappingClass, enumerate_classes
from accelax.search.relaxed.cost import METRICS
from accelax.search.relaxed.layout import Layout
from accelax.search.relaxed.polish import polish
from accelax.search.relaxed.program import Program, class_program
from accelax.search.relaxed.solve import RelaxedOptimum, objective_weights, solve

MOST_CLASSES = 1 << 14
"""Classes enumerated unless told otherwise; where there are more, their bounds do not bound the mapspace."""
CHUNK = 256
"""Classes solved at once, so that few shapes are compiled for."""
SMALLEST_CHUNK = 16


@dataclass(frozen=True)
class ClassBounds:
    """What is known of the classes of a mapspace.

    bounds
        ``[n]``: no mapping of the class that fits is better, in units of the objective; infinite if none fits.
    factors
        ``[n, L, R]``: relaxed optimal factors; of an empty class, any.
    complete
        Whether the classes cover the mapspace.
    """

    classes: tuple[MappingClass, ...]
    bounds: np.ndarray
    factors: np.ndarray
    complete: bool

    @property
    def lower_bound(self) -> float:
        """A lower bound of the mapspace; 0 unless every class was bounded."""
        return float(self.bounds.min()) if self.complete and len(self.bounds) else 0.0


def bound_classes(
    problem: LevelProblem,
    objective: Objective,
    box: Box | None = None,
    most: int = MOST_CLASSES,
) -> ClassBounds:
    """Bound all classes of the mapspace of ``problem`` for the first criterion of ``objective``.

    Args:
        problem: a problem with perfect factors.
        objective: see :func:`~accelax.search.objective.parse_objective`.
        box: bounds of the factors, for a part of the mapspace; None for all of it.
        most: how many classes to enumerate at most.

    Raises:
        UnsupportedError: tiles do not divide.
    """
    relaxation = Relaxation(problem, box)
    classes, complete = enumerate_classes(problem, relaxation.box, most)
    bounds, factors = [np.zeros(0)], [np.zeros((0, problem.structure.n_levels, len(problem.structure.ranks)))]
    for start in range(0, len(classes), CHUNK):
        found = relaxation.bound(classes[start : start + CHUNK], objective[0])
        bounds.append(found[0])
        factors.append(found[1])
    return ClassBounds(tuple(classes), np.concatenate(bounds), np.concatenate(factors), complete)


class Relaxation:
    """The relaxed problem: what its classes share, and how to bound some of them."""

    def __init__(self, problem: LevelProblem, box: Box | None = None):
        if problem.structure.imperfect:
            raise UnsupportedError("a relaxation over imperfect factors")
        self.problem = problem
        self.box = whole_box(problem) if box is None else box
        self.layout = Layout(problem, self.box)

    @cached_property
    def _narrow(self) -> Any:
        """Hardware and shared arrays in JAX's default precision."""
        return jax.tree.map(_default_float, (self.problem.hardware, self.layout.shared))

    def bound(self, classes: list[MappingClass], criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
        """``(bounds [n], factors [n, L, R])`` of up to ``CHUNK`` classes, solved together."""
        programs = self.programs(classes)
        weight = objective_weights(criterion)
        optimum, bounds = self.certified(programs, weight)
        count = len(classes)
        shape = self.problem.structure.n_levels, len(self.problem.structure.ranks)
        factors = np.ones((count, *shape))
        for place, slot in enumerate(self.layout.slots):
            factors[(slice(None), *slot)] = np.exp(np.asarray(optimum.x)[:count, place])
        return bounds[:count], factors

    def programs(self, classes: list[MappingClass]) -> Program:
        """The arrays of the classes, stacked; the last one repeated until the number is one of few."""
        found = [class_program(self.problem, self.layout, self.box, klass) for klass in classes]
        size = SMALLEST_CHUNK
        while size < len(found):
            size *= 4
        found += [found[-1]] * (size - len(found))
        return jax.tree.map(lambda *leaves: np.stack(leaves), *found)

    def certified(self, programs: Program, weight: np.ndarray) -> tuple[RelaxedOptimum, np.ndarray]:
        """Relaxed optima, and the better of two bounds: with first visits as offsets, or without what they spare."""
        optimum, floors, offsets = self.solve(programs, weight)
        used = weight > 0
        elides = (offsets > 0).any(axis=0) & used
        least = np.zeros(offsets.shape)
        for metric in np.flatnonzero(elides) if used.sum() > 1 else ():
            least[:, metric] = np.exp(np.minimum(self.solve(programs, np.eye(len(METRICS))[metric])[1], LARGEST))
        bounds = without_offsets(floors, offsets, weight, least)
        if elides.any():
            bare = programs.replace(  # type: ignore[attr-defined]
                reads=np.where(programs.elided[:, 0] > 0, 0.0, programs.reads),
                fills=np.where(programs.elided[:, 1] > 0, 0.0, programs.fills),
                elided=np.zeros_like(programs.elided),
            )
            _, floors, offsets = self.solve(bare, weight)
            bounds = np.maximum(bounds, without_offsets(floors, offsets, weight, least))
        return optimum, bounds

    def solve(self, programs: Program, weight: np.ndarray) -> tuple[RelaxedOptimum, np.ndarray, np.ndarray]:
        """Relaxed optima, floors and offsets: found in JAX's default precision, sharpened in float64."""
        structure = self.problem.structure
        rough = solve(structure, *self._narrow, *jax.tree.map(_default_float, (programs, weight)))
        with jax.enable_x64(True):
            exact = self.problem.hardware, self.layout.shared, programs, weight, rough
            optimum, floors, offsets = jax.device_get(polish(structure, *jax.tree.map(widened, exact)))
        return optimum, np.where(np.isnan(floors), -math.inf, floors), offsets


def _default_float(leaf: Any) -> Any:
    """A leaf as an array of JAX in its default precision."""
    array = np.asarray(leaf)
    return jax.numpy.asarray(array if array.dtype.kind in "iu" else array.astype(float), dtype=None)
