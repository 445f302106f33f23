"""All steps across a fan-out at once: they depend on neither the placement nor on what was walked before."""

from __future__ import annotations

from functools import reduce

import numpy as np

from accelax.search.chain.fanouts import fits_mesh
from accelax.search.chain.tables import ChainTables

Array = np.ndarray
MOST_LANE_STEPS = 1 << 21
"""A fan-out with more steps is expanded where it is walked."""


class LaneSteps:
    """The steps of one fan-out from every state, by the key of the state (:attr:`ChainTables.stride`).

    ``start`` ``[states + 1]``: where the steps of a state begin in ``target`` (keys), ``lanes`` (units in use) and
    ``choice`` (which assignment to the axes fits).
    """

    def __init__(self, start: Array, target: Array, lanes: Array, choice: Array):
        self.start, self.target, self.lanes, self.choice = start, target, lanes, choice

    def of(self, key: Array) -> tuple[Array, Array]:
        """The steps from states ``key`` ``[n]``: ``(position among them [m], number of the step [m])``."""
        begin, count = self.start[key], self.start[key + 1] - self.start[key]
        source = np.repeat(np.arange(len(key)), count)
        within = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
        return source, begin[source] + within


def lane_steps(tables: ChainTables, slot: int) -> LaneSteps | None:
    """The steps of a fan-out, found once per problem; None where there are too many."""
    if slot not in tables.lane_steps:
        tables.lane_steps[slot] = _all_steps(tables, slot)
    return tables.lane_steps[slot]


def _all_steps(tables: ChainTables, slot: int) -> LaneSteps | None:
    """One set of factors after the other: each takes a box of states to another one."""
    moves = [_by_factor(tables, slot, rank) for rank in range(tables.ranks)]
    factors = _factors(moves, int(np.prod(tables.structure.physical_mesh[tables.level(slot)])))
    fits, choice = fits_mesh(tables, tables.level(slot), factors)
    factors, choice = factors[fits], choice[fits]
    boxes = [[move[factor] for move, factor in zip(moves, row, strict=True)] for row in factors.tolist()]
    counts = np.array([np.prod([float(len(source)) for source, _ in box]) for box in boxes])
    if counts.sum() > MOST_LANE_STEPS:
        return None
    ends = [
        np.concatenate([np.zeros(0, np.int64), *(_keys(tables, [pair[end] for pair in box]) for box in boxes)])
        for end in (0, 1)
    ]
    order = np.argsort(ends[0], kind="stable")
    row = np.repeat(np.arange(len(boxes)), counts.astype(int))[order]
    start = np.searchsorted(ends[0][order], np.arange(tables.states + 1))
    return LaneSteps(start, ends[1][order], np.prod(factors, axis=1)[row], choice[row])


def _by_factor(tables: ChainTables, slot: int, rank: int) -> dict[float, tuple[Array, Array]]:
    """The legal steps of one rank, by their factors: ``(divisor below, divisor above)``."""
    extent, found = tables.divisors[rank], {}
    for below, targets in enumerate(tables.steps[slot][rank]):
        for above in targets:
            source, target = found.setdefault(float(extent[above] / extent[below]), ([], []))
            source.append(below)
            target.append(above)
    return {factor: (np.array(pair[0]), np.array(pair[1])) for factor, pair in found.items()}


def _factors(moves: list[dict[float, tuple[Array, Array]]], most: int) -> Array:
    """``[n, R]``: every choice of a factor per rank with a product of ``most`` or less."""
    rows = np.ones((1, 0))
    for move in moves:
        options = np.array(sorted(move), dtype=float)
        rows = np.concatenate([np.repeat(rows, len(options), axis=0), np.tile(options, len(rows))[:, None]], axis=1)
        rows = rows[np.prod(rows, axis=1) <= most]
    return rows


def _keys(tables: ChainTables, digits: list[Array]) -> Array:
    """The keys of a box of states."""
    return reduce(np.add.outer, (d * s for d, s in zip(digits, tables.stride, strict=True))).ravel()
