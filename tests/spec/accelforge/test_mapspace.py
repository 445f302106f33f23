from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from accelax.errors import UnsupportedError
from accelax.ir.mapping import Mapping
from accelax.spec.accelforge.mapping_yaml import read_mapping
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import Scope
from accelax.spec.specification import Specification

GOLDEN = Path(__file__).parents[2] / "golden" / "map-accelforge"
CASES = sorted(path.name for path in GOLDEN.iterdir())
DRAM, M4, GLB, K6, NX, KY, REG, M1, N1, K1, MAC = range(11)


def mapping_of(raw: object) -> Mapping:
    collector = Collector()
    mapping = read_mapping(raw, Scope(), collector)
    collector.raise_if_any()
    assert mapping is not None
    return mapping


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES)
def test_the_known_optimum_is_in_the_mapspace(case):
    spec = Specification.from_yaml_files(GOLDEN / case / "input.yaml")
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    mapping = mapping_of(expected["mapping"])
    assert spec.mapspace.violations(mapping) == []
    assert spec.mapspace.contains(mapping)
    assert spec.objectives == (expected["metric"],)
    assert spec.with_mapping(mapping).lowered().mapping == mapping


def edited(conf_nodes: list, changes: dict[int, dict], drop: tuple[int, ...] = (), add: tuple = ()) -> Mapping:
    nodes = copy.deepcopy(conf_nodes)
    for position, fields in changes.items():
        nodes[position].update(fields)
    for position, node in add:
        nodes[position]["before"] = node
    flat = []
    for position, node in enumerate(nodes):
        before = node.pop("before", None)
        flat += [before] if before else []
        flat += [] if position in drop else [node]
    return mapping_of(flat)


@pytest.fixture
def nodes(matmul) -> list:
    captured: list = []
    matmul(lambda data: captured.extend(data["mapping"]["nodes"]), mapped=True)
    return captured


def constrained(matmul, **by_node):
    """The specification with more fields in some nodes, named by their position (``n2``)."""

    def change(data):
        for name, fields in by_node.items():
            data["arch"]["nodes"][int(name[1:])].update(fields)

    return matmul(change).mapspace


def test_the_mapping_of_the_example_is_in_its_mapspace(matmul, nodes):
    assert matmul().mapspace.violations(mapping_of(nodes)) == []


STORE_A = {"tag": "Storage", "component": "REG", "tensors": ["A"]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"drop": (REG,)}, "REG has to keep W"),
        ({"changes": {REG: {"tensors": ["W", "A"]}}}, "REG may not keep A"),
        ({"changes": {M4: {"tile_shape": 5}}}, "5 of m does not divide 16"),
        ({"changes": {NX: {"tile_shape": 4}}}, "PE.x has 4 instances, the loops need 8"),
        ({"changes": {NX: {"name": "y"}, KY: {"name": "x"}}}, "PE.x has to reuse A, which the loop over k moves"),
        ({"changes": {M4: {"tile_shape": 16}, M1: {"tile_shape": 32}}}, "tile shape 32 of 'm' is not between 1 and 16"),
        ({"changes": {GLB: {"component": "REG", "tensors": ["W"]}, REG: {"component": "GLB", "tensors": ["A"]}}},
         "a storage of GLB stands below one of REG"),
    ],
)  # fmt: skip
def test_each_rule_keeps_a_mapping_out(matmul, nodes, changes, reason):
    mapping = edited(nodes, **{"changes": {}, **changes})
    violations = matmul().mapspace.violations(mapping)
    assert any(reason in violation for violation in violations), violations
    assert not matmul().mapspace.contains(mapping)


def test_the_outermost_memory_is_untiled(matmul, nodes):
    late = edited(
        nodes, {DRAM: {"tensors": ["A", "Z"]}}, add=((GLB, {"tag": "Storage", "component": "DRAM", "tensors": ["W"]}),)
    )
    assert matmul().mapspace.violations(late) == ["a loop stands above a storage of the outermost memory DRAM"]


