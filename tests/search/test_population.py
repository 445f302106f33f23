"""The climbers' parts: selection, mutation, restarts."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_genome import draw
from accelax.search import population
from accelax.search.population import (
    CHILDREN,
    CLIMBERS,
    HOTTEST,
    NEWCOMERS,
    RESTART_EVERY,
    adopt,
    breed,
    newcomers,
    select,
)
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


def test_the_first_children_are_strangers_and_one_seed_repeats_them(space):
    newcomer = newcomers(space, 0, 1)
    climbers, children, layout = breed(space, newcomer)
    again = breed(space, newcomers(space, 0, 1))[1]
    other = breed(space, newcomers(space, 1, 1))[1]
    assert np.array_equal(children.factor, again.factor)
    assert not np.array_equal(children.factor, other.factor)
    factor = np.asarray(children.factor)
    assert (factor.prod(axis=0) == np.array([12, 8, 6])[:, None]).all()
    assert (factor[1, 0] == 3).all()
    assert np.array_equal(layout.factor, children.factor)
    assert layout.residual is None
    assert not np.array_equal(jax.random.key_data(climbers.key), jax.random.key_data(newcomer.key))


def test_a_restart_replaces_the_worst_quarter_only_when_due(space):
    children = draw(space, KEY, CLIMBERS * CHILDREN)
    ranked = jnp.tile(jnp.arange(CLIMBERS, dtype=float)[::-1], CHILDREN)[None]
    for steps, due in ((RESTART_EVERY - 1, True), (RESTART_EVERY, False)):
        before = replace(newcomers(space, 0, 1), steps=steps)
        after = select(before, children, ranked)
        score = np.asarray(after.score[0])
        assert after.strangers == (NEWCOMERS if due else 0)
        assert np.isinf(score).sum() == after.strangers
        assert (score == 0).sum() == (2 if due else 1)  # the best and its copy
        if due:
            assert np.isinf(score[-NEWCOMERS:]).all()
            best = np.asarray(after.genome.factor)[..., score == 0]
            assert np.array_equal(best[..., 0], best[..., 1])
            assert np.array_equal(best[..., 0], np.asarray(children.factor)[..., CLIMBERS - 1])


def test_newcomers_have_strangers_for_children(space):
    climbers = replace(newcomers(space, 0, 1), steps=RESTART_EVERY - 1)
    climbers, children, _ = breed(space, climbers)
    climbers = select(climbers, children, jnp.zeros((1, CLIMBERS * CHILDREN)))
    frozen = jax.tree.map(lambda leaf: jnp.tile(leaf[..., :1], CLIMBERS), climbers.genome)
    _, children, _ = breed(space, replace(climbers, genome=frozen))
    families = np.asarray(children.factor).reshape(3, 3, CHILDREN, CLIMBERS)
    alike = (families == np.asarray(frozen.factor)[:, :, None]).all(axis=(0, 1)).mean(axis=0)
    assert alike[:-NEWCOMERS].mean() > 0.25
    assert alike[-NEWCOMERS:].mean() < 0.1


def test_selection_moves_each_climber_to_its_best_child_unless_it_is_worse(space):
    children = draw(space, KEY, CLIMBERS * CHILDREN)
    climbers = newcomers(space, 0, 1)
    climbers = replace(climbers, score=jnp.zeros((1, CLIMBERS)).at[0, 0].set(-1e6))
    moved = select(climbers, children, -jnp.arange(CLIMBERS * CHILDREN, dtype=float)[None])
    last = (CHILDREN - 1) * CLIMBERS
    assert float(moved.score[0, 0]) == -1e6
    assert float(moved.score[0, 5]) == -(last + 5)
    assert np.array_equal(moved.genome.factor[..., 5], children.factor[..., last + 5])


def test_slack_grows_with_the_number_of_the_climber(space):
    climbers, _, _ = breed(space, newcomers(space, 0, 1))
    slack = np.asarray(climbers.slack)
    assert slack[0] == 0
    assert 0.7 * HOTTEST < slack[-64:].mean() < 1.3 * HOTTEST
    assert slack[: CLIMBERS // 4].mean() < slack[-CLIMBERS // 4 :].mean() / 10


def test_adopted_mappings_take_the_places_of_the_worst(space):
    climbers = newcomers(space, 0, 1)
    climbers = replace(climbers, score=jnp.arange(CLIMBERS, dtype=float)[None])
    genome = draw(space, KEY, 3)
    joined = adopt(climbers, genome, jnp.array([[-1.0, -2.0, -3.0]]))
    assert joined.score[0, -3:].tolist() == [-1, -2, -3]
    assert np.array_equal(joined.genome.factor[..., -3:], genome.factor)
    assert joined.score[0, :-3].tolist() == list(range(CLIMBERS - 3))


def test_scrambled_bits_are_even():
    words = np.asarray(population._scrambled(jnp.array([7, 9], jnp.uint32), 1 << 16))
    bits = (words[:, None] >> np.arange(32)) & 1
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.01
    assert np.abs(np.corrcoef(bits.T) - np.eye(32)).max() < 0.02
    halves = np.bincount(words >> 28, minlength=16) / len(words)
    assert np.abs(halves - 1 / 16).max() < 0.005
    assert len(np.unique(words)) > len(words) - 5
