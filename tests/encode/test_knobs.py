"""Hardware numbers as functions of a specification's values."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import accelax as ax
from accelax.encode.knobs import at_values, mesh_matters
from accelax.encode.level_mapping import encode_mapping
from accelax.model.levels.evaluate import evaluate_levels

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
CIM = CONFIGS / "cim"
GLB = "architecture.shared_glb.attributes"


@pytest.fixture(scope="module")
def eyeriss():
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch/eyeriss_like.yaml",
        CONFIGS / "workload/resnet18/layer_05.yaml",
        CONFIGS / "mapping/eyeriss_like_resnet18.yaml",
    )
    return spec, ax.encode(spec)


@pytest.fixture(scope="module")
def raella():
    files = ("problem", "chip", "raella/variables", "raella/tile", "raella/macro", "raella/variants/raella")
    layer = "resnet18_layer3_0_conv1"
    spec = ax.Specification.from_yaml_files(
        *(CIM / f"{name}.yaml" for name in files),
        CIM / f"workload/{layer}.yaml",
        CIM / f"mapping/raella_{layer}.yaml",
    )
    return spec, ax.encode(spec)


def energy(spec, problem, path):
    """The energy of the specification's mapping as a function of one value."""
    numbers = encode_mapping(problem.structure, problem.lowered, problem.lowered.mapping)

    def of(value):
        there = at_values(spec, problem, {path: value})
        return evaluate_levels(there.structure, there.workload, there.hardware, numbers).energy

    return of


def test_sizes_follow_depth_and_width(eyeriss):
    spec, problem = eyeriss
    level = problem.structure.level_names.index("shared_glb")
    size = at_values(spec, problem, {f"{GLB}.depth": 100, f"{GLB}.width": 32}).hardware.size[level]
    assert size == 100 * (32 // 16)


def test_numbers_at_the_values_of_the_file_are_those_of_the_file(eyeriss):
    spec, problem = eyeriss
    depth = spec.architecture.find("shared_glb").attributes.depth
    with jax.enable_x64(True):
        there = at_values(spec, problem, {f"{GLB}.depth": jnp.asarray(float(depth))})
    assert jax.tree.map(float, there.hardware) == jax.tree.map(float, problem.hardware)


def test_many_values_at_once(eyeriss):
    spec, problem = eyeriss
    level = problem.structure.level_names.index("shared_glb")
    sizes = jax.vmap(lambda depth: at_values(spec, problem, {f"{GLB}.depth": depth}).hardware.size[level])
    assert np.asarray(sizes(jnp.array([8.0, 16.0]))).tolist() == [32.0, 64.0]


def test_sizes_are_whole_words_under_jit(eyeriss):
    # 49 buffers: a compiler that multiplies with 1 / 49 makes 48 words of 49 * 49.
    spec, problem = eyeriss
    spec = spec.with_values({f"{GLB}.multiple_buffering": 49, f"{GLB}.width": 16})
    level = problem.structure.level_names.index("shared_glb")
    depths = jnp.arange(1.0, 60.0) * 49
    sizes = jax.jit(jax.vmap(lambda d: at_values(spec, problem, {f"{GLB}.depth": d}).hardware.size[level]))(depths)
    assert np.asarray(sizes).tolist() == list(range(1, 60))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("variables.ADC_RESOLUTION", 6.5),
        ("variables.COLUMNS_PER_CROSSBAR", 512.0),
        ("variables.CIM_UNITS_PER_COLUMN", 512.0),
        ("variables.technology", 28.0),
        ("architecture.eDRAM_buf.attributes.depth", 2048.0),
    ],
)
def test_gradients_agree_with_finite_differences(raella, path, value):
    function, step = energy(*raella, path), 1e-4 * value
    with jax.enable_x64(True):
        slope = float(jax.grad(function)(value))
        ends = [float(function(jnp.asarray(value + sign * step))) for sign in (1, -1)]
    assert slope != 0
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


def test_a_traced_evaluation_equals_the_plain_one(raella):
    spec, problem = raella
    with jax.enable_x64(True):
        traced = float(energy(spec, problem, "variables.ADC_RESOLUTION")(jnp.asarray(7.0)))
    assert traced == pytest.approx(ax.evaluate(spec).to_dict()["energy_pJ"], rel=1e-12)


def test_a_number_of_instances_is_a_number_where_no_mesh_matters(raella):
    spec, problem = raella
    assert not mesh_matters(problem.structure)
    there = at_values(spec, problem, {"variables.COLUMNS_PER_CROSSBAR": 256})
    column = problem.structure.level_names.index("timely_psubbuf")
    assert there.hardware.mesh_x[column] * 2 == problem.hardware.mesh_x[column]


def test_a_mesh_that_matters_is_structure(eyeriss):
    spec, problem = eyeriss
    assert mesh_matters(problem.structure)
    with pytest.raises(ax.UnsupportedError, match="a change of structure"):
        at_values(spec, problem, {"architecture.PE.spatial.meshY": 6})


def test_a_value_that_decides_more_than_numbers_cannot_be_traced(raella):
    spec, problem = raella
    path = "variables.SPECULATION_ENABLED"
    with pytest.raises(ax.SpecError, match=path):
        jax.vmap(lambda flag: at_values(spec, problem, {path: flag}).hardware)(jnp.ones(2))


def test_a_traced_extent_is_refused(eyeriss):
    spec, problem = eyeriss
    with pytest.raises(ax.AccelaxError, match=r"problem\.instance\.C"):
        jax.vmap(lambda extent: at_values(spec, problem, {"problem.instance.C": extent}).hardware)(jnp.ones(2))


def test_an_unknown_path_names_the_nearest(eyeriss):
    with pytest.raises(ax.SpecError, match="did you mean 'depth'"):
        at_values(*eyeriss, {f"{GLB}.depht": 4})


def test_plain_values_are_checked(eyeriss):
    with pytest.raises(ax.SpecError, match="expected an integer of at least 1, got -4"):
        at_values(*eyeriss, {f"{GLB}.depth": -4})


def test_the_other_dialect_is_refused(eyeriss):
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch/accelforge_array.yaml", CONFIGS / "workload/accelforge_matmul.yaml"
    )
    with pytest.raises(ax.UnsupportedError, match="AccelForge"):
        at_values(spec, eyeriss[1], {"arch.GLB.size": 4})
