"""Specifications as dictionaries and lists with attributes, the way scripts for TimeloopFE change them."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

import accelax as ax
import accelax.timeloop as tl


@pytest.fixture
def spec(files: list[Path]) -> tl.Specification:
    return tl.Specification.from_yaml_files(*files)


def test_attributes_and_items_are_the_same(spec: tl.Specification) -> None:
    buffer = spec.architecture.find("my_buffer")
    buffer.attributes["depth"] = 512
    assert buffer.attributes.depth == 512
    buffer.attributes.depth *= 2
    assert spec.lowered().machine.levels[1].size_words == 4096
    spec.problem.instance.M = 16
    spec.problem["instance"]["N"] = 4
    assert dict(spec.lowered().einsum.bounds) == {"M": 16, "N": 4, "K": 8}
    spec.variables["technology"] = "32nm"
    assert spec.architecture.find("system").attributes.technology == "32nm"
    with pytest.raises(tl.SpecError, match="quote it"):
        spec.variables["technology"] = "fast"
    spec.variables["technology"] = '"fast"'
    assert spec.variables.technology == "fast"
    spec.mapper.evaluated_size = 100
    assert spec.mapper.evaluated_size == 100
    spec.mapspace.template = "ruby"
    assert spec.search_settings["template"] == "ruby"


def test_a_misspelt_attribute_and_an_unknown_node_are_errors(spec: tl.Specification) -> None:
    with pytest.raises(tl.SpecError, match="did you mean 'depth'"):
        spec.architecture.find("my_buffer").attributes.dept = 3
    with pytest.raises(tl.SpecError, match="did you mean 'my_buffer'"):
        spec.architecture.find("my_bufer")
    with pytest.raises(tl.SpecError, match="depth"):
        spec.architecture.find("my_buffer").attributes.depth = "a lot"
    with pytest.raises(KeyError):
        spec.architecture.find("my_buffer")["nothing"]
    assert spec.architecture.find("my_buffer").attributes.depth == 2048


def test_nodes_know_their_class(spec: tl.Specification) -> None:
    assert isinstance(spec.architecture, tl.Architecture)
    assert isinstance(spec.problem, tl.Problem)
    assert isinstance(spec.architecture.find("PE"), tl.arch.Container)
    assert isinstance(spec.architecture.find("DRAM"), tl.arch.Component)
    assert [leaf.name for leaf in spec.get_nodes_of_type(tl.arch.Storage)] == ["DRAM", "my_buffer", "register_file"]
    assert [leaf.name for leaf in spec.architecture.get_nodes_of_type((tl.Compute, tl.Container))] == [
        "system", "PE", "mac",
    ]  # fmt: skip
    assert isinstance(spec.architecture.find("PE").spatial, tl.arch.Spatial)
    assert isinstance(spec.architecture.find("PE").constraints.spatial, tl.constraints.Spatial)


def test_lists_grow_and_shrink(spec: tl.Specification) -> None:
    nodes = spec.architecture.nodes
    count = len(nodes)
    nodes.insert(2, tl.arch.Component(name="extra", **{"class": "SRAM"}, attributes={"datawidth": 16, "depth": 4}))
    assert [leaf.name for leaf in spec.architecture.leaves()][:3] == ["system", "DRAM", "extra"]
    nodes[2].attributes.depth = 8
    assert spec.architecture.find("extra").attributes.depth == 8
    nodes.pop(2)
    del nodes[-3].spatial["meshX"]
    assert len(nodes) == count
    assert spec.architecture.find("PE").spatial.meshX == 1
    spec.architecture.find("PE").spatial.meshX = 4
    spec.constraints.targets.append({"target": "PE", "type": "spatial", "factors": ["M=1"]})
    spec.architecture.find("PE").constraints.spatial.factors.append("N=1")
    fixed = {rank for level in spec.lowered().constraints for rank, _ in level.fixed}
    assert fixed == {"M", "N"}


def test_sections_are_replaced_whole(spec: tl.Specification, files: list[Path]) -> None:
    other = tl.Problem.from_yaml_files(files[1])
    other.instance["K"] = 32
    spec.problem = other
    assert dict(spec.lowered().einsum.bounds)["K"] == 32
    other.instance["K"] = 64
    assert dict(spec.lowered().einsum.bounds)["K"] == 32
    sections = {"architecture": spec.architecture, "variables": spec.variables}
    made = tl.Specification(**sections, problem=other, mapper=tl.Mapper(search_size=5))
    assert dict(made.lowered().einsum.bounds)["K"] == 64
    assert made.search_settings["search_size"] == 5


def test_the_usual_ways_of_dictionaries(spec: tl.Specification) -> None:
    attributes = spec.architecture.find("my_buffer").attributes
    assert attributes.get("depth") == 2048
    assert attributes.get("nothing", 5) == 5
    assert attributes.setdefault("note", 7) == 7
    assert attributes.pop("note") == 7
    assert attributes.pop("note", None) is None
    with pytest.raises(KeyError):
        attributes.pop("note")
    assert dict(attributes.items())["width"] == 64
    assert "width" in attributes
    assert spec.problem.shape.dimensions == ["M", "N", "K"]
    assert "M" in spec.problem.shape.dimensions
    assert spec.problem.shape.to_dict()["dimensions"][0] == "M"
    assert set(spec.keys()) >= {"architecture", "problem", "mapping"}
    assert spec["mapper"] == spec.mapper
    assert len(spec.mapping) == 0


def test_copies_and_pickles_share_nothing(spec: tl.Specification) -> None:
    for twin in (spec.copy(), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        twin.architecture.find("my_buffer").attributes.depth = 16
        assert spec.architecture.find("my_buffer").attributes.depth == 2048
        assert twin.lowered().machine.levels[1].size_words == 64
    node = pickle.loads(pickle.dumps(spec.architecture.find("my_buffer")))
    assert node.attributes.depth == 2048


def test_the_rest_of_accelax_takes_it(spec: tl.Specification) -> None:
    found = ax.map(spec, seconds=5)
    assert found.mapping is not None
    assert spec.mapspace.contains(found.mapping)
    assert spec.with_mapping(found.mapping).mapspace.violations(found.mapping) == []


def test_templates_take_data(files: list[Path]) -> None:
    files[0].write_text(files[0].read_text().replace("depth: 2048", "depth: {{depth}}"))
    spec = tl.Specification.from_yaml_files([str(file) for file in files], jinja_parse_data={"depth": 64})
    assert spec.architecture.find("my_buffer").attributes.depth == 64
    with pytest.raises(tl.SpecError):
        tl.Specification.from_yaml_files(*files)
    with pytest.raises(tl.SpecError, match="no input files"):
        tl.Specification.from_yaml_files()


def test_lists_and_keys_are_taken_apart(files: list[Path]) -> None:
    spec = tl.Specification.from_yaml_files(*files)
    buffer = spec.architecture.find("my_buffer")
    buffer.constraints.dataspace.keep = ["Inputs", "Weights", "Outputs"]
    keep = buffer.constraints.dataspace.keep
    keep.remove("Weights")
    assert list(keep) == ["Inputs", "Outputs"]
    assert "Inputs" in keep
    assert "Weights" not in keep
    with pytest.raises(ValueError, match="'Weights' is not in the list"):
        keep.remove("Weights")
    with pytest.raises(KeyError):
        del buffer.attributes["nothing"]
    with pytest.raises(AttributeError, match="nothing"):
        del buffer.attributes.nothing
    with pytest.raises(KeyError, match="did you mean 'depth'"):
        buffer.attributes["dept"]
    del buffer.attributes["depth"]
    assert buffer.attributes.depth is None


def test_nodes_are_compared_by_what_they_hold(files: list[Path]) -> None:
    spec = tl.Specification.from_yaml_files(*files)
    assert spec.problem.instance == {"M": 8, "N": 8, "K": 8, "densities": {}}
    assert spec.problem.instance == tl.Specification.from_yaml_files(*files).problem.instance
    assert spec.problem.instance != {"M": 8}
    with pytest.raises(TypeError):
        hash(spec.problem.instance)
