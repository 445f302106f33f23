"""A batch of mappings costs what each costs alone, from one compilation, with gradients and batched hardware."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import accelax as ax
from accelax.encode import encode_lowered
from accelax.encode.level_problem import LevelProblem
from accelax.ir import LoweredLevels, Rules
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine, LevelNetwork
from accelax.ir.lowered import LevelConstraints, LevelReuse
from accelax.model.cost import Cost
from accelax.model.levels.arrays import LevelHardware, LevelMapping
from accelax.model.levels.evaluate import LevelCost, evaluate_levels
from accelax.model.levels.nest import meeting, open_pairs
from tests.conftest import ROOT
from tests.model.levels.machines import convolution

RESNET18 = [ROOT / f"configs/workload/resnet18/layer_{i:02d}.yaml" for i in range(1, 13)]
FLOAT32_ERROR = 1e-5
"""Relative error of energies and cycles in float32: some hundred roundings of 6e-8 each, and cycles are rounded up."""


@cache
def resnet18(layer: int) -> LevelProblem:
    """One convolution of ResNet-18 on the Eyeriss-like machine, layers from 1."""
    return ax.encode(ax.Specification.from_yaml_files(ROOT / "configs/arch/eyeriss_like.yaml", RESNET18[layer - 1]))


class Traced:
    """``evaluate_batch`` under ``jit``, which counts how often it is traced."""

    def __init__(self) -> None:
        self.count = 0
        self.compiled: Callable[..., Cost] = jax.jit(self._trace)

    def _trace(self, problem: Any, batch: Any) -> Cost:
        self.count += 1
        return ax.evaluate_batch(problem, batch)

    def __call__(self, problem: Any, batch: Any) -> Cost:
        return self.compiled(problem, batch)


@pytest.fixture(scope="module")
def evaluate() -> Traced:
    """One compilation for all tests in float32 on the Eyeriss-like machine."""
    return Traced()


@pytest.fixture(scope="module")
def layer_samples() -> dict[int, LevelMapping]:
    """64 random mappings of each layer, in float32 as the sampler draws them."""
    return {i: problem.sample(jax.random.key(i), 64) for i, problem in ((i, resnet18(i)) for i in range(1, 13))}


def problem_on_mesh(
    links: Any = "mesh", network: LevelNetwork | None = None, blocks: tuple[float, float, float] = (4, 2, 1)
) -> LevelProblem:
    """A 1-D convolution, free to map on two storage levels, a mesh of 3 x 2, and registers behind it.

    Bandwidths are not round, so that small changes of the hardware do not cross a whole cycle.
    """
    x, y = 3, 2
    energy = {"read_energy": 2.0, "fill_energy": 3.0, "update_energy": 1.5}
    buffer = {"size_words": 60, "leak_energy": 0.1, "shared_bandwidth": 1.7, "network_fill_latency": 2.0}
    register = {"size_words": 12, "min_utilization": 0.1, "leak_energy": 0.01, "power_gated_at": "Buffer"}
    levels = (
        Level("DRAM", block_size=blocks[0], size_words=1e6, read_bandwidth=0.83, area_um2=3.0, **energy),
        Level("Buffer", write_bandwidth=1.13, block_size=blocks[1], bandwidth_scale=(("I", 0.5),), **buffer, **energy),
        Level("Mesh", is_fanout=True, network=network or LevelNetwork()),
        Level("Register", mesh_x=x, mesh_y=y, block_size=blocks[2], cluster_size=2, **register, **energy),
    )
    lowered = LoweredLevels(
        convolution(8, 6, 4),
        LevelMachine(levels, LevelCompute("MAC", mesh_x=x, mesh_y=y, energy=0.5, area_um2=2.0), 1e-9),
        tuple(LevelConstraints() for _ in levels),
        tuple(LevelReuse() for _ in levels),
        None,
        Rules(link_transfers=links),
    )
    return encode_lowered(lowered)


@pytest.fixture(scope="module")
def mesh_samples() -> LevelMapping:
    """40,000 random mappings of :func:`problem_on_mesh`, in float64."""
    return wide(problem_on_mesh().sample(jax.random.key(2), 40_000))


def wide(batch: LevelMapping) -> LevelMapping:
    """The same mappings in double precision, as numpy arrays."""
    return jax.tree.map(lambda leaf: np.asarray(leaf, dtype=np.float64), batch)


def first(batch: LevelMapping, count: int) -> LevelMapping:
    """The first mappings of a batch."""
    return jax.tree.map(lambda leaf: leaf[:count], batch)


def pick(batch: LevelMapping, i: int) -> LevelMapping:
    """One mapping of a batch as Python numbers."""
    return jax.tree.map(lambda leaf: float(leaf[i]), batch)


def alone(problem: LevelProblem, batch: LevelMapping, i: int, hardware: LevelHardware | None = None) -> LevelCost:
    """One mapping on plain float64 numbers, without JAX."""
    return evaluate_levels(problem.structure, problem.workload, hardware or problem.hardware, pick(batch, i))


def figures(cost: LevelCost, seconds: float) -> list[Any]:
    """The figures of a ``Cost`` that belong to a detailed one."""
    return [cost.energy, cost.cycles, cost.cycles * seconds, cost.energy * 1e-12 * cost.cycles, cost.violation]


def check_against_single(problem: LevelProblem, batch: LevelMapping, cost: Cost, which: range, rel: float) -> None:
    """Every figure of the batch is that of the mapping evaluated alone, within ``rel``."""
    table = np.stack([np.asarray(column, dtype=np.float64) for column in jax.tree.leaves(cost)], axis=1)
    for i in which:
        wanted = figures(alone(problem, batch, i), float(problem.cycle_seconds))
        assert table[i].tolist() == pytest.approx([float(x) for x in wanted], rel=rel, abs=rel)


def test_a_batch_in_double_precision_is_each_mapping_alone(x64: None, layer_samples: dict[int, LevelMapping]) -> None:
    problem, batch = resnet18(5), wide(layer_samples[5])
    cost = jax.jit(ax.evaluate_batch)(problem, batch)
    assert cost.energy_pJ.dtype == np.float64
    check_against_single(problem, batch, cost, range(64), rel=1e-13)
    assert len(set(np.asarray(cost.energy_pJ).tolist())) > 50


def test_a_batch_on_a_mesh_with_links(x64: None, mesh_samples: LevelMapping) -> None:
    problem, batch = problem_on_mesh(), first(mesh_samples, 400)
    cost = jax.jit(ax.evaluate_batch)(problem, batch)
    check_against_single(problem, batch, cost, range(0, 400, 2), rel=1e-13)
    structure, workload = problem.structure, problem.workload
    suspect = [
        any(bool(meeting(structure, workload, pick(batch, i), pair)) for pair in open_pairs(structure))
        for i in range(400)
    ]
    linked = [
        any(float(counts.link_transfers) > 0 for row in alone(problem, batch, i).nest.networks for counts in row)
        for i in range(0, 400, 4)
    ]
    assert 10 < sum(suspect) < 200, "some mappings are counted in detail, most in closed form"
    assert sum(linked) > 3


def test_eager_jit_and_numpy_agree_on_a_large_batch(x64: None, mesh_samples: LevelMapping) -> None:
    """Large batches were summed wrongly under jit by a release of the compiler."""
    problem = problem_on_mesh("off")
    assert not open_pairs(problem.structure)
    numpy = evaluate_levels(problem.structure, problem.workload, problem.hardware, mesh_samples)
    wanted = figures(numpy, problem.cycle_seconds)
    for run in (ax.evaluate_batch, jax.jit(ax.evaluate_batch)):
        for got, column in zip(jax.tree.leaves(run(problem, mesh_samples)), wanted, strict=True):
            assert got.shape == (40_000,)
            np.testing.assert_allclose(got, column, rtol=1e-13, atol=1e-13)


def test_one_compilation_serves_all_layers_within_the_error_of_float32(
    evaluate: Traced, layer_samples: dict[int, LevelMapping]
) -> None:
    for layer, batch in layer_samples.items():
        cost = evaluate(resnet18(layer), batch)
        assert cost.energy_pJ.dtype == np.float32
        check_against_single(resnet18(layer), batch, cost, range(0, 64, 4), rel=FLOAT32_ERROR)
    assert evaluate.count == 1
    assert evaluate.compiled._cache_size() == 1


def test_one_compilation_serves_a_sweep_of_hardware(evaluate: Traced, layer_samples: dict[int, LevelMapping]) -> None:
    problem, batch = resnet18(5), layer_samples[5]
    evaluate(problem, batch)
    before, seen = evaluate.count, set()
    for point in range(100):
        scale = 0.25 + point / 50
        base = problem.hardware
        scaled = {
            name: tuple(scale * value for value in getattr(base, name))
            for name in ("size", "read_energy", "fill_energy", "update_energy", "read_bandwidth", "write_bandwidth")
        }
        swept = problem.replace(hardware=base.replace(**scaled))
        cost = evaluate(swept, batch)
        if point % 33 == 0:
            check_against_single(swept, batch, cost, range(0, 64, 8), rel=FLOAT32_ERROR)
        seen.add((float(cost.energy_pJ[0]), float(cost.cycles.max()), float(cost.violation.sum())))
    assert evaluate.count == before == 1
    assert evaluate.compiled._cache_size() == 1
    assert len(seen) == 100


def test_hardware_may_be_batched(x64: None, mesh_samples: LevelMapping) -> None:
    problem, batch = problem_on_mesh("off"), first(mesh_samples, 8)
    points = [jax.tree.map(lambda value, k=k: value * (1 + 0.3 * k), problem.hardware) for k in range(3)]
    stacked = jax.tree.map(lambda *values: jnp.asarray(values), *points)
    run = jax.jit(jax.vmap(lambda hardware: ax.evaluate_batch(problem.replace(hardware=hardware), batch)))
    cost = run(stacked)
    assert cost.energy_pJ.shape == (3, 8)
    for k, hardware in enumerate(points):
        for i in range(8):
            one = alone(problem, batch, i, hardware)
            assert float(cost.energy_pJ[k, i]) == pytest.approx(float(one.energy), rel=1e-13)
            assert float(cost.cycles[k, i]) == float(one.cycles)


def test_gradients_are_those_of_finite_differences(x64: None, mesh_samples: LevelMapping) -> None:
    network = LevelNetwork(energy_per_hop=0.3, router_energy=0.2, energy_per_ingress=0.7)
    # Sizes of blocks such that a small change does not make one more line.
    problem, batch = problem_on_mesh("off", network, (3.7, 2.3, 1.7)), first(mesh_samples, 3)

    def both(hardware: LevelHardware) -> jax.Array:
        cost = ax.evaluate_batch(problem.replace(hardware=hardware), batch)
        return jnp.stack([cost.energy_pJ.sum(), cost.cycles.sum()])

    def plainly(hardware: LevelHardware) -> np.ndarray:
        costs = [alone(problem, batch, i, hardware) for i in range(3)]
        return np.array([sum(float(cost.energy) for cost in costs), sum(float(cost.cycles) for cost in costs)])

    gradient = jax.tree.leaves(jax.jit(jax.jacrev(both))(jax.tree.map(jnp.float64, problem.hardware)))
    values, tree = jax.tree.flatten(problem.hardware)
    moved = 0
    for k, value in enumerate(values):
        step = 1e-5 * max(1.0, abs(value)) if np.isfinite(value) else 0.0
        ends = [plainly(jax.tree.unflatten(tree, [*values[:k], value + s, *values[k + 1 :]])) for s in (step, -step)]
        slope = (ends[0] - ends[1]) / (2 * step) if step else np.zeros(2)
        # At a kink (as many memories as instances) both are the mean of the two sides, differences to the first order.
        np.testing.assert_allclose(gradient[k], slope, rtol=2e-5, atol=1e-4)
        moved += bool(np.any(slope))
    assert moved > 20
