"""The macros, and the greedy choice of ``maximize_dims``."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import SpecError, UnsupportedError
from accelax.spec.timeloop.macros import best_allocation, largest_allocation, prime_factors
from tests.spec.timeloop.conftest import node


def test_factors_only_sets_the_rest_to_one(gemm, build):
    expected = build(gemm).mapping
    gemm["mapping"][2] |= {"factors": [], "factors_only": ["M=4", "N=2"]}
    assert build(gemm).mapping == expected


@pytest.mark.parametrize("inside", [True, False])
def test_empty_factors_only_sets_every_rank_to_one(gemm, build, inside):
    del gemm["mapping"]
    if inside:
        node(gemm, "GLB")["constraints"] = {"temporal": {"factors_only": []}}
    else:
        gemm["constraints"] = {"targets": [{"target": "GLB", "type": "temporal", "factors_only": []}]}
    assert dict(build(gemm).lowered().constraints[1].fixed) == {"M": 1, "N": 1, "K": 1}


def test_empty_factors_only_contradicts_a_list_that_is_not(gemm, build):
    node(gemm, "GLB")["constraints"] = {"temporal": {"factors_only": ["M=2"]}}
    gemm["constraints"] = {"targets": [{"target": "GLB", "type": "temporal", "factors_only": []}]}
    with pytest.raises(SpecError, match="two values of factors_only"):
        build(gemm)


def test_no_iteration_over_a_tensor_sets_its_ranks_to_one(gemm, build):
    gemm["mapping"][3] |= {"factors": ["N=2"], "no_iteration_over_dataspaces": ["A"]}
    gemm["mapping"][1]["factors"] = ["M=4", "N=1", "K=4"]
    fixed = dict(build(gemm).lowered().constraints[3].fixed)
    assert fixed == {"N": 2, "M": 1, "K": 1}
    gemm["mapping"][3]["factors"] = ["N=2", "K=2"]
    with pytest.raises(SpecError, match="conflicting factors K=1 and K=2"):
        build(gemm)


def test_must_iterate_over_a_tensor_sets_the_other_ranks_to_one(gemm, build):
    gemm["mapping"][3] |= {"factors": ["N=2", "M=2"], "must_iterate_over_dataspaces": ["Z"]}
    gemm["mapping"][1]["factors"] = ["M=2", "K=4"]
    assert dict(build(gemm).lowered().constraints[3].fixed)["K"] == 1


def test_maximize_dims_fills_the_fanout_with_what_is_left(gemm, build):
    # M: 16 / (2 * 2) = 4 is left and N: 12 / (3 * 2) = 2: all 8 PEs are used
    gemm["mapping"][2] = {"target": "PE", "type": "spatial", "maximize_dims": [["M", "N"]], "factors": ["K=1"]}
    assert dict(build(gemm).lowered().constraints[2].fixed) == {"K": 1, "M": 4, "N": 2}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"maximize_dims": ["M"], "factors": ["M=2"]}, "cannot maximize 'M': it is already constrained to M=2"),
        ({"maximize_dims": ["X"]}, "cannot maximize 'X': not a dimension of the problem"),
        ({"maximize_dims": ["M", ["N"]]}, "expected a list of dimensions or a list of lists, got 'M'"),
    ],
)
def test_mistakes_in_maximize_dims(gemm, build, entry, message):
    gemm["mapping"][2] = {"target": "PE", "type": "spatial", **entry}
    with pytest.raises(SpecError) as caught:
        build(gemm)
    assert message in str(caught.value)


def test_maximize_dims_evenly_takes_divisors_only(gemm, build):
    # 20 on 8 PEs: 3 passes of 7 use 6.67 on average, a divisor only 5
    del gemm["mapping"]
    targets = [{"target": "PE", "type": "spatial", "maximize_dims": [["K"]]}]
    gemm["constraints"] = {"targets": targets}
    assert dict(build(gemm).lowered().constraints[2].fixed) == {"K": 7}
    targets[0]["maximize_dims_evenly"] = True
    assert dict(build(gemm).lowered().constraints[2].fixed) == {"K": 5}
    targets.append({"target": "PE", "type": "spatial", "maximize_dims_evenly": False})
    with pytest.raises(SpecError, match="two values of maximize_evenly: True and False"):
        build(gemm)


def test_temporal_maximize_dims_needs_a_capacity(gemm, build):
    gemm["mapping"][3] = {"target": "RF", "type": "temporal", "maximize_dims": [["K"]]}
    with pytest.raises(SpecError, match="needs maximize_dims_capacity"):
        build(gemm)
    gemm["mapping"][3]["maximize_dims_capacity"] = 3
    gemm["mapping"][1]["factors"] = ["M=4", "N=2", "K=2"]
    assert dict(build(gemm).lowered().constraints[3].fixed)["K"] == 2  # 20 / (5 * 2) is left


@given(st.lists(st.integers(1, 24), min_size=1, max_size=3), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_no_product_of_divisors_beats_the_allocation(sizes, capacity):
    ranks = tuple(zip("MNK", sizes, strict=False))
    factors, used = best_allocation(ranks, capacity)
    divisors = [[d for d in range(1, size + 1) if size % d == 0] for size in sizes]
    best = max(p for choice in itertools.product(*divisors) if (p := math.prod(choice)) <= capacity)
    assert used >= best
    assert math.prod(factor for _, factor in factors) <= capacity


@given(st.lists(st.integers(1, 60), min_size=1, max_size=3), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_the_largest_allocation_divides_and_is_the_largest(sizes, capacity):
    found = largest_allocation(tuple(zip("MNK", sizes, strict=False)), capacity)
    assert all(size % factor == 0 for size, (_, factor) in zip(sizes, found, strict=True))
    divisors = [[d for d in range(1, size + 1) if size % d == 0] for size in sizes]
    best = max(p for choice in itertools.product(*divisors) if (p := math.prod(choice)) <= capacity)
    assert math.prod(factor for _, factor in found) == best


def test_a_rank_above_the_capacity_may_be_split_unevenly():
    # 7 rows on 4 lanes: two passes of 4, the last with 3: (4 + 3) / 2 lanes in use
    assert best_allocation((("M", 7),), 4) == ((("M", 4),), 3.5)
    # 6 rows: a prime 2 first, then 3 on the 2 lanes left: 2 * (2 + 1) / 2, found before the 3 lanes of a prime 3
    assert best_allocation((("M", 6),), 4) == ((("M", 2), ("M", 2)), 3)
    assert best_allocation((("M", 6),), 1) == ((), 1)


def test_prime_factors():
    assert [prime_factors(n) for n in (1, 2, 12, 97, 2**40)] == [(), (2,), (2, 3), (97,), (2,)]


def test_a_choice_without_end_is_refused():
    sizes = tuple((chr(65 + i), 2**6 * 3**4 * 5**2 * 7) for i in range(8))
    with pytest.raises(UnsupportedError, match="maximize_dims"):
        best_allocation(sizes, 2**40)
