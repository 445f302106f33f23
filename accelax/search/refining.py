"""A small population that mutates mappings on the host, in float64 and without any compilation, as a searcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_mapspace import LevelSpace
from accelax.encode.level_problem import LevelProblem
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelMapping
from accelax.search.objective import Objective
from accelax.search.protocol import SearchState

PARENTS = 64
CHILDREN = 512
FRESH = 1 / 8
"""The part of the children that is drawn at random."""


@dataclass
class Genes:
    """Numpy twins of the fields of ``Genome``: ``[n, L, R]``, ``[n, L, R]``, ``[n, L]`` and ``[n, L, T]``."""

    factor: np.ndarray
    key: np.ndarray
    split: np.ndarray
    keep: np.ndarray

    def take(self, index: np.ndarray) -> Genes:
        """Those at ``index``."""
        return Genes(self.factor[index], self.key[index], self.split[index], self.keep[index])

    def joined(self, other: Genes) -> Genes:
        """These and then the others."""
        mine, theirs = vars(self).values(), vars(other).values()
        return Genes(*(np.concatenate([a, b]) for a, b in zip(mine, theirs, strict=True)))


@dataclass
class RefiningState(SearchState):
    """The best genes so far with their scores ``[criteria, n]``, and those that were handed out."""

    problem: LevelProblem | None = None
    random: Any = None
    parents: Genes | None = None
    scores: Any = None
    children: Genes | None = None


class Refining:
    """Mutates the best mappings it knows: those that :meth:`welcome` brought, its own, and random ones."""

    def init(self, problem: Any, objective: Objective, seed: int) -> RefiningState:
        """Nothing is known yet. Raises UnsupportedError in the AccelForge dialect."""
        if not isinstance(problem, LevelProblem):
            raise UnsupportedError("refining mappings of the AccelForge dialect")
        random = np.random.default_rng(seed)
        parents = drawn(problem.space, random, 0)
        return RefiningState(problem=problem, random=random, parents=parents, scores=np.empty((len(objective), 0)))

    def welcome(self, state: RefiningState, mappings: Sequence[Mapping], scores: Any) -> None:
        """Take mappings of another searcher among the parents."""
        assert state.problem is not None
        rows, places = [], []
        for place, mapping in enumerate(mappings):
            try:
                rows.append(encode_mapping(state.problem.structure, state.problem.lowered, mapping))
                places.append(place)
            except (SpecError, UnsupportedError):
                continue
        if rows:
            self._admit(state, genes_of(state.problem.space, rows), np.asarray(scores)[:, places])

    def ask(self, state: RefiningState, incumbent: float, seconds: float) -> tuple[RefiningState, LevelMapping]:
        """The next children, on the host."""
        assert state.problem is not None
        assert state.parents is not None
        space, random = state.problem.space, state.random
        known = len(state.parents.split)
        fresh = drawn(space, random, CHILDREN if known < PARENTS else int(CHILDREN * FRESH))
        state.children = fresh
        if known >= PARENTS:
            chosen = (PARENTS * random.random(CHILDREN - len(fresh.split)) ** 2).astype(int)
            state.children = mutated(space, random, state.parents.take(chosen)).joined(fresh)
        return state, expressed(state.children)

    def tell(self, state: RefiningState, candidates: Any, scores: Any) -> RefiningState:
        """The best of parents and children are the next parents."""
        assert state.children is not None
        self._admit(state, state.children, np.asarray(scores))
        return state

    def _admit(self, state: RefiningState, genes: Genes, scores: np.ndarray) -> None:
        """Keep the best, one of each score."""
        assert state.parents is not None
        everyone, table = state.parents.joined(genes), np.concatenate([state.scores, scores], axis=1)
        _, first = np.unique(table, axis=1, return_index=True)
        best = first[:PARENTS]
        state.parents, state.scores = everyone.take(best), table[:, best]


def drawn(space: LevelSpace, random: np.random.Generator, n: int) -> Genes:
    """``n`` random genes that obey the constraints."""
    ranks, (levels, tensors) = len(space.factors), space.keep_probability.shape
    rows = [random.integers(0, space.n_factors[rank], n) for rank in range(ranks)]
    factor = np.stack([space.factors[rank][rows[rank]] for rank in range(ranks)], axis=-1)
    key = space.order_low + (space.order_high - space.order_low) * random.random((n, levels, ranks))
    split = random.integers(space.split_low, space.split_high + 1, (n, levels))
    keep = (random.random((n, levels, tensors)) < space.keep_probability).astype(float)
    return Genes(factor.astype(float), key, split, keep)


def mutated(space: LevelSpace, random: np.random.Generator, parents: Genes) -> Genes:
    """Copies in which prime factors moved between levels and a few other genes were drawn anew."""
    n, levels, ranks = parents.factor.shape
    fresh = drawn(space, random, n)
    factor = parents.factor
    for chance in (0.8, 0.4, 0.2):
        factor = np.where(random.random((n, 1, 1)) < chance, shifted(space, random, factor), factor)
    loops = random.random((n, levels, ranks)) < 1.5 / (levels * ranks)
    splits = random.random((n, levels)) < 0.2 / levels
    keeps = random.random(parents.keep.shape) < 0.5 / levels
    redrawn = random.random((n, 1, ranks)) < 0.2 / ranks
    return Genes(
        np.where(redrawn, fresh.factor, factor),
        np.where(loops, fresh.key, parents.key),
        np.where(splits, fresh.split, parents.split),
        np.where(keeps, fresh.keep, parents.keep),
    )


def shifted(space: LevelSpace, random: np.random.Generator, factor: np.ndarray) -> np.ndarray:
    """``factor`` ``[n, L, R]`` with one prime of one rank moved to another level, unless a constraint is in the way."""
    n, levels, ranks = factor.shape
    every, rank = np.arange(n), random.integers(0, ranks, n)
    prime = space.primes[rank, random.integers(0, space.primes.shape[1], n)]
    source, target = random.integers(0, levels, n), random.integers(0, levels, n)
    moved = factor.copy()
    moved[every, source, rank] /= prime
    moved[every, target, rank] *= prime
    legal = (moved == np.round(moved)) & (moved >= space.factor_low) & (moved <= space.factor_high)
    return np.where(legal.all(axis=(1, 2), keepdims=True), moved, factor)


def expressed(genes: Genes) -> LevelMapping:
    """The mappings that genes stand for, every leaf ``[n]``."""
    levels = genes.key.shape[1]
    place = np.argsort(np.argsort(genes.key, axis=2, kind="stable"), axis=2)
    on_x = place < genes.split[:, :, None]

    def grid(values: np.ndarray) -> tuple[tuple[np.ndarray, ...], ...]:
        return tuple(tuple(values[:, i, j].astype(float) for j in range(values.shape[2])) for i in range(levels))

    return LevelMapping(grid(genes.factor), (), grid(place), grid(on_x), grid(genes.keep))


def genes_of(space: LevelSpace, mappings: Sequence[LevelMapping]) -> Genes:
    """The genes that stand for encoded mappings."""
    factor, place, on_x, keep = (
        np.array([getattr(mapping, name) for mapping in mappings], dtype=float)
        for name in ("factor", "position", "on_x", "keep")
    )
    span = space.order_high - space.order_low
    key = space.order_low + span * (place + 0.5) / place.shape[2]
    return Genes(factor, key, on_x.sum(axis=2).astype(int), keep)
