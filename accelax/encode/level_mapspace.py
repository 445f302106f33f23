"""The mappings that the constraints of a Timeloop specification leave open, as arrays to draw from.

Timeloop's uber mapspace with perfect factors (reference E.1, E.2): every ordered factorization of every rank over the
levels, every permutation that keeps the given prefix and suffix, every split of a fan-out between X and Y, every free
keep.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from accelax.encode.factorizations import Factorizations, FactorRule
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LevelConstraints, LoweredLevels
from accelax.model.levels.arrays import LevelMapping, LevelStructure

MOST_ROWS = 1 << 14
"""Factorizations kept per rank; where there are more, an even sample stands for them."""


@struct.dataclass
class LevelSpace:
    """Tables to draw mappings from.

    factors
        ``[R, rows, L]``: legal factors of each rank, padded by repetition; ``n_factors`` ``[R]`` are the legal rows.
    order_low, order_high
        ``[L, R]``: a loop's place is drawn between these keys: a given order fixes them, a free one leaves (0, 1).
    split_low, split_high
        ``[L]``: the number of leading loops on X is drawn between these, inclusive.
    keep_probability
        ``[L, T]``: 0 or 1 where fixed, else 1/2.
    """

    factors: Any
    n_factors: Any
    order_low: Any
    order_high: Any
    split_low: Any
    split_high: Any
    keep_probability: Any


def level_space(structure: LevelStructure, lowered: LoweredLevels) -> LevelSpace:
    """Build the tables. Raises SpecError when no factorization of a rank obeys the constraints."""
    if structure.imperfect:
        raise UnsupportedError("a search over imperfect factors")
    tables = [_table(structure, lowered, rank) for rank in range(len(structure.ranks))]
    rows = 1 << max(len(table) - 1 for table in tables).bit_length()
    keys = [_order_keys(structure, constraint) for constraint in lowered.constraints]
    splits = [_split_range(structure, constraint, level) for level, constraint in enumerate(lowered.constraints)]
    fixed = {None: 0.5, True: 1.0, False: 0.0}
    return LevelSpace(
        factors=np.stack([np.resize(table, (rows, structure.n_levels)) for table in tables]),
        n_factors=np.array([len(table) for table in tables]),
        order_low=np.array([low for low, _ in keys]),
        order_high=np.array([high for _, high in keys]),
        split_low=np.array([low for low, _ in splits]),
        split_high=np.array([high for _, high in splits]),
        keep_probability=np.array([[fixed[keep] for keep in row] for row in structure.keep_fixed]),
    )


def factorizations(structure: LevelStructure, lowered: LoweredLevels, rank: int) -> Factorizations:
    """All ways to split the bound of ``rank`` over the levels."""
    name, bound = lowered.einsum.bounds[rank]
    rules = []
    for level, constraint in enumerate(lowered.constraints):
        fixed = dict(constraint.fixed).get(name)
        most = dict(constraint.maximum).get(name, constraint.default_maximum)
        least = dict(constraint.minimum).get(name, constraint.default_minimum) or 1
        if structure.is_fanout[level]:
            side = max(structure.physical_mesh[level])
            most = side if most is None else min(most, side)
        rules.append(FactorRule(fixed, least, most))
    return Factorizations(bound, tuple(rules))


def _table(structure: LevelStructure, lowered: LoweredLevels, rank: int) -> np.ndarray:
    """The rows of one rank; an error that names the constraints when there are none."""
    space = factorizations(structure, lowered, rank)
    if not space.count:
        name, bound = lowered.einsum.bounds[rank]
        given = [
            f"{level}: {name}={dict(constraint.fixed)[name]}"
            for level, constraint in zip(structure.level_names, lowered.constraints, strict=True)
            if name in dict(constraint.fixed)
        ]
        raise SpecError(f"no perfect factorization of {name}={bound} obeys the constraints ({', '.join(given)})")
    return space.rows(MOST_ROWS)


def _order_keys(structure: LevelStructure, constraint: LevelConstraints) -> tuple[list[float], list[float]]:
    """Key ranges of the loops of one level: given inner loops below 0, given outer ones above 1."""
    low, high = [0.0] * len(structure.ranks), [1.0] * len(structure.ranks)
    inner, outer = constraint.order_inner, constraint.order_outer
    for place, name in enumerate(inner):
        low[structure.ranks.index(name)] = high[structure.ranks.index(name)] = float(place - len(inner))
    for place, name in enumerate(outer):
        low[structure.ranks.index(name)] = high[structure.ranks.index(name)] = 2.0 + place
    return low, high


def _split_range(structure: LevelStructure, constraint: LevelConstraints, level: int) -> tuple[int, int]:
    """The least and the greatest number of leading loops on X."""
    ranks = len(structure.ranks)
    if constraint.split is not None:
        return constraint.split, constraint.split
    x, y = structure.physical_mesh[level]
    if y == 1:
        return ranks, ranks
    return (0, 0) if x == 1 else (0, ranks)


@struct.dataclass
class Genome:
    """Where mappings lie in a :class:`LevelSpace`: leaves have a leading batch axis ``[n]``.

    ``row`` ``[n, R]`` picks a factorization of each rank; ``key`` ``[n, L, R]`` sorts the loops of a level, innermost
    first; ``split`` ``[n, L]`` counts leading loops on X; ``keep`` ``[n, L, T]``.
    """

    row: Any
    key: Any
    split: Any
    keep: Any


def draw(space: LevelSpace, key: jax.Array, n: int) -> Genome:
    """``n`` random points that obey the constraints, each choice drawn evenly. Runs under ``jit``."""
    rows, order, split, keep = jax.random.split(key, 4)
    ranks, (levels, tensors) = space.factors.shape[0], space.keep_probability.shape
    low, high = jnp.asarray(space.split_low), jnp.asarray(space.split_high)
    return Genome(
        row=jax.random.randint(rows, (n, ranks), 0, jnp.asarray(space.n_factors)),
        key=jax.random.uniform(order, (n, levels, ranks), minval=space.order_low, maxval=space.order_high),
        split=jax.random.randint(split, (n, levels), low, high + 1),
        keep=(jax.random.uniform(keep, (n, levels, tensors)) < space.keep_probability).astype(float),
    )


def express(space: LevelSpace, genome: Genome) -> LevelMapping:
    """The mappings that genomes stand for: every leaf ``[n]``. Runs under ``jit``."""
    ranks, (levels, tensors) = space.factors.shape[0], space.keep_probability.shape
    factors = jnp.asarray(space.factors)
    factor = jnp.stack([factors[rank][genome.row[:, rank]] for rank in range(ranks)], axis=-1)
    place = jnp.argsort(jnp.argsort(genome.key, axis=-1), axis=-1).astype(float)
    on_x = (place < genome.split[..., None]).astype(float)

    def grid(values: jax.Array, width: int) -> tuple[tuple[jax.Array, ...], ...]:
        return tuple(tuple(values[:, level, column] for column in range(width)) for level in range(levels))

    return LevelMapping(
        factor=grid(factor, ranks),
        residual=(),
        position=grid(place, ranks),
        on_x=grid(on_x, ranks),
        keep=grid(genome.keep, tensors),
    )
