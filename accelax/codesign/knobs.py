"""The hardware values that a co-design may choose: ranges with steps, and the grid of everything buildable."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from accelax.errors import Problem, SpecError

MOST_POINTS = 1 << 18
"""A grid of more points is not laid out as a whole."""


@dataclass(frozen=True)
class Knob:
    """A path of the specification and the values it may take: ``low``, ``low + step``, ... up to ``high``.

    ``by_factor``: each value is the one before times ``step`` instead. ``chosen`` are some of these values, if not all.

    >>> Knob("variables.depth", 64, 256, 64).values.tolist()
    [64.0, 128.0, 192.0, 256.0]
    >>> Knob("variables.pe", 4, 32, 2, by_factor=True).values.tolist()
    [4.0, 8.0, 16.0, 32.0]
    """

    path: str
    low: float
    high: float
    step: float = 1.0
    by_factor: bool = False
    chosen: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """How many values there are."""
        if self.chosen:
            return len(self.chosen)
        steps = math.log(self.high / self.low, self.step) if self.by_factor else (self.high - self.low) / self.step
        return math.floor(steps * (1 + 1e-12)) + 1

    @property
    def values(self) -> np.ndarray:
        """All values, ascending."""
        if self.chosen:
            return np.array(self.chosen, dtype=float)
        places = np.arange(self.count)
        values = self.low * self.step**places if self.by_factor else self.low + self.step * places
        return values.astype(float)


def read_knobs(knobs: Mapping[str, Sequence[float | str]]) -> tuple[Knob, ...]:
    """Knobs from ``{path: (low, high[, step])}``; without a step the values are whole numbers.

    A step written ``"x2"`` doubles the value every time.

    Raises:
        SpecError: with every knob that is not understood.

    >>> read_knobs({"variables.pe": (2, 8, 2)})
    (Knob(path='variables.pe', low=2.0, high=8.0, step=2.0, by_factor=False, chosen=()),)
    """
    problems, found = [], []
    for path, given in knobs.items():
        try:
            found.append(_read_knob(path, given))
        except ValueError as error:
            problems.append(Problem(str(error), path=path))
    if problems:
        raise SpecError(problems)
    if not found:
        raise SpecError("a co-design needs at least one knob")
    return tuple(found)


def _read_knob(path: str, given: object) -> Knob:
    """One knob. Raises ValueError."""
    numbers = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    by_factor = len(numbers) == 3 and isinstance(numbers[2], str) and numbers[2].startswith("x")
    if by_factor:
        try:
            numbers[2] = float(numbers[2][1:])
        except ValueError:
            numbers = []
    wrong = [n for n in numbers if isinstance(n, bool) or not isinstance(n, (int, float)) or not math.isfinite(n)]
    if len(numbers) not in (2, 3) or wrong:
        raise ValueError(f"expected (low, high), (low, high, step) or (low, high, 'xFACTOR'), got {given!r}")
    low, high, step = (*map(float, numbers), 1.0)[:3]
    if low > high:
        raise ValueError(f"the range is reversed: {low:g} is above {high:g}")
    if by_factor and (step <= 1 or low <= 0):
        raise ValueError(f"expected a factor above 1 and a range above 0, got x{step:g} from {low:g}")
    if step <= 0:
        raise ValueError(f"expected a step above 0, got {step:g}")
    knob = Knob(path, low, high, step, by_factor)
    if knob.count > MOST_POINTS:
        raise ValueError(f"{knob.count} values are more than {MOST_POINTS}: give a larger step")
    return knob


def thinned(knobs: Sequence[Knob], most: int, around: Mapping[str, float] | None = None) -> tuple[Knob, ...]:
    """Knobs with fewer values, so that their grid has at most ``most`` points: ends, and values spread in ratio.

    With ``around``, given values and those next to them are among the values, half of them.

    >>> thinned([Knob("variables.depth", 1, 1024)], 6)[0].values.tolist()
    [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0]
    """
    share = [knob.count for knob in knobs]
    while math.prod(share) > most and max(share) > 2:
        largest = int(np.argmax(share))
        others = math.prod(share) // share[largest]
        second = max((n for place, n in enumerate(share) if place != largest), default=2)
        share[largest] = max(min(share[largest] - 1, max(most // others, second - 1)), 2)
    return tuple(_thin(k, n, (around or {}).get(k.path)) for k, n in zip(knobs, share, strict=True))


def _thin(knob: Knob, count: int, around: float | None) -> Knob:
    """A knob with ``count`` of its values."""
    values = knob.values
    if count >= len(values):
        return knob
    near: set[int] = set()
    if around is not None:
        place = int(np.argmin(np.abs(values - around)))
        half = max(count // 4, 1)
        near = set(range(max(place - half, 0), min(place + half + 1, len(values))))
    spread = max(count - len(near), 2)
    low = values[0] if values[0] > 0 else max(knob.step, values[-1] / len(values))
    wanted = np.geomspace(low, values[-1], spread) if values[-1] > 0 else np.linspace(values[0], values[-1], spread)
    places = {int(np.argmin(np.abs(values - value))) for value in wanted} | {0} | near
    return replace(knob, chosen=tuple(float(values[place]) for place in sorted(places)[: max(count, 2) + len(near)]))


Box = tuple[tuple[int, int], ...]
"""For each knob the first and the last of its values, by their places."""


@dataclass(frozen=True)
class Grid:
    """Every combination of the knobs' values; points are numbered with the last knob running fastest."""

    knobs: tuple[Knob, ...]

    def __post_init__(self) -> None:
        if self.size > MOST_POINTS:
            counts = " x ".join(str(knob.count) for knob in self.knobs)
            raise SpecError(f"{counts} designs are more than {MOST_POINTS}: give the knobs larger steps")

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the knobs."""
        return tuple(knob.path for knob in self.knobs)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each knob."""
        return tuple(knob.count for knob in self.knobs)

    @property
    def size(self) -> int:
        """The number of points."""
        return math.prod(self.shape)

    def values_at(self, point: int) -> dict[str, float]:
        """The values of the knobs at a point."""
        places = np.unravel_index(point, self.shape)
        return {knob.path: float(knob.values[place]) for knob, place in zip(self.knobs, places, strict=True)}

    @property
    def whole(self) -> Box:
        """The box of all points."""
        return tuple((0, count - 1) for count in self.shape)

    def points(self) -> np.ndarray:
        """``[points, knobs]``: the value of every knob at every point."""
        if not self.knobs:
            return np.zeros((1, 0))
        return np.stack([column.ravel() for column in np.meshgrid(*(k.values for k in self.knobs), indexing="ij")], 1)

    def inside(self, box: Box) -> np.ndarray:
        """``[points]``: whether a point is in a box."""
        mask = np.zeros(self.shape, dtype=bool)
        mask[tuple(slice(low, high + 1) for low, high in box)] = True
        return mask.ravel()

    def halves(self, box: Box, axis: int) -> list[Box]:
        """A box cut in two along an axis, in the middle of the ratio of its values; none where it has one value."""
        low, high = box[axis]
        if low == high:
            return []
        values = self.knobs[axis].values
        least, most = values[low], values[high]
        middle = math.sqrt(max(least, most / 64) * most) if least >= 0 and most > 0 else (least + most) / 2
        cut = int(np.clip(np.searchsorted(values, middle) - 1, low, high - 1))
        return [(*box[:axis], part, *box[axis + 1 :]) for part in ((low, cut), (cut + 1, high))]

    def splits(self, box: Box) -> list[list[Box]]:
        """The ways to cut a box in two, one for each knob that has several values in it."""
        return [pair for pair in (self.halves(box, axis) for axis in range(len(self.knobs))) if pair]


