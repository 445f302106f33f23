"""Build the list of :class:`~accelax.encode.level_enumeration.LevelEnumeration`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product as choices_of

import numpy as np

from accelax.encode.level_counting import factorizations, order_rules
from accelax.encode.level_enumeration import LevelEnumeration, Tables
from accelax.encode.level_fitting import FittingRule, fitting_rows
from accelax.encode.level_orders import arrangements, layout_matters, order_classes, views_of_level
from accelax.encode.level_problem import LevelProblem
from accelax.model.levels.arrays import LevelStructure, LevelWorkload

MOST_ROWS = 1 << 17
"""Factorizations of one rank; a rank with more is not enumerated."""
MOST_ENTRIES = 1 << 23
LEAST_PADDED = 64
"""Tables are padded to powers of two from here on, so that few shapes are compiled for."""


def enumerate_levels(problem: LevelProblem, most: float = math.inf) -> LevelEnumeration | None:
    """The list of all mappings of a problem that can fit; None where it is too long to be made.

    So it is, too, when more than ``most`` combinations of factors fit: it is left early, since each is a mapping if the
    sides of a mesh allow it.

    Raises UnsupportedError for imperfect factors, SpecError when the constraints leave no factorization.
    """
    space, bounds = problem.space, problem.lowered.einsum.bounds
    ranks = [rank for rank, (_, bound) in enumerate(bounds) if bound > 1] or [0]
    every = factorizations(problem, on_mesh=True)
    found = [every[rank] for rank in ranks]
    if max(one.count for one in found) > MOST_ROWS:
        return None
    factors = [one.rows(MOST_ROWS) for one in found]
    structure, workload = _without_ranks(problem, ranks, factors)
    rule = _fitting_rule(problem, structure, workload)
    rows = fitting_rows(rule, factors)
    if rows is None:
        return None
    if float(space.least_lanes) > 1.0:
        rows = rows[_enough_lanes(structure, factors, rows, float(space.least_lanes))]
    if len(rows) > most:
        return None
    listed = _entries(space.keep_probability, rule, factors, rows)
    if listed is None:
        return None
    keeps, entry, choice = listed
    levels = range(structure.n_levels)
    orders = [_level_orders(problem, structure, rule, ranks, factors, rows, level) for level in levels]
    laid_out = np.logical_and.reduce([order.count > 0 for order in orders])[entry]
    entry, choice = entry[laid_out], choice[laid_out]
    radix = np.stack([order.count[entry] for order in orders], axis=1)
    firsts = [order.first[entry] for order in orders]
    if float(np.prod(radix.astype(float), axis=1).sum()) > 2.0**52:
        return None
    return LevelEnumeration(
        problem=problem,
        structure=structure,
        workload=workload,
        ranks=tuple(ranks),
        tables=Tables(
            factors=tuple(_padded(table) for table in factors),
            position=tuple(_padded(order.position) for order in orders),
            on_x=tuple(_padded(order.on_x) for order in orders),
            keep=_padded(keeps),
        ),
        entries=np.column_stack([rows[entry], choice, *firsts]).astype(np.int32),
        radix=radix,
        ends=np.prod(radix.astype(np.int64), axis=1).cumsum(),
    )


def _without_ranks(
    problem: LevelProblem, ranks: Sequence[int], factors: Sequence[np.ndarray]
) -> tuple[LevelStructure, LevelWorkload]:
    """The problem with only ``ranks``: the others have extent 1, so their terms add nothing to an index.

    Factors that are 1 in every row of ``factors`` are no numbers either.
    """
    structure, place = problem.structure, {rank: i for i, rank in enumerate(ranks)}
    axes = [
        [
            [(place[rank], c) for rank, c in zip(terms, row, strict=True) if rank in place]
            for terms, row in zip(projection, coefficients, strict=True)
        ]
        for projection, coefficients in zip(structure.projections, problem.workload.coefficients, strict=True)
    ]
    kept = [[terms for terms in tensor if terms] for tensor in axes]
    reduced = replace(
        structure,
        ranks=tuple(structure.ranks[rank] for rank in ranks),
        projections=tuple(tuple(tuple(r for r, _ in terms) for terms in tensor) for tensor in kept),
        unit_factor=tuple(
            tuple(bool((table[:, level] == 1).all()) for table in factors) for level in range(structure.n_levels)
        ),
    )
    workload = LevelWorkload(
        bounds=tuple(problem.workload.bounds[rank] for rank in ranks),
        coefficients=tuple(tuple(tuple(c for _, c in terms) for terms in tensor) for tensor in kept),
    )
    return reduced, workload


def _fitting_rule(problem: LevelProblem, structure: LevelStructure, workload: LevelWorkload) -> FittingRule:
    """The limits of the problem's machine; those of a mesh as the model reads them."""
    hardware, keep = problem.hardware, problem.space.keep_probability
    mesh_x = [float(n) for n in (*hardware.mesh_x, hardware.mesh_x_compute)]
    mesh_y = [float(n) for n in (*hardware.mesh_y, hardware.mesh_y_compute)]
    fanout = structure.is_fanout
    levels = range(structure.n_levels)
    return FittingRule(
        structure=structure,
        sizes=tuple(np.inf if fanout[level] else float(hardware.size[level]) for level in levels),
        held=tuple(tuple(bool(p == 1.0) for p in keep[level]) for level in levels),
        sides=tuple(
            (mesh_x[level + 1] / mesh_x[level], mesh_y[level + 1] / mesh_y[level]) if wide else (np.inf, np.inf)
            for level, wide in enumerate(fanout)
        ),
        coefficients=tuple(tuple(tuple(float(c) for c in row) for row in tensor) for tensor in workload.coefficients),
    )


