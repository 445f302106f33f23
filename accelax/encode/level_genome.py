"""Points of a mapspace that can be drawn and varied by compiled code, and the mappings that they stand for."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from accelax.encode.level_mapspace import Layout, LevelSpace, unpack
from accelax.model.levels.arrays import LevelMapping


@struct.dataclass
class Genome:
    """Where mappings lie in a :class:`~accelax.encode.level_mapspace.LevelSpace`: leaves have a trailing batch axis.

    ``factor`` ``[L, R, n]``; ``place`` ``[L, R, n]`` of a loop in its level, 0 innermost; ``split`` ``[L, n]`` counts
    leading loops on X; ``keep`` ``[L, T, n]``.
    """

    factor: Any
    place: Any
    split: Any
    keep: Any


def draw(space: LevelSpace, key: jax.Array, n: int) -> Genome:
    """``n`` random points that obey the constraints, each choice drawn evenly. Runs under ``jit``."""
    rows, order, split, keep = jax.random.split(key, 4)
    ranks, (levels, tensors) = space.factors.shape[0], space.keep_probability.shape
    low, high = jnp.asarray(space.split_low), jnp.asarray(space.split_high)
    row = jax.random.randint(rows, (n, ranks), 0, jnp.asarray(space.n_factors))
    factors = jnp.asarray(space.factors)
    columns = (
        jnp.stack([factors[rank][row[:, rank]] for rank in range(ranks)], axis=-1),
        jax.random.uniform(order, (n, levels, ranks), minval=space.order_low, maxval=space.order_high),
        jax.random.randint(split, (n, levels), low, high + 1),
        (jax.random.uniform(keep, (n, levels, tensors)) < space.keep_probability).astype(float),
    )
    factor, keys, split, keep = (jnp.moveaxis(column, 0, -1) for column in columns)
    return Genome(factor, places_of(keys), split, keep)


def places_of(keys: jax.Array) -> jax.Array:
    """The places of loops that are sorted by ``keys`` ``[L, R, n]``; equal ones stand in the order of the problem."""
    rank = jnp.arange(keys.shape[1])
    mine, other = keys[:, :, None], keys[:, None, :]
    first = (rank < rank[:, None])[:, :, None]
    return ((other < mine) | ((other == mine) & first)).sum(axis=2).astype(float)


def express(space: LevelSpace, genome: Genome) -> Layout:
    """The mappings that genomes stand for. Runs under ``jit``."""
    residual = None if space.remainders is None else residuals(space, genome)
    return Layout(genome.factor, genome.place, on_x(genome), genome.keep, residual)


def on_x(genome: Genome) -> jax.Array:
    """``[L, R, n]``: 1 for loops among the leading ones that lie on X."""
    return (genome.place < genome.split[:, None]).astype(float)


def residuals(space: LevelSpace, genome: Genome) -> jax.Array:
    """``[L, R, n]``: how often each loop runs in its last visit, where factors may leave remainders."""
    assert space.remainders is not None
    return last_visits(jnp.asarray(space.remainders.bound)[:, None], genome.factor)[1]


def last_visits(bound: jax.Array, factor: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Iterations left for each level, and how often its loop runs in its last visit: both as ``factor`` ``[L, ...]``.

    The same as :func:`accelax.ir.remainders.last_visits`, in floating-point numbers: ``ceil(n / P)`` is computed as
    ``floor((n - 1/2) / P) + 1``, which a rounded quotient does not change.
    """
    left, last = [], []
    remaining = bound
    for row in factor[::-1]:
        left.append(jnp.broadcast_to(remaining, row.shape))
        outside = jnp.floor((remaining - 0.5) / row) + 1.0
        last.append(remaining - row * (outside - 1.0))
        remaining = outside
    return jnp.stack(left[::-1]), jnp.stack(last[::-1])


@partial(jax.jit, static_argnames="n")
def _sample(space: LevelSpace, key: jax.Array, n: int) -> Layout:
    return express(space, draw(space, key, n))


def sample(space: LevelSpace, key: jax.Array, n: int) -> LevelMapping:
    """``n`` random mappings that obey the constraints: every leaf ``[n]``.

    The bits of ``key`` seed the generator that is fastest to compile, whatever kind of key it is.
    """
    seed = jnp.resize(jax.random.key_data(key), (4,))
    return unpack(jax.device_get(_sample(space, jax.random.wrap_key_data(seed, impl="rbg"), n)))
