"""What a sweep is about: specifications, layers, files."""

from __future__ import annotations

import pytest

import accelax as ax
from accelax.spec.layers import Layer
from accelax.sweeps.networks import changed, label_of, network_at, network_of, network_with

DEPTH = "architecture.buffer.attributes.depth"


def test_a_specification_a_layer_and_a_list_are_networks(small):
    layer = Layer(small, "a", 3)
    assert network_of(layer) == (layer,)
    assert [(one.name, one.count) for one in network_of(small)] == [("layer 1", 1)]
    assert [(one.name, one.count) for one in network_of([layer, small])] == [("a", 3), ("layer 2", 1)]


@pytest.mark.parametrize("given", ["arch.yaml", [], [3], None])
def test_nothing_else_is(given):
    with pytest.raises(ax.SpecError, match="expected a specification, a layer or a list"):
        network_of(given)


def test_files_bring_problem_name_count_and_mapping_to_the_machine(root, small):
    folder = root / "configs/workload/bert_base"
    (layer,) = network_at(small, folder / "layer_01.yaml")
    assert (layer.name, layer.count) == ("attention.projections", 48)
    assert dict(layer.specification.state.workload.bounds)["K"] == 768
    assert small.problem.instance.M == 512
    assert len(network_at(small, folder)) == 6
    assert len(network_at(small, [folder / "layer_01.yaml", folder / "layer_02.yaml"])) == 2


def test_files_with_machines_and_files_of_the_other_dialect_are_refused(root, small, tree):
    with pytest.raises(ax.SpecError, match=r"two_level.yaml: expected a file with a problem and no machine"):
        network_at(small, root / "configs/arch/two_level.yaml")
    with pytest.raises(ax.UnsupportedError, match="AccelForge dialect"):
        network_at(tree, root / "configs/workload/accelforge_matmul.yaml")


def test_labels_are_names_of_layers_and_files(small):
    assert label_of([Layer(small, "a"), "b.yaml"]) == "a, b.yaml"
    assert label_of(small) == "specification"


def test_changes_reach_a_copy_alone(small, tree):
    twin = changed(small, {DEPTH: 7, "rules.halo": "exact"})
    assert (twin.lowered().machine.levels[1].size_words, twin.rules.halo) == (7, "exact")
    assert small.lowered().machine.levels[1].size_words == 512
    assert small.rules.halo != "exact"
    other = changed(tree, {"arch.global_buffer.leak_power": 1.0})
    assert ax.evaluate(other).to_dict()["energy"] > 1.5 * ax.evaluate(tree).to_dict()["energy"]
    network = network_with((Layer(small, "a", 2),), {DEPTH: 9})
    assert (network[0].name, network[0].count) == ("a", 2)
    assert network_with(network, {}) is network
