from __future__ import annotations

import numpy as np
import pytest

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.ir import Einsum, Tensor
from accelax.model.tree_tiles import Gap, ceil_with_slope, gap_at, loop_nest, runs_over, tensor_loops
from accelax.model.tree_types import TensorStructure
from tests.model.tree_cases import DRAM, GLB, lanes, loop, lowered, matmul, memory, stored
from tests.model.tree_cases import dimension as fanout


def nest_of(spec):
    problem = encode_tree(spec)
    mapping = encode_mapping(spec, spec.mapping)
    return problem, loop_nest(problem.structure.einsums[0], problem.workload.einsums[0], mapping.einsums[0])


def test_each_loop_divides_what_the_loops_above_it_left():
    spec = lowered((DRAM, GLB), [stored("DRAM"), loop("m", 4), stored("GLB"), loop("n", 1), loop("m", 1), loop("k", 1)])
    _, nest = nest_of(spec)
    assert list(nest.trips) == [4.0, 32.0, 4.0, 24.0]  # 16/4, 32/1, 4/1, 24/1
    assert [float(extents[0]) for extents in nest.extents] == [16, 4, 4, 1, 1]


def test_a_spatial_loop_knows_its_dimension():
    reg = memory("REG", 1, 1, 1, 1, spatial=(fanout("X", 8), fanout("Y", 4)))
    nodes = [stored("DRAM"), loop("m", 1), lanes("k", 6, "REG", "Y"), stored("REG"), loop("n", 1), loop("k", 1)]
    _, nest = nest_of(lowered((DRAM, reg), nodes))
    assert [bool(t) for t in nest.temporal] == [True, False, True, True]
    assert [(bool(a[1]), bool(a[2])) for a in nest.along] == [
        (False, False),
        (False, True),
        (False, False),
        (False, False),
    ]


def test_unused_slots_change_nothing():
    spec = lowered((DRAM, GLB), [stored("DRAM"), stored("GLB"), loop("m", 1), loop("n", 1), loop("k", 1)])
    problem = encode_tree(spec)
    mapping = encode_mapping(spec, spec.mapping, slots=5)
    nest = loop_nest(problem.structure.einsums[0], problem.workload.einsums[0], mapping.einsums[0])
    assert list(nest.trips) == [16.0, 32.0, 24.0, 1.0, 1.0]
    assert nest.extents[-1] == nest.extents[3]


def test_sliding_windows_span_stride_times_steps_plus_kernel():
    image = Tensor("A", ((("c", 1),), (("p", 2), ("r", 1))), False, 8)
    kernel = Tensor("B", ((("r", 1),), (("c", 1),)), False, 8)
    out = Tensor("Z", ((("p", 1),),), True, 8)
    einsum = Einsum("Z", (("c", 4), ("p", 6), ("r", 3)), (image, kernel, out))
    nodes = [stored("DRAM"), loop("p", 2), stored("GLB"), loop("p", 1), loop("c", 1), loop("r", 1)]
    spec = lowered((DRAM, GLB), nodes, einsum)
    problem, nest = nest_of(spec)
    structure = problem.structure.einsums[0].tensors[0]
    loops = tensor_loops(nest, structure, problem.workload.einsums[0].coefficients[0])
    # 4 x (2(6-1) + (3-1) + 1) = 52, then 4 x (2(2-1) + 2 + 1) = 20, 4 x 3, 1 x 3, 1 x 1
    assert list(loops.sizes) == [52, 20, 12, 3, 1]
    assert [bool(s) for s in loops.streamed] == [False, False, True, False]
    assert [bool(s) for s in loops.sliding] == [True, True, False, True]


def test_a_scaled_index_of_one_rank_is_fully_relevant_and_the_first_index_decides():
    assert TensorStructure(((0,),)).fully_relevant == (0,)
    assert TensorStructure(((0, 1), (0,))).fully_relevant == ()
    assert TensorStructure(((0,), (0, 1))).fully_relevant == (0,)


def test_loops_that_do_not_divide_count_as_averages_or_rounded_up():
    nodes = [stored("DRAM"), loop("m", 5), stored("GLB"), loop("m", 1), loop("n", 1), loop("k", 1)]
    problem, nest = nest_of(lowered((DRAM, GLB), nodes, matmul(17, 23, 31)))
    structure, workload = problem.structure.einsums[0], problem.workload.einsums[0]
    assert tensor_loops(nest, structure.tensors[0], workload.coefficients[0]).trips[0] == 17 / 5  # A[m, k]
    assert tensor_loops(nest, structure.tensors[1], workload.coefficients[1]).trips[0] == 4  # B[k, n]


@pytest.mark.parametrize(("rank", "expected"), [(0, True), (1, False), (29, True), (-1, False)])
def test_rank_sets(rank: int, expected: bool):
    assert bool(runs_over(np.int32(rank), (0, 2, 29))) is expected


def test_rank_sets_under_jit():
    import jax

    found = jax.jit(lambda ranks: [runs_over(ranks[i], (0, 2, 29)) for i in range(4)])(
        np.array([0, 1, 29, -1], np.int32)
    )
    assert [bool(f) for f in found] == [True, False, True, False]


def test_looking_up_a_gap():
    table = (10.0, 11.0, 12.0)
    assert Gap((False, False)).look_up(table) == 10.0
    assert Gap((True, False)).look_up(table) == 11.0
    assert Gap((True, True)).look_up(table) == 12.0
    spec = lowered((DRAM, GLB), [stored("DRAM"), stored("GLB"), loop("m", 1), loop("n", 1), loop("k", 1)])
    _, nest = nest_of(spec)
    assert gap_at(nest, 2).past == (True, True, False)
    assert gap_at(nest, -1).past == (False, False, False)


def test_rounding_up_keeps_a_slope():
    import jax

    value, slope = jax.value_and_grad(ceil_with_slope)(2.5)
    assert (float(value), float(slope)) == (3.0, 1.0)
    assert float(ceil_with_slope(np.float64(3.0))) == 3.0
