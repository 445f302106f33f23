"""The whole model of a mapping on small machines, against arithmetic written out by hand."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.ir import Rules
from accelax.model.tree import evaluate_tree
from accelax.model.tree_batch import evaluate_tree_batch
from accelax.model.tree_types import TreeHardware
from tests.model.tree_cases import DRAM, GLB, dimension, lanes, loop, lowered, mac, matmul, memory, stored, toll

PARTIAL_SUMS = [stored("DRAM"), loop("k", 2), stored("GLB"), loop("m", 1), loop("n", 1), loop("k", 1)]
SMALL = matmul(2, 4, 3)


def cost_of(spec):
    problem = encode_tree(spec)
    return evaluate_tree(problem.structure, problem.workload, problem.hardware, encode_mapping(spec, spec.mapping))


def counts(cost, component: int):
    einsum = cost.einsums[0]
    return [
        (float(r) / 8, float(w) / 8) for r, w in zip(einsum.reads[component], einsum.writes[component], strict=True)
    ]


def test_partial_sums_go_up_and_come_back_except_for_the_first_time():
    cost = cost_of(lowered((DRAM, GLB), PARTIAL_SUMS, SMALL))
    # A and B move once (tiles of 4 and 6, two iterations over k). Z (6 values) is written up twice and read back once.
    assert counts(cost, 0) == [(8, 0), (12, 0), (6, 12)]
    # The unit fetches 24 of each; of Z it reads back 24 - 6 and GLB reads 12 to write them up, and fills 12 - 6.
    assert counts(cost, 1) == [(24, 8), (24, 12), (24 - 6 + 12, 24 + 12 - 6)]
    assert cost.computes == 24


def test_energy_and_latency_follow_from_the_actions():
    cost = cost_of(lowered((DRAM, GLB), PARTIAL_SUMS, SMALL))
    dram = 8 * (26 * 100 + 12 * 120)
    glb = 8 * (78 * 2 + 50 * 3)
    assert [float(e) for e in cost.einsums[0].energy] == [dram, glb, 24 * 0.5]
    assert [float(t) for t in cost.einsums[0].latency] == [8 * (26 / 64 + 12 / 32), 8 * (78 / 512 + 50 / 256), 24 / 4]
    assert cost.latency == max(8 * (26 / 64 + 12 / 32), 6)
    assert cost.edp == (dram + glb + 12) * cost.latency


def test_counting_first_visits():
    glb = memory("GLB", 2, 3, 512, 256, skip_initial_output_write=False)
    cost = cost_of(lowered((DRAM, glb), PARTIAL_SUMS, SMALL))
    assert counts(cost, 0)[2] == (12, 12)
    assert counts(cost, 1)[2] == (24 + 12, 24 + 12)


def test_a_unit_that_reads_its_first_partial_sums():
    cost = cost_of(lowered((DRAM, GLB, mac(skip_initial_output_write=False)), PARTIAL_SUMS, SMALL))
    assert counts(cost, 1)[2] == (24 + 12, 24 + 12 - 6)


@pytest.mark.parametrize(
    ("direction", "reads"), [("down", (24, 24, 18)), ("up", (0, 0, 24)), ("up_and_down", (24, 24, 42))]
)
def test_a_toll_charges_passing_values(direction: str, reads: tuple[int, ...]):
    from accelax.ir import Toll

    nodes = [*PARTIAL_SUMS[:3], Toll("NET", ("A", "B", "Z")), *PARTIAL_SUMS[3:]]
    cost = cost_of(lowered((DRAM, GLB, toll("NET", 7, 128, direction)), nodes, SMALL))
    assert [r for r, _ in counts(cost, 2)] == list(reads)
    assert counts(cost, 1) == [(24, 8), (24, 12), (30, 30)]  # as without the toll
    assert float(cost.einsums[0].energy[2]) == 8 * 7 * sum(reads)


def test_spatial_loops_multicast_and_reduce_where_allowed():
    reg = memory("REG", 0.1, 0.15, 1024, 1024, spatial=(dimension("X", 4, ("A",)), dimension("Y", 4, ("Z",))))
    nodes = [stored("DRAM"), lanes("n", 1, "REG", "X"), lanes("k", 1, "REG", "Y"), stored("REG", "B"), loop("m", 1)]
    cost = cost_of(lowered((DRAM, reg), nodes, SMALL))
    # m = 2 steps on 3 x 4 lanes. A is shared along X, B's 12 values go to one lane each and stay, Z is reduced along Y.
    assert counts(cost, 0) == [(2 * 4, 0), (12, 0), (0, 2 * 3)]
    assert counts(cost, 1)[1] == (24, 12)
    assert [float(u) for u in cost.einsums[0].used[1]] == [3, 4]
    assert cost.einsums[0].steps == 2
    assert cost.utilization == 24 / (2 * 16)


def test_spatial_loops_cost_each_instance_where_sharing_is_not_allowed():
    reg = memory("REG", 0.1, 0.15, 1024, 1024, spatial=(dimension("X", 4, ()), dimension("Y", 4, ())))
    nodes = [stored("DRAM"), lanes("n", 1, "REG", "X"), lanes("k", 1, "REG", "Y"), stored("REG", "B"), loop("m", 1)]
    # A for each of 3 x 4 lanes; Z from each of the 12 lanes, each of whose first visits reads nothing.
    assert counts(cost_of(lowered((DRAM, reg), nodes, SMALL)), 0) == [(24, 0), (12, 0), (0, 24)]


def test_latency_counts_the_busiest_instance():
    reg = memory("REG", 0.1, 0.15, 1024, 1024, spatial=(dimension("X", 3),))
    nodes = [stored("DRAM"), lanes("n", 1, "REG", "X"), stored("REG", "B"), loop("m", 1), loop("k", 1)]
    cost = cost_of(lowered((DRAM, reg), nodes, SMALL))
    assert counts(cost, 1)[1] == (24, 12)
    assert float(cost.einsums[0].latency[1]) == 8 * (8 / 1024 + 4 / 1024)  # each lane: 2 x 4 reads, 4 fills
    assert float(cost.einsums[0].latency[2]) == 8 / 4


def test_leakage_runs_for_the_whole_latency_and_copies_multiply():
    leaky = memory("GLB", 2, 3, 512, 256, leak_power=0.25)
    once = cost_of(lowered((DRAM, leaky), PARTIAL_SUMS, SMALL))
    assert float(once.einsums[0].leakage[1]) == 0.25 * float(once.latency)
    five = cost_of(lowered((DRAM, leaky), PARTIAL_SUMS, SMALL, n_instances=5))
    assert five.energy == pytest.approx(5 * once.energy, rel=1e-15)
    assert five.latency == 5 * once.latency
    assert five.memory_usage == once.memory_usage


@pytest.mark.parametrize(("rule", "fraction"), [("accelforge_squared", 3 / 4 / 4), ("usage", 3 / 4)])
def test_power_gating(rule: str, fraction: float):
    reg = memory("REG", 0.1, 0.15, 1024, 1024, leak_power=2.0, spatial=(dimension("X", 4, power_gateable=True),))
    nodes = [stored("DRAM"), lanes("n", 1, "REG", "X"), stored("REG", "B"), loop("m", 1), loop("k", 1)]
    from dataclasses import replace

    cost = cost_of(lowered((DRAM, reg), nodes, SMALL, rules=replace(Rules.accelforge(), power_gating=rule)))
    assert float(cost.einsums[0].leakage[1]) == pytest.approx(2.0 * float(cost.latency) * fraction, rel=1e-15)


def test_area_counts_each_component_once():
    cost = cost_of(lowered((memory("DRAM", 1, 1, 1, 1, area=0.5), GLB, mac(area=2.0)), PARTIAL_SUMS, SMALL))
    assert cost.area == 2.5


def test_violation_is_the_largest_relative_excess():
    tight = memory("GLB", 2, 3, 512, 256, size_bits=88.0)
    # A 4 values, B 6 values, and Z, streamed below m and n: 1 value; 11 x 8 = 88 bits.
    assert cost_of(lowered((DRAM, tight), PARTIAL_SUMS, SMALL)).violation == 0
    tighter = memory("GLB", 2, 3, 512, 256, size_bits=80.0)
    assert cost_of(lowered((DRAM, tighter), PARTIAL_SUMS, SMALL)).violation == pytest.approx(0.1)
    reg = memory("REG", 0.1, 0.15, 1024, 1024, spatial=(dimension("X", 2, usage_scale=0.5), dimension("Y", 2)))
    nodes = [stored("DRAM"), lanes("n", 1, "REG", "X"), lanes("k", 1, "REG", "Y"), stored("REG", "B"), loop("m", 1)]
    cost = cost_of(lowered((DRAM, reg), nodes, SMALL))
    assert [float(u) for u in cost.einsums[0].usage[1]] == [0.75, 2]
    assert cost.violation == 1


@pytest.mark.usefixtures("x64")
def test_a_batch_equals_the_single_evaluations():
    other = [stored("DRAM"), stored("GLB", "A"), loop("n", 1), stored("GLB", "B Z"), loop("m", 1), loop("k", 1)]
    specs = [lowered((DRAM, GLB), nodes, SMALL) for nodes in (PARTIAL_SUMS, other)]
    problem = encode_tree(specs[0])
    batch = problem.encode_mappings([spec.mapping for spec in specs])
    cost = jax.jit(evaluate_tree_batch)(problem, batch)
    single = [cost_of(spec) for spec in specs]
    assert cost.energy_pJ.tolist() == [s.energy * 1e12 for s in single]
    assert cost.latency_s.tolist() == [s.latency for s in single]
    assert cost.edp.tolist() == pytest.approx([s.edp for s in single], rel=1e-15)
    assert bool(np.isnan(cost.cycles).all())


@pytest.mark.usefixtures("x64")
def test_one_compilation_for_all_numbers_and_orders():
    traces = 0

    def traced(problem, batch):
        nonlocal traces
        traces += 1
        return evaluate_tree_batch(problem, batch)

    run = jax.jit(traced)
    orders = [
        PARTIAL_SUMS,
        [stored("DRAM"), loop("n", 1), stored("GLB", "Z A"), loop("m", 1), loop("k", 1)],
        [stored("DRAM"), stored("GLB", "B"), loop("m", 1), loop("n", 1), loop("k", 1)],
    ]
    for size, bounds in ((512.0, (2, 4, 3)), (1024.0, (8, 6, 10))):
        spec = lowered((DRAM, memory("GLB", size / 7, 3, 512, 256, size_bits=size)), orders[0], matmul(*bounds))
        problem = encode_tree(spec)
        for nodes in orders:
            run(problem, problem.encode_mappings([lowered((DRAM, GLB), nodes, matmul(*bounds)).mapping], slots=4))
        for factor in (1.0, 2.0):
            swept = problem.with_component("GLB", size_bits=np.float64(size * factor), energy=(factor, factor + 1))
            run(jax.tree.map(np.float64, swept), problem.encode_mappings([spec.mapping], slots=4))
    assert traces == 1


@pytest.mark.usefixtures("x64")
def test_gradients_of_hardware_match_finite_differences():
    reg = memory("REG", 0.1, 0.15, 1024, 1024, leak_power=2.0, spatial=(dimension("X", 4, power_gateable=True),))
    nodes = [stored("DRAM"), loop("k", 2), lanes("n", 1, "REG", "X"), stored("REG", "B"), loop("m", 1), loop("k", 1)]
    problem = encode_tree(lowered((DRAM, reg), nodes, SMALL))
    batch = problem.encode_mappings([lowered((DRAM, reg), nodes, SMALL).mapping])

    def edp(hardware: TreeHardware):
        return evaluate_tree_batch(problem.replace(hardware=hardware), batch).edp[0]

    leaves, tree = jax.tree.flatten(problem.hardware)
    slopes = jax.tree.leaves(jax.jit(jax.grad(edp))(problem.hardware))
    run = jax.jit(edp)
    for index, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
        assert np.isfinite(slope)
        if not np.isfinite(leaf):
            continue
        step = 1e-5 * max(abs(leaf), 1.0)
        ends = [run(tree.unflatten([*leaves[:index], leaf + d, *leaves[index + 1 :]])) for d in (step, -step)]
        assert float(slope) == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-4)
    assert np.count_nonzero(slopes) >= 8


@pytest.mark.usefixtures("x64")
def test_gradients_of_tile_shapes_match_finite_differences():
    spec = lowered((DRAM, GLB), PARTIAL_SUMS, SMALL)
    problem = encode_tree(spec)
    batch = problem.encode_mappings([spec.mapping])

    def energy(tile):
        row = batch.einsums[0].replace(tile=tile)
        return evaluate_tree_batch(problem, batch.replace(einsums=(row,))).energy_pJ[0] * 1e-12

    tile = jax.numpy.asarray(batch.einsums[0].tile)
    slope = jax.grad(energy)(tile)
    # Only Z, whose outer loop over k is irrelevant, depends on that tile: 6 * 4/t written up and 6 * 4/t - 6 read back.
    assert float(slope[0, 0]) == pytest.approx(-8 * 6 * 4 / 2**2 * (100 + 120 + 2 + 3), rel=1e-12)
