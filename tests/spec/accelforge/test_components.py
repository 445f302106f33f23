from __future__ import annotations

import math

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import Comparison

DRAM, GLB, PE, REG, MAC = range(5)


def node(position, **fields):
    """A change that edits fields of one node."""
    return lambda data: data["arch"]["nodes"][position].update(fields)


def component(spec, name):
    machine = spec.lowered().machines[0]
    return machine.components[machine.index(name)]


def test_the_chain_with_its_kinds_and_sizes(matmul):
    components = matmul().lowered().machines[0].components
    assert [(c.name, c.kind) for c in components] == [
        ("DRAM", "memory"), ("GLB", "memory"), ("PE", "container"), ("REG", "memory"), ("MAC", "compute"),
    ]  # fmt: skip
    assert [c.size_bits for c in components] == [math.inf, 8192, math.inf, 64, math.inf]


def test_totals_leave_out_a_components_own_fan_out_in_accelforge(matmul):
    """REG stands below 4 x 2 PEs and has 3 of its own; MAC stands below 24."""
    spec = matmul(node(REG, n_parallel_instances=2, leak_power_scale=10))
    assert component(spec, "GLB").leak_power == 0.5
    assert component(spec, "REG").leak_power == 0.5 * 10 * 2 * 8
    assert component(spec, "REG").area == 2 * 2 * 8
    assert component(spec, "MAC").leak_power == 0.25 * 24
    spec.rules = Rules()
    assert component(spec, "REG").leak_power == 0.5 * 10 * 2 * 24
    assert component(spec, "MAC").leak_power == 0.25 * 24


def test_may_reuse_is_reuse_where_given_and_else_everything(matmul):
    x, y = component(matmul(), "PE").spatial
    assert (x.fanout, x.reuse, x.may_reuse) == (4, ("A",), ("A",))
    assert (y.fanout, y.reuse, y.may_reuse) == (2, (), ("A", "W", "Z"))
    spatial = [{"name": "x", "fanout": "2 * 8", "reuse": "input", "may_reuse": "~input", "min_usage": 0.5,
                "usage_scale": 2, "power_gateable": "len(All) == 3",
                "loop_bounds": [{"expression": "~k", "operator": "product<=", "value": "2 ** 3"}]}]  # fmt: skip
    (x,) = component(matmul(node(PE, spatial=spatial)), "PE").spatial
    assert (x.fanout, x.reuse, x.may_reuse) == (16, ("A",), ("W", "Z"))
    assert (x.min_usage, x.usage_scale, x.power_gateable) == (0.5, 2, True)
    assert x.loop_bounds == (Comparison(("m", "n"), "product<=", 8),)


def test_what_is_kept(matmul):
    """No keep at all means that all may be kept; keep alone means that nothing else may."""
    spec = matmul(node(REG, tensors={}))
    assert (component(spec, "REG").keep, component(spec, "REG").may_keep) == ((), ("A", "W", "Z"))
    assert (component(matmul(), "REG").keep, component(matmul(), "REG").may_keep) == (("W",), ())
    assert (component(matmul(), "GLB").keep, component(matmul(), "GLB").may_keep) == ((), ("A", "W", "Z"))
    spec = matmul(node(REG, tensors={"keep": "weight", "may_keep": "All", "back": "input"}))
    assert (component(spec, "REG").keep, component(spec, "REG").may_keep) == (("A", "W"), ("W", "Z"))
    assert component(spec, "REG").back == ("A",)


def test_memory_names_stand_for_what_the_mapping_stores_there(matmul):
    """The mapping keeps A and Z in GLB. Above holds what DRAM and GLB hold."""

    def change(data):
        node(PE, spatial=[{"name": "x", "fanout": 4, "may_reuse": "GLB"}, {"name": "y", "fanout": 2}])(data)
        node(REG, tensors={"keep": "~GLB.tensors", "may_keep": "Above - GLB"})(data)

    spec = matmul(change, mapped=True)
    assert component(spec, "PE").spatial[0].may_reuse == ("A", "Z")
    assert component(spec, "REG").keep == ("W",)
    assert component(spec, "REG").may_keep == ("W",)


def test_contents_that_the_mapper_chooses_are_refused_without_a_mapping(matmul):
    spec = matmul(node(REG, tensors={"keep": "~GLB"}))
    with pytest.raises(UnsupportedError, match="'GLB', whose contents the mapper chooses"):
        spec.lowered()
    assert component(matmul(node(REG, tensors={"keep": "~DRAM"})), "REG").keep == ()


def test_contents_that_leave_no_choice_need_no_mapping(matmul):
    def change(data):
        node(GLB, tensors={"keep": "input"})(data)
        node(REG, tensors={"keep": "~GLB & ~output"})(data)

    assert component(matmul(change), "REG").keep == ("W",)


