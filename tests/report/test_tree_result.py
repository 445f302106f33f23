from __future__ import annotations

import json

import pytest

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.model.tree import evaluate_tree
from accelax.report.tree_result import TreeResult
from tests.model.test_tree_lifetime import THREE, chain
from tests.model.tree_cases import DRAM, dimension, lanes, loop, lowered, mac, matmul, memory, stored, toll


def result_of(spec) -> TreeResult:
    problem = encode_tree(spec)
    cost = evaluate_tree(problem.structure, problem.workload, problem.hardware, encode_mapping(spec, spec.mapping))
    return TreeResult(spec, spec.mapping, cost)


def small(size: float = 88.0, fanout: int = 3, **fields):
    glb = memory("GLB", 2, 3, 512, 256, size_bits=size, area=2e-12)
    unit = mac(spatial=(dimension("X", fanout, **fields),))
    nodes = [stored("DRAM"), loop("k", 2), stored("GLB"), loop("m", 1), lanes("n", 1, "MAC", "X"), loop("k", 1)]
    return lowered((DRAM, glb, unit), nodes, matmul(2, 4, 3))


def test_everything_by_name():
    figures = result_of(small(size=1024.0)).to_dict()
    assert figures["valid"] is True
    assert figures["reason_if_invalid"] is None
    assert figures["cycles"] is None
    assert figures["energy_pJ"] == figures["energy"] * 1e12
    assert figures["energy"] == sum(figures["energy_per_component"].values())
    assert figures["latency"] == max(figures["latency_per_component"].values())
    assert figures["edp"] == figures["energy"] * figures["latency"]
    assert figures["area_um2"] == 2
    assert (figures["computes"], figures["utilization"]) == (24, 1)
    assert figures["actions"]["MAC|None|compute"] == 24
    assert figures["actions"]["DRAM|Z|write"] == 8 * 12
    # 96 writes of one bit at 120 J each; the MACs 24 times 0.5 J; without leakage that is all there is
    assert figures["energy_per_action"]["DRAM|Z|write"] == 96 * 120
    assert sum(figures["energy_per_action"].values()) == pytest.approx(figures["energy"], rel=1e-12)
    dram = [count for key, count in figures["actions"].items() if key.startswith("DRAM|")]
    assert figures["bits_per_component"]["DRAM"] == sum(dram)
    assert figures["workload"] == {figures["nest"][-1]["einsum"]: {"m": 2, "k": 4, "n": 3}}
    assert figures["nest"][0]["component"] == "DRAM"
    assert {"kind": "spatial", "rank": "n", "trips": 3, "component": "MAC", "dimension": "X"} in figures["nest"]
    assert set(figures["resource_usage"]) == {"DRAM", "GLB"}
    assert figures["resource_usage"]["DRAM"] == 0
    json.dumps(figures)


def test_only_kept_tensors_have_actions():
    nodes = [stored("DRAM"), stored("GLB", "B"), loop("m", 1), loop("n", 1), loop("k", 1)]
    glb = memory("GLB", 2, 3, 512, 256)
    keys = result_of(lowered((DRAM, glb, toll("NET", 1, 1, "up")), nodes)).to_dict()["actions"]
    assert {key for key in keys if not key.startswith("DRAM")} == {"GLB|B|read", "GLB|B|write", "MAC|None|compute"}


def test_a_memory_that_is_too_small_is_named_with_what_it_lacks():
    # A 2 x 2, B 2 x 3, and Z past m: 3 values; 13 x 8 = 104 bits
    result = result_of(small(size=100.0))
    assert result.valid is False
    assert result.reason_if_invalid == "GLB needs 104 bits (A 32 + B 48 + Z 24), has 100 (0.04 over)"
    assert result_of(small(size=104.0)).valid is True


def test_a_fan_out_that_is_too_small_is_named():
    assert result_of(small(1024.0, 2)).reason_if_invalid == "MAC.X needs a fan-out of 3, has 2 (0.5 over)"
    scaled = result_of(small(1024.0, 4, usage_scale=2))
    assert scaled.reason_if_invalid == "MAC.X needs a fan-out of 3 at a usage scale of 2, has 4 (0.5 over)"


def test_several_einsums_prefix_their_keys():
    figures = result_of(chain(*THREE, size=120.0)).to_dict()
    assert figures["actions"]["y|MEM|c|read"] == 4
    assert set(figures["latency_per_component"]) == {f"{e}|{c}" for e in "xyz" for c in ("MEM", "MAC")}
    assert set(figures["energy_per_component"]) == {"MEM", "MAC"}
    assert figures["energy_per_component"]["MEM"] == pytest.approx(36)
    assert figures["reason_if_invalid"] == "MEM needs 128 bits, has 120 (0.0667 over)"
