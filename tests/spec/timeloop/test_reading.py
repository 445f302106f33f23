"""Expressions, scopes, kinds and the mistakes that reading finds, all of them at once and each with its place."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from accelax.spec.specification import Specification
from accelax.spec.timeloop.architecture import kind_of_class
from tests.spec.timeloop.conftest import attributes, node


def glb(spec):
    return spec.architecture.find("GLB").attributes


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("kb * 1024 * 8 // width", 4096),
        ("width", 64),  # the sibling before it
        ("ceil(7.2) if kb > 2 else 1", 8),
        ('spec.architecture.find("DRAM").attributes["datawidth"]', 16),
        ("DRAM.attributes.width + PE.spatial.meshX", 68),  # a later node's plain values
        ("inherited", 5),
        ("spec.problem.instance.M", 16),
        ("variables.kb", 32),
        ("4096 / 4", 1024),
    ],
)
def test_names_in_expressions(gemm, build, expression, value):
    gemm["variables"] = {"version": 0.4, "kb": 32}
    attributes(gemm, "system")["inherited"] = 5
    attributes(gemm, "GLB")["depth"] = expression
    assert glb(build(gemm)).depth == value


def test_a_name_means_the_sibling_before_it_then_the_container_then_the_variable(gemm, build):
    gemm["variables"] = {"word": 8, "width": 128}
    attributes(gemm, "GLB").clear()
    attributes(gemm, "GLB").update({"width": "width", "datawidth": "word", "word": 99, "depth": "width"})
    assert (glb(build(gemm)).width, glb(build(gemm)).datawidth, glb(build(gemm)).depth) == (128, 8, 128)
    attributes(gemm, "system")["word"] = 32
    assert glb(build(gemm)).datawidth == 32


def test_variables_in_any_order_and_circles(gemm, build):
    gemm["variables"] = {"a": "b * 2", "b": "c + 1", "c": 3}
    assert build(gemm).variables.a == 8
    gemm["variables"]["c"] = "a"
    with pytest.raises(SpecError, match="the variables form a circle: "):
        build(gemm)


def test_only_attributes_evaluate_every_word(gemm, build):
    attributes(gemm, "GLB")["depth"] = "(2 + 2)"
    node(gemm, "PE")["spatial"]["meshX"] = "8 / 2"
    gemm["problem"]["shape"]["name"] = "M * 2"
    spec = build(gemm)
    assert (glb(spec).depth, spec.architecture.find("PE").spatial.meshX) == (4, 4)
    assert spec.lowered().einsum.name == "M * 2"


def write(tmp_path, gemm_text):
    path = tmp_path / "broken.yaml"
    path.write_text(gemm_text)
    return path


BROKEN = """\
architecture:
  version: 0.3
  nodes:
  - !Container {name: system, spatial: {meshX: 3/2}}
  - !Component {name: DRAM, class: DRAM, atributes: {datawidth: 16}}
  - !Component {name: DRAM, class: SRAM, attributes: {datawidth: wordbits, depth: 0}}
  - !Compnent {name: RF, class: SRAM}
  - !Component {name: MAC, class: alu}
problem:
  version: 0.4
  shape:
    dimensions: [M, NN]
    data_spaces:
    - {name: A, projection: [[[M, stride]], [[Q]]], read_write: maybe}
  instance: {M: 0}
