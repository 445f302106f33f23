from __future__ import annotations

import math

import pytest

from accelax.ir.tree_machine import Comparison, FanoutDimension, TreeComponent, TreeMachine
from accelax.ir.tree_usage import admitted_usages, covering_factors, rank_factors
from accelax.ir.workload import Einsum, Tensor

MATMUL = Einsum(
    "Z",
    (("m", 12), ("k", 10), ("n", 8)),
    (
        Tensor("A", ((("m", 1),), (("k", 1),))),
        Tensor("B", ((("k", 1),), (("n", 1),))),
        Tensor("Z", ((("m", 1),), (("n", 1),)), output=True),
    ),
)


def machine(*dimensions: FanoutDimension) -> TreeMachine:
    return TreeMachine(
        (
            TreeComponent("DRAM", "memory", ()),
            TreeComponent("PE", "container", (), dimensions),
            TreeComponent("MAC", "compute", ()),
        )
    )


def dimension(name: str, fanout: int, **fields) -> FanoutDimension:
    return FanoutDimension(name, fanout, (), **fields)


@pytest.mark.parametrize("extent", [1, 2, 7, 30, 100, 300, 701])
def test_covering_factors_are_all_rounded_quotients(extent):
    assert set(covering_factors(extent)) == {math.ceil(extent / i) for i in range(1, extent + 1)}


def test_without_min_usage_nothing_is_asked():
    assert admitted_usages(MATMUL, machine(dimension("x", 4)), False) is None


def test_what_reaches_the_wanted_usage_or_else_the_highest():
    """Of 6 instances, 10 iterations of k take 5 and all ranks together 6; a want of 1/2 admits 3 and more."""
    only_k = dimension("x", 6, reuse=("Z",), min_usage=1.0)
    assert admitted_usages(MATMUL, machine(only_k), False) == {(5,)}
    assert admitted_usages(MATMUL, machine(dimension("x", 6, min_usage=1.0)), False) == {(6,)}
    assert admitted_usages(MATMUL, machine(dimension("x", 6, min_usage=0.5)), False) == {(3,), (4,), (5,), (6,)}
    assert admitted_usages(MATMUL, machine(dimension("x", 9, reuse=("Z",), min_usage=1.0)), True) == {(5,)}


def test_dimensions_that_compete_may_each_come_first():
    """k (10 iterations) serves both: x takes 5 and leaves 2 for y, or y takes 5 and leaves 2 for x."""
    x, y = (dimension(name, 6, reuse=("Z",), min_usage=1.0) for name in "xy")
    assert admitted_usages(MATMUL, machine(x, y), False) == {(5, 2), (2, 5)}


def test_loop_bounds_limit_what_can_be_reached():
    few = Comparison(("m",), "<=", 3)
    product = Comparison(("m", "n"), "product<=", 6)
    x = dimension("x", 64, reuse=("B", "A"), loop_bounds=(few,), min_usage=1.0)
    assert admitted_usages(MATMUL, machine(x), False) == {(1,)}
    free = dimension("x", 64, loop_bounds=(product, Comparison(("k",), "==", 1)), min_usage=1.0)
    assert admitted_usages(MATMUL, machine(free), False) == {(6,)}


def test_factors_of_a_rank_over_several_dimensions_divide_it_together():
    places = ((1, dimension("x", 4)), (1, dimension("y", 6)))
    rows = set(rank_factors(MATMUL, "m", places, imperfect=False))
    assert rows == {(a, b) for a in (1, 2, 3, 4) for b in (1, 2, 3, 4, 6) if 12 % (a * b) == 0}
