"""The functions of numbers, on numbers of every kind, and without jax where none is given."""

from __future__ import annotations

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from accelax.components import numbers


@pytest.mark.parametrize("kind", [float, np.float64, np.asarray, jnp.asarray])
def test_every_kind_of_number_gives_the_same_value(kind) -> None:
    two = kind(2.0)

    assert float(numbers.exp(two)) == pytest.approx(7.389056, rel=1e-6)
    assert float(numbers.log(two)) == pytest.approx(0.6931472, rel=1e-6)
    assert float(numbers.log2(two)) == pytest.approx(1.0)
    assert float(numbers.sqrt(two)) == pytest.approx(1.4142136, rel=1e-6)
    assert float(numbers.ceil(kind(1.2))) == 2.0
    assert float(numbers.minimum(two, 3.0)) == 2.0
    assert float(numbers.maximum(two, 3.0)) == 3.0
    assert float(numbers.where(two > 1.0, two, 0.0)) == 2.0
    assert float(numbers.interpolate(two, (1.0, 3.0), (10.0, 20.0))) == pytest.approx(15.0)


def test_one_array_among_plain_numbers_decides_whose_functions_are_used() -> None:
    assert numbers.namespace(1.0, np.ones(2)) is np
    assert isinstance(numbers.maximum(1.0, jnp.asarray(2.0)), jnp.ndarray)


def test_beyond_its_ends_the_polygon_is_constant() -> None:
    assert numbers.interpolate(0.0, (1, 2), (10.0, 20.0)) == 10.0
    assert numbers.interpolate(9.0, (1, 2), (10.0, 20.0)) == 20.0


def test_a_truth_value_is_no_number() -> None:
    assert not numbers.is_plain(np.bool_(True))
    assert numbers.is_plain(np.int32(3))
    assert not numbers.is_plain(jnp.asarray(3.0))


def test_the_library_is_imported_without_jax() -> None:
    program = "import sys, accelax.components.library; sys.exit('jax' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_traced_numbers_may_differ_and_stay_as_they_are() -> None:
    traced = jnp.asarray(3.0)

    assert numbers.may_differ(traced, 3.0)
    assert numbers.may_differ(3.0, traced)
    assert not numbers.may_differ(np.float64(3), 3)
    assert numbers.plain_or_traced(traced) is traced
    assert type(numbers.plain_or_traced(np.float64(3))) is float