mapping: {target: DRAM}
mappr: {}
"""


def test_every_mistake_is_reported_once_with_its_place(tmp_path):
    with pytest.raises(SpecError) as caught:
        Specification.from_yaml_files(write(tmp_path, BROKEN))
    found = {f"{p.location.line}:{p.location.column}": p.message for p in caught.value.problems if p.location}
    assert len(found) + 1 == len(caught.value.problems)  # the projection has two
    for place, message in {
        "2:12": "expected version 0.4, got 0.3",
        "4:48": "expected an integer of at least 1, got 1.5 from '3/2'",
        "5:42": "unknown key 'atributes' in a storage component; did you mean 'attributes'?",
        "6:23": "duplicate name 'DRAM' in the architecture",
        "6:83": "expected an integer of at least 1, got 0",
        "7:5": "unknown tag !Compnent; did you mean '!Component'?",
        "8:35": "unknown class 'alu': a class must contain one of",
        "16:10": "expected a list of constraints, got {'target': 'DRAM'}",
        "17:1": "unknown section 'mappr'; did you mean 'mapper'?",
        "14:65": "expected true or false, got 'maybe'",
    }.items():
        assert message in found[place]
    assert "cannot evaluate 'wordbits': name 'wordbits' is not defined" in found["6:66"]
    assert "quote it ('wordbits')" in found["6:66"]


def test_mistakes_of_the_architecture_and_of_the_mapping_are_found_together(gemm, build):
    attributes(gemm, "GLB")["depth"] = -1
    gemm["mapping"][2]["factors"] = ["Q=2"]
    gemm["mapper"] = {"timeout": "soon"}
    with pytest.raises(SpecError) as caught:
        build(gemm)
    assert sorted(p.path for p in caught.value.problems) == [
        "architecture.nodes[2].attributes.depth",
        "mapper.timeout",
        "mapping[2].factors",
    ]


def test_mistakes_of_the_problem(gemm, build):
    shape, instance = gemm["problem"]["shape"], gemm["problem"]["instance"]
    shape["dimensions"] = ["M", "N", "KK", "M"]
    shape["data_spaces"][0]["projection"] = [[["M", "stride"]], [["Q"]], [[]], 3]
    shape["data_spaces"][1]["name"] = "Z"
    instance["M"] = 0
    del instance["N"]
    with pytest.raises(SpecError) as caught:
        build(gemm)
    text = str(caught.value)
    for part in (
        "a dimension is named by one letter, got 'KK'",
        "dimension 'M' is listed twice",
        "dimension 'N' has no size",
        "expected a size of 1 to",
        "expected a coefficient",
        "'Q' is not a dimension",
        "expected a term [dimension] or [dimension, coefficient], got []",
        "data space 'Z' is listed twice",
    ):
        assert part in text


def test_projections_and_coefficients(gemm, build):
    shape = gemm["problem"]["shape"]
    shape["coefficients"] = [{"name": "s", "default": 2}, {"name": "d", "default": 1}]
    shape["data_spaces"][0]["projection"] = [[["M", "s"], ["N", "d"]], "K"]
    gemm["problem"]["instance"] |= {"d": 3, "H": 224}
    tensor = build(gemm).lowered().einsum.tensors[0]
    assert tensor.projection == ((("M", 2), ("N", 3)), (("K", 1),))
    assert [t.output for t in build(gemm).lowered().einsum.tensors] == [False, False, True]


def test_the_last_node_computes(gemm, build):
    gemm["architecture"]["nodes"].pop()
    with pytest.raises(SpecError, match=r"the last node must be a compute unit .*, got 'RF' of class 'regfile'"):
        build(gemm)
    gemm["architecture"]["nodes"] = []
    with pytest.raises(SpecError, match="the architecture has no nodes"):
        build(gemm)


def test_a_storage_gives_its_own_datawidth(gemm, build):
    del attributes(gemm, "RF")["datawidth"]
    attributes(gemm, "PE")["datawidth"] = 16
    with pytest.raises(SpecError, match=r"'datawidth' is missing \(it has width, depth\)"):
        build(gemm)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("smartbuffer_SRAM", "storage"),
        ("dummy_storage", "storage"),
        ("regfile", "storage"),
        ("fpmac", "compute"),
        ("XY_NoC", "network"),
        ("nothing", "nothing"),
        ("adc", None),
    ],
)
def test_kinds_of_components(name, kind):
    assert kind_of_class(name) == kind


def test_keys_with_ignore_are_anchors(gemm, build):
    expected = build(gemm).lowered()
    gemm["x_ignore"] = [1, 2]
    node(gemm, "GLB")["ignored_too"] = {"anything": "x +"}
    assert build(gemm).lowered() == expected
