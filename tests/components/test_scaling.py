"""Scaling between nodes, voltages and sizes."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from accelax.components import scaling
from accelax.components.scaling import area_scale, energy_scale, node_weights

REFERENCE_FROM_40 = {
    # node: energy, area, as Accelergy's component library has them
    130: (3.88, 11.1), 90: (2.40, 4.83), 65: (1.57, 2.61), 45: (1.265, 1.74), 32: (0.834, 0.792), 22: (0.742, 0.721),
    16: (0.220, 0.325), 7: (0.119, 0.103),
}  # fmt: skip


@pytest.mark.parametrize("node", REFERENCE_FROM_40)
def test_reversed_weights_give_the_reference_tool_s_factors(node: int) -> None:
    energy, area = REFERENCE_FROM_40[node]
    with node_weights("reversed"):
        assert energy_scale(40, node) == pytest.approx(energy, rel=5e-3)
        assert area_scale(40, node) == pytest.approx(area, rel=5e-3)


def test_energies_of_two_nodes_worked_by_hand() -> None:
    at_45 = 1.103 * 0.64 - 0.362 * 0.8 + 0.2767  # 0.69302
    at_32 = 0.9559 * 0.64 - 0.7823 * 0.8 + 0.471  # 0.456936

    assert energy_scale(45, 32) == pytest.approx(at_32 / at_45)
    assert energy_scale(45, 32) == pytest.approx(0.65934, rel=1e-5)


def test_straight_weights_put_40_nm_closer_to_45_than_to_32() -> None:
    at_40 = 8 / 13 * 0.69302 + 5 / 13 * 0.456936  # 0.60222

    assert energy_scale(40, 45) == pytest.approx(0.69302 / at_40, rel=1e-5)
    assert energy_scale(40, 40) == 1.0


def test_the_nearest_node_is_what_the_tool_of_2023_took() -> None:
    with node_weights("nearest"):
        assert energy_scale(40, 32) == pytest.approx(0.65934, rel=1e-5)
        assert area_scale(40, 45) == pytest.approx(1.0)


def test_the_rule_holds_for_a_block_only_and_must_exist() -> None:
    straight = energy_scale(40, 45)
    with node_weights("reversed"):
        assert energy_scale(40, 45) != straight
    assert energy_scale(40, 45) == straight
    with pytest.raises(ValueError, match="straight, reversed, nearest, not 'sideways'"), node_weights("sideways"):  # type: ignore[arg-type]
        pass


def test_areas_of_the_table_are_met() -> None:
    assert area_scale(130, 7) == pytest.approx(0.0092)
    assert area_scale(7, 130) == pytest.approx(110)
    assert area_scale(32, 65) == pytest.approx(3.3)


@pytest.mark.parametrize("node", [5.0, 8.3, 22.0, 40.0, 77.0, 200.0])
def test_a_node_to_itself_is_one(node: float) -> None:
    assert energy_scale(node, node) == pytest.approx(1.0)
    assert area_scale(node, node) == pytest.approx(1.0)


@pytest.mark.parametrize("rule", ["straight", "nearest"])
def test_nothing_grows_with_a_smaller_node(rule) -> None:
    nodes = np.linspace(3, 180, 300)
    with node_weights(rule):
        energies = [energy_scale(45, node) for node in nodes]
        areas = [area_scale(45, node) for node in nodes]

    assert np.all(np.diff(energies) >= -1e-12)
    assert np.all(np.diff(areas) >= -1e-12)


def test_beyond_the_table_energy_goes_with_the_root_and_area_linearly() -> None:
    assert energy_scale(7, 3.5) == pytest.approx(0.5**0.5)
    assert energy_scale(130, 260) == pytest.approx(2**0.5)
    assert area_scale(7, 3.5) == pytest.approx(0.5)
    assert area_scale(130, 260) == pytest.approx(2.0)
    assert energy_scale(7, 0.5) == energy_scale(7, 1.0)


def test_supply_scales_by_the_node_s_quadratic() -> None:
    at_1 = 1.103 - 0.362 + 0.2767  # 1.0177

    assert scaling.supply_energy_scale(45, 1.0) == pytest.approx(at_1 / 0.69302, rel=1e-5)
    assert scaling.supply_energy_scale(45, 0.8) == 1.0
    assert scaling.logic_energy_scale(45, 32, 0.8) == pytest.approx(0.65934, rel=1e-5)
    assert scaling.logic_energy_scale(32, 45, 1.0) == pytest.approx(at_1 / 0.456936, rel=1e-4)


def test_the_other_rules() -> None:
    assert scaling.voltage_energy_scale(1.0, 0.8) == pytest.approx(0.64)
    assert scaling.depth_energy_scale(64, 16) == pytest.approx(0.25**0.78)
    assert scaling.resolution_scale(8, 6) == 0.25
    assert scaling.latency_scale(32, 16) == 0.5
    assert scaling.leakage_scale(45, 32) == energy_scale(45, 32)


@pytest.mark.parametrize("node", [5.0, 8.3, 28.0, 50.0, 77.0, 200.0])
def test_gradients_agree_with_finite_differences(x64, node: float) -> None:
    def factors(technology, voltage):
        return scaling.logic_energy_scale(65.0, technology, voltage) + area_scale(65.0, technology)

    step = 1e-4
    for position in (0, 1):
        point = [node, 0.9]
        slope = jax.grad(factors, position)(*point)
        above, below = list(point), list(point)
        above[position] += step
        below[position] -= step
        assert slope == pytest.approx((factors(*above) - factors(*below)) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("rule", ["straight", "reversed", "nearest"])
def test_many_nodes_at_once(rule) -> None:
    nodes = np.array([5.0, 22.0, 40.0, 65.0])
    with node_weights(rule):
        np.testing.assert_allclose(energy_scale(65, nodes, 0.9), [energy_scale(65, node, 0.9) for node in nodes])
        np.testing.assert_allclose(area_scale(nodes, 32), [area_scale(node, 32) for node in nodes])
