"""Mappings of other searchers as genomes of the climbers."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from accelax.encode.level_genome import Genome
from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelMapping


def genome_of(problem: LevelProblem, mappings: Sequence[Mapping]) -> tuple[Genome, list[int]] | None:
    """The mappings as one genome, and which of them it has; None where none belongs to the problem.

    A mapping whose loops on X and Y no order and split of the constraints gives is left out.
    """
    rows, places = [], []
    for place, mapping in enumerate(mappings):
        try:
            rows.append(encode_mapping(problem.structure, problem.lowered, mapping))
            places.append(place)
        except (SpecError, UnsupportedError):
            continue
    if not rows:
        return None
    columns = ([getattr(row, name) for row in rows] for name in ("factor", "keep", "on_x"))
    factor, keep, on_x = (np.moveaxis(np.array(column, dtype=float), 0, -1) for column in columns)
    place = _places(problem, rows, factor, on_x)
    split, good = _splits(problem, factor, on_x, place)
    chosen = np.flatnonzero(good)
    if not len(chosen):
        return None
    leaves = (factor, place, split, keep)
    return Genome(*(jnp.asarray(leaf[..., chosen]) for leaf in leaves)), [places[i] for i in chosen]


def _places(problem: LevelProblem, rows: list[LevelMapping], factor: np.ndarray, on_x: np.ndarray) -> np.ndarray:
    """``[L, R, n]``: places in the order of the mappings that the constraints allow, unit loops where they may be.

    On a fan-out, the loops of factor 1 stand between those on X and those on Y.
    """
    space = problem.space
    position = np.stack([np.array(row.position, dtype=float) for row in rows], -1)
    wide = np.asarray(space.is_fanout)[:, None, None] > 0
    group = np.where(factor <= 1, 1.0, np.where(on_x > 0, 0.0, 2.0)) * wide
    ranks = factor.shape[1]
    key = (group + (position + 0.5) / ranks) / 3
    low, high = (np.asarray(bound)[:, :, None] for bound in (space.order_low, space.order_high))
    key = low + (high - low) * key
    return np.argsort(np.argsort(key, axis=1, kind="stable"), axis=1, kind="stable").astype(float)


def _splits(
    problem: LevelProblem, factor: np.ndarray, on_x: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``[L, n]`` splits with the longer loops on X and Y as in the mappings, and ``[n]`` whether there are such."""
    space = problem.space
    real = (factor > 1) & (np.asarray(space.is_fanout)[:, None, None] > 0)
    least = np.where(real & (on_x > 0), place + 1, 0).max(axis=1)
    most = np.where(real & (on_x <= 0), place, np.inf).min(axis=1)
    low, high = (np.asarray(bound)[:, None] for bound in (space.split_low, space.split_high))
    split = np.maximum(least, low)
    return split.astype(int), ((split <= most) & (split <= high)).all(axis=0)