def test_spatial_loops_stand_where_their_component_does(matmul, nodes):
    low = edited(nodes, {}, drop=(KY,), add=((M1, nodes[KY]),))
    assert matmul().mapspace.violations(low) == ["the spatial loop of PE stands below a storage of REG"]
    high = edited(nodes, {}, drop=(NX,), add=((GLB, nodes[NX]),))
    assert matmul().mapspace.violations(high) == ["the spatial loop of PE stands above a storage of GLB"]


def test_the_hierarchy_need_not_be_in_order_where_that_is_switched_off(matmul, nodes):
    mapping = edited(
        nodes, {GLB: {"tensors": ["A"]}}, add=((M1, {"tag": "Storage", "component": "GLB", "tensors": ["Z"]}),)
    )
    below = "a storage of GLB stands below one of REG, which is inside it"
    spatial = "the spatial loop of PE stands above a storage of GLB"
    assert matmul().mapspace.violations(mapping) == [below, spatial]
    relaxed = {"keep": "~DRAM", "may_keep": "All", "force_memory_hierarchy_order": False}
    assert constrained(matmul, n1={"tensors": relaxed}).violations(mapping) == [spatial]
    spec = matmul(lambda data: data.update(mapper={"force_memory_hierarchy_order": False}))
    assert spec.mapspace.violations(mapping) == [spatial]


@pytest.mark.parametrize(
    ("comparison", "holds"),
    [
        ({"expression": "n", "operator": "==", "value": 4}, True),
        ({"expression": "n", "operator": "<", "value": 4}, False),
        ({"expression": "~n", "operator": "==", "value": 1}, True),
        ({"expression": "~k", "operator": ">=", "value": 2}, False),
        ({"expression": "n | m", "operator": "product==", "value": 4}, True),
        ({"expression": "n | m", "operator": "product>", "value": 4}, False),
    ],
)
def test_loop_bounds(matmul, nodes, comparison, holds):
    spatial = [{"name": "x", "fanout": 4, "loop_bounds": [comparison]}, {"name": "y", "fanout": 2}]
    assert constrained(matmul, n2={"spatial": spatial}).contains(mapping_of(nodes)) is holds


@pytest.mark.parametrize(
    ("component", "comparison", "holds"),
    [
        (1, {"expression": "m", "operator": "==", "value": 4}, True),
        (1, {"expression": "k", "operator": "<=", "value": 6}, False),
        (3, {"expression": "k", "operator": "==", "value": 3}, True),
        (3, {"expression": "weight.rank_variables", "operator": "product==", "value": 24}, True),
    ],
)
def test_tile_shapes(matmul, nodes, component, comparison, holds):
    tensors = {"keep": "weight" if component == 3 else "~DRAM", "may_keep": "All", "tile_shape": [comparison]}
    assert constrained(matmul, **{f"n{component}": {"tensors": tensors}}).contains(mapping_of(nodes)) is holds


def test_tensors_that_may_move_once(matmul, nodes):
    """REG takes W below a loop over m, which does not move W; GLB takes A and Z below a loop over m that moves both."""
    keep = {"keep": "weight"}
    once = constrained(matmul, n3={"tensors": {**keep, "no_refetch_from_above": "weight"}})
    assert once.violations(mapping_of(nodes)) == ["REG may fetch W once, the loops over m fetch it again"]
    free = {"keep": "~DRAM", "may_keep": "All"}
    assert constrained(matmul, n1={"tensors": {**free, "no_refetch_from_above": "All"}}).contains(mapping_of(nodes))
    sent = constrained(matmul, n1={"tensors": {**free, "no_resend_to_below": "input"}})
    assert sent.violations(mapping_of(nodes)) == ["GLB may send A once, the loops over n, n send it again"]


def test_orders_of_storages(matmul, nodes):
    def space(*options):
        tensors = {"keep": "~DRAM", "may_keep": "All", "tensor_order_options": list(options)}
        return constrained(matmul, n1={"tensors": tensors})

    mapping = mapping_of(nodes)
    assert space(["input", "output"]).contains(mapping)
    assert space(["input | output", "weight"]).contains(mapping)
    assert not space(["output", "input"]).contains(mapping)
    assert space(["output", "input"], ["input", "output | weight"]).contains(mapping)


