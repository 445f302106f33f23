"""The climbers' parts: selection, mutation, restarts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_mapspace import draw
from accelax.search import population
from accelax.search.population import CHILDREN, CLIMBERS, newcomers
from tests.search.cases import specification

KEY = jax.random.key(3, impl="rbg")


@pytest.fixture(scope="module")
def space():
    return ax.encode(specification(BUF={"temporal": {"factors": ["M=3", "N<=4"]}})).space


def test_the_first_best_is_the_lexicographic_minimum():
    random = np.random.default_rng(0)
    table = random.integers(0, 3, (2, 50, 8)).astype(float)
    want = [int(np.lexsort(table[::-1, i])[0]) for i in range(50)]
    assert population._first_best(jnp.asarray(table)).tolist() == want


def test_no_worse_compares_in_order_of_importance():
    new, old = jnp.array([[1, 1, 1, 2.0], [5, 2, 3, 0]]), jnp.array([[1, 1, 1, 1.0], [4, 2, 4, 9]])
    assert population._no_worse(new, old).tolist() == [False, True, True, False]


def test_mutants_obey_the_constraints_and_differ_a_little(space):
    parents, fresh = draw(space, KEY, 500), draw(space, jax.random.key(4, impl="rbg"), 500)
    mutants = population._mutate(space, parents, fresh, KEY)
    factor = np.asarray(mutants.factor)
    assert (factor.prod(axis=1) == [12, 8, 6]).all()
    assert (factor >= space.factor_low).all()
    assert (factor <= space.factor_high).all()
    assert (factor[:, 1, 0] == 3).all()
    changed = (factor != np.asarray(parents.factor)).any(axis=(1, 2)).mean()
    assert 0.2 < changed < 0.95


def test_a_restart_replaces_the_worst_quarter_only_when_due(space):
    climbers = newcomers(space, 0, 1)
    score = jnp.arange(CLIMBERS, dtype=float)[None, ::-1]
    genome = climbers.genome.replace(split=climbers.genome.split + jnp.arange(CLIMBERS)[:, None])
    order = jnp.lexsort(tuple(score))
    for steps, due in ((population.RESTART_EVERY, True), (population.RESTART_EVERY + 1, False)):
        before = climbers.replace(genome=genome, score=score, steps=jnp.asarray(steps))
        after = population._restart_worst(before, order)
        new = np.isinf(after.score[0])
        assert new.sum() == (CLIMBERS // 8 if due else 0)
        if not due:
            assert np.array_equal(after.score, before.score)
            continue
        best = np.asarray(after.score[0]) == 0
        assert best.sum() == 2  # the best and its copy
        owners = np.unique(np.asarray(after.genome.split)[best, 0])
        assert owners.tolist() == [CLIMBERS - 1]


def test_selection_moves_each_climber_to_its_best_child_unless_it_is_worse(space):
    children = draw(space, KEY, CLIMBERS * CHILDREN)
    climbers = newcomers(space, 0, 1)
    climbers = climbers.replace(score=jnp.zeros((1, CLIMBERS)).at[0, 0].set(-100.0))
    moved = population.select(climbers, children, -jnp.arange(CLIMBERS * CHILDREN, dtype=float)[None])
    assert float(moved.score[0, 0]) == -100  # its children reach -7 only
    assert float(moved.score[0, 5]) == -47
    assert np.array_equal(moved.genome.factor[5], children.factor[47])
