"""The population on the host: its genes mean mappings of the mapspace, and it learns from others."""

from __future__ import annotations

import math

import numpy as np
import pytest

import accelax as ax
from accelax.errors import UnsupportedError
from accelax.search.judge import Judge, decode_some
from accelax.search.objective import parse_objective
from accelax.search.refining import CHILDREN, PARENTS, Refining, drawn, expressed, genes_of, mutated
from tests.search.cases import specification
from tests.search.test_judge import TREE

GOAL = parse_objective(["edp", "energy"])
RULES = {"BUF": {"temporal": {"factors": ["M=3", "N<=4"], "permutation": ["K"]}}}


@pytest.fixture(scope="module")
def problem():
    return ax.encode(specification(**RULES))


def test_drawn_and_mutated_genes_mean_mappings_of_the_mapspace(problem):
    random = np.random.default_rng(1)
    genes = drawn(problem.space, random, 200)
    children = mutated(problem.space, random, genes)
    mapspace = specification(**RULES).mapspace
    for some in (genes, children):
        rows = expressed(some)
        assert all(mapspace.contains(mapping) for mapping in decode_some(problem, rows, range(200)))
    changed = (children.factor != genes.factor).any(axis=(1, 2))
    assert 0.1 < changed.mean() < 0.95


def test_genes_of_a_mapping_mean_that_mapping(problem):
    rows = expressed(drawn(problem.space, np.random.default_rng(2), 50))
    mappings = decode_some(problem, rows, range(50))
    from accelax.encode.level_mapping import encode_mapping

    again = genes_of(problem.space, [encode_mapping(problem.structure, problem.lowered, m) for m in mappings])
    assert decode_some(problem, expressed(again), range(50)) == mappings


def test_batches_on_the_host_have_the_values_of_single_evaluations(problem):
    rows = expressed(drawn(problem.space, np.random.default_rng(3), 30))
    judge = Judge(problem, GOAL)
    table, logs = judge.batch(rows)
    exact = judge.exact(decode_some(problem, rows, range(30)))
    assert table == pytest.approx(exact.scores(), rel=1e-12)
    assert np.exp(logs[1]) == pytest.approx([found["delay"] for found in exact.metrics], rel=1e-12)


def test_parents_are_the_best_one_of_each_score(problem):
    searcher, judge = Refining(), Judge(problem, GOAL)
    state = searcher.init(problem, GOAL, 0)
    scores = []
    for _ in range(3):
        state, rows = searcher.ask(state, math.inf, 0.1)
        assert len(rows.keep[0][0]) == CHILDREN
        table, _ = judge.batch(rows)
        scores += [tuple(column) for column in table.T]
        state = searcher.tell(state, rows, table)
    best = sorted(set(scores))[:PARENTS]
    assert [tuple(column) for column in state.scores.T] == best


def test_mappings_of_another_searcher_become_parents(problem):
    searcher, judge = Refining(), Judge(problem, GOAL)
    state = searcher.init(problem, GOAL, 0)
    mappings = decode_some(problem, expressed(drawn(problem.space, np.random.default_rng(4), 5)), range(5))
    scores = judge.exact(mappings).scores()
    searcher.welcome(state, mappings, scores)
    assert state.scores[0].tolist() == sorted(set(scores[0].tolist()))
    found = decode_some(problem, expressed(state.parents), range(len(state.parents.split)))
    assert set(found) <= set(mappings)


def test_it_finds_what_random_sampling_with_more_mappings_does_not_beat():
    refined = ax.map(specification(**RULES), "edp", seconds=1, searcher=Refining())
    random = ax.map(specification(**RULES), "edp", seconds=0, searcher="random")
    assert refined.value <= random.value


def test_the_other_dialect_is_refused(root):
    spec = ax.Specification.from_yaml_files(*(root / name for name in TREE))
    with pytest.raises(UnsupportedError, match="AccelForge"):
        ax.map(spec, searcher=Refining())
    with pytest.raises(UnsupportedError, match="searcher 'evolutionary' in the AccelForge dialect"):
        ax.map(spec, searcher="evolutionary")
