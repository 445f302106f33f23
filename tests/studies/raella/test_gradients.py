"""Gradients of the study's energy against finite differences."""

from __future__ import annotations

import jax
import pytest

from accelax.studies.raella.gradients import layer_energies_J, total_energy_J
from accelax.studies.raella.machines import ARCHITECTURES
from accelax.studies.raella.study import StudyResult, run_study


@pytest.fixture(scope="module")
def small() -> StudyResult:
    return run_study(("qdqbert",), architectures=ARCHITECTURES[3:])


def test_the_energy_is_that_of_the_study(small: StudyResult) -> None:
    with jax.enable_x64(True):
        layers = jax.jit(lambda: layer_energies_J(small, "raella", {}))()
        total = float(layers.sum())
    assert layers.tolist() == pytest.approx([result.energy_J for result in small.layers], rel=1e-12)
    assert total == pytest.approx(small.energy_J("raella", "qdqbert"), rel=1e-12)


@pytest.mark.slow
def test_slopes_agree_with_finite_differences(small: StudyResult) -> None:
    paths = {
        "variables.ADC_RESOLUTION": (7.5, 1e-3),
        "architecture.input_buffer.attributes.depth": (600.0, 1e-1),
        "variables.technology": (32.5, 1e-3),
        "variables.CIM_UNITS_PER_COLUMN": (500.0, 1e-1),
        "variables.COLUMNS_PER_CROSSBAR": (500.0, 1e-1),
    }
    with jax.enable_x64(True):
        both = jax.jit(jax.value_and_grad(lambda values: total_energy_J(small, values)))
        middle = {path: value for path, (value, _) in paths.items()}
        _, slopes = both(middle)
        for path, (value, step) in paths.items():
            high, low = (float(both({**middle, path: value + sign * step})[0]) for sign in (1, -1))
            assert float(slopes[path]) == pytest.approx((high - low) / (2 * step), rel=1e-5), path
