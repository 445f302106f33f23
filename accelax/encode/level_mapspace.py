"""The mappings that the constraints of a Timeloop specification leave open, as arrays to draw from.

Timeloop's uber mapspace with perfect factors (reference E.1, E.2): every ordered factorization of every rank over the
levels, every order of loops that keeps the given prefix and suffix, every split of a fan-out between X and Y, every
free keep. As there, the loops of a one-dimensional fan-out without a given order, and those of the innermost level
where nothing depends on it, stand in the order of the problem.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from accelax.encode.factorizations import Factorizations, FactorRule, prime_factors
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LevelConstraints, LoweredLevels
from accelax.model.levels.arrays import LevelMapping, LevelStructure

MOST_ROWS = 1 << 17
"""Factorizations kept per rank; where there are more, an even sample stands for them."""
FEWEST_ROWS = 1 << 10
"""Tables are padded to this or to ``MOST_ROWS``, so that few shapes are compiled for."""


@struct.dataclass
class LevelSpace:
    """Tables to draw mappings from.

    factors
        ``[R, rows, L]``: legal factors of each rank, padded by repetition; ``n_factors`` ``[R]`` are the legal rows.
    factor_low, factor_high
        ``[L, R]``: the least and the greatest legal factor.
    primes
        ``[R, P]``: the prime factors of each bound, padded by repetition; 1 where the bound is 1.
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


def level_space(structure: LevelStructure, lowered: LoweredLevels) -> LevelSpace:
    """Build the tables from the constraints; a mapping in the specification is one more constraint.

    Raises SpecError when no factorization of a rank obeys the constraints, UnsupportedError for imperfect factors.
    """
    if structure.imperfect:
        raise UnsupportedError("a search over imperfect factors")
    levels, ranks = range(structure.n_levels), range(len(structure.ranks))
    tables = [_table(structure, lowered, rank) for rank in ranks]
    rows = FEWEST_ROWS if max(len(table) for table in tables) <= FEWEST_ROWS else MOST_ROWS
    rules = [factor_rules(structure, lowered, rank) for rank in ranks]
    keys = [_order_keys(structure, lowered.constraints[level], level) for level in levels]
    splits = [split_range(structure, lowered.constraints[level], level) for level in levels]
    primes = [prime_factors(bound) or [1] for _, bound in lowered.einsum.bounds]
    lanes = math.prod(x * y for x, y in structure.physical_mesh)
    return LevelSpace(
        factors=np.stack([np.resize(table, (rows, structure.n_levels)) for table in tables]),
        n_factors=np.array([len(table) for table in tables]),
        factor_low=np.array([[rules[r][level].least for r in ranks] for level in levels], dtype=float),
        factor_high=np.array([[rules[r][level].greatest for r in ranks] for level in levels], dtype=float),
        primes=np.stack([np.resize(row, 48) for row in primes]).astype(float),
        order_low=np.array([low for low, _ in keys]),
        order_high=np.array([high for _, high in keys]),
        split_low=np.array([low for low, _ in splits]),
        split_high=np.array([high for _, high in splits]),
        keep_probability=np.array([_keep_probabilities(structure, lowered, level) for level in levels]),
        least_lanes=np.float64(lanes * max(constraint.utilization_minimum for constraint in lowered.constraints)),
        is_fanout=np.array(structure.is_fanout, dtype=float),
    )


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


def _table(structure: LevelStructure, lowered: LoweredLevels, rank: int) -> np.ndarray:
    """The factorizations of one rank; an error that names the constraints when there are none."""
    name, bound = lowered.einsum.bounds[rank]
    rules = factor_rules(structure, lowered, rank)
    space = Factorizations(bound, rules)
    if not space.count:
        labels = (f"{n} (spatial)" if f else n for n, f in zip(structure.level_names, structure.is_fanout, strict=True))
        given = [f"{label}: {name}{rule}" for label, rule in zip(labels, rules, strict=True) if rule != FactorRule()]
        raise SpecError(f"no perfect factorization of {name}={bound} obeys the constraints ({', '.join(given)})")
    return space.rows(MOST_ROWS)


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
class Genome:
    """Where mappings lie in a :class:`LevelSpace`: leaves have a leading batch axis ``[n]``.

    ``factor`` ``[n, L, R]``; ``key`` ``[n, L, R]`` sorts the loops of a level, innermost first; ``split`` ``[n, L]``
    counts leading loops on X; ``keep`` ``[n, L, T]``.
    """

    factor: Any
    key: Any
    split: Any
    keep: Any