def test_variables_and_fields_of_the_component_in_expressions(matmul):
    def change(data):
        data["variables"] = {"kilo": 1024}
        data["arch"]["variables"] = {"words": "kilo * len(All)"}
        data["arch"]["extra_attributes_for_all_component_models"] = {"banks": 2}
        node(GLB, size="words * width * banks", extra_attributes_for_component_model={"width": 8}, area="size / 2")(
            data
        )

    assert component(matmul(change), "GLB").size_bits == 1024 * 3 * 8 * 2
    assert component(matmul(change), "GLB").area == 1024 * 3 * 8


def test_a_toll_and_its_directions(matmul):
    toll = {
        "tag": "Toll", "name": "NOC", "area": 0, "leak_power": 0,
        "direction": {"output": "up_and_down", "Other": "down"},
        "actions": [{"name": "read", "energy": 7, "throughput": 128}], "tensors": {"keep": "All"},
    }  # fmt: skip
    found = component(matmul(lambda data: data["arch"]["nodes"].insert(2, toll)), "NOC")
    assert found.kind == "toll"
    assert [action.name for action in found.actions] == ["read"]
    assert dict(found.direction) == {"A": "down", "W": "down", "Z": "up_and_down"}
    both = {**toll, "direction": "up"}
    assert dict(component(matmul(lambda d: d["arch"]["nodes"].insert(2, both)), "NOC").direction)["A"] == "up"
    with pytest.raises(SpecError, match="no direction for 'W'"):
        matmul(lambda d: d["arch"]["nodes"].insert(2, {**toll, "direction": {"input | output": "up"}}))


def test_chains_nest(matmul):
    def change(data):
        nodes = data["arch"]["nodes"]
        data["arch"]["nodes"] = [nodes[0], {"tag": "Hierarchical", "nodes": nodes[1:4]}, nodes[4]]

    assert matmul(change).lowered() == matmul().lowered()


def test_components_that_are_not_enabled_take_no_part(matmul):
    other = {"tag": "Compute", "name": "VEC", "area": 0, "leak_power": 0, "enabled": "len(All) == 2",
             "actions": [{"name": "compute", "energy": 1, "throughput": 1}]}  # fmt: skip

    def change(data):
        data["arch"]["nodes"].insert(4, other)

    assert matmul(change).lowered() == matmul().lowered()
    other["enabled"] = "len(All) == 3"
    with pytest.raises(UnsupportedError, match=r"more than one compute unit .*VEC, MAC"):
        matmul(change).lowered()
    other |= {"enabled": False, "leak_power": 1}
    with pytest.raises(UnsupportedError, match="disabled component with leakage"):
        matmul(change).lowered()


@pytest.mark.parametrize("kind", ["Network", "Array", "Fork"])
def test_nodes_that_are_read_and_refused(matmul, kind):
    spec = matmul(
        lambda data: data["arch"]["nodes"].insert(2, {"tag": kind, "name": "N", "topology": "mesh", "nodes": []})
    )
    with pytest.raises(UnsupportedError, match=f"!{kind}"):
        spec.lowered()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (node(GLB, size=-8), "at least 0"),
        (node(GLB, size="words"), "name 'words' is not defined"),
        (node(GLB, sise=8), "unknown field 'sise'; did you mean 'size'"),
        (node(GLB, name="DRAM"), "not unique"),
        (node(GLB, tag="Memry"), "unknown node !Memry; did you mean 'Memory'"),
        (node(GLB, tensors={"keep": "wieght"}), "did you mean 'weight'"),
        (node(GLB, tensors={"keep": "m"}), "expected a set of tensors"),
        (node(GLB, tensors={"tile_shape": [{"expression": "All", "operator": "==", "value": 1}]}), "set of ranks"),
        (
            node(GLB, tensors={"tile_shape": [{"expression": "m", "operator": "=>", "value": 1}]}),
            "unknown operator '=>'",
        ),
        (node(GLB, enabled="All"), "true or false"),
        (node(GLB, total_latency="max(calls)"), "name 'calls' is not defined"),
        (node(PE, spatial=[{"name": "x", "fanout": 0}]), "at least 1"),
        (node(PE, spatial=[{"name": "x"}]), "missing field 'fanout'"),
        (lambda data: data["arch"]["nodes"].pop(), "no enabled Compute"),
        (lambda data: data["arch"].update(nodes=[]), "has no nodes"),
    ],
)
def test_mistakes_are_reported(matmul, change, reason):
    with pytest.raises(SpecError, match=reason):
        matmul(change)


def test_all_mistakes_are_reported_at_once(matmul):
    def change(data):
        node(GLB, size="words", area="1 +")(data)
        node(REG, tensors={"keep": "wieght"})(data)
        data["workload"]["n_instances"] = -1

    with pytest.raises(SpecError) as caught:
        matmul(change)
    assert [problem.path for problem in caught.value.problems] == [
        "arch.nodes[1].area", "arch.nodes[1].size", "arch.nodes[3].tensors.keep", "workload.n_instances",
    ]  # fmt: skip
