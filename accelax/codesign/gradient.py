"""The gradient method: machines from the relaxation of everything at once, rounded, and mapped anew exactly."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from accelax.codesign.choice import Goal
from accelax.codesign.descent import Descent
from accelax.codesign.family import Family, Variant
from accelax.codesign.knobs import Knob
from accelax.codesign.limits import Limits
from accelax.codesign.relaxed import STARTS, RelaxedDesign, RelaxedNetwork, descend
from accelax.codesign.state import Search

ROUGH = 0.01
"""Mappings that are better by less than this fraction are not looked for before the machine is chosen."""
APART = 0.03
"""Two machines are different if some knob differs by this, as a logarithm."""
BEHIND = 0.5
"""Relaxed machines further behind the best one, in the logarithm of the objective, are not looked at."""


@dataclass(frozen=True)
class Start:
    """A relaxed design and the place of its variant."""

    family: int
    design: RelaxedDesign


def relaxed_starts(
    variants: Sequence[Variant],
    knobs: Sequence[Knob],
    goal: Goal,
    limits: Limits,
    seed: int,
    deadline: float,
    show: Callable[[], None] | None = None,
) -> list[Start]:
    """Relaxed designs that differ, of all variants there is time for, the best first.

    Raises:
        UnsupportedError: tiles do not divide.
    """
    found: list[Start] = []
    starts = STARTS if knobs else 1
    for number, variant in enumerate(variants):
        if number and time.perf_counter() >= deadline:
            break
        layers = list(zip(variant.counts, variant.layers, strict=True))
        relaxed = RelaxedNetwork.of(layers, knobs, goal, limits.largest)
        found += [Start(number, design) for design in descend(relaxed, seed, starts, deadline, show)]
    found.sort(key=lambda start: start.design.log)
    kept: list[Start] = []
    for start in found:
        near = start.design.log <= found[0].design.log + BEHIND
        if near and not any(_same(start, other) for other in kept):
            kept.append(start)
    return kept


def _same(one: Start, other: Start) -> bool:
    """Whether two starts ended at the same machine."""
    pairs = zip(one.design.values.values(), other.design.values.values(), strict=True)
    return one.family == other.family and all(math.isclose(a, b, rel_tol=APART) for a, b in pairs)


def rounded(family: Family, values: dict[str, float]) -> Iterator[int]:
    """Points of a family's grid around values of its knobs: the nearest, then those with one value or more larger."""
    below, above = [], []
    for knob in family.grid.knobs:
        place = int(np.searchsorted(knob.values, values[knob.path] * (1 - 1e-9)))
        high = min(place, knob.count - 1)
        low = max(high - 1, 0) if knob.values[high] > values[knob.path] else high
        nearer = low if values[knob.path] - knob.values[low] <= knob.values[high] - values[knob.path] else high
        below.append(nearer)
        above.append(high)
    found: dict[int, None] = {}
    for places in itertools.product(*zip(below, above, strict=True)):
        point = int(np.ravel_multi_index(places, family.grid.shape)) if places else 0
        if family.allowed[point]:
            found[point] = None
    yield from found


def remap(search: Search, starts: Sequence[Start]) -> None:
    """Map all layers on the machines of a few starts, choose the machine for these mappings, and improve it."""
    for start in starts:
        if search.over and search.best.point >= 0:
            break
        map_on(search, start)
    for number in range(len(search.families)):
        search.choose(number)
    descent = Descent(search)
    while not search.over and descent.improve():
        search.show()


def map_on(search: Search, start: Start) -> bool:
    """Search all layers on a machine next to a start where they all fit; whether there is one."""
    number, family = start.family, search.families[start.family]
    for point in rounded(family, start.design.values):
        machines = [pool.machines.at(point) for pool in family.pools]
        search.solve(number, machines, start.design.alphas, ROUGH)
        log = search.choose(number)
        search.show()
        if math.isfinite(log) or search.over:
            return math.isfinite(log)
    return False
