from __future__ import annotations

import math

import pytest

from accelax.errors import SpecError

GLB, MAC = 1, 4


def component(name, **fields):
    """A change that edits fields of the n-th node."""
    return lambda data: data["arch"]["nodes"][name].update(fields)


def actions_of(spec, name="GLB"):
    machine = spec.lowered().machines[0]
    return {action.name: action for action in machine.components[machine.index(name)].actions}


def test_one_bit_an_action_by_default(matmul):
    read = actions_of(matmul())["read"]
    assert (read.energy, read.throughput) == (10.0, 64.0)
    assert read.values_per_action == (("A", 1 / 8), ("W", 1 / 8), ("Z", 1 / 8))


def test_every_scale_multiplies(matmul):
    read = actions_of(
        matmul(
            component(
                GLB,
                energy_scale=2,
                throughput_scale=3,
                n_parallel_instances=2,
                latency_scale=6,
                actions=[
                    {
                        "name": "read",
                        "energy": "4 + 1",
                        "energy_scale": 0.5,
                        "throughput": 8,
                        "throughput_scale": 10,
                        "latency_scale": 4,
                    },
                    {"name": "write", "energy": 1, "throughput": 1},
                ],
            )
        )
    )["read"]
    assert read.energy == 5 * 2 * 0.5
    assert read.throughput == 8 * 3 * 10 * 2 / (6 * 4)


def test_latency_is_the_inverse_of_throughput(matmul):
    actions = [{"name": "read", "energy": 1, "latency": 4e-9}, {"name": "write", "energy": 1, "latency": 0}]
    found = actions_of(matmul(component(GLB, actions=actions, n_parallel_instances=2)))
    assert found["read"].throughput == pytest.approx(2 / 4e-9)
    assert found["write"].throughput == math.inf


def test_the_first_size_that_is_given_decides(matmul):
    """Values per action of the action, of the component, bits of the action, of the component: 24 / 8 = 3 values."""
    actions = [
        {"name": "read", "energy": 1, "throughput": 1, "values_per_action": {"input": 7}, "bits_per_action": 24},
        {"name": "write", "energy": 1, "throughput": 1},
    ]
    change = component(GLB, actions=actions, values_per_action={"input | output": 5}, bits_per_action=64)
    found = actions_of(matmul(change))
    assert found["read"].values_per_action == (("A", 7.0), ("W", 3.0), ("Z", 5.0))
    assert found["write"].values_per_action == (("A", 5.0), ("W", 8.0), ("Z", 5.0))


def test_bits_per_value_of_the_component_count(matmul):
    change = component(GLB, bits_per_value={"output": 32, "weight": "output.bits_per_value / 2"}, bits_per_action=64)
    assert actions_of(matmul(change))["read"].values_per_action == (("A", 8.0), ("W", 16.0), ("Z", 2.0))


def test_a_compute_unit_moves_no_values(matmul):
    compute = actions_of(matmul(), "MAC")["compute"]
    assert (compute.energy, compute.throughput, compute.values_per_action) == (0.5, 4.0, ())


def test_a_dummy_costs_nothing_it_does_not_name(matmul):
    def change(data):
        node = data["arch"]["nodes"][GLB]
        for name in ("area", "leak_power", "actions"):
            del node[name]
        node["component_class"] = "Dummy"

    found = actions_of(matmul(change))
    assert {name: (action.energy, action.throughput) for name, action in found.items()} == {
        "read": (0.0, math.inf),
        "write": (0.0, math.inf),
    }


def test_a_component_class_is_no_reason_where_every_number_is_given(matmul):
    assert actions_of(matmul(component(GLB, component_class="SRAM")))["read"].energy == 10


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"actions": [{"name": "read", "energy": 1, "throughput": 1}]}, "no energy of its action 'write'"),
        ({"actions": [{"name": "read", "energy": "inf", "throughput": 1}]}, "expected a finite number"),
        ({"actions": [{"name": "read", "energy": 1, "throughput": 0}]}, "has to be above 0"),
        ({"actions": [{"name": "read", "energy": 1, "throughput": 1}] * 2}, "appears twice"),
        ({"actions": [{"energy": 1}]}, "missing field 'name'"),
        ({"bits_per_action": 0}, "more than 0"),
        ({"values_per_action": {"A | W": 2, "W": 3}}, "in both"),
        ({"leak_power": None}, "no leak_power"),
    ],
)
def test_mistakes_are_reported(matmul, fields, reason):
    with pytest.raises(SpecError, match=reason):
        matmul(component(GLB, **fields))
