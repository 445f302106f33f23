"""What holds for every estimator of the library: gradients, signs, statements, refusals."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY, Declined, Estimate, Estimator
from accelax.components.estimate import TECHNOLOGY
from accelax.components.registry import UNSTATED

ESTIMATORS: dict[str, Estimator] = {e.name: e for name in REGISTRY.classes() for e in REGISTRY.claiming(name)}
SAMPLES = {
    # away from the corners of piecewise laws
    "technology": 50.3, "width": 40.4, "depth": 300.3, "voltage": 0.87, "length": 1.3e-3, "rows": 130.3, "cols": 140.7,
    "cell_config": "isaac", "n_bits": 7.3, "mantissa_bits": 10.3, "metadata_storage_width": 37.3,
    "metadata_storage_depth": 90.2,
}  # fmt: skip

LADDERS = {"dac_c2c_ladder", "dac_r2r_ladder", "c2c_mult_input_port_a", "c2c_mult_input_port_b"}
"""Circuits with a node per bit, so that the bits cannot be varied."""


def sample(estimator: Estimator, name: str):
    """A value of an attribute in the estimator's range, or None where the tests do not vary it."""
    demand = estimator.attributes.get(name, TECHNOLOGY if name == "technology" else UNSTATED)
    if demand.kind == "text" or isinstance(SAMPLES.get(name), str):
        return SAMPLES.get(name, demand.choices[0] if demand.choices else None)
    if demand.kind == "values":
        return np.asarray([0.1, 0.2, 0.3, 0.4])
    if demand.kind != "number":
        return None
    low, high = max(demand.valid[0], demand.least), min(demand.valid[1], demand.most)
    if low <= SAMPLES.get(name, -math.inf) <= high:
        return SAMPLES[name]
    if math.isfinite(low) and math.isfinite(high):
        return 0.37 * low + 0.63 * high if low == 0.0 or high / low < 4 else math.sqrt(low * high) * 1.013
    return 3.3 if low <= 3.3 else low * 1.37


def attributes_of(estimator: Estimator) -> dict:
    """A sample of all the attributes that an estimator requires, and of those that scale most of them."""
    held = {name: sample(estimator, name) for name, required in estimator.parameters.items() if required}
    for name in ("width", "depth", "voltage", "resolution"):
        if name in estimator.parameters:
            held.setdefault(name, sample(estimator, name))
    return {name: value for name, value in held.items() if value is not None}


def total(estimate: Estimate):
    """All that an estimate says, in one number."""
    energies, times = sum(estimate.energy_pJ.values()), sum(estimate.latency_s.values())
    return energies + estimate.area_um2 / 1e3 + estimate.leak_power_W * 1e6 + times * 1e9


def numbers_of(estimator: Estimator) -> list[tuple[str, str]]:
    numeric = [name for name, value in attributes_of(estimator).items() if isinstance(value, float)]
    return [(estimator.name, name) for name in numeric if not (name == "resolution" and estimator.name in LADDERS)]


@pytest.mark.parametrize(("estimator", "name"), [pair for e in ESTIMATORS.values() for pair in numbers_of(e)])
def test_gradient_agrees_with_finite_differences(x64, estimator: str, name: str) -> None:
    function, point = ESTIMATORS[estimator].function, attributes_of(ESTIMATORS[estimator])
    if estimator in LADDERS:
        point["resolution"] = round(point["resolution"])

    def at(value):
        return total(function(**{**point, name: value}))

    step = 1e-5 * point[name]
    difference = (float(at(point[name] + step)) - float(at(point[name] - step))) / (2 * step)
    scale = abs(float(at(point[name]))) / point[name]
    assert float(jax.grad(at)(point[name])) == pytest.approx(difference, rel=1e-5, abs=1e-6 * scale)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_nothing_is_negative_or_undefined(name: str) -> None:
    estimator = ESTIMATORS[name]
    estimate, warnings = estimator.price(rounded(estimator))
    values = [*estimate.energy_pJ.values(), estimate.area_um2, estimate.leak_power_W, *estimate.latency_s.values()]

    assert all(np.isfinite(float(value)) and float(value) >= 0 for value in values)
    assert estimate.energy_pJ or estimate.area_um2
    assert not warnings


@pytest.mark.parametrize("name", ESTIMATORS)
def test_source_formula_and_accuracy_are_stated(name: str) -> None:
    estimator = ESTIMATORS[name]

    assert estimator.source
    assert estimator.formula
    assert 0 < estimator.accuracy <= 100
    assert estimator.function.__doc__


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_missing_or_wrong_attribute_is_refused_by_name(name: str) -> None:
    estimator = ESTIMATORS[name]
    stated = rounded(estimator)
    for attribute, required in estimator.parameters.items():
        if not required or attribute not in stated:
            continue
        with pytest.raises(Declined) as missing:
            estimator.price({key: value for key, value in stated.items() if key != attribute})
        assert missing.value.attribute == attribute
        if isinstance(stated[attribute], float):
            with pytest.raises(Declined) as wrong:
                estimator.price({**stated, attribute: "many"})
            assert wrong.value.attribute == attribute


@pytest.mark.parametrize("name", [name for name, e in ESTIMATORS.items() if "technology" in e.parameters])
def test_a_node_outside_the_source_is_warned_of(name: str) -> None:
    _, warnings = ESTIMATORS[name].price({**rounded(ESTIMATORS[name]), "technology": 250})

    assert any(text.startswith("technology = 250 nm is outside the range") for text in warnings)


def rounded(estimator: Estimator) -> dict:
    """A sample in which whole attributes are whole."""
    held = attributes_of(estimator)
    whole = [name for name in held if estimator.attributes.get(name, UNSTATED).whole]
    return {**held, **{name: float(round(held[name])) for name in whole}}