RATIOS = (0.71, 1.41, 0.84, 1.19, 0.5, 2.0, 0.92, 1.09, 0.96, 1.04)
"""How far neighbours lie from a point, in one knob."""


def neighbours(grid: Grid, point: int) -> list[int]:
    """The points that differ from one in one knob, by some ratio, or in two knobs, one larger and one smaller.

    >>> grid = Grid((Knob("variables.depth", 1, 4),))
    >>> neighbours(grid, 1)
    [0, 2, 3]
    """
    places = [int(place) for place in np.unravel_index(point, grid.shape)]
    found: dict[int, None] = {}

    def moved(steps: Mapping[int, float]) -> None:
        """Note the point where knobs are larger by some ratios."""
        there = list(places)
        for axis, ratio in steps.items():
            values = grid.knobs[axis].values
            nearest = int(np.argmin(np.abs(values - values[places[axis]] * ratio)))
            one = 1 if ratio > 1 else -1
            there[axis] = nearest if nearest != places[axis] else min(max(places[axis] + one, 0), len(values) - 1)
        at = int(np.ravel_multi_index(there, grid.shape))
        if at != point:
            found[at] = None

    for ratio in RATIOS:
        for axis in range(len(places)):
            moved({axis: ratio})
        for one, other in itertools.permutations(range(len(places)), 2):
            if ratio in RATIOS[:4:2]:
                moved({one: ratio, other: 1 / ratio})
    return list(found)
