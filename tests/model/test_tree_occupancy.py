from __future__ import annotations

import pytest

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.ir import Einsum, Storage, Tensor, Toll
from accelax.model.tree import evaluate_tree
from tests.model.tree_cases import DRAM, GLB, dimension, lanes, loop, lowered, matmul, memory, stored, toll


def reserved(spec, component: int = 1) -> list[float]:
    """The values that each tensor of the first Einsum reserves in a component, of 8 bits each."""
    problem = encode_tree(spec)
    cost = evaluate_tree(problem.structure, problem.workload, problem.hardware, encode_mapping(spec, spec.mapping))
    return [float(bits) / 8 for bits in cost.einsums[0].bits[component]]


@pytest.mark.parametrize(
    ("nodes", "values"),
    [
        # A: 16x24 (B's storage follows), B: 24x32, Z: past m and n, at k
        ([stored("GLB", "A B Z"), loop("m", 1), loop("n", 1), loop("k", 1)], [384, 768, 1]),
        # B stops at once: m does not index it
        ([stored("GLB", "A Z B"), loop("m", 1), loop("n", 1), loop("k", 1)], [384, 768, 512]),
        # B is last: past k and n, a single value
        ([stored("GLB", "A Z B"), loop("k", 1), loop("n", 1), loop("m", 1)], [384, 1, 512]),
        # A streams past m as far as the next storage
        (
            [stored("GLB", "A"), loop("m", 4), stored("GLB", "Z B"), loop("m", 1), loop("k", 1), loop("n", 1)],
            [96, 768, 128],
        ),
        # a loop of one iteration stops it all the same
        ([stored("GLB", "A B Z"), loop("k", 24), loop("m", 1), loop("n", 1), loop("k", 1)], [384, 768, 512]),
    ],
)
def test_a_stream_reserves_the_tile_below_the_loops_that_follow_and_index_it(nodes, values):
    got = reserved(lowered((DRAM, GLB), [stored("DRAM"), *nodes]))
    assert got == values


def test_the_outermost_storage_holds_its_tile_as_it_stands():
    nodes = [stored("DRAM", "A B"), stored("GLB", "Z"), loop("m", 1), loop("n", 1), loop("k", 1)]
    assert reserved(lowered((DRAM, GLB), nodes)) == [0, 0, 512]
    assert reserved(lowered((DRAM, GLB), nodes), 0) == [384, 768, 0]


def test_a_loop_over_a_shared_index_is_the_last_to_be_passed():
    image = Tensor("A", ((("p", 1), ("r", 1)), (("c", 1),)), False, 8)
    others = (Tensor("B", ((("r", 1),), (("c", 1),)), False, 8), Tensor("Z", ((("p", 1),),), True, 8))
    einsum = Einsum("Z", (("c", 4), ("p", 6), ("r", 3)), (image, *others))
    loops = [loop("c", 2), loop("p", 2), loop("c", 1), loop("r", 1), loop("p", 1)]
    nodes = [stored("DRAM"), stored("GLB", "A"), *loops]
    # past c (2 left), then just inside p: (2 + 3 - 1) x 2
    assert reserved(lowered((DRAM, GLB), nodes, einsum))[0] == 8


def test_a_spatial_loop_stops_a_stream_and_fans_out_its_own_component():
    reg = memory("REG", 0.1, 0.15, 1024, 1024, spatial=(dimension("X", 8),))
    nodes = [
        stored("DRAM"),
        stored("GLB", "Z"),
        lanes("m", 2, "REG", "X"),
        stored("REG", "Z"),
        loop("m", 1),
        loop("n", 1),
        loop("k", 1),
    ]
    spec = lowered((DRAM, GLB, reg), nodes)
    assert reserved(spec, 1)[2] == 512
    assert reserved(spec, 2)[2] == 1


def test_a_toll_stops_a_stream_and_holds_nothing():
    nodes = [stored("DRAM"), stored("GLB", "Z"), Toll("NET", ("Z",)), loop("m", 1), loop("n", 1), loop("k", 1)]
    spec = lowered((DRAM, GLB, toll("NET", 1, 1, "down")), nodes)
    assert reserved(spec, 1)[2] == 512
    assert reserved(spec, 2) == [0, 0, 0]


def test_a_persistent_tensor_keeps_every_copy():
    nodes = [stored("DRAM"), Storage("GLB", ("B",), True), loop("m", 1), loop("n", 1), loop("k", 1)]
    assert reserved(lowered((DRAM, GLB), nodes, matmul(2, 4, 3), n_instances=5))[1] == 5 * 12
