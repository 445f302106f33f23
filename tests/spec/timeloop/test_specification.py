"""The specification as an object: live views, paths, rules, files, and the tags of plain data."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Rules
from accelax.spec.specification import Specification
from accelax.spec.timeloop.specification import TimeloopSpecification
from tests.spec.timeloop.conftest import attributes, node

TEXT = """\
variables: {version: 0.4, lines: 1024}
architecture:
  version: 0.4
  nodes:
  - !Component {name: DRAM, class: DRAM, attributes: {datawidth: 16}}
  - !Component
    name: GLB
    class: SRAM
    attributes: {datawidth: 16, width: 64, depth: lines // 2, technology: "45nm"}
  - !Component {name: MAC, class: intmac}
problem:
  version: 0.4
  shape:
    dimensions: [M]
    data_spaces:
    - {name: A, projection: [M]}
    - {name: Z, projection: [[[M]]], read_write: true}
  instance: {M: 8}
mapping:
- {target: DRAM, type: temporal, factors: [M=2]}
- {target: GLB, type: temporal, factors: [M=4]}
ERT:
  version: 0.4
  tables:
  - {name: DRAM, actions: [{name: read, energy: 64}, {name: write, energy: 64}]}
  - {name: GLB, actions: [{name: read, energy: 6}, {name: write, energy: 6}]}
  - {name: MAC, actions: [{name: compute, energy: 1}]}
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(TEXT)
    return Specification.from_yaml_files(path)


def test_both_dialects_come_from_one_class(spec):
    assert isinstance(spec, TimeloopSpecification)
    assert isinstance(spec, Specification)
    assert spec.dialect == "timeloop"


def test_an_attribute_is_read_evaluated_and_set(spec):
    glb = spec.architecture.find("GLB")
    assert (glb.attributes.depth, glb.attributes["width"], glb.name) == (512, 64, "GLB")
    glb.attributes.depth = 8
    assert spec.lowered().machine.levels[1].size_words == 32
    glb.attributes.depth = "lines + 1"
    assert glb.attributes.depth == 1025
    spec.variables.lines = 7
    assert spec.architecture.find("GLB").attributes.depth == 8


@pytest.mark.parametrize("value", ["abc", -1, 2.5, True, [3], {"a": 1}])
def test_a_value_that_does_not_fit_changes_nothing(spec, value):
    glb = spec.architecture.find("GLB")
    with pytest.raises(SpecError, match=r"spec.yaml:9:51: architecture.nodes\[1\].attributes.depth") as caught:
        glb.attributes.depth = value
    assert len(caught.value.problems) == 1
    assert glb.attributes.depth == 512


def test_a_name_that_a_section_cannot_have(spec):
    glb = spec.architecture.find("GLB")
    with pytest.raises(SpecError, match="nothing called 'depht'; did you mean 'depth'"):
        glb.attributes.depht = 3
    with pytest.raises(AttributeError, match="did you mean 'depth'"):
        _ = glb.attributes.depht
    glb.attributes["anything"] = 3
    assert glb.attributes.anything == 3
    glb.attributes.wire_energy = 0.5
    assert spec.lowered().machine.levels[1].network.wire_energy == 0.5
    with pytest.raises(SpecError, match="there is no component 'GBL' in the architecture; did you mean 'GLB'"):
        spec.architecture.find("GBL")
    assert [leaf.name for leaf in spec.architecture.leaves()] == ["DRAM", "GLB", "MAC"]


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("architecture.GLB.attributes.depth", "64", lambda s: s.architecture.find("GLB").attributes.depth == 64),
        ("architecture.nodes[1].attributes.depth", 64, lambda s: s.architecture.find("GLB").attributes.depth == 64),
        ("architecture.GLB.attributes.depth", "width", lambda s: s.lowered().machine.levels[1].size_words == 256),
        ("architecture.GLB.attributes.technology", "32nm", lambda s: "32nm" in repr(s.architecture.find("GLB"))),
        ("architecture.MAC.spatial.meshX", "2", lambda s: s.lowered().machine.compute.mesh_x == 2),
        ("variables.lines", "20", lambda s: s.architecture.find("GLB").attributes.depth == 10),
        ("mapping[0].factors[0]", "M=2", lambda s: s.mapping is not None),
        ("rules.halo", "exact", lambda s: s.lowered().rules.halo == "exact"),
        ("rules.first_read_elision", "false", lambda s: not s.rules.first_read_elision),
        ("mapper.algorithm", "random", lambda s: s.search_settings["algorithm"] == "random"),
    ],
)
def test_paths_set_values(spec, path, value, read):
    spec.set(path, value)
    assert read(spec)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("architecture.GBL.attributes.depth", "no component 'GBL'"),
        ("architecture.GLB.attributes.depht", "did you mean 'depth'"),
        ("architecture.GLB.foo", "nothing called 'foo'"),
        ("architecture.GLB.attributes.depth.bits", "is a value without parts"),
        ("archtecture.GLB", "no section 'archtecture'; did you mean 'architecture'"),
        ("problem.instance.X", "nothing called 'X'"),
        ("mapping[9].factors", "no item 9 in mapping"),
        ("problem.instanc.M", "nothing called 'instanc'; did you mean 'instance'"),
        ("rules.hallo", "unknown rule 'hallo'; did you mean 'halo'"),
        ("rules.halo.x", "expected rules.NAME"),
        ("rules.halo", "'3' is no value of the rule 'halo'"),
        ("", "is no path"),
        ("a..b", "is no path"),
    ],
)
def test_paths_that_lead_nowhere(spec, path, message):
    with pytest.raises(SpecError) as caught:
        spec.set(path, "3")
    assert message in str(caught.value)
    assert spec.mapping is not None