def test_tensors_that_a_memory_backs(matmul, nodes):
    spec = constrained(matmul, n1={"tensors": {"keep": "Nothing", "may_keep": "All", "back": "input"}})
    assert spec.violations(mapping_of(nodes)) == ["the outermost storage of A has to be GLB"]


def test_imperfect_shapes_where_they_are_explored(matmul, nodes):
    temporal = edited(nodes, {M4: {"tile_shape": 6}})
    loose = edited(nodes, {M4: {"tile_shape": 5}})
    eleven_of_three = {"tag": "Temporal", "rank_variable": "n", "tile_shape": 3}
    below_spatial = edited(nodes, {NX: {"tile_shape": 1}}, add=((K6, eleven_of_three),))
    explored = {"temporal": "explore_imperfect_temporal_loops", "spatial": "explore_imperfect_spatial_loops"}
    spaces = {
        kind: matmul(lambda data, flag=flag: data.update(mapper={flag: True})).mapspace
        for kind, flag in explored.items()
    }
    assert spaces["temporal"].contains(temporal)
    assert spaces["temporal"].violations(loose) == ["5 tiles of 1 are no way to cover 16 iterations of m"]
    assert not spaces["spatial"].contains(temporal)
    assert spaces["spatial"].contains(below_spatial)
    assert not matmul().mapspace.contains(below_spatial)


def test_a_usage_below_the_reachable_one_is_outside(matmul, nodes):
    """Loops of 4 by n along x: 8 of 8 can be reached, so 4 are too few; of a fan-out of 7, 4 is the most."""
    y = {"name": "y", "fanout": 4, "min_usage": 1, "usage_scale": 2}
    space = constrained(matmul, n2={"spatial": [{"name": "x", "fanout": 8, "min_usage": 1}, y]})
    assert space.violations(mapping_of(nodes))[0].startswith("min_usage: the dimensions are used to less")
    seven = {
        "name": "x",
        "fanout": 7,
        "min_usage": 1,
        "loop_bounds": [{"expression": "~n", "operator": "==", "value": 1}],
    }
    assert constrained(matmul, n2={"spatial": [seven, y]}).contains(mapping_of(nodes))
    assert space.usage_shortfalls(mapping_of(nodes)) == ["PE.x is used to 0.5, at least 1 is wanted"]


def test_the_mapspace_stays_that_of_the_original(matmul, nodes):
    spec = matmul()
    twin = spec.with_mapping(mapping_of(nodes))
    twin.set("arch.PE.spatial.x.fanout", 2)
    assert twin.mapspace.contains(mapping_of(nodes))


def test_what_can_not_be_judged_is_refused_and_what_is_no_mapping_is_outside(matmul, nodes):
    def two(data):
        data["workload"]["einsums"] = ["Y[m, n] = A[m, k] * W[k, n]", "Z[m, n] = Y[m, n]"]
        data["renames"] = {
            "einsums": [{"name": "default", "tensor_accesses": {"input": "Inputs", "weight": "Nothing"}}]
        }

    branches = [[{"tag": "Compute", "einsum": einsum, "component": "MAC"}] for einsum in "YZ"]
    fused = [
        {"tag": "Storage", "component": "DRAM", "tensors": ["A", "W", "Z", "Y"]},
        *({"tag": "Temporal", "rank_variable": rank, "tile_shape": 1} for rank in "mkn"),
        {"tag": "Sequential", "nodes": [{"tag": "Nested", "nodes": branch} for branch in branches]},
    ]
    with pytest.raises(UnsupportedError, match="fused"):
        matmul(two).mapspace.contains(mapping_of(fused))
    assert matmul().mapspace.violations(mapping_of(nodes[:-1]))[0].endswith("does not end at a !Compute")
    imperfect = edited(nodes, {M4: {"tile_shape": 8}}, add=((M1, {**nodes[M4], "tile_shape": 3}),))
    assert matmul().mapspace.violations(imperfect) == ["an imperfect tile shape of m below its outermost loop"]
