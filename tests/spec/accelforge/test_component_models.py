"""Component models of the AccelForge dialect: explicit numbers win, the rest comes from the registry of estimators."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from accelax.components import REGISTRY, Attribute, Estimate, component
from accelax.errors import SpecError, UnsupportedError
from accelax.spec.accelforge.component_models import registered_class, with_translations

GLB, MAC = 1, 4


@pytest.fixture(autouse=True)
def estimators() -> Iterator[None]:
    """Two estimators that only these tests know."""

    @component("tests_scratch_pad", accuracy=90, source="tests", attributes={"width": Attribute("bit")})
    def scratch_pad(*, width: Any, depth: Any, technology: Any) -> Estimate:
        energies = {"read": 2.0 * width, "write": 3.0 * width}
        latency = {"read": 1e-9, "write": 2e-9}
        return Estimate(energies, area_um2=width * depth, leak_power_W=1e-9 * depth, latency_s=latency)

    @component("tests_mac", accuracy=90, source="tests")
    def multiplier(*, bits: Any = 8) -> Estimate:
        return Estimate({"mac": 0.5 * bits}, area_um2=7.0)

    yield
    for name in ("tests_scratch_pad", "tests_mac"):
        REGISTRY._estimators.pop(name, None)


def modelled(**fields: Any) -> Any:
    """A change that takes all numbers from the buffer and names its class."""

    def change(data: dict[str, Any]) -> None:
        node = data["arch"]["nodes"][GLB]
        for name in ("area", "leak_power", "actions"):
            del node[name]
        node["component_class"] = "TestsScratchPad"
        node["extra_attributes_for_component_model"] = {"width": "4 * 8", "tech_node": "45e-9"}
        node.update(fields)

    return change


def glb(spec: Any) -> Any:
    machine = spec.lowered().machines[0]
    return machine.components[machine.index("GLB")]


def test_the_model_gives_what_the_file_does_not(matmul):
    found = glb(matmul(modelled()))
    actions = {action.name: action for action in found.actions}
    assert actions["read"].energy == pytest.approx(2e-12)  # 64 pJ a line of 32 bits; an action moves one bit
    assert actions["write"].energy == pytest.approx(3e-12)
    assert actions["read"].throughput == pytest.approx(32e9)
    assert found.area == pytest.approx(8 * 1024 * 1e-12)  # the depth is size / width
    assert found.leak_power == pytest.approx(1e-9 * 256)


def test_bits_per_action_say_how_much_of_a_line_moves(matmul):
    assert glb(matmul(modelled(bits_per_action=32))).actions[0].energy == pytest.approx(64e-12)
    actions = [{"name": "read", "bits_per_action": 64}, {"name": "write"}]
    found = glb(matmul(modelled(bits_per_action=16, actions=actions)))
    assert [action.energy for action in found.actions] == pytest.approx([128e-12, 48e-12])


def test_explicit_numbers_win(matmul):
    actions = [{"name": "read", "energy": 5, "throughput": 7}, {"name": "write"}]
    found = glb(matmul(modelled(actions=actions, area=11)))
    assert (found.actions[0].energy, found.actions[0].throughput, found.area) == (5, 7, 11)
    assert found.actions[1].energy == pytest.approx(3e-12)


def test_every_scale_applies_to_what_the_model_gives(matmul):
    scales = {"energy_scale": 2, "area_scale": 3, "leak_power_scale": 5, "n_parallel_instances": 2}
    found = glb(matmul(modelled(**scales, actions=[{"name": "read", "energy_scale": 10}])))
    assert found.actions[0].energy == pytest.approx(2 * 10 * 2e-12)
    assert found.area == pytest.approx(3 * 2 * 8192e-12)
    assert found.leak_power == pytest.approx(5 * 2 * 256e-9)
    assert found.actions[0].throughput == pytest.approx(2 * 32e9)


def test_an_action_may_have_attributes_of_its_own(matmul):
    actions = [{"name": "read", "extra_attributes_for_component_model": {"width": 64}}, {"name": "write"}]
    found = glb(matmul(modelled(bits_per_action=64, actions=actions)))
    assert [action.energy for action in found.actions] == pytest.approx([128e-12, 192e-12])


def test_attributes_of_all_models(matmul):
    def change(data: dict[str, Any]) -> None:
        modelled(extra_attributes_for_component_model={"width": 32})(data)
        data["arch"]["extra_attributes_for_all_component_models"] = {"technology": "node"}
        data["variables"] = {"node": 45}

    assert glb(matmul(change)).actions[0].energy == pytest.approx(2e-12)


def test_a_compute_unit_is_modelled(matmul):
    def change(data: dict[str, Any]) -> None:
        data["arch"]["nodes"][MAC] = {"tag": "Compute", "name": "MAC", "component_class": "tests_mac"}

    machine = matmul(change).lowered().machines[0]
    unit = machine.components[machine.index("MAC")]
    assert unit.actions[0].energy == pytest.approx(4e-12)
    assert unit.actions[0].throughput == math.inf
    assert unit.area == pytest.approx(7e-12 * 24)


@pytest.mark.parametrize(
    ("fields", "message", "path"),
    [
        ({"component_class": "TestsScratchPd"}, "no component model of the class 'TestsScratchPd'; did you mean", ""),
        ({"extra_attributes_for_component_model": {"width": 8}}, "the attribute 'technology' is missing", ""),
        ({"extra_attributes_for_component_model": {"width": "wide", "tech_node": 1e-8}},
         "the attribute 'width' must be a number, not 'wide'", "width"),
        ({"extra_attributes_for_component_model": {"width": "2 * wide", "tech_node": 1e-8}},
         "name 'wide' is not defined", "width"),
        ({"extra_attributes_for_component_model": {"width": -8, "technology": 45}}, "'width' must be above 0", "width"),
        ({"actions": [{"name": "erase"}]}, "it has no action 'erase'", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_modelled_is_told_with_its_place(matmul, fields, message, path):
    extras = "extra_attributes_for_component_model"
    with pytest.raises(SpecError, match=message) as caught:
        matmul(modelled(**fields)).lowered()
    where = f"arch.nodes[1].{extras}.{path}" if path else "arch.nodes[1].component_class"
    assert where in {problem.path for problem in caught.value.problems}


def test_models_of_another_library_are_refused_by_name(matmul):
    with pytest.raises(UnsupportedError, match=r"component_model .* would have to give"):
        matmul(modelled(component_class=None, component_model={"a": 1})).lowered()


def test_the_tables_say_what_is_given_and_what_is_modelled(matmul):
    tables = matmul(modelled(energy_scale=2, actions=[{"name": "read", "energy": 5}])).energy_tables()
    assert tables.energy("GLB", "read") == pytest.approx(10e12)
    assert tables.energy("GLB", "write") == pytest.approx(2 * 3.0)
    entries = {(entry.component, entry.action): entry for entry in tables.energies}
    assert entries["GLB", "read"].terms == ()
    assert entries["GLB", "write"].scale == pytest.approx(2)
    assert [term.choice.estimator.name for term in entries["GLB", "write"].terms] == ["scratch_pad"]
    assert tables.area("GLB") == pytest.approx(8192)
    assert tables.instances["MAC"] == 24
    assert any("GLB leaks 2.56e-07 W" in note for note in tables.notes)
    assert matmul().energy_estimates().energies == ()


def test_names_of_both_worlds():
    assert registered_class("TestsScratchPad") == "tests_scratch_pad"
    assert registered_class("unheard of") == "unheard of"
    assert with_translations({"size": math.inf, "width": 8}) == {"size": math.inf, "width": 8}
    assert with_translations({"cycle_period": 2e-9, "technology": 7, "tech_node": 45e-9})["technology"] == 7
