"""Sizes of mapspaces: those that Timeloop prints, and the mappings that differ."""

from __future__ import annotations

import pytest

import accelax as ax
from accelax.encode.level_counting import MapspaceSize, distinct_size
from tests.search.brute_levels import LevelSpace
from tests.search.cases import specification

KEEP = {"dataspace": {"keep": ["A", "B", "Z"]}}


def test_the_factors_of_a_matrix_product():
    problem = ax.encode(specification(BUF=KEEP))
    # 12 = 2 2 3 over three levels: C(4, 2) * 3; 8: C(5, 2); 6: 3 * 3. Orders at DRAM and at BUF above the row of MACs.
    assert problem.mapspace_size == MapspaceSize(18 * 10 * 9, 6 * 6, 4, 1)


def test_constraints_take_factors_orders_splits_and_keeps():
    problem = ax.encode(
        specification(
            DRAM={"temporal": {"permutation": ["N"]}},
            BUF={"temporal": {"factors": ["M=3"], "permutation": ["K", "M", "N"]}, "dataspace": {"keep": ["Z"]}},
            MAC={"spatial": {"factors": ["N=1"], "permutation": ["N", "M", "K"], "split": 3}},
        )
    )
    # M: 4 over two levels; N: 8 over two; K: 6 over three. DRAM orders M and K.
    assert problem.mapspace_size == MapspaceSize(3 * 4 * 9, 2, 1, 4)


@pytest.mark.parametrize(
    "constraints",
    [
        {"BUF": KEEP, "MAC": {"spatial": {"factors": ["M=1", "N=1", "K=1"]}}},
        {"MAC": {"spatial": {"factors": ["M=1", "N=2", "K=2"]}}},
        {"DRAM": {"temporal": {"permutation": ["K"]}}, "MAC": {"spatial": {"factors": ["M=2", "N=1", "K<=2"]}}},
    ],
)
def test_mappings_that_differ_are_those_of_a_plain_enumeration(constraints):
    spec = specification(**constraints)
    assert distinct_size(ax.encode(spec)) == LevelSpace(spec.lowered()).count(10**7)


def test_loops_on_both_sides_of_a_mesh():
    spec = specification(BUF=KEEP, MAC={"spatial": {"factors": ["M=2", "N=2", "K=1"]}})
    node = spec.architecture.find("MAC")
    node.spatial = {"meshX": 2, "meshY": 2}
    size = distinct_size(ax.encode(spec))
    # Two orders of the lanes either way; on the square 0, 1 or 2 of the loops lie on X.
    node.spatial = {"meshX": 4, "meshY": 1}
    assert size == 3 * distinct_size(ax.encode(spec))
