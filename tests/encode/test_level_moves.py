"""Mutants obey the constraints, change a little, and reach everything."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_genome import draw, express
from accelax.encode.level_mapspace import unpack
from accelax.encode.level_moves import WORDS, Reorder, decide, new_factors, new_keeps, new_places, new_splits
from tests.search.cases import imperfect_specification, specification

N = 512
CONSTRAINTS = {
    "DRAM": {"temporal": {"permutation": ["N"]}},
    "BUF": {"dataspace": {"bypass": ["A"]}, "temporal": {"factors": ["M=3", "N<=4"]}},
}
SPECS = {
    "perfect": specification(**CONSTRAINTS),
    "ruby": imperfect_specification(
        {"M": 7, "N": 9, "K": 10}, MAC={"spatial": {"remainders": 2}}, BUF={"temporal": {"remainders": 3}}
    ),
    "induced": imperfect_specification(
        {"M": 10, "N": 8, "K": 12},
        "uber",
        MAC={"spatial": {"factors": ["M=4"]}},
        BUF={"temporal": {"factors": ["K=5"]}},
    ),
}


@jax.jit
def mutants(space, parents, words):
    changes = decide(space, parents, words)
    genes = {name: getattr(parents, name) for name in ("factor", "place", "split", "keep")}
    news = {"factor": new_factors, "place": new_places, "split": new_splits, "keep": new_keeps}
    return parents.replace(**{name: new(genes[name], changes) for name, new in news.items()})


_draw = jax.jit(draw, static_argnums=2)


def drawn(space):
    return _draw(space, jax.random.key(0, impl="rbg"), N)


def words(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 32, (WORDS, n), dtype=np.uint32)


@pytest.mark.parametrize("name", SPECS)
def test_generations_of_mutants_stay_in_the_mapspace(name):
    spec = SPECS[name]
    problem = ax.encode(spec)
    genome = drawn(problem.space)
    seen = set()
    for seed in range(12):
        genome = mutants(problem.space, genome, words(seed))
    batch = unpack(jax.device_get(express(problem.space, genome)))
    for i in range(0, N, 4):
        mapping = problem.decode(batch, i)
        assert spec.mapspace.violations(mapping) == []
        seen.add(mapping)
    assert len(seen) > N / 8
    again = problem.encode_mappings([problem.decode(batch, i) for i in range(20)])
    assert np.array_equal(np.asarray(again.factor), np.asarray(batch.factor)[..., :20])
    assert np.array_equal(np.asarray(again.residual), np.asarray(batch.residual)[..., :20])


@pytest.mark.parametrize("name", SPECS)
def test_shifts_alone_reach_all_factors(name):
    problem = ax.encode(SPECS[name])
    space = problem.space
    want = [{tuple(row) for row in table[:count]} for table, count in zip(space.factors, space.n_factors, strict=True)]
    genome = jax.tree.map(lambda leaf: jnp.tile(leaf[..., :1], N), drawn(space))
    stiff = space.replace(n_factors=np.ones_like(space.n_factors))  # a redrawn rank takes its first row
    seen = [set() for _ in want]
    for seed in range(40):
        genome = mutants(stiff, genome, words(seed))
        factor = np.asarray(genome.factor)
        for rank, rows in enumerate(seen):
            rows.update(map(tuple, factor[:, rank].T.tolist()))
    assert seen == want


def test_mutants_differ_a_little_from_their_parents():
    problem = ax.encode(SPECS["perfect"])
    parents = drawn(problem.space)
    children = mutants(problem.space, parents, words(0))
    changed = []
    for name in ("factor", "place", "keep"):
        new, old = np.asarray(getattr(children, name)), np.asarray(getattr(parents, name))
        changed.append((new != old).any(axis=(0, 1)).mean())
    assert all(0.2 < share < 0.95 for share in changed)
    order = np.sort(np.asarray(children.place), axis=1)
    assert (order == np.arange(3)[:, None]).all()


def test_a_loop_that_moves_pushes_those_between():
    order = Reorder(jnp.array([1]), jnp.array([0.0]), jnp.array([2.0]))
    places = jnp.arange(4.0)[:, None]
    assert order.moved(jnp.array([1]), places).ravel().tolist() == [2, 0, 1, 3]
    assert order.moved(jnp.array([0]), places).ravel().tolist() == [0, 1, 2, 3]
    back = Reorder(jnp.array([1]), jnp.array([3.0]), jnp.array([1.0]))
    assert back.moved(jnp.array([1]), places).ravel().tolist() == [0, 2, 3, 1]


def test_given_orders_and_keeps_never_change():
    problem = ax.encode(SPECS["perfect"])
    genome = drawn(problem.space)
    for seed in range(5):
        genome = mutants(problem.space, genome, words(seed))
    assert (np.asarray(genome.place)[0, 1] == 0).all()  # N is innermost at DRAM
    assert (np.asarray(genome.keep)[1, 0] == 0).all()
    assert 0.2 < np.asarray(genome.keep)[1, 1].mean() < 0.8
