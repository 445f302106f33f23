"""Membership in the mapspace that the constraints leave."""

from __future__ import annotations

import dataclasses

import pytest

from accelax.ir import Mapping, Spatial, Storage, Temporal


@pytest.fixture
def free(gemm, build):
    """The small GEMM without a mapping, under given constraints; and its mapping to be judged."""
    mapping = build(gemm).mapping
    del gemm["mapping"]

    def judge(*targets, judged=mapping):
        gemm["constraints"] = {"targets": list(targets)}
        return build(gemm).mapspace.violations(judged)

    judge.mapping = mapping
    return judge


def change(mapping, old, new):
    assert old in mapping.nodes
    return Mapping(tuple(new if node == old else node for node in mapping.nodes))


def test_without_constraints_every_mapping_of_the_machine_is_a_member(free):
    assert free() == []


@pytest.mark.parametrize(
    ("factors", "broken"),
    [
        (["M=2", "K<=2", "K>=2"], []),
        (["M=4"], ["GLB: the factor of 'M' is 2, not 4"]),
        (["K<=1", "M<=1"], ["GLB: the factor of 'K' is 2, above 1", "GLB: the factor of 'M' is 2, above 1"]),
        (["N>=2"], ["GLB: the factor of 'N' is 1, below 2"]),
    ],
)
def test_factors(free, factors, broken):
    found = free({"target": "GLB", "type": "temporal", "factors": factors})
    assert [text for text in found if "factor" in text] == broken


def test_default_bounds_hold_where_nothing_else_does(free):
    found = free({"target": "DRAM", "type": "temporal", "factors": ["K<=8"], "default_max_factor": 2})
    assert found == ["DRAM: the factor of 'N' is 3, above the default 2"]
    found = free({"target": "GLB", "type": "temporal", "default_min_factor": 2})
    assert found == ["GLB: the factor of 'N' is 1, below the default 2"]


@pytest.mark.parametrize(
    ("permutation", "member"),
    [
        (["M", "K"], True),
        (["M"], True),
        (["K"], False),
        (["N", "M"], True),  # N has a factor of 1 at the buffer and does not count
        (["_", "K"], True),
        (["_", "M"], False),
        (["M", "_", "K"], True),
    ],
)
def test_orders(free, permutation, member):
    assert (free({"target": "GLB", "type": "temporal", "permutation": permutation}) == []) == member


@pytest.mark.parametrize(
    ("constraint", "member"),
    [
        ({"split": 1}, True),  # some order has M alone on X
        ({"split": 0}, False),
        ({"split": 999}, False),
        ({"split": 1, "permutation": ["M", "N", "K"]}, True),
        ({"split": 1, "permutation": ["N", "M", "K"]}, False),
        ({"split": 2, "permutation": ["K", "M", "N"]}, True),
        ({"split": 1, "permutation": ["K"]}, False),  # K takes the only place on X
    ],
)
def test_splits(free, constraint, member):
    assert (free({"target": "PE", "type": "spatial", **constraint}) == []) == member


def test_what_is_kept(free):
    assert free({"target": "GLB", "type": "dataspace", "keep": ["A"]}) == []
    assert free({"target": "GLB", "type": "dataspace", "bypass": ["A"]}) == ["GLB: 'A' must be bypassed"]
    without = change(free.mapping, Storage("GLB", ("A", "B", "Z")), Storage("GLB", ("B", "Z")))
    assert free({"target": "GLB", "type": "dataspace", "keep": ["A"]}, judged=without) == ["GLB: 'A' must be kept"]
    outside = change(free.mapping, Storage("DRAM", ("A", "B", "Z")), Storage("DRAM", ("B", "Z")))
    assert free(judged=outside) == ["DRAM: the outermost level keeps every tensor, and 'A' is not kept"]


def test_what_is_no_mapping_of_the_machine(free):
    nodes = free.mapping.nodes
    assert "no storage node for 'DRAM'" in free(judged=Mapping(nodes[1:]))[0]
    assert "leave a tile of K 2" in free(judged=change(free.mapping, Temporal("K", 1), Temporal("K", 2)))[0]
    assert "does not fit" in free(judged=change(free.mapping, Temporal("K", 4), Temporal("K", 1)))[0]
    stray = change(free.mapping, Spatial("M", 2, "PE", "X"), Spatial("M", 2, "P", "X"))
    assert "no storage node for 'RF'" in free(judged=stray)[0]
    assert "belongs to no level" in free(judged=Mapping((*nodes, Storage("L1", ()))))[0]
    assert "not a dimension" in free(judged=change(free.mapping, Temporal("K", 4), Temporal("Q", 4)))[0]


def test_a_residual_is_part_of_the_constraint(gemm, build):
    gemm["problem"]["instance"]["M"] = 15
    gemm["mapping"][3]["factors"] = ["M=2,1", "N=2", "K=2"]
    mapping = build(gemm).mapping
    assert build(gemm).mapspace.contains(mapping)
    gemm["constraints"] = {"targets": gemm.pop("mapping")}
    gemm["constraints"]["targets"][3]["factors"] = ["M=2", "N=2", "K=2"]
    assert build(gemm).mapspace.contains(mapping)
    gemm["problem"]["instance"]["M"] = 16
    gemm["constraints"]["targets"][3]["factors"] = ["M=2,1", "N=2", "K=2"]
    assert build(gemm).mapspace.violations(mapping) == ["RF: the loop over 'M' runs 2 times in its last visit, not 1"]


def test_with_mapping_keeps_the_mapspace_of_the_original(gemm, build):
    spec = build(gemm)
    swap = {"M": "K", "K": "M", "N": "N"}
    other = Mapping(
        tuple(
            dataclasses.replace(node, rank=swap[node.rank]) if getattr(node, "tile_shape", 0) == 1 else node
            for node in spec.mapping.nodes
        )
    )
    twin = spec.with_mapping(other)
    assert twin.mapping == other == twin.lowered().mapping
    assert not twin.mapspace.contains(other)
    assert twin.mapspace.contains(spec.mapping)
    assert twin.lowered().constraints[0].fixed == ()
    assert twin.with_mapping(spec.mapping).mapspace.contains(spec.mapping)
    spec.set("problem.instance.K", 40)
    assert "K" in str(spec.with_mapping(other).mapspace.violations(other))  # judged against the changed problem
    assert twin.with_mapping(other).lowered().einsum.bound("K") == 20  # which the copy does not see
