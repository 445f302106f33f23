"""The mappings that the constraints of a Timeloop specification leave open, as arrays to draw from.

Timeloop's mapspaces (reference E.1 to E.3): every ordered factorization of every rank over the levels, imperfect ones
where :mod:`accelax.ir.remainders` has them, every order of loops that keeps the given prefix and suffix, every split of
a fan-out between X and Y, every free keep. As there, the loops of a one-dimensional fan-out without a given order, and
those of the innermost level where nothing depends on it, stand in the order of the problem.

Of ``ruby`` all factors are here that leave no greater remainder than allowed, where Timeloop's mapper tries those that
look promising. Counting exactly (``rules.imperfect`` is ``exact``), the ranks of sliding windows stay perfect.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from flax import struct

from accelax.encode.factorizations import Factorizations, FactorRule, prime_factors
from accelax.encode.imperfect_factorizations import ImperfectFactorizations, induced_rows
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LevelConstraints, LoweredLevels
from accelax.ir.remainders import RemainderRule, remainder_rule
from accelax.model.levels.arrays import LevelMapping, LevelStructure
from accelax.model.levels.clipped_nest import sliding_ranks

MOST_ROWS = 1 << 17
"""Factorizations kept per rank; where there are more, an even sample stands for them."""
FEWEST_ROWS = 1 << 10
"""Tables are padded to this or to ``MOST_ROWS``, so that few shapes are compiled for."""


@struct.dataclass
class Remainders:
    """What :class:`~accelax.ir.remainders.RemainderRule` says of all ranks, as arrays.

    ``bound`` and ``whole`` ``[R]``, ``whole`` 0 where any product will do; ``most`` ``[L, R]``, infinite where any
    remainder will do; ``given`` ``[L, R]``, 0 where no last visit is given.
    """

    bound: Any
    whole: Any
    most: Any
    given: Any


@struct.dataclass
class Choices:
    """The genes that a constraint leaves open: ``place`` ``[P]`` in the flattened gene, of which ``count`` count."""

    place: Any
    count: Any


@struct.dataclass
class LevelSpace:
    """Tables to draw mappings from.

    factors
        ``[R, rows, L]``: legal factors of each rank, padded by repetition; ``n_factors`` ``[R]`` are the legal rows.
    factor_low, factor_high
        ``[L, R]``: the least and the greatest legal factor.
    primes
        ``[R, P]``: the prime factors of each bound (of what the factors multiply to where a fixed one does not divide
        it), padded by repetition; 1 where the bound is 1.
    order_low, order_high
        ``[L, R]``: a loop's place is drawn between these keys: a given order fixes them, a free one leaves (0, 1).
    split_low, split_high
        ``[L]``: the number of leading loops on X is drawn between these, inclusive.
    keep_probability
        ``[L, T]``: 0 or 1 where fixed, else 1/2.
    least_lanes
        The least product of all spatial factors that a utilization constraint allows.
    is_fanout
        ``[L]``: 1 for levels of spatial loops.
    open_loops, open_splits, open_keeps
        Which of the keys, the splits and the kept tensors are free.
    remainders
        None unless factors may leave remainders.
    """

    factors: Any
    n_factors: Any
    factor_low: Any
    factor_high: Any
    primes: Any
    order_low: Any
    order_high: Any
    split_low: Any
    split_high: Any
    keep_probability: Any
    least_lanes: Any
    is_fanout: Any
    open_loops: Choices
    open_splits: Choices
    open_keeps: Choices
    remainders: Remainders | None = None


def level_space(structure: LevelStructure, lowered: LoweredLevels) -> LevelSpace:
    """Build the tables from the constraints; a mapping in the specification is one more constraint.

    Raises SpecError when no factorization of a rank obeys the constraints, UnsupportedError where a rank is too long
    for a table of imperfect factors, or where its factors leave a remainder that cannot be counted.
    """
    levels, ranks = range(structure.n_levels), range(len(structure.ranks))
    remainders = [remainder_rule(lowered, name) for name in lowered.einsum.ranks]
    tables = [_table(structure, lowered, rank, remainders[rank]) for rank in ranks]
    rows = FEWEST_ROWS if max(len(table) for table in tables) <= FEWEST_ROWS else MOST_ROWS
    rules = [factor_rules(structure, lowered, rank) for rank in ranks]
    keys = [_order_keys(structure, lowered.constraints[level], level) for level in levels]
    splits = np.array([split_range(structure, lowered.constraints[level], level) for level in levels])
    primes = [prime_factors(rule.whole or rule.bound) or [1] for rule in remainders]
    keep_probability = np.array([_keep_probabilities(structure, lowered, level) for level in levels])
    order_low, order_high = (np.array(column) for column in zip(*keys, strict=True))
    lanes = math.prod(x * y for x, y in structure.physical_mesh)
    return LevelSpace(
        factors=np.stack([np.resize(table, (rows, structure.n_levels)) for table in tables]),
        n_factors=np.array([len(table) for table in tables]),
        factor_low=np.array([[rules[r][level].least for r in ranks] for level in levels], dtype=float),
        factor_high=np.array([[rules[r][level].greatest for r in ranks] for level in levels], dtype=float),
        primes=np.stack([np.resize(row, 48) for row in primes]).astype(float),
        order_low=order_low,
        order_high=order_high,
        split_low=splits[:, 0],
        split_high=splits[:, 1],
        keep_probability=keep_probability,
        least_lanes=np.float64(lanes * max(constraint.utilization_minimum for constraint in lowered.constraints)),
        is_fanout=np.array(structure.is_fanout, dtype=float),
        open_loops=_open(order_low < order_high),
        open_splits=_open(splits[:, 0] < splits[:, 1]),
        open_keeps=_open((keep_probability > 0) & (keep_probability < 1)),
        remainders=_remainders(structure, remainders) if structure.imperfect else None,
    )


def _open(free: np.ndarray) -> Choices:
    """The places where ``free`` holds, padded to the size of the array."""
    places = np.flatnonzero(free)
    return Choices(np.resize(places, free.size) if len(places) else np.zeros(free.size, int), np.array(len(places)))


def _remainders(structure: LevelStructure, rules: list[RemainderRule]) -> Remainders:
    """The rules of all ranks as arrays."""
    whole = [0 if rule.whole is None else rule.whole for rule in rules]
    most = [[math.inf if most is None else most for most in rule.most] for rule in rules]
    for rank in stiff_ranks(structure):
        most[rank] = [0.0] * structure.n_levels
    return Remainders(
        bound=np.array([rule.bound for rule in rules], dtype=float),
        whole=np.array(whole, dtype=float),
        most=np.array(most, dtype=float).T,
        given=np.array([[given or 0 for given in rule.given] for rule in rules], dtype=float).T,
    )


def stiff_ranks(structure: LevelStructure) -> frozenset[int]:
    """The ranks whose factors must divide to be counted: under exact counting those of sliding windows."""
    return sliding_ranks(structure) if structure.rules.imperfect == "exact" else frozenset()


def factor_rules(structure: LevelStructure, lowered: LoweredLevels, rank: int) -> tuple[FactorRule, ...]:
    """What each level allows for the factor of ``rank``.

    A fan-out takes no free factor beyond its longer side; a fixed one stays, for the evaluation to call too large.
    """
    name = lowered.einsum.ranks[rank]
    rules = []
    for level, constraint in enumerate(lowered.constraints):
        fixed = dict(constraint.fixed).get(name)
        most, least = dict(constraint.maximum).get(name), dict(constraint.minimum).get(name)
        if fixed is None:
            most = constraint.default_maximum if most is None else most
            least = constraint.default_minimum if least is None else least
            if structure.is_fanout[level]:
                side = max(structure.physical_mesh[level])
                most = side if most is None else min(most, side)
        rules.append(FactorRule(fixed, least or 1, most))
    return tuple(rules)


def _table(structure: LevelStructure, lowered: LoweredLevels, rank: int, remainders: RemainderRule) -> np.ndarray:
    """The factorizations of one rank; an error that names the constraints when there are none."""
    name, bound = lowered.einsum.bounds[rank]
    rules = factor_rules(structure, lowered, rank)
    stiff = rank in stiff_ranks(structure) and not remainders.divides
    if stiff:
        remainders = replace(remainders, whole=bound)
    if remainders.divides:
        table = Factorizations(bound, rules).rows(MOST_ROWS)
    elif remainders.whole is None:
        table = ImperfectFactorizations(remainders, rules).rows(MOST_ROWS)
    else:
        table = induced_rows(remainders, rules, MOST_ROWS)
    if len(table):
        return table
    if stiff:
        raise UnsupportedError(
            f"factors of {name!r}, part of a sliding window, that do not divide it, counted exactly,"
        )
    if not remainders.divides and remainders.whole is not None and Factorizations(remainders.whole, rules).count:
        raise UnsupportedError(f"a fixed factor of {name!r} that is more than there is left to run for its loop")
    labels = (f"{n} (spatial)" if f else n for n, f in zip(structure.level_names, structure.is_fanout, strict=True))
    given = [f"{label}: {name}{rule}" for label, rule in zip(labels, rules, strict=True) if rule != FactorRule()]
    kind = "perfect factorization" if remainders.divides else "factorization"
    raise SpecError(f"no {kind} of {name}={bound} obeys the constraints ({', '.join(given)})")


def _order_keys(structure: LevelStructure, constraint: LevelConstraints, level: int) -> tuple[list[float], list[float]]:
    """Key ranges of the loops of one level: given inner loops below 0, given outer ones above 1, others between."""
    count = len(structure.ranks)
    low, high = [0.0] * count, [1.0] * count
    inner, outer = constraint.order_inner, constraint.order_outer
    line = structure.is_fanout[level] and 1 in structure.physical_mesh[level]
    innermost = level == structure.n_levels - 1 and not structure.is_fanout[level]
    if innermost or (line and not inner and not outer):
        low = [place / count for place in range(count)]
        high = list(low)
    for place, name in enumerate(inner):
        low[structure.ranks.index(name)] = high[structure.ranks.index(name)] = float(place - len(inner))
    for place, name in enumerate(outer):
        low[structure.ranks.index(name)] = high[structure.ranks.index(name)] = 2.0 + place
    return low, high


def split_range(structure: LevelStructure, constraint: LevelConstraints, level: int) -> tuple[int, int]:
    """The least and the greatest number of leading loops on X."""
    ranks = len(structure.ranks)
    if constraint.split is not None:
        return min(constraint.split, ranks), min(constraint.split, ranks)
    x, y = structure.physical_mesh[level]
    if y == 1:
        return ranks, ranks
    return (0, 0) if x == 1 else (0, ranks)


def _keep_probabilities(structure: LevelStructure, lowered: LoweredLevels, level: int) -> list[float]:
    """How often a sample keeps each tensor at a level: a fan-out keeps none, the outermost storage level all."""
    if structure.is_fanout[level]:
        return [0.0] * len(structure.tensors)
    constraint, outermost = lowered.constraints[level], all(structure.is_fanout[:level])
    return [
        0.0 if tensor in constraint.bypass else 1.0 if tensor in constraint.keep or outermost else 0.5
        for tensor in structure.tensors
    ]


@struct.dataclass
class Layout:
    """Mappings as arrays with the batch last: the fields of ``LevelMapping``, ``[L, R, n]`` and ``[L, T, n]``.

    ``residual`` is None where all factors divide.
    """

    factor: Any
    position: Any
    on_x: Any
    keep: Any
    residual: Any = None


def unpack(layout: Layout) -> LevelMapping:
    """The same mappings as the model takes them: every leaf ``[n]``. For arrays of numpy or jax."""

    def grid(values: Any) -> tuple[tuple[Any, ...], ...]:
        return tuple(tuple(values[level, column] for column in range(values.shape[1])) for level in range(len(values)))

    residual = () if layout.residual is None else grid(layout.residual)
    return LevelMapping(grid(layout.factor), residual, grid(layout.position), grid(layout.on_x), grid(layout.keep))