def test_rules_come_from_the_environment_section_and_can_be_set(gemm, build):
    gemm["globals"] = {"environment_variables": {"TIMELOOP_ENABLE_FIRST_READ_ELISION": "0"}}
    spec = build(gemm)
    assert (spec.rules.first_read_elision, spec.rules.first_fill_elision) == (False, False)
    spec.rules = Rules.true_movement()
    assert spec.lowered().rules == Rules.true_movement()
    with pytest.raises(SpecError, match=r"expected accelax\.Rules"):
        spec.rules = "exact"  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("name", "value", "links"),
    [
        ("TIMELOOP_DISABLE_LINK_TRANSFERS", "1", "off"),
        ("TIMELOOP_DISABLE_LINK_TRANSFERS", "0", "mesh"),
        ("TIMELOOP_ENABLE_TOROIDAL_LINKS", 1, "torus"),
        ("TIMELOOP_ENABLE_UPDATED_RMW", "0", "mesh"),
        ("HOME", "/", "mesh"),
    ],
)
def test_switches_of_the_environment(gemm, build, name, value, links):
    gemm["globals"] = {"environment_variables": {name: value}}
    assert build(gemm).lowered().rules.link_transfers == links


def test_a_template_may_set_a_switch(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text("{{ setenv('TIMELOOP_ENABLE_TOROIDAL_LINKS', '1') }}\n" + TEXT)
    assert Specification.from_yaml_files(path).rules.link_transfers == "torus"


def test_unknown_switches_are_refused_by_name(gemm, build):
    gemm["globals"] = {"environment_variables": {"TIMELOOP_ENABLE_UPDATED_RMW": "1"}}
    with pytest.raises(UnsupportedError, match="TIMELOOP_ENABLE_UPDATED_RMW"):
        build(gemm).lowered()


def test_sparse_optimizations_are_parsed_and_refused_when_lowered(gemm, build):
    gemm["problem"]["instance"]["densities"] = {"A": {"density": 0.5, "distribution": "fixed_structured"}}
    assert build(gemm).lowered()
    group = {"action_optimization": [{"type": "gating", "options": [{"target": "B", "condition_on": ["A"]}]}]}
    gemm["sparse_optimizations"] = {"version": 0.4, "targets": [{"target": "RF", **group}]}
    spec = build(gemm)
    assert spec.architecture.find("RF").sparse_optimizations.action_optimization[0].options[0].target == "B"
    with pytest.raises(UnsupportedError, match="sparse optimizations"):
        spec.lowered()
    gemm["sparse_optimizations"]["targets"][0]["target"] = "RFF"
    with pytest.raises(SpecError, match="did you mean 'RF'"):
        build(gemm)


def test_objectives(gemm, build):
    assert build(gemm).objectives == ("edp",)
    gemm["mapper"] = {"optimization_metrics": ["delay", "last-level-accesses"], "custom": 3}
    assert build(gemm).objectives == ("delay", "last_level_accesses")
    assert build(gemm).search_settings["custom"] == 3
    gemm["mapper"]["optimization_metrics"] = ["dela"]
    with pytest.raises(SpecError, match="unknown metric 'dela'; did you mean 'delay'"):
        build(gemm)


def test_refused_by_name(gemm, build):
    gemm["mapping"].append({"target": "PE", "type": "skew", "terms": []})
    with pytest.raises(UnsupportedError, match="skew"):
        build(gemm).lowered()
    gemm["mapping"].pop()
    gemm["layout"] = []
    with pytest.raises(UnsupportedError, match="'layout'"):
        build(gemm).lowered()
    del gemm["layout"]
    gemm["problem"]["shape"]["flatten"] = []
    with pytest.raises(UnsupportedError, match="'flatten'"):
        build(gemm)


def test_an_empty_mapping_is_none(gemm, build):
    gemm["mapping"] = []
    assert build(gemm).lowered().mapping is None
    assert build(gemm).mapper.algorithm == "hybrid"


def test_tags_of_plain_data_may_be_left_out(gemm, build):
    expected = build(gemm).lowered()
    for entry in gemm["architecture"]["nodes"]:
        del entry["tag"]
    assert build(gemm).lowered() == expected
    assert Specification.from_dict(gemm).lowered() == expected


def test_words_of_plain_data_need_no_second_quotes(gemm, build):
    attributes(gemm, "GLB")["technology"] = "45nm"
    assert build(gemm).architecture.find("GLB").attributes.technology == "45nm"


def test_sections_of_several_files_are_joined(tmp_path):
    head, tail = TEXT.split("problem:\n")
    (tmp_path / "a.yaml").write_text(head)
    (tmp_path / "b.yaml").write_text("problem:\n" + tail)
    assert Specification.from_yaml_files(tmp_path / "*.yaml").mapping is not None
    (tmp_path / "c.yaml").write_text("problem: {instance: {M: 9}}\n")
    with pytest.raises(
        SpecError, match=r"c.yaml:1:25: problem.instance.M: two different values, the other at .*b.yaml"
    ):
        Specification.from_yaml_files(tmp_path / "*.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hardware: 3\n", "neither dialect"),
        ("architecture: {}\narch: {}\n", "'architecture' belongs to Timeloop's dialect, 'arch' to AccelForge's"),
        ("architecture: {}\n", "the section 'problem' is missing"),
    ],
)
def test_what_is_no_specification(tmp_path, text, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message) as caught:
        Specification.from_yaml_files(path)
    assert all(problem.location for problem in caught.value.problems)


def test_no_files_and_no_dictionary():
    with pytest.raises(SpecError, match="no input files"):
        Specification.from_yaml_files()
    with pytest.raises(SpecError, match="expected a dictionary"):
        Specification.from_dict([])  # type: ignore[arg-type]


def test_a_disabled_node_is_still_a_target(gemm, build):
    node(gemm, "GLB")["enabled"] = False
    gemm["mapping"][1]["factors"] = []
    gemm["mapping"][3]["factors"] = ["M=4", "N=2", "K=4"]
    assert build(gemm).mapping is not None
