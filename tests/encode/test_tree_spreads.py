from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from accelax.encode.tree_spreads import rooms_of, spreads_of
from accelax.ir.tree_machine import Comparison
from tests.model.tree_cases import DRAM, dimension, lowered, mac, matmul

EINSUM = matmul(4, 6, 9)


def spreads(*dimensions, imperfect=False, most=10_000, random=None):
    machine = lowered((DRAM, mac(spatial=dimensions)), [], EINSUM).machines[0]
    fanouts = [[d.fanout for d in component.spatial] for component in machine.components]
    scales = [[d.usage_scale for d in component.spatial] for component in machine.components]
    return spreads_of(EINSUM, machine, rooms_of(machine, fanouts, scales), imperfect, most, random)


def test_all_ways_that_fit_two_dimensions():
    found = spreads(dimension("x", 6), dimension("y", 4))
    assert found.components == (1, 1)
    assert found.dimensions == (0, 1)
    divisors = {bound: [f for f in range(1, bound + 1) if bound % f == 0] for bound in (4, 6, 9)}
    ways = {
        (x, y)
        for x in product(*divisors.values())
        for y in product(*divisors.values())
        if np.prod(x) <= 6
        and np.prod(y) <= 4
        and all(b % (i * j) == 0 for b, i, j in zip((4, 6, 9), x, y, strict=True))
    }
    assert {tuple(map(tuple, way)) for way in found.factors.astype(int).tolist()} == ways
    assert len(found.factors) == len(ways)


def test_a_usage_scale_takes_room():
    found = spreads(dimension("x", 6, usage_scale=2.0))
    assert found.factors.prod(axis=2).max() == 3


def test_products_and_least_usage():
    only = Comparison(("m", "n"), "product==", 6)
    found = spreads(dimension("x", 12, loop_bounds=(only,), min_usage=1.0))
    assert {tuple(way[0]) for way in found.factors.astype(int).tolist()} == {(2, 2, 3)}


def test_imperfect_ways_cover():
    found = spreads(dimension("x", 5, reuse=("A",)), imperfect=True)
    assert found.factors[:, 0, 2].tolist() == [1, 2, 3, 5]


def test_too_many_ways():
    assert spreads(dimension("x", 36), most=10) is None
    some = spreads(dimension("x", 36), most=10, random=np.random.default_rng(0))
    assert 0 < len(some.factors) <= 10


def test_no_dimension_is_one_way():
    assert spreads().factors.shape == (1, 0, 3)


@pytest.mark.parametrize("value", [5, 7])
def test_no_way_at_all(value):
    assert len(spreads(dimension("x", 12, loop_bounds=(Comparison(("m",), "==", value),))).factors) == 0
