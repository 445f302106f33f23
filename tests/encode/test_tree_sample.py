from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.encode.tree_sample import prime_factors
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Spatial, Storage, Temporal, Toll
from accelax.ir.tree_machine import Comparison
from accelax.model.tree_batch import evaluate_tree_batch
from tests.model.test_tree_lifetime import THREE, chain
from tests.model.tree_cases import DRAM, GLB, dimension, lowered, matmul, memory, toll

ALL = ("A", "B", "Z")
LEAST_TWO = Comparison(("n",), ">=", 2)


def machine(**dimension_fields):
    dram, glb = replace(DRAM, keep=ALL), replace(GLB, may_keep=("A", "Z"))
    net = toll("NET", 1, 1, "up_and_down", keep=("B",))
    lanes = (dimension("X", 6, reuse=("A",)), dimension("Y", 4, **dimension_fields))
    reg = memory("REG", 1, 1, 1, 1, keep=("B",), may_keep=("Z",), spatial=lanes)
    return dram, glb, net, reg


def samples(components, einsum=None, n: int = 300, seed: int = 0):
    problem = encode_tree(lowered(components, [], einsum or matmul(12, 30, 16)))
    batch = problem.sample(jax.random.key(seed), n)
    return problem, batch


def test_samples_are_mappings_of_the_problem():
    problem, batch = samples(machine(), n=100)
    slots = batch.einsums[0].tile.shape[1]
    for i in range(100):
        again = encode_mapping(problem.lowered, problem.decode(batch, i), slots).einsums[0]
        for name in ("rank", "tile", "dimension", "above", "reach"):
            assert np.array_equal(getattr(again, name), getattr(batch.einsums[0], name)[i]), (i, name)


def test_samples_keep_what_they_must_and_only_what_they_may():
    problem, batch = samples(machine())
    seen = set()
    for i in range(300):
        held = {
            (node.component, tensor)
            for node in problem.decode(batch, i).nodes
            if isinstance(node, (Storage, Toll))
            for tensor in node.tensors
        }
        assert held >= {("DRAM", t) for t in ALL} | {("NET", "B"), ("REG", "B")}
        seen |= held
    assert seen == {("DRAM", t) for t in ALL} | {("NET", "B"), ("REG", "B"), ("GLB", "A"), ("GLB", "Z"), ("REG", "Z")}


def test_samples_fit_the_fan_out_and_reuse_what_they_must():
    problem, batch = samples(machine(usage_scale=2.0))
    cost = jax.vmap(lambda m: evaluate_usage(problem, m))(batch)
    assert float(np.max(cost[0])) <= 1
    assert float(np.max(cost[1])) <= 1
    assert np.unique(np.round(np.asarray(cost[0]) * 6)).tolist() == [1, 2, 4]  # powers of two of n = 16 on 6 lanes
    assert np.unique(np.round(np.asarray(cost[1]) * 2)).tolist() == [1, 2]  # of 4 lanes, at a usage scale of 2
    over_x = {
        n.rank
        for i in range(300)
        for n in problem.decode(batch, i).nodes
        if isinstance(n, Spatial) and n.dimension == "X"
    }
    assert over_x == {"n"}  # the only rank that A does not have


def evaluate_usage(problem, mapping):
    from accelax.model.tree import evaluate_tree

    return evaluate_tree(problem.structure, problem.workload, problem.hardware, mapping).einsums[0].usage[3]


def test_loop_bounds_are_respected():
    bounds = (Comparison(("m", "k"), "==", 1), Comparison(("n", "m"), "product<=", 2))
    problem, batch = samples(machine(loop_bounds=bounds))
    assert {
        (node.rank, node.tile_shape)
        for i in range(300)
        for node in problem.decode(batch, i).nodes
        if isinstance(node, Spatial) and node.dimension == "Y"
    } <= {("n", tile) for tile in (1, 2, 4, 8)}
    assert float(np.max(jax.vmap(lambda m: evaluate_usage(problem, m))(batch)[1])) == 0.5


def test_the_outermost_memory_is_not_tiled_and_outer_storages_come_first():
    _, batch = samples(machine())
    row = batch.einsums[0]
    assert (row.above[:, 0] == 0).all()
    for outer, inner in ((0, 1), (1, 2), (2, 3)):
        last = np.where(row.order[:, outer] >= 0, row.order[:, outer], -1).max(axis=1)
        first = np.where(row.order[:, inner] >= 0, row.order[:, inner], 99).min(axis=1)
        assert (last < first).all()


def test_the_same_key_gives_the_same_samples():
    one, two, three = (samples(machine(), n=20, seed=seed)[1] for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(three), strict=True))


