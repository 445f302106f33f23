from __future__ import annotations

import copy

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.ir.mapping import Compute, Mapping, Pipeline, Storage, Temporal
from accelax.ir.rules import Rules

DRAM, M4, GLB, K6, NX, KY, REG, M1, N1, K1, MAC = range(11)


def edit(position, **fields):
    """A change that edits fields of one node of the mapping."""
    return lambda data: data["mapping"]["nodes"][position].update(fields)


def remove(*positions):
    def change(data):
        nodes = data["mapping"]["nodes"]
        data["mapping"]["nodes"] = [node for i, node in enumerate(nodes) if i not in positions]

    return change


def insert(position, **fields):
    return lambda data: data["mapping"]["nodes"].insert(position, fields)


def test_a_right_mapping_is_lowered_as_it_is(matmul):
    spec = matmul(mapped=True)
    assert spec.lowered().mapping == spec.mapping
    assert isinstance(spec.mapping.nodes[-1], Compute)


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        (edit(M4, rank_variable="q"), "[1]", "unknown rank variable 'q'"),
        (edit(GLB, component="GBL"), "[2]", "unknown component 'GBL'; did you mean 'GLB'"),
        (edit(GLB, tensors=["A", "Y"]), "[2]", "unknown tensor 'Y'"),
        (edit(GLB, component="MAC"), "[2]", "!Storage of 'MAC', which is a compute"),
        (edit(GLB, component="PE"), "[2]", "!Storage of 'PE', which is a container"),
        (edit(NX, name="w"), "[4]", "'PE' has no dimension 'w'"),
        (edit(NX, component="GLB"), "[4]", "has no fan-out"),
        (edit(MAC, einsum="Y"), "[10]", "unknown Einsum 'Y'"),
        (edit(MAC, component="REG"), "[10]", "!Compute of 'REG', which is a memory"),
        (edit(M1, tile_shape=5), "[7]", "tile shape 5 of 'm' is not between 1 and 4"),
        (remove(M1), "", "loops over 'm' of 'Z' end at a tile shape of 4"),
        (remove(MAC), "[9]", "does not end at a !Compute"),
        (edit(DRAM, tensors=["A", "Z"]), "[6]", "'W' is nowhere stored whole"),
        (edit(REG, tensors=["W", "A", "Z"], component="GLB"), "[6]", "stored twice in 'GLB'"),
        (edit(DRAM, component="REG"), "[2]", "stored in 'GLB' below 'REG'"),
        (insert(11, tag="Temporal", rank_variable="m", tile_shape=1), "[10]", "nodes follow a !Compute"),
    ],
)
def test_mistakes_are_found_at_their_node(matmul, change, path, reason):
    def edited(data):
        data["mapping"]["nodes"] = copy.deepcopy(data["mapping"]["nodes"])
        change(data)

    with pytest.raises(SpecError) as caught:
        matmul(edited, mapped=True)
    expected = f"mapping.nodes{path}" if path else "mapping"
    assert any(reason in p.message and p.path == expected for p in caught.value.problems), caught.value


def test_a_tensor_that_is_stored_nowhere(matmul):
    def change(data):
        edit(DRAM, tensors=["A", "Z"])(data)
        remove(REG)(data)

    with pytest.raises(SpecError, match="stores the tensor 'W' nowhere"):
        matmul(change, mapped=True)


def test_imperfect_shapes_beyond_the_average_rule_are_refused(matmul):
    """16 -> 5 -> 1 is the average rule's; 16 -> 8 -> 3 -> 1 is imperfect below the outermost loop."""
    outer = matmul(edit(M4, tile_shape=5), mapped=True)
    assert outer.lowered().mapping.nodes[1].tile_shape == 5

    def inner(data):
        edit(M4, tile_shape=8)(data)
        insert(M1, tag="Temporal", rank_variable="m", tile_shape=3)(data)

    spec = matmul(inner, mapped=True)
    with pytest.raises(UnsupportedError, match="imperfect tile shape of m below"):
        spec.lowered()
    spec.rules = Rules(imperfect="exact")
    assert spec.lowered().mapping is not None


