from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from accelax.encode.tree_mapping import encode_mapping, reach_of
from accelax.encode.tree_problem import encode_tree
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Compute, Mapping, Pipeline, Rules, Sequential, Temporal, Toll
from tests.model.tree_cases import DRAM, GLB, REG, dimension, lanes, loop, lowered, matmul, memory, stored, toll

LANES = memory("REG", 0.1, 0.15, 1024, 1024, spatial=(dimension("X", 8), dimension("Y", 4)))
UNEVEN = [
    stored("DRAM"),
    loop("k", 6),
    stored("GLB", "B"),
    loop("m", 4),
    stored("GLB", "Z A"),
    lanes("n", 4, "REG", "Y"),
    stored("REG", "B"),
    loop("n", 1),
    loop("m", 1),
    loop("k", 1),
]


def test_arrays_of_an_uneven_mapping():
    spec = lowered((DRAM, GLB, LANES), UNEVEN)
    row = encode_mapping(spec, spec.mapping, slots=7).einsums[0]
    assert row.rank.tolist() == [1, 0, 2, 2, 0, 1, -1]
    assert row.tile.tolist() == [6, 4, 4, 1, 1, 1, 1]
    assert row.dimension.tolist() == [0, 0, 2, 0, 0, 0, 0]
    assert row.above.tolist() == [[0, 0, 0], [2, 1, 2], [-1, 3, -1], [-1, -1, -1]]
    # A's is the last in GLB, and B's in REG follows after one loop; B's in REG is the last of all
    assert row.reach.tolist() == [[0, 0, 1], [3, 2, 2], [-1, 6, -1], [-1, -1, -1]]


def test_decoding_gives_the_mapping_back():
    spec = lowered((DRAM, GLB, LANES, toll("NET", 1, 1, "up")), [*UNEVEN[:-3], Toll("NET", ("A", "Z")), *UNEVEN[-3:]])
    other = lowered((DRAM, GLB), [stored("DRAM"), loop("m", 1), loop("n", 1), loop("k", 1)]).mapping
    problem = encode_tree(spec)
    batch = problem.encode_mappings([other, spec.mapping])
    assert batch.einsums[0].tile.shape == (2, 6)
    assert problem.decode(batch, 0) == other
    assert problem.decode(batch, 1) == spec.mapping


def test_reach_in_a_batch():
    above = np.array([[[0, 2], [-1, 2]], [[0, 0], [1, 2]]])
    order = np.array([[[0, 1], [-1, 2]], [[1, 0], [2, 3]]])
    assert reach_of(above, order, 4).tolist() == [[[2, 2], [-1, 4]], [[1, 0], [2, 4]]]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            [*UNEVEN[:3], loop("q", 1), *UNEVEN[3:]],
            "a loop of Z runs over q, which is no rank; expected one of: m, k, n",
        ),
        ([stored("DRAM"), loop("m", 1), loop("n", 1)], "the innermost loop over k has tile shape 24; it must have 1"),
        ([stored("DRAM"), loop("m", 1), loop("n", 2), loop("k", 1)], "the innermost loop over n has tile shape 2"),
        ([stored("DRAM"), loop("m", 4), loop("m", 8)], "tile shape 8 of m is not between 1 and 4"),
        ([stored("DRAM", "A B"), loop("m", 1), loop("n", 1), loop("k", 1)], "Z: Z is stored nowhere"),
        ([stored("GBL"), *UNEVEN[1:]], "A is kept in GBL, which is no component; did you mean 'GLB'?"),
        ([stored("DRAM", "A B Z Q"), *UNEVEN[1:]], "DRAM keeps Q, which is no tensor"),
        ([Toll("DRAM", ("A", "B", "Z")), *UNEVEN[1:]], "a Toll node names DRAM, which is a memory"),
        ([stored("DRAM"), lanes("n", 1, "REG", "W"), loop("m", 1)], "REG has no spatial dimension W"),
        ([stored("DRAM"), lanes("n", 1, "GLB", "X"), loop("m", 1)], "GLB has no spatial dimension X; it has none"),
        ([stored("DRAM"), lanes("n", 1, "RAG", "X"), loop("m", 1)], "a spatial loop names component RAG"),
    ],
)
def test_wrong_mappings(nodes, message):
    spec = lowered((DRAM, GLB, LANES), nodes)
    with pytest.raises(SpecError) as error:
        encode_mapping(spec, spec.mapping)
    assert message in str(error.value)