def test_einsums_exchange_tensors_through_the_outermost_memory():
    spec = chain(*THREE)
    open_machines = tuple(
        replace(m, components=(replace(m.components[0], may_keep=e.tensor_names), m.components[1]))
        for m, e in zip(spec.machines, spec.einsums, strict=True)
    )
    problem = encode_tree(replace(spec, machines=open_machines))
    batch = problem.sample(jax.random.key(0), 10)
    cost = evaluate_tree_batch(problem, batch)
    assert cost.energy_pJ.shape == (10,)
    problem.encode_mappings([problem.decode(batch, i) for i in range(10)])


def test_a_tensor_that_nothing_may_keep():
    with pytest.raises(SpecError, match="no memory may keep B"):
        samples((replace(DRAM, keep=("A", "Z")),))


def test_constraints_that_are_not_sampled_are_refused():
    with pytest.raises(UnsupportedError, match="tensor_order_options"):
        samples((replace(DRAM, keep=ALL, tensor_order_options=((("A",), ("B",)),)),))
    with pytest.raises(SpecError, match="no spatial loops keep all"):
        samples(machine(loop_bounds=(Comparison(("n",), ">=", 5),)))


def test_lower_bounds_on_loops_and_the_least_usage_are_respected():
    """Of 6 lanes along X, n = 16 reaches 4; along Y, of 4, n takes at least 2, and m or k the other 2 or not."""
    lanes = (dimension("X", 6, reuse=("A",), min_usage=1.0), dimension("Y", 4, loop_bounds=(LEAST_TWO,)))
    components = (*machine()[:-1], replace(machine()[-1], spatial=lanes))
    problem, batch = samples(components)
    cost = jax.vmap(lambda m: evaluate_usage(problem, m))(batch)
    assert np.unique(np.round(np.asarray(cost[0]) * 6)).tolist() == [4]
    assert np.unique(np.round(np.asarray(cost[1]) * 4)).tolist() == [2, 4]


def test_imperfect_spatial_loops_leave_the_rest_to_an_outermost_loop():
    """100 iterations of n on 7 lanes: 7 is ceil(100 / 15), and the loop above has what is left, cut short."""
    lanes = (dimension("X", 7, reuse=("A",), min_usage=1.0),)
    components = (*machine()[:-1], replace(machine()[-1], spatial=lanes))
    spec = replace(lowered(components, [], matmul(12, 30, 100)), explore_imperfect=(True, True))
    problem = encode_tree(spec)
    batch = problem.sample(jax.random.key(0), 50)
    for i in range(50):
        mapping = problem.decode(batch, i)
        problem.encode_mappings([mapping])
        loops = [node for node in mapping.nodes if isinstance(node, (Temporal, Spatial)) and node.rank == "n"]
        assert [(type(loop), loop.tile_shape) for loop in loops] == [(Temporal, 7), (Spatial, 1)]


@pytest.mark.parametrize(("number", "factors"), [(1, []), (2, [2]), (97, [97]), (360, [2, 2, 2, 3, 3, 5])])
def test_prime_factors(number: int, factors: list[int]):
    assert prime_factors(number) == factors


@pytest.mark.usefixtures("x64")
def test_samples_cost_the_same_one_by_one_and_in_a_batch():
    from accelax.model.tree import evaluate_tree

    problem, batch = samples(machine(power_gateable=True), n=25)
    cost = jax.jit(evaluate_tree_batch)(problem, batch)
    for i in range(25):
        mapping = encode_mapping(problem.lowered, problem.decode(batch, i))
        single = evaluate_tree(problem.structure, problem.workload, problem.hardware, mapping)
        assert float(cost.energy_pJ[i]) == pytest.approx(float(single.energy) * 1e12, rel=1e-13)
        assert float(cost.latency_s[i]) == pytest.approx(float(single.latency), rel=1e-13)
        assert float(cost.violation[i]) == pytest.approx(float(single.violation), rel=1e-13, abs=1e-15)


def test_single_precision_is_within_a_millionth():
    from accelax.model.tree import evaluate_tree

    problem, batch = samples(machine(), matmul(512, 3136, 1000), n=10)
    cost = jax.jit(evaluate_tree_batch)(problem, batch)
    assert cost.energy_pJ.dtype == np.float32
    for i in range(10):
        mapping = encode_mapping(problem.lowered, problem.decode(batch, i))
        single = evaluate_tree(problem.structure, problem.workload, problem.hardware, mapping)
        # some forty roundings of 2**-24 each
        assert float(cost.energy_pJ[i]) == pytest.approx(float(single.energy) * 1e12, rel=40 * 2**-24)
        assert float(cost.latency_s[i]) == pytest.approx(float(single.latency), rel=40 * 2**-24)
