"""Legal integer mappings around relaxed optima, in batches for the device."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from accelax.encode.level_genome import Genome, express, places_of
from accelax.encode.level_mapspace import Layout, LevelSpace
from accelax.encode.level_problem import LevelProblem
from accelax.search.relaxed.classes import MappingClass

NEAREST = 64
"""Factorizations of a rank that are drawn from: those next to the relaxed one."""
FURTHEST = 1.0
"""The largest scale of the distances that are drawn, in log factors; every candidate draws its own, down to 0."""


@struct.dataclass
class Neighbourhood:
    """Around ``C`` relaxed optima.

    factors
        ``[C, R, NEAREST, L]``: the factorizations nearest to the relaxed one; ``distance`` ``[C, R, NEAREST]`` from it.
    key
        ``[C, L, R]``: sorts the loops of a level as the class wants them; ``loose`` ``[L]``: 1 for fan-outs, where no
        order is wanted.
    keep
        ``[C, L, T]``.
    """

    factors: Any
    distance: Any
    key: Any
    loose: Any
    keep: Any


def neighbourhood(problem: LevelProblem, classes: list[MappingClass], factors: np.ndarray) -> Neighbourhood:
    """The neighbourhood of relaxed factors ``[C, L, R]``, one row for each class."""
    space, structure = problem.space, problem.structure
    tables, counts = np.asarray(space.factors), np.asarray(space.n_factors)
    found, distances = [], []
    for relaxed in np.log(factors):
        rows, gaps = [], []
        for rank, count in enumerate(counts):
            table = tables[rank, :count]
            gap = np.sqrt(((np.log(table) - relaxed[:, rank]) ** 2).sum(axis=1))
            nearest = np.argsort(gap, kind="stable")[:NEAREST]
            pad = NEAREST - len(nearest)
            rows.append(np.concatenate([table[nearest], np.repeat(table[nearest[:1]], pad, axis=0)]))
            gaps.append(np.concatenate([gap[nearest], np.full(pad, np.inf)]))
        found.append(rows)
        distances.append(gaps)
    keys = [[_keys(problem, klass, level) for level in range(structure.n_levels)] for klass in classes]
    return Neighbourhood(
        factors=np.array(found),
        distance=np.array(distances),
        key=np.array(keys),
        loose=np.array(structure.is_fanout, dtype=float),
        keep=np.array([klass.keep for klass in classes], dtype=float),
    )


def _keys(problem: LevelProblem, klass: MappingClass, level: int) -> np.ndarray:
    """``[R]``: the places of the class's loops at a level, between 0 and 1."""
    count = len(problem.structure.ranks)
    loops = klass.loops[level]
    order = range(count) if loops is None else loops.order
    places = np.zeros(count)
    for place, rank in enumerate(order):
        places[rank] = (place + 0.5) / count
    return places


@partial(jax.jit, static_argnames="n")
def round_off(space: LevelSpace, around: Neighbourhood, key: Any, n: int) -> Layout:
    """``n`` random legal mappings, most of them close to the relaxed optima ``around`` which they are drawn."""
    classes, ranks = around.factors.shape[:2]
    levels = around.key.shape[1]
    pick, scale, noise, loose, split = jax.random.split(key, 5)
    which = jax.random.randint(pick, (n,), 0, classes)
    width = FURTHEST * jax.random.uniform(scale, (n, 1, 1)) + 1e-3
    gumbel = jax.random.gumbel(noise, (n, ranks, NEAREST))
    row = jnp.argmax(gumbel - around.distance[which] / width, axis=-1)
    free = jax.random.uniform(loose, (n, levels, ranks))
    wanted = jnp.where(around.loose[:, None] > 0, free, around.key[which])
    low, high = jnp.asarray(space.order_low), jnp.asarray(space.order_high)
    first, last = jnp.asarray(space.split_low), jnp.asarray(space.split_high)
    columns = (
        jnp.stack([around.factors[which, rank, row[:, rank]] for rank in range(ranks)], axis=-1),
        low + (high - low) * wanted,
        jax.random.randint(split, (n, levels), first, last + 1),
        around.keep[which],
    )
    factor, keys, lanes, keep = (jnp.moveaxis(column, 0, -1) for column in columns)
    return express(space, Genome(factor, places_of(keys), lanes, keep))