def test_all_mistakes_are_reported_at_once():
    spec = lowered((DRAM, GLB), [stored("DRAM", "A B"), loop("m", 2), loop("n", 1), loop("k", 1)])
    with pytest.raises(SpecError) as error:
        encode_mapping(spec, spec.mapping)
    assert len(error.value.problems) == 2


@pytest.mark.parametrize(
    ("nodes", "feature"),
    [
        ([stored("DRAM"), Temporal("m", 4, 2), *UNEVEN[1:]], "initial_tile_shape"),
        ([stored("DRAM"), stored("GLB", "A"), *UNEVEN[1:]], "stored twice in one component"),
        (
            [stored("GLB", "A"), *UNEVEN[:2], loop("m", 1), loop("n", 1), loop("k", 1)],
            "an inner component above an outer one",
        ),
        (
            [stored("DRAM"), loop("m", 6), loop("m", 4), loop("m", 1), loop("n", 1), loop("k", 1)],
            "an inner loop over m",
        ),
        (
            [stored("DRAM"), lanes("n", 4, "REG", "X"), stored("GLB", "B"), loop("n", 1), loop("m", 1), loop("k", 1)],
            "a spatial loop of REG above the storage of B in GLB",
        ),
    ],
)
def test_mappings_that_are_not_counted(nodes, feature):
    spec = lowered((DRAM, GLB, LANES), nodes)
    with pytest.raises(UnsupportedError) as error:
        encode_mapping(spec, spec.mapping)
    assert feature in error.value.feature


def test_exact_counts_of_ragged_tiles_are_refused_and_perfect_ones_are_not():
    ragged = [stored("DRAM"), loop("m", 5), loop("m", 1), loop("n", 1), loop("k", 1)]
    rules = replace(Rules.accelforge(), imperfect="exact")
    spec = lowered((DRAM,), ragged, rules=rules)
    with pytest.raises(UnsupportedError, match="exact count"):
        encode_mapping(spec, spec.mapping)
    perfect = lowered((DRAM, GLB, LANES), UNEVEN, rules=rules)
    encode_mapping(perfect, perfect.mapping)


def test_branches_must_end_in_their_einsum():
    spec = lowered((DRAM, REG), [stored("DRAM"), loop("m", 1), loop("n", 1), loop("k", 1)])
    nest = spec.mapping.nodes[:-1]
    for nodes, message in (
        (nest, "does not end in a Compute node"),
        ((*nest, Compute("Y", "MAC")), "the mapping computes Y, which is no Einsum"),
        ((*nest, Compute("Z", "MUL")), "Z is computed on MUL"),
        ((Sequential(((*nest, Compute("Z", "MAC")),) * 2),), "computes Einsum Z twice"),
    ):
        with pytest.raises(SpecError, match=message):
            encode_mapping(spec, Mapping(nodes, "accelforge"))
    with pytest.raises(UnsupportedError, match="pipelined"):
        encode_mapping(spec, Mapping((Pipeline((nest,)),), "accelforge"))


def test_fused_mappings_are_refused_by_name():
    first, second = matmul(name="Z"), matmul(name="Y")
    spec = lowered((DRAM, GLB), [stored("DRAM"), loop("m", 1), loop("n", 1), loop("k", 1)], first)
    inputs = tuple(tensor for tensor in first.tensors if not tensor.output)
    second = replace(second, tensors=(*inputs, replace(first.tensors[2], name="Y")))
    machine = spec.machines[0]
    nest = (loop("m", 1), stored("DRAM"), loop("n", 1), loop("k", 1), Compute("Z", "MAC"))
    other = (loop("m", 1), stored("DRAM", "A B Y"), loop("n", 1), loop("k", 1), Compute("Y", "MAC"))
    fused = replace(spec, einsums=(first, second), machines=(machine, machine))
    with pytest.raises(UnsupportedError, match="a fused mapping"):
        encode_mapping(fused, Mapping((Sequential((nest, other)),), "accelforge"))
