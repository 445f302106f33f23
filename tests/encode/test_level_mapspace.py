"""Samples of a Timeloop mapspace: they obey the constraints, reach everything, and are even."""

from __future__ import annotations

from collections import Counter

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.ir import Spatial, Storage
from tests.search.cases import specification

CONSTRAINTS = {
    "DRAM": {"temporal": {"permutation": ["N"]}},
    "BUF": {
        "dataspace": {"keep": ["Z"], "bypass": ["A"]},
        "temporal": {"factors": ["M=3", "N<=4"], "permutation": ["K", "_", "M"]},
    },
    "MAC": {"spatial": {"factors": ["N=1"]}},
}


def drawn(spec, n: int = 300, seed: int = 0):
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.key(seed), n)
    return problem, batch, [problem.decode(batch, i) for i in range(n)]


@pytest.mark.parametrize("constraints", [{}, CONSTRAINTS])
def test_every_sample_is_in_the_mapspace(constraints):
    spec = specification(**constraints)
    _, _, mappings = drawn(spec)
    broken = {text for mapping in mappings for text in spec.mapspace.violations(mapping)}
    assert broken == set()


def test_samples_encode_to_themselves():
    problem, batch, mappings = drawn(specification(**CONSTRAINTS), 50)
    again = problem.encode_mappings(mappings)
    for name in ("factor", "keep"):
        assert np.array_equal(np.asarray(getattr(again, name)), np.asarray(getattr(batch, name)))


def test_samples_show_every_free_choice():
    _, _, mappings = drawn(specification(**CONSTRAINTS))
    kept = {node.tensors for m in mappings for node in m.nodes if isinstance(node, Storage) and node.component == "BUF"}
    assert kept == {("Z",), ("B", "Z")}
    lanes = {(node.rank, node.dimension) for m in mappings for node in m.nodes if isinstance(node, Spatial)}
    assert lanes == {("M", "X"), ("N", "X"), ("K", "X")}


def test_the_outermost_level_keeps_everything():
    _, _, mappings = drawn(specification(), 50)
    assert {m.nodes[0].tensors for m in mappings} == {("A", "B", "Z")}


def test_factorizations_and_orders_are_drawn_evenly():
    problem, batch, _ = drawn(specification(), 40000)
    factor = np.asarray(batch.factor)  # [L, R, n]
    rows = Counter(map(tuple, factor[:, 1].T))
    free = {row for row in rows if max(row[1:]) <= 8}
    assert len(rows) == len(free) == int(problem.space.n_factors[1]) == 9  # 8 = 2^3 over three levels, at most 4 on X
    assert max(rows.values()) / min(rows.values()) < 1.15
    outer = np.asarray(batch.position)[0].astype(int)
    orders = Counter(map(tuple, outer.T))
    assert len(orders) == 6
    assert max(orders.values()) / min(orders.values()) < 1.15


def test_one_key_gives_the_same_samples():
    spec = specification()
    first, second, other = (drawn(spec, 20, seed)[2] for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_mapping_in_the_specification_binds_the_samples():
    complete = {
        "DRAM": {"temporal": {"factors": ["M=4", "N=8", "K=3"], "permutation": ["K", "M", "N"]}},
        "BUF": {"dataspace": {"bypass": ["B"]}, "temporal": {"factors": ["M=3", "N=1", "K=1"]}},
        "MAC": {"spatial": {"factors": ["M=1", "N=1", "K=2"]}},
    }
    spec = specification(**complete)
    assert spec.mapping is not None
    _, batch, mappings = drawn(spec, 50)
    assert all(spec.mapspace.contains(mapping) for mapping in mappings)
    assert np.unique(np.asarray(batch.factor), axis=2).shape[2] == 1
    assert {m.nodes[0].tensors for m in mappings} == {("A", "B", "Z")}
