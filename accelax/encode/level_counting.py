"""How many mappings there are: as Timeloop counts them, and how many of those differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from accelax.encode.factorizations import Factorizations
from accelax.encode.level_mapspace import factor_rules
from accelax.encode.level_orders import OrderRule, splits_of
from accelax.encode.level_problem import LevelProblem
from accelax.errors import UnsupportedError

MOST_STEPS = 1 << 20
"""Of counting mappings that differ, about ten seconds."""


@dataclass(frozen=True)
class MapspaceSize:
    """The size of a mapspace in the factors that Timeloop's mapper prints; see :func:`timeloop_size`.

    >>> MapspaceSize(9450, 36, 4, 1).total
    1360800
    """

    index_factorization: int
    loop_permutation: int
    spatial_split: int
    datatype_bypass: int

    @property
    def total(self) -> int:
        """All combinations."""
        return self.index_factorization * self.loop_permutation * self.spatial_split * self.datatype_bypass


def timeloop_size(problem: LevelProblem) -> MapspaceSize:
    """The mapspace as Timeloop's pruned mappers count it (reference E.2).

    Every ordered factorization of every rank; every order of the free ranks longer than 1 at every level, except the
    innermost storage level and one-dimensional fan-outs without a given order; 0 to all ranks on X wherever no split is
    given, even on a mesh of one row; and two for every free keep. One mapping is counted once for each order of its
    loops of factor 1, and mappings that do not fit are counted too: see :func:`distinct_size`.
    """
    structure, lowered, space = problem.structure, problem.lowered, problem.space
    long = {rank for rank, (_, bound) in enumerate(lowered.einsum.bounds) if bound > 1}
    orders = [math.factorial(len(long & set(rule.free))) for rule in order_rules(problem)]
    levels = zip(structure.is_fanout, lowered.constraints, strict=True)
    splits = [len(structure.ranks) + 1 for fanout, constraint in levels if fanout and constraint.split is None]
    return MapspaceSize(
        index_factorization=math.prod(one.count for one in factorizations(problem)),
        loop_permutation=math.prod(orders),
        spatial_split=math.prod(splits),
        datatype_bypass=_keeps(space.keep_probability),
    )


def distinct_size(problem: LevelProblem) -> int:
    """How many different mappings obey the constraints, those that do not fit included.

    Loops of factor 1 have no place in an order, nor on a mesh; and a rank has no more lanes than the longer side of a
    fan-out. Raises UnsupportedError where there are too many levels and ranks to count.

    Counted rank by rank: how many orders a level has depends on its loops longer than 1, of the free ones only on their
    number.
    """
    rules = order_rules(problem)
    ways = [_ways(rule, fanout) for rule, fanout in zip(rules, problem.structure.is_fanout, strict=True)]
    states: Counter[tuple[frozenset[int], ...]] = Counter({(frozenset(),) * len(rules): 1})
    steps = 0
    for rank, one in enumerate(factorizations(problem, on_mesh=True)):
        patterns = Counter(map(tuple, (one.rows(one.count) > 1).tolist()))
        steps += len(states) * len(patterns)
        if steps > MOST_STEPS:
            raise UnsupportedError("counting the different mappings of so many levels and ranks")
        joined: Counter[tuple[frozenset[int], ...]] = Counter()
        for state, count in states.items():
            for pattern, number in patterns.items():
                loops = zip(rules, state, pattern, strict=True)
                joined[tuple(_with(rule, seen, rank) if on else seen for rule, seen, on in loops)] += count * number
        states = joined
    total = sum(n * math.prod(f(s) for f, s in zip(ways, state, strict=True)) for state, n in states.items())
    return total * _keeps(problem.space.keep_probability)


def factorizations(problem: LevelProblem, on_mesh: bool = False) -> list[Factorizations]:
    """The factorizations of every rank; with ``on_mesh`` no factor of a fan-out exceeds its longer side.

    Raises UnsupportedError for imperfect factors.
    """
    structure, lowered = problem.structure, problem.lowered
    if structure.imperfect:
        raise UnsupportedError("counting or listing a mapspace with imperfect factors")
    unlimited = structure if on_mesh else replace(structure, is_fanout=(False,) * structure.n_levels)
    bounds = enumerate(lowered.einsum.bounds)
    return [Factorizations(bound, factor_rules(unlimited, lowered, rank)) for rank, (_, bound) in bounds]


def order_rules(problem: LevelProblem) -> list[OrderRule]:
    """The orders that each level admits."""
    space = problem.space
    keys = zip(space.order_low, space.order_high, space.split_low, space.split_high, strict=True)
    return [OrderRule.from_keys(list(low), list(high), (int(least), int(most))) for low, high, least, most in keys]


def _with(rule: OrderRule, seen: frozenset[int], rank: int) -> frozenset[int]:
    """The loops of a level with one more; of free ones, as many as there are from the first."""
    if rank not in rule.free:
        return seen | {rank}
    return seen | {next(free for free in rule.free if free not in seen)}


def _ways(rule: OrderRule, fanout: bool) -> Callable[[frozenset[int]], int]:
    """How many orders a level has, as a function of its loops."""
    known: dict[frozenset[int], int] = {}

    def ways(loops: frozenset[int]) -> int:
        if loops not in known:
            free = math.factorial(len(rule.among(loops)[1]))
            known[loops] = free * (len({on_x for _, on_x in splits_of(rule, loops)}) if fanout else 1)
        return known[loops]

    return ways


def _keeps(probability: np.ndarray) -> int:
    """How many ways there are to keep tensors."""
    return 2 ** int(((probability > 0) & (probability < 1)).sum())