def test_imperfect_shapes_of_ranks_that_share_an_index_are_refused(matmul):
    def change(data):
        data["workload"] = {
            "bits_per_value": {"All": 8},
            "einsums": [
                {"einsum": "Z[m, n] = A[K: k + m] * W[k, n]", "renames": {"input": "A", "weight": "W", "output": "Z"}}
            ],
            "iteration_space_shape": {"m": "0 <= m < 16", "k": "0 <= k < 24", "n": "0 <= n < 32"},
        }
        edit(M4, tile_shape=5)(data)

    with pytest.raises(UnsupportedError, match="imperfect tile shape of m, which shares an index"):
        matmul(change, mapped=True).lowered()


def chain(data):
    """Two Einsums, each in its own branch below the storages of DRAM."""
    data["arch"]["nodes"] = [data["arch"]["nodes"][i] for i in (0, 1, 4)]
    data["workload"] = {
        "rank_sizes": {"M": 4, "K": 4, "N": 4},
        "bits_per_value": {"All": 8},
        "einsums": ["Y[m, n] = A[m, k] * W[k, n]", "Z[m, k] = Y[m, n] * V[n, k]"],
    }

    def branch(einsum, *tensors):
        loops = [{"tag": "Temporal", "rank_variable": rank, "tile_shape": 1} for rank in "mkn"]
        compute = {"tag": "Compute", "einsum": einsum, "component": "MAC"}
        return {
            "tag": "Nested",
            "nodes": [{"tag": "Storage", "component": "GLB", "tensors": [*tensors]}, *loops, compute],
        }

    data["mapping"] = {
        "nodes": [
            {"tag": "Storage", "component": "DRAM", "tensors": ["A", "W", "V", "Y", "Z"]},
            {"tag": "Sequential", "nodes": [branch("Y", "A", "W", "Y"), branch("Z", "Y", "V", "Z")]},
        ]
    }


def test_a_chain_that_meets_in_the_outermost_memory_is_lowered(matmul):
    lowered = matmul(chain).lowered()
    assert [einsum.name for einsum in lowered.einsums] == ["Y", "Z"]
    assert len(lowered.machines) == 2


def test_the_outermost_storage_may_stand_in_each_branch(matmul):
    def change(data):
        chain(data)
        nodes = data["mapping"]["nodes"]
        for branch in nodes[1]["nodes"]:
            branch["nodes"].insert(0, {"tag": "Storage", "component": "DRAM", "tensors": ["Y"]})
        nodes[0]["tensors"].remove("Y")

    assert matmul(change).lowered().mapping is not None


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        (lambda nodes: nodes.insert(1, {"tag": "Temporal", "rank_variable": "m", "tile_shape": 2}), "loops above"),
        (lambda nodes: nodes.insert(1, {"tag": "Storage", "component": "GLB", "tensors": ["Y"]}), "GLB shared"),
        (lambda nodes: nodes[0]["tensors"].remove("Y"), "Y is exchanged inside it"),
        (lambda nodes: nodes[1].update(tag="Pipeline"), "pipelined"),
    ],
)
def test_fused_mappings_are_refused_by_name(matmul, change, feature):
    def fused(data):
        chain(data)
        if feature == "GLB shared":
            for branch in data["mapping"]["nodes"][1]["nodes"]:
                branch["nodes"][0]["tensors"].remove("Y")
        change(data["mapping"]["nodes"])

    spec = matmul(fused)
    with pytest.raises(UnsupportedError, match=feature):
        spec.lowered()


def test_a_mapping_built_by_hand_is_checked_too(matmul):
    spec = matmul()
    with pytest.raises(SpecError, match="nowhere"):
        spec.with_mapping(
            Mapping((Temporal("m", 1), Temporal("k", 1), Temporal("n", 1), Compute("Z", "MAC")))
        ).lowered()
    with pytest.raises(SpecError, match="does not end"):
        spec.with_mapping(Mapping((Storage("DRAM", ("A", "W", "Z")), Pipeline(((), ()))))).lowered()