def draw(space: LevelSpace, key: jax.Array, n: int) -> Genome:
    """``n`` random points that obey the constraints, each choice drawn evenly. Runs under ``jit``."""
    rows, order, split, keep = jax.random.split(key, 4)
    ranks, (levels, tensors) = space.factors.shape[0], space.keep_probability.shape
    low, high = jnp.asarray(space.split_low), jnp.asarray(space.split_high)
    row = jax.random.randint(rows, (n, ranks), 0, jnp.asarray(space.n_factors))
    factors = jnp.asarray(space.factors)
    return Genome(
        factor=jnp.stack([factors[rank][row[:, rank]] for rank in range(ranks)], axis=-1),
        key=jax.random.uniform(order, (n, levels, ranks), minval=space.order_low, maxval=space.order_high),
        split=jax.random.randint(split, (n, levels), low, high + 1),
        keep=(jax.random.uniform(keep, (n, levels, tensors)) < space.keep_probability).astype(float),
    )


def shift_factor(space: LevelSpace, factor: jax.Array, chance: jax.Array) -> jax.Array:
    """Move one prime factor of one rank from one level to another in each of ``n`` mappings.

    ``factor`` is ``[n, L, R]``; ``chance`` ``[n, 4]``, even in [0, 1), picks rank, prime, source and target. A mapping
    where that move is impossible or breaks a constraint stays as it is.
    """
    levels, ranks = factor.shape[1:]
    primes = jnp.asarray(space.primes)
    sizes = jnp.array([ranks, primes.shape[1], levels, levels])
    rank, which, source, target = jnp.minimum(jnp.floor(chance * sizes).astype(int), sizes - 1).T
    prime = primes[rank, which][:, None, None]
    place, own = jnp.arange(levels)[:, None], (jnp.arange(ranks) == rank[:, None])[:, None, :]
    up, down = (own & (place == level[:, None, None]) for level in (target, source))
    moved = factor * jnp.where(up, prime, 1.0) / jnp.where(down, prime, 1.0)
    legal = (moved == jnp.round(moved)) & (moved >= space.factor_low) & (moved <= space.factor_high)
    return jnp.where(legal.all(axis=(1, 2), keepdims=True), moved, factor)


def lane_shortfall(space: LevelSpace, genome: Genome) -> jax.Array:
    """``[n]``: by how much, relatively, the spatial factors miss the least utilization of the constraints."""
    spatial = jnp.where(jnp.asarray(space.is_fanout)[:, None] > 0, genome.factor, 1.0)
    return jnp.maximum(space.least_lanes / jnp.prod(spatial, axis=(1, 2)) - 1.0, 0.0)


@struct.dataclass
class Layout:
    """Mappings as four arrays with the batch last: the fields of ``LevelMapping``, ``[L, R, n]`` and ``[L, T, n]``."""

    factor: Any
    position: Any
    on_x: Any
    keep: Any


def express(genome: Genome) -> Layout:
    """The mappings that genomes stand for. Runs under ``jit``."""
    rank = jnp.arange(genome.key.shape[-1])
    mine, other = genome.key[..., :, None], genome.key[..., None, :]
    before = (other < mine) | ((other == mine) & (rank < rank[:, None]))
    place = before.sum(axis=-1)
    on_x = (place < genome.split[..., None]).astype(float)
    columns = (genome.factor, place.astype(float), on_x, genome.keep)
    return Layout(*(jnp.moveaxis(column, 0, -1) for column in columns))


def unpack(layout: Layout) -> LevelMapping:
    """The same mappings as the model takes them: every leaf ``[n]``. For arrays of numpy or jax."""

    def grid(values: Any) -> tuple[tuple[Any, ...], ...]:
        return tuple(tuple(values[level, column] for column in range(values.shape[1])) for level in range(len(values)))

    return LevelMapping(grid(layout.factor), (), grid(layout.position), grid(layout.on_x), grid(layout.keep))


@partial(jax.jit, static_argnames="n")
def _sample(space: LevelSpace, key: jax.Array, n: int) -> Layout:
    return express(draw(space, key, n))


def sample(space: LevelSpace, key: jax.Array, n: int) -> LevelMapping:
    """``n`` random mappings that obey the constraints: every leaf ``[n]``.

    The bits of ``key`` seed the generator that is fastest to compile, whatever kind of key it is.
    """
    seed = jnp.resize(jax.random.key_data(key), (4,))
    return unpack(jax.device_get(_sample(space, jax.random.wrap_key_data(seed, impl="rbg"), n)))