def _enough_lanes(
    structure: LevelStructure, factors: Sequence[np.ndarray], rows: np.ndarray, least: float
) -> np.ndarray:
    """``[n]``: whether the spatial factors meet the least utilization of the constraints."""
    used = np.ones(len(rows))
    for level in (level for level, fanout in enumerate(structure.is_fanout) if fanout):
        for rank, table in enumerate(factors):
            used = used * table[rows[:, rank], level]
    return used >= least


@dataclass(frozen=True)
class LevelOrders:
    """The loop orders of one level: ``position`` and ``on_x`` ``[choices, R]``.

    Those of combination ``i`` are ``count[i]`` choices from ``first[i]`` on; none where no layout fits.
    """

    position: np.ndarray
    on_x: np.ndarray
    first: np.ndarray
    count: np.ndarray


def _level_orders(
    problem: LevelProblem,
    structure: LevelStructure,
    rule: FittingRule,
    ranks: Sequence[int],
    factors: Sequence[np.ndarray],
    rows: np.ndarray,
    level: int,
) -> LevelOrders:
    """List the orders of every set of loops longer than 1 that occurs at a level."""
    order_rule, n_ranks = order_rules(problem)[level], len(ranks)
    factor = np.stack([table[rows[:, rank], level] for rank, table in enumerate(factors)], axis=1)
    patterns = (factor > 1) @ (1 << np.arange(n_ranks))
    position: list[list[float]] = []
    on_x: list[list[float]] = []
    first, count = np.zeros(1 << n_ranks, np.int64), np.zeros(1 << n_ranks, np.int64)
    views = None if structure.is_fanout[level] else views_of_level(structure, level)
    place = {rank: i for i, rank in enumerate(ranks)}
    for pattern in np.unique(patterns):
        loops = frozenset(i for i in range(n_ranks) if pattern >> i & 1)
        if structure.is_fanout[level]:
            full = frozenset(ranks[i] for i in loops)
            found = arrangements(order_rule, full, layout_matters(structure, level))
            listed = [(tuple(place[rank] for rank in order), number) for order, number in found]
        else:
            listed = [(order, 0) for order in order_classes(order_rule.only(list(ranks)), loops, views)]
        first[pattern], count[pattern] = len(position), len(listed)
        for order, number in listed:
            complete = [*order, *(rank for rank in range(n_ranks) if rank not in order)]
            position.append([float(complete.index(rank)) for rank in range(n_ranks)])
            on_x.append([float(rank in order[:number]) for rank in range(n_ranks)])
    choices = LevelOrders(
        position=np.array(position).reshape(-1, n_ranks),
        on_x=np.array(on_x).reshape(-1, n_ranks),
        first=first[patterns],
        count=count[patterns],
    )
    if not structure.is_fanout[level]:
        return choices
    return _on_mesh(choices, factor, rule.sides[level], layout_matters(structure, level))


def _on_mesh(orders: LevelOrders, factor: np.ndarray, sides: tuple[float, float], matters: bool) -> LevelOrders:
    """Leave no order to combinations that no layout fits, and one that fits where the layout does not matter."""
    chosen, fits = orders.first.copy(), np.zeros(len(factor), bool)
    for place in range(int(orders.count.max(initial=0))):
        choice = np.minimum(orders.first + place, len(orders.on_x) - 1)
        on_x = orders.on_x[choice] > 0
        x, y = np.where(on_x, factor, 1.0).prod(axis=1), np.where(on_x, 1.0, factor).prod(axis=1)
        good = (place < orders.count) & (x <= sides[0]) & (y <= sides[1])
        chosen = np.where(good & ~fits, choice, chosen)
        fits |= good
    if matters:
        return replace(orders, count=np.where(fits, orders.count, 0))
    return replace(orders, first=chosen, count=fits.astype(np.int64))


def _entries(
    probability: np.ndarray, rule: FittingRule, factors: Sequence[np.ndarray], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """``(keep choices, combination, choice)``: every combination with every choice of what is kept that fits.

    None where there are too many.
    """
    options = [(0.0, 1.0) if 0.0 < p < 1.0 else (float(p),) for p in probability.ravel()]
    if np.prod([float(len(option)) for option in options]) * len(rows) > MOST_ENTRIES:
        return None
    keeps = np.array(list(choices_of(*options)))
    reach = [np.cumprod(table[:, ::-1], axis=1)[:, ::-1] for table in factors]
    good = np.ones((len(rows), len(keeps)), bool)
    for level, size in enumerate(rule.sizes):
        if not np.isfinite(size):
            continue
        extent = [table[rows[:, rank], level] for rank, table in enumerate(reach)]
        kept = keeps.reshape(len(keeps), *probability.shape)[:, level]
        tiles = [np.broadcast_to(rule.tiles(level, t, extent), len(rows)) for t in range(probability.shape[1])]
        good &= np.stack(tiles, axis=1) @ kept.T <= size
    combination, choice = np.nonzero(good)
    return keeps, combination, choice


def _padded(table: np.ndarray) -> np.ndarray:
    """The table with rows of zeros up to a power of two."""
    rows = max(LEAST_PADDED, 1 << (max(len(table), 1) - 1).bit_length())
    return np.concatenate([table, np.zeros((rows - len(table), *table.shape[1:]))])
