"""The hardware values that a co-design may choose: ranges with steps, and the grid of everything buildable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accelax.errors import Problem, SpecError

MOST_POINTS = 1 << 18
"""A grid of more points is not laid out as a whole."""


@dataclass(frozen=True)
class Knob:
    """A path of the specification and the values it may take: ``low``, ``low + step``, ... up to ``high``.

    >>> Knob("variables.depth", 64, 256, 64).values.tolist()
    [64.0, 128.0, 192.0, 256.0]
    """

    path: str
    low: float
    high: float
    step: float = 1.0

    @property
    def values(self) -> np.ndarray:
        """All values, ascending."""
        return self.low + self.step * np.arange(math.floor((self.high - self.low) / self.step * (1 + 1e-12)) + 1)


def read_knobs(knobs: Mapping[str, Sequence[float]]) -> tuple[Knob, ...]:
    """Knobs from ``{path: (low, high[, step])}``; without a step the values are whole numbers.

    Raises:
        SpecError: with every knob that is not understood.

    >>> read_knobs({"variables.pe": (2, 8, 2)})
    (Knob(path='variables.pe', low=2.0, high=8.0, step=2.0),)
    """
    problems, found = [], []
    for path, given in knobs.items():
        numbers = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
        wrong = [n for n in numbers if isinstance(n, bool) or not isinstance(n, (int, float)) or not math.isfinite(n)]
        if len(numbers) not in (2, 3) or wrong:
            problems.append(Problem(f"expected (low, high) or (low, high, step), got {given!r}", path=path))
            continue
        low, high, step = (*map(float, numbers), 1.0)[:3]
        if low > high:
            problems.append(Problem(f"the range is reversed: {low:g} is above {high:g}", path=path))
        elif step <= 0:
            problems.append(Problem(f"expected a step above 0, got {step:g}", path=path))
        else:
            found.append(Knob(path, low, high, step))
    if problems:
        raise SpecError(problems)
    if not found:
        raise SpecError("a co-design needs at least one knob")
    return tuple(found)


Box = tuple[tuple[int, int], ...]
"""For each knob the first and the last of its values, by their places."""


@dataclass(frozen=True)
class Grid:
    """Every combination of the knobs' values; points are numbered with the last knob running fastest."""

    knobs: tuple[Knob, ...]

    def __post_init__(self) -> None:
        if self.size > MOST_POINTS:
            counts = " x ".join(str(len(knob.values)) for knob in self.knobs)
            raise SpecError(f"{counts} designs are more than {MOST_POINTS}: give the knobs larger steps")

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the knobs."""
        return tuple(knob.path for knob in self.knobs)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each knob."""
        return tuple(len(knob.values) for knob in self.knobs)

    @property
    def size(self) -> int:
        """The number of points."""
        return math.prod(self.shape)

    @property
    def whole(self) -> Box:
        """The box of all points."""
        return tuple((0, count - 1) for count in self.shape)

    def points(self) -> np.ndarray:
        """``[points, knobs]``: the value of every knob at every point."""
        return np.stack([column.ravel() for column in np.meshgrid(*(k.values for k in self.knobs), indexing="ij")], 1)

    def inside(self, box: Box) -> np.ndarray:
        """``[points]``: whether a point is in a box."""
        places = np.unravel_index(np.arange(self.size), self.shape)
        tests = [(place >= low) & (place <= high) for place, (low, high) in zip(places, box, strict=True)]
        return np.logical_and.reduce(tests)

    def halves(self, box: Box) -> list[Box]:
        """A box cut in two where its values differ most in ratio; none for a single point."""
        ratios = [
            (knob.values[high] - knob.values[low]) / max(abs(knob.values[high]), 1e-300) if high > low else -1.0
            for knob, (low, high) in zip(self.knobs, box, strict=True)
        ]
        axis = int(np.argmax(ratios))
        if ratios[axis] < 0:
            return []
        low, high = box[axis]
        values = self.knobs[axis].values
        middle = math.sqrt(max(values[low], values[high] / 64, 1e-300) * values[high]) if values[low] >= 0 else 0.0
        cut = int(np.clip(np.searchsorted(values, middle) - 1, low, high - 1))
        return [(*box[:axis], part, *box[axis + 1 :]) for part in ((low, cut), (cut + 1, high))]
