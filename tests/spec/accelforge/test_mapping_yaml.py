from __future__ import annotations

import pytest
import yaml

from accelax.ir.mapping import Compute, Mapping, Sequential, Spatial, Storage, Temporal, Toll
from accelax.spec.accelforge.mapping_yaml import read_mapping, write_mapping
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import Scope
from accelax.spec.text import load_documents

EVERYTHING = Mapping(
    (
        Storage("DRAM", ("A", "Z")),
        Storage("GLB", ("W",), persistent=True),
        Sequential(
            (
                (Temporal("m", 4, 6), Toll("NOC", ("A",)), Spatial("k", 1, "PE", "x"), Compute("Y", "MAC")),
                (Temporal("n", 1), Compute("Z", "MAC")),
            )
        ),
    ),
    "accelforge",
)


def read(raw: object, **variables: object) -> Mapping | None:
    collector = Collector()
    mapping = read_mapping(raw, Scope(variables), collector)
    collector.raise_if_any()
    return mapping


def problems(raw: object) -> list[str]:
    collector = Collector()
    read_mapping(raw, Scope(), collector)
    return [f"{problem.path}: {problem.message}" for problem in collector.problems]


def test_what_is_written_reads_back(tmp_path):
    path = tmp_path / "mapping.yaml"
    path.write_text(write_mapping(EVERYTHING))
    assert read(load_documents([path])[0]["mapping"]) == EVERYTHING
    assert EVERYTHING.to_yaml() == write_mapping(EVERYTHING)


def test_names_that_yaml_would_take_for_something_else_are_quoted(tmp_path):
    odd = Mapping((Storage("on", ("1e3", "a b", "null", 'q"')), Compute("Z", "MAC")), "accelforge")
    path = tmp_path / "mapping.yaml"
    path.write_text(write_mapping(odd))
    assert read(load_documents([path])[0]["mapping"]) == odd
    plain = yaml.compose(write_mapping(odd))
    assert plain is not None


def test_plain_data_nested_groups_and_variables():
    nodes = [
        {"type": "Nested", "nodes": [{"type": "Storage", "component": "DRAM", "tensors": "A"}]},
        {"type": "Temporal", "rank_variable": ["m"], "tile_shape": "tile / 2", "n_iterations": 3},
        {"type": "Reservation", "purposes": ["A"], "resource": "GLB"},
        {"type": "TextBox", "text": "here"},
        {"tag": "Spatial", "rank_variable": "k", "tile_shape": 1, "component": "PE", "dimension": "x"},
        {"tag": "Compute", "einsum": "Z", "component": "MAC"},
    ]
    assert read(nodes, tile=8) == Mapping(
        (Storage("DRAM", ("A",)), Temporal("m", 4), Spatial("k", 1, "PE", "x"), Compute("Z", "MAC")), "accelforge"
    )


@pytest.mark.parametrize("raw", [None, {}, {"nodes": []}, []])
def test_no_nodes_are_no_mapping(raw):
    assert read(raw) is None


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"tag": "Temporl"}, "mapping[0]: unknown node !Temporl; did you mean 'Temporal'?"),
        ({"rank_variable": "m"}, "mapping[0]: expected a node with a tag"),
        ({"tag": "Temporal", "rank_variable": "m"}, "mapping[0]: missing field 'tile_shape' of !Temporal"),
        (
            {"tag": "Temporal", "rank": "m", "rank_variable": "m", "tile_shape": 1},
            "mapping[0].rank: unknown field 'rank'",
        ),
        ({"tag": "Temporal", "rank_variable": 3, "tile_shape": 1}, "mapping[0]: expected one rank variable, got 3"),
        ({"tag": "Temporal", "rank_variable": "m", "tile_shape": 0}, "mapping[0]: expected an integer of at least 1"),
        (
            {"tag": "Spatial", "rank_variable": "m", "tile_shape": 1, "component": "PE"},
            "mapping[0]: missing field 'name'",
        ),
        ({"tag": "Storage", "component": "GLB", "tensors": ["A", "A"]}, "mapping[0]: the tensor 'A' is listed twice"),
        ({"tag": "Storage", "component": "GLB", "tensors": [3]}, "mapping[0]: expected a list of tensors"),
        ({"tag": "Sequential", "nodes": 3}, "mapping[0].nodes: !Sequential has no branches"),
        ({"tag": "Nested", "nodes": "x"}, "mapping[0].nodes: expected a list of nodes"),
    ],
)
def test_mistakes_have_a_path(node, message):
    assert any(problem.startswith(message) for problem in problems([node])), problems([node])
