"""Mappings in results files."""

from __future__ import annotations

import json

import pytest

from accelax.ir import Mapping
from accelax.ir.mapping import Compute, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.sweeps.mapping_text import from_lists, to_lists

LEAVES = (
    Storage("DRAM", ("A", "Z"), persistent=True),
    Temporal("M", 8, 4),
    Toll("link", ("A",)),
    Spatial("N", 2, "array", "x"),
    Compute("Z", "MAC"),
)


@pytest.mark.parametrize(
    "mapping",
    [
        Mapping(LEAVES, bounds=(("M", 32), ("N", 4))),
        Mapping((Temporal("M", 4), Sequential((LEAVES, (Pipeline((LEAVES,)),)))), "accelforge"),
    ],
)
def test_a_mapping_survives_json(mapping):
    again = from_lists(json.loads(json.dumps(to_lists(mapping))))
    assert again == mapping
    assert again.bounds == mapping.bounds


@pytest.mark.parametrize("text", [{}, {"nodes": [["Loop", 3]], "dialect": "timeloop", "bounds": []}, {"nodes": 3}])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(ValueError, match="not a mapping"):
        from_lists(text)
