"""Recorded cases: what Timeloop's front end accepts lowers, and what it rejects is rejected with a place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.spec.specification import Specification
from accelax.spec.text import load_documents
from accelax.spec.timeloop.mapping_yaml import mapping_directives
from accelax.spec.timeloop.specification import TimeloopSpecification

CASES = sorted((Path(__file__).parents[2] / "golden" / "timeloop").glob("*/input.yaml"))
EXPECTED = {path: json.loads((path.parent / "expected.json").read_text()) for path in CASES}
VALID = [path for path in CASES if EXPECTED[path]["valid"] and not EXPECTED[path].get("sparse")]
REJECTED = [path for path in CASES if EXPECTED[path].get("stage") == "front_end"]
REFUSED = ("068_env_updated_rmw",)


def name_of(path: Path) -> str:
    return path.parent.name


def same_as_base(path: Path) -> bool:
    return "same result as the base case" in (EXPECTED[path].get("note") or "")


@pytest.mark.parametrize("path", VALID, ids=name_of)
@pytest.mark.golden
def test_valid_cases_lower_and_their_mapping_meets_their_constraints(path):
    spec = Specification.from_yaml_files(path)
    if name_of(path) in REFUSED:
        with pytest.raises(UnsupportedError):
            spec.lowered()
        return
    lowered = spec.lowered()
    assert lowered.mapping is not None
    assert [level.name for level in lowered.machine.levels if not level.is_fanout] == list(EXPECTED[path]["levels"])
    assert spec.mapspace.violations(lowered.mapping) == []


@pytest.mark.parametrize("path", REJECTED, ids=name_of)
@pytest.mark.golden
def test_what_the_front_end_rejects_is_rejected(path):
    with pytest.raises(SpecError) as caught:
        Specification.from_yaml_files(path)
    assert all(problem.location and problem.location.file == str(path) for problem in caught.value.problems)


@pytest.mark.parametrize("path", [path for path in VALID if same_as_base(path)], ids=name_of)
@pytest.mark.golden
def test_other_spellings_of_the_base_case_lower_to_the_same_loops(path):
    base = next(path for path in CASES if "500_v4_base" in str(path))
    want, got = Specification.from_yaml_files(base).mapping, Specification.from_yaml_files(path).mapping
    assert want is not None
    assert got is not None
    # loops of factor 1 may stand elsewhere; without them, entries and tile shapes agree, whatever node has the fan-out
    real = [[(e["type"], [f for f in e.get("factors", ()) if not f.endswith("=1")], e.get("keep")) for e in
             mapping_directives(m)] for m in (want, got)]  # fmt: skip
    assert real[0] == real[1]


@pytest.mark.parametrize("path", VALID[:12], ids=name_of)
@pytest.mark.golden
def test_mappings_written_and_read_again_are_the_same(path):
    mapping = Specification.from_yaml_files(path).mapping
    assert mapping is not None
    document = dict(load_documents([path])[0])
    document["mapping"] = mapping_directives(mapping)
    document.pop("constraints", None)
    for node in document["architecture"]["nodes"]:
        node.pop("constraints", None)
        for inner in node.get("nodes", ()):
            inner.get("constraints", {}).pop("temporal", None)
    assert TimeloopSpecification([document]).mapping == mapping
