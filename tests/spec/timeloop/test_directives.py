"""Parsing and joining of constraints."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from tests.spec.timeloop.conftest import node


@pytest.mark.parametrize(
    ("factors", "permutation"),
    [
        ("M=4,N=2,K=1", "MNK"),
        ("M=4 N=2 K=1", "M,N,K"),
        (["M=4", "N = 2", "K=1 # the rest"], ["M", "N", "K"]),
        ([["M", "=", 4], "N=2", "K=1"], ["M", "N", "K"]),
    ],
)
def test_factors_and_permutations_in_every_form(gemm, build, factors, permutation):
    expected = build(gemm).mapping
    gemm["mapping"][2].update(factors=factors, permutation=permutation)
    assert build(gemm).mapping == expected


def test_bounds_on_factors(gemm, build):
    del gemm["mapping"]
    gemm["constraints"] = {
        "targets": [
            {"target": "GLB", "type": "temporal", "factors": ["M<=8", "M>=2", "K=4"], "permutation": ["K", "_", "N"]},
            {"target": "PE", "type": "spatial", "default_max_factor": 4, "split": 2, "factors": ["K=99"]},
        ]
    }
    _, glb, fanout, _ = build(gemm).lowered().constraints
    assert (glb.fixed, glb.maximum, glb.minimum) == ((("K", 4),), (("M", 8),), (("M", 2),))
    assert (glb.order_inner, glb.order_outer, glb.order_complete) == (("K",), ("N",), False)
    assert (fanout.default_maximum, fanout.split) == (4, 2)
    assert fanout.fixed == ()  # a fixed factor above the bound is ignored, as Timeloop does


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factors": ["M=4", "X=2"]}, "'X' is not a dimension of the problem; expected one of: M, N, K"),
        ({"factors": ["M4"]}, "expected factors like X=4"),
        ({"factors": ["M=4", 3]}, "quote 'X=4,2' as a whole"),
        ({"factors": ["M=-4"]}, "expected factors like X=4"),
        ({"factors": ["M=4", "M=2"]}, "conflicting factors M=2 and M=4"),
        ({"factors": ["M=4,9"]}, "the last iteration must have 1 to 4 steps"),
        ({"factors": ["M=9999999999999999"]}, "the factor of 'M' is too large"),
        ({"permutation": ["M", "Q"]}, "'Q' is not a dimension"),
        ({"permutation": ["M", "M"]}, "dimension 'M' is listed twice"),
        ({"split": 1.5}, "expected an integer of at least 0, got 1.5"),
        ({"no_reuse": ["C"]}, "'C' is not a data space of the problem"),
        ({"facs": ["M=1"]}, "unknown key 'facs' in a spatial constraint; did you mean 'factors'"),
        ({"target": "PEE"}, "the target 'PEE' is not a node of the architecture; did you mean 'PE'"),
        ({"type": "spacial"}, "unknown constraint type 'spacial'; did you mean 'spatial'"),
        ({"type": None}, "'type' is missing"),
        ({"target": None}, "'target' is missing"),
    ],
)
def test_mistakes_are_named(gemm, build, changes, message):
    gemm["mapping"][2].update(changes)
    with pytest.raises(SpecError) as caught:
        build(gemm)
    assert message in str(caught.value)
    assert "mapping[2]" in str(caught.value)


def test_constraints_of_a_node_and_of_the_mapping_are_joined(gemm, build):
    expected = build(gemm).mapping
    node(gemm, "RF")["constraints"] = {"temporal": {"factors": ["K=2"], "permutation": ["K", "M", "N"]}}
    gemm["mapping"][3] = {"target": "RF", "type": "temporal", "factors": ["M=2", "N=2"]}
    assert build(gemm).mapping == expected
    gemm["mapping"][3]["factors"] = ["M=2", "N=2", "K=1"]
    gemm["mapping"][3]["permutation"] = ["M", "K", "N"]
    with pytest.raises(SpecError) as caught:
        build(gemm)
    assert len(caught.value.problems) == 2


def test_a_tensor_is_kept_or_bypassed(gemm, build):
    gemm["mapping"].append({"target": "GLB", "type": "dataspace", "keep": ["A"]})
    node(gemm, "GLB")["constraints"] = {"dataspace": {"bypass": ["A"]}}
    with pytest.raises(SpecError, match="'A' is both kept and bypassed"):
        build(gemm)


def test_keep_only_and_bypass_only_name_the_complement(gemm, build):
    gemm["mapping"] += [
        {"target": "GLB", "type": "dataspace", "keep_only": ["A", "Z"]},
        {"target": "RF", "type": "dataspace", "bypass_only": ["Z"]},
    ]
    _, glb, _, register = build(gemm).lowered().constraints
    assert (glb.keep, glb.bypass) == (("A", "Z"), ("B",))
    assert (register.keep, register.bypass) == (("A", "B"), ("Z",))


def test_utilization_minimum(gemm, build):
    gemm["mapping"].append({"target": "RF", "type": "utilization", "min": 0.5})
    assert [c.utilization_minimum for c in build(gemm).lowered().constraints] == [0, 0, 0, 0.5]
