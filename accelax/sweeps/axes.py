"""The axes of a sweep, and the points that a mode makes of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.errors import Problem, SpecError, did_you_mean

MODES = ("grid", "zip", "random", "sobol")
MOST_POINTS = 10_000_000
PROBLEM = "problem"
"""The path whose values are whole problems: layers, networks or their files."""


@dataclass(frozen=True)
class Axis:
    """A path and its values: a list, or a range from ``low`` to ``high``; ``whole`` ranges hold whole numbers only."""

    path: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False

    @property
    def is_range(self) -> bool:
        """Whether the axis is a range, of which a mode draws."""
        return not self.values

    def at(self, share: float) -> Any:
        """The value at a share of the axis from 0 up to, not including, 1; each of a list has an equal part of it.

        >>> Axis("variables.pe", low=2, high=5, whole=True).at(0.99), Axis("variables.pe", values=(4, 8)).at(0.5)
        (5, 8)
        """
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.whole:
            return int(min(self.low + math.floor(share * (self.high - self.low + 1)), self.high))
        return self.low + share * (self.high - self.low)


def read_axes(axes: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Axes from ``{path: [values] or (low, high)}``: a list is all its values, a pair in a tuple is a range.

    Raises:
        SpecError: with every axis that is not understood.

    >>> read_axes({"variables.pe": [2, 4], "variables.clock": (1.0, 2.0)})[1].is_range
    True
    """
    problems: list[Problem] = []
    found: list[Axis] = []
    for path, given in axes.items():
        try:
            if not isinstance(path, str):
                raise ValueError("expected a path, such as architecture.GLB.attributes.depth")
            found.append(_range(path, given) if isinstance(given, tuple) else Axis(path, _listed(given)))
        except ValueError as error:
            problems.append(Problem(str(error), path=str(path)))
    if problems:
        raise SpecError(problems)
    if not found:
        raise SpecError("a sweep needs at least one axis: {path: [values]}")
    return tuple(found)


def _listed(given: Any) -> tuple[Any, ...]:
    """The values of a list. Raises ValueError."""
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, (str, Mapping)) or not isinstance(given, Sequence):
        raise ValueError(f"expected a list of values or a range (low, high), got {given!r}")
    if not given:
        raise ValueError("expected at least one value, got an empty list")
    values = tuple(value.item() if isinstance(value, np.generic) else value for value in given)
    wrong = [value for value in values if isinstance(value, float) and not math.isfinite(value)]
    if wrong:
        raise ValueError(f"expected finite numbers, got {wrong[0]!r}")
    return values


def _range(path: str, given: tuple[Any, ...]) -> Axis:
    """A range. Raises ValueError."""
    good = [n for n in given if isinstance(n, (int, float)) and not isinstance(n, bool) and math.isfinite(n)]
    if len(given) != 2 or len(good) != 2:
        raise ValueError(f"expected a range (low, high) of two finite numbers, or a list of values, got {given!r}")
    low, high = given
    if low > high:
        raise ValueError(f"the range is reversed: {low!r} is above {high!r}")
    return Axis(path, (), float(low), float(high), whole=isinstance(low, int) and isinstance(high, int))


def lay_out(axes: Sequence[Axis], mode: str, points: int | None, seed: int) -> list[tuple[Any, ...]]:
    """The points of a sweep, each with one value for each axis.

    ``grid``: every combination, the last axis running fastest. ``zip``: the first values of all lists, the second ones,
    and so on. ``random`` and ``sobol``: ``points`` draws, independent or of a scrambled Sobol sequence, which fills
    the space evenly; ranges and lists both can be drawn from.

    Raises:
        SpecError: an unknown mode, or axes or a number of points that do not suit it.

    >>> lay_out(read_axes({"variables.a": [1, 2], "variables.b": [3, 4]}), "grid", None, 0)
    [(1, 3), (1, 4), (2, 3), (2, 4)]
    """
    if mode not in MODES:
        raise SpecError(f"unknown mode {mode!r}{did_you_mean(mode, MODES)}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SpecError(f"seed: expected a whole number that is not negative, got {seed!r}")
    if mode in ("random", "sobol"):
        if isinstance(points, bool) or not isinstance(points, int) or not 0 < points <= MOST_POINTS:
            raise SpecError(f"mode {mode}: expected points, how many to draw (1 to {MOST_POINTS}), got {points!r}")
        draws = _draws(len(axes), mode, points, seed)
        return [tuple(axis.at(share) for axis, share in zip(axes, row, strict=True)) for row in draws.tolist()]
    if points is not None:
        raise SpecError(f"mode {mode}: the lists say how many points there are; points is for random and sobol")
    ranges = [Problem(f"mode {mode} needs a list of values, got a range", path=a.path) for a in axes if a.is_range]
    if ranges:
        raise SpecError(ranges)
    lengths = [len(axis.values) for axis in axes]
    if mode == "zip":
        if len(set(lengths)) > 1:
            counts = ", ".join(f"{axis.path}: {n}" for axis, n in zip(axes, lengths, strict=True))
            raise SpecError(f"mode zip needs lists of one length, got {counts}")
        return list(zip(*(axis.values for axis in axes), strict=True))
    if math.prod(lengths) > MOST_POINTS:
        raise SpecError(f"{math.prod(lengths)} points are more than {MOST_POINTS}: draw some with random or sobol")
    return list(itertools.product(*(axis.values for axis in axes)))


def _draws(axes: int, mode: str, points: int, seed: int) -> np.ndarray:
    """``[points, axes]`` numbers from 0 to 1."""
    if mode == "random":
        return np.random.default_rng(seed).random((points, axes))
    from scipy.stats import qmc

    make: Any = qmc.Sobol  # its seed is called rng from scipy 1.15 on, and seed still
    sequence = make(axes, scramble=True, seed=seed)
    return sequence.random_base2(max(points - 1, 0).bit_length())[:points]
