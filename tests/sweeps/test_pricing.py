"""Many points in one compiled call, compared with evaluations one by one."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import accelax as ax
from accelax.encode.machine_function import is_traceable, machine_function
from accelax.sweeps import pricing
from accelax.sweeps.pricing import compilations, price, priced_layer

EYERISS = "architecture.shared_glb.attributes."
PATHS = (
    f"{EYERISS}depth",
    f"{EYERISS}read_bandwidth",
    "architecture.DRAM.attributes.read_bandwidth",
    "variables.global_cycle_seconds",
)


@pytest.fixture
def layers(root):
    """Layers of ResNet-18, the first mapping of each that a draw gives and that uses several lanes."""
    import jax

    machine, files = root / "configs/arch/eyeriss_like.yaml", [f"layer_{n:02}.yaml" for n in (2, 5, 12)]
    found = []
    for layer in ax.read_layers(machine, [root / "configs/workload/resnet18" / name for name in files]):
        problem = ax.encode(layer.specification)
        batch = problem.sample(jax.random.key(3), 8)
        found.append(layer.specification.with_mapping(problem.decode(batch, 5)))
    return found


def test_every_point_equals_its_evaluation_and_one_compilation_serves_all(layers, monkeypatch):
    traces = []
    original = pricing.price_nest
    monkeypatch.setattr(pricing, "price_nest", lambda *given: traces.append(1) or original(*given))
    before = compilations()
    priced = [priced_layer(spec, PATHS) for spec in layers]
    rng = np.random.default_rng(1)
    whole = [rng.integers(low, high, 48) for low, high in ((100, 20_000), (1, 48), (1, 8))]
    points = np.stack([*whole, rng.uniform(1e-9, 5e-9, 48)], 1).astype(float)
    first, second = price(priced, points), price(priced, points[::-1].copy())
    assert len(traces) == 1
    assert compilations() == before + 1
    np.testing.assert_array_equal(first, second[:, :, ::-1])
    for point in (0, 17, 47):
        values = dict(zip(PATHS, points[point].tolist(), strict=True))
        for row, spec in enumerate(layers):
            wanted = ax.evaluate(spec.with_values(values))
            figures = wanted.to_dict()
            energy, cycles, latency, area, violation = first[row, :, point]
            assert energy == pytest.approx(figures["energy_pJ"], rel=1e-12, abs=0)
            assert cycles == figures["cycles"]
            assert latency == pytest.approx(figures["latency"], rel=1e-12, abs=0)
            assert area == figures["area_um2"]
            assert violation == pytest.approx(float(wanted.cost.violation), rel=1e-12, abs=0)


def test_which_paths_are_numbers_of_the_machine(small):
    depth = "architecture.buffer.attributes.depth"
    assert is_traceable(small, depth, [64, 512])
    assert is_traceable(small, "variables.global_cycle_seconds", [1e-9, 2e-9])
    assert not is_traceable(small, "variables.technology", ["45nm"])
    assert not is_traceable(small, "problem.instance.M", [512, 512])
    assert not is_traceable(small, "rules.halo", ["exact"])
    with pytest.raises(ax.SpecError, match="expected an integer of at least 1, got 0"):
        is_traceable(small, depth, [0, 5])
    with pytest.raises(ax.SpecError, match=r"got 2\.5"):
        is_traceable(small, depth, [1, 2.5, 8])


def test_accelforge_machines_are_not_traced(tree):
    assert not is_traceable(tree, "arch.global_buffer.size", [1e6])


def test_a_problem_on_a_path_is_no_machine(small):
    problem = ax.encode(small)
    with pytest.raises(ax.AccelaxError):
        machine_function(small, problem, ("problem.instance.M",))


def test_divisions_by_constants_are_divisions(small):
    """49 words of a width of 49: 49 * (1 / 49) is below 1, and its floor 0."""
    import jax

    paths = ("architecture.buffer.attributes.depth",)
    small.set("architecture.buffer.attributes.multiple_buffering", 49)
    layer = priced_layer(small, paths)
    machine = layer.program.machine

    def size(depth, constants):
        return machine([depth], constants)[0].size[1]

    with jax.enable_x64(True):
        found = [float(jax.jit(size)(49.0 * n, layer.constants)) for n in range(1, 60)]
    assert found == [float(n) for n in range(1, 60)]


def test_devices_share_the_points_and_change_nothing(root):
    """Two devices of one process against one device: the same numbers, to the last bit."""
    script = """
import sys, numpy as np, jax, accelax as ax
from accelax.sweeps.pricing import price, priced_layer
names = "arch/two_level.yaml", "workload/bert_base/layer_03.yaml", "mapping/two_level_bert_base.yaml"
spec = ax.Specification.from_yaml_files(*("configs/" + name for name in names))
layer = priced_layer(spec, ("architecture.buffer.attributes.read_bandwidth",))
table = price([layer], np.linspace(0.5, 8, 64)[:, None])
print(jax.local_device_count(), table.tobytes().hex())
"""
    answers = []
    for devices in (1, 2):
        flags = f"--xla_force_host_platform_device_count={devices}"
        environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
        run = subprocess.run([sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        answers.append(run.stdout.split())
    assert [answer[0] for answer in answers] == ["1", "2"]
    assert answers[0][1] == answers[1][1]
