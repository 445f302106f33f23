"""Mappings written as Timeloop's section, and read back."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Mapping, Sequential, Spatial, Storage, Temporal
from accelax.spec.timeloop.mapping_yaml import mapping_directives, write_mapping
from accelax.spec.timeloop.specification import TimeloopSpecification
from tests.spec.timeloop.conftest import GEMM


def test_the_text_reads_back_as_the_same_mapping(gemm, build):
    gemm["mapping"].append({"target": "GLB", "type": "dataspace", "bypass": ["B"]})
    mapping = build(gemm).mapping
    gemm["mapping"] = yaml.safe_load(mapping.to_yaml())["mapping"]
    assert build(gemm).mapping == mapping


def test_the_entries_of_a_level():
    gemm = TimeloopSpecification([GEMM])
    glb = [entry for entry in mapping_directives(gemm.mapping) if entry["target"] in ("GLB", "PE")]
    assert glb == [
        {"target": "GLB", "type": "dataspace", "keep": ["A", "B", "Z"], "bypass": []},
        {"target": "GLB", "type": "temporal", "factors": ["N=1", "K=2", "M=2"], "permutation": ["M", "K", "N"]},
        {
            "target": "PE",
            "type": "spatial",
            "factors": ["K=1", "N=2", "M=4"],
            "permutation": ["M", "N", "K"],
            "split": 1,
        },
    ]


@given(st.integers(1, 60), st.lists(st.integers(1, 4), min_size=3, max_size=3))
@settings(max_examples=80, deadline=None)
def test_residuals_read_back(size, inner):
    # any chain of nested tiles of M, imperfect at the outermost loop or below
    tiles = [inner[0] * inner[1] * inner[2], inner[1] * inner[2], inner[2]]
    nodes = (
        Storage("DRAM", ("A", "B", "Z")), Temporal("M", tiles[0]), Temporal("N", 1), Temporal("K", 1),
        Storage("GLB", ("A", "B", "Z")), Temporal("N", 1), Temporal("K", 1), Temporal("M", tiles[1]),
        *(Spatial(rank, 1 if rank != "M" else tiles[2], "PE", "X") for rank in "KNM"),
        Storage("RF", ("A", "B", "Z")), Temporal("N", 1), Temporal("K", 1), Temporal("M", 1),
    )  # fmt: skip
    data = {**GEMM, "problem": {**GEMM["problem"], "instance": {"M": size, "N": 12, "K": 20}}}
    data["mapping"] = mapping_directives(Mapping(nodes), {"M": size, "N": 12, "K": 20})
    loops = [node for node in TimeloopSpecification([data]).mapping.nodes if isinstance(node, (Temporal, Spatial))]
    found = [min(loop.tile_shape, size) for loop in loops if loop.rank == "M"]
    assert found == [min(tile, size) for tile in (*tiles, 1)]


def test_residuals_are_quoted():
    nodes = (Storage("GLB", ("A",)), Temporal("M", 7), Spatial("M", 1, "PE", "X"))
    text = write_mapping(Mapping(nodes), {"M": 10})
    assert 'factors: ["M=7,3"]' in text
    assert yaml.safe_load(text)["mapping"][-1]["factors"] == ["M=7,3"]


def test_what_cannot_be_written():
    storage = Storage("GLB", ("A",))
    with pytest.raises(SpecError, match="does not say the size of 'M'"):
        Mapping((storage, Temporal("M", 1))).to_yaml()
    for nodes, reason in (
        ((storage, Temporal("M", 2), Temporal("M", 1)), "two loops of one rank at 'GLB'"),
        ((Spatial("M", 1, "PE", "X"), Spatial("N", 1, "PE", "Y")), "a loop on Y inside one on X at 'PE'"),
        ((Spatial("M", 2, "PE", "X"), Temporal("N", 1)), "a temporal loop below a fan-out"),
        ((storage, Sequential(())), "a Sequential node"),
    ):
        with pytest.raises(UnsupportedError, match=reason):
            write_mapping(Mapping(nodes), {"M": 4, "N": 4})
