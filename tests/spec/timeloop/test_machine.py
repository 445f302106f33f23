"""The chain of levels: order, mesh, sizes, energies, what containers hand down, gating and networks."""

from __future__ import annotations

import math

import pytest

from accelax.errors import SpecError, UnsupportedError
from tests.spec.timeloop.conftest import attributes, node


def levels(spec):
    return {(level.name, level.is_fanout): level for level in spec.lowered().machine.levels}


def test_a_fanout_puts_an_implicit_level_above_its_node(gemm, build):
    machine = build(gemm).lowered().machine
    found = [(level.name, level.is_fanout, level.mesh_x, level.mesh_y) for level in machine.levels]
    assert found == [("DRAM", False, 1, 1), ("GLB", False, 1, 1), ("PE", True, 1, 1), ("RF", False, 4, 2)]
    assert (machine.compute.name, machine.compute.mesh_x, machine.compute.mesh_y) == ("MAC", 4, 2)


def test_fanouts_multiply_and_a_component_may_carry_its_own(gemm, build):
    node(gemm, "MAC")["spatial"] = {"meshX": 3}
    machine = build(gemm).lowered().machine
    assert [(level.name, level.is_fanout) for level in machine.levels][-1] == ("MAC", True)
    assert (machine.levels[-1].mesh_x, machine.levels[-1].mesh_y) == (4, 2)
    assert (machine.compute.mesh_x, machine.compute.mesh_y) == (12, 2)


def test_sizes_in_words(gemm, build):
    found = levels(build(gemm))
    glb = found["GLB", False]
    assert (glb.word_bits, glb.block_size, glb.size_words) == (16, 4, 4096)  # 64 / 16 words a line, 1,024 lines
    assert found["DRAM", False].size_words == math.inf
    assert found["DRAM", False].read_bandwidth == math.inf


@pytest.mark.parametrize(
    ("changes", "block", "size"),
    [
        ({"depth": None, "entries": 100}, 4, 100),
        ({"depth": None, "sizeKB": 2}, 4, 1024),  # 2 * 8192 bits / 16
        ({"block_size": 4}, 4, 4096),
        ({"width": None, "block_size": 2}, 2, 2048),
        ({"width": None}, 1, 1024),
    ],
)
def test_other_ways_to_give_a_size(gemm, build, changes, block, size):
    attributes(gemm, "GLB").update(changes)
    glb = levels(build(gemm))["GLB", False]
    assert (glb.block_size, glb.size_words) == (block, size)


def test_clusters_share_a_line(gemm, build):
    attributes(gemm, "RF").update(width=128, cluster_size=4)
    register = levels(build(gemm))["RF", False]
    assert (register.block_size, register.cluster_size) == (2, 4)
    attributes(gemm, "RF")["cluster_size"] = 3
    attributes(gemm, "RF")["width"] = 48
    with pytest.raises(SpecError, match="8 instances do not form clusters of 3"):
        build(gemm)


def test_a_width_that_is_no_multiple_of_the_word(gemm, build):
    attributes(gemm, "GLB")["width"] = 40
    with pytest.raises(SpecError, match="width 40 is no multiple of datawidth 16"):
        build(gemm)
    attributes(gemm, "GLB").update(width=64, block_size=2)
    with pytest.raises(SpecError, match="is not datawidth 16 x block_size 2 = 32"):
        build(gemm)


def test_energies_come_from_the_tables_with_the_update_falling_back_to_the_write(gemm, build):
    found = levels(build(gemm))
    dram, glb = found["DRAM", False], found["GLB", False]
    assert (dram.read_energy, dram.fill_energy, dram.update_energy, dram.leak_energy) == (64, 70, 70, 0)
    assert (glb.read_energy, glb.fill_energy, glb.update_energy, glb.leak_energy) == (6, 7, 6.5, 0.25)
    assert (glb.area_um2, dram.area_um2) == (500, 0)
    assert build(gemm).lowered().machine.compute.energy == 1.5


def test_a_component_without_a_table_has_no_energies_before_it_is_priced(gemm, build):
    del gemm["ERT"]["tables"][1]
    glb = next(level for level in build(gemm).state.machine.levels if level.name == "GLB")
    assert (glb.read_energy, glb.fill_energy, glb.update_energy) == (None, None, None)


def test_vector_access_energy_overrides_the_table(gemm, build):
    attributes(gemm, "GLB")["vector_access_energy"] = 9
    glb = levels(build(gemm))["GLB", False]
    assert (glb.read_energy, glb.fill_energy, glb.update_energy) == (9, 9, 9)
    attributes(gemm, "RF").update(vector_access_energy=9, cluster_size=2, width=32)
    with pytest.raises(UnsupportedError, match="vector_access_energy with cluster_size"):
        build(gemm).lowered()


def test_containers_hand_attributes_down_to_what_follows(gemm, build):
    node(gemm, "PE")["attributes"] = {"read_bandwidth": 1.5, "multiple_buffering": 2, "network_fill_latency": 3}
    found = levels(build(gemm))
    assert found["RF", False].read_bandwidth == 1.5
    assert found["GLB", False].read_bandwidth == math.inf
    # a storage has a default of its own for multiple_buffering, which counts as set
    assert found["RF", False].multiple_buffering == 1
    assert [found[key].network_fill_latency for key in (("GLB", False), ("PE", True), ("RF", False))] == [0, 3, 3]
    attributes(gemm, "RF")["read_bandwidth"] = 4
    assert levels(build(gemm))["RF", False].read_bandwidth == 4


def test_an_inherited_value_of_the_wrong_kind_is_found(gemm, build):
    node(gemm, "PE")["attributes"] = {"read_bandwidth": -1}
    with pytest.raises(SpecError, match="expected a number above 0, got -1"):
        build(gemm)


def test_network_attributes_of_a_container_belong_to_its_fanout(gemm, build):
    node(gemm, "PE")["attributes"] = {"energy-per-ingress": 0.7, "network_word_bits": 16, "network_type": "1:1"}
    attributes(gemm, "RF")["energy_per_ingress"] = 0
    found = levels(build(gemm))
    network = found["PE", True].network
    assert (network.energy_per_ingress, network.word_bits, network.network_type) == (0.7, 16, "1:1")
    assert found["GLB", False].network.energy_per_ingress == 0
    assert found["GLB", False].network.word_bits == 16
    del node(gemm, "PE")["attributes"]["network_word_bits"]
    assert levels(build(gemm))["PE", True].network.word_bits == 1  # the word of the implicit level


def test_a_wire_table_sets_the_wire_energy_of_every_network(gemm, build):
    gemm["ERT"]["tables"].append({"name": "system.wire", "actions": [{"name": "transfer_random", "energy": 0.3}]})
    assert {level.network.wire_energy for level in build(gemm).lowered().machine.levels} == {0.3}


def test_power_gating_follows_the_node_after_the_gate(gemm, build):
    storages = gemm["architecture"]["nodes"]
    inner = {"tag": "Component", "name": "REG", "class": "regfile", "attributes": {"datawidth": 16}}
    inner["attributes"]["vector_access_energy"] = 1.0
    storages.insert(5, inner)
    attributes(gemm, "RF")["has_power_gating"] = True
    attributes(gemm, "RF")["power_gated_at"] = "GLB"
    gemm["mapping"].append({"target": "REG", "type": "temporal", "factors": []})
    found = levels(build(gemm))
    assert found["RF", False].power_gated_at == "GLB"
    assert found["REG", False].power_gated_at is None  # the first node behind the gate gates itself
    attributes(gemm, "RF")["power_gated_at"] = "GLBB"
    with pytest.raises(SpecError, match="which is not a storage; did you mean 'GLB'"):
        build(gemm)


def test_leakage_gated_at_a_fanout_is_refused(gemm, build):
    attributes(gemm, "GLB")["has_power_gating"] = True
    assert build(gemm).lowered()  # RF does not leak
    gemm["ERT"]["tables"][2]["actions"].append({"name": "leak", "energy": 0.1})
    with pytest.raises(UnsupportedError, match="leakage of 'RF' gated at the fan-out of 'PE'"):
        build(gemm).lowered()


def test_bandwidth_scales_name_tensors(gemm, build):
    attributes(gemm, "GLB")["per_dataspace_bandwidth_consumption_scale"] = {"A": 2, "Z": 0.5}
    assert levels(build(gemm))["GLB", False].bandwidth_scale == (("A", 2), ("Z", 0.5))
    attributes(gemm, "GLB")["per_dataspace_bandwidth_consumption_scale"] = {"X": 2}
    with pytest.raises(SpecError, match="'X' is not a data space"):
        build(gemm)


def test_clock_from_the_variables_or_the_first_container(gemm, build):
    assert build(gemm).lowered().machine.cycle_seconds is None
    gemm["variables"] = {"version": 0.4, "global_cycle_seconds": 1e-9}
    assert build(gemm).lowered().machine.cycle_seconds == 1e-9
    attributes(gemm, "system")["global_cycle_seconds"] = "1 / 5e8"
    assert build(gemm).lowered().machine.cycle_seconds == pytest.approx(2e-9)


@pytest.mark.parametrize("key", ["instances", "network_read"])
def test_attributes_that_are_refused_by_name(gemm, build, key):
    attributes(gemm, "GLB")[key] = 4
    with pytest.raises(UnsupportedError, match=key):
        build(gemm).lowered()


def test_network_components_and_overbooking_are_refused(gemm, build):
    attributes(gemm, "GLB")["allow_overbooking"] = True
    with pytest.raises(UnsupportedError, match="allow_overbooking"):
        build(gemm).lowered()
    del attributes(gemm, "GLB")["allow_overbooking"]
    gemm["architecture"]["nodes"].insert(3, {"tag": "Component", "name": "noc", "class": "XY_NoC"})
    with pytest.raises(UnsupportedError, match="the network component 'noc'"):
        build(gemm).lowered()


def test_disabled_and_nothing_nodes_vanish(gemm, build):
    node(gemm, "GLB")["enabled"] = False
    gemm["architecture"]["nodes"].insert(3, {"tag": "Component", "name": "gap", "class": "nothing"})
    del gemm["mapping"]
    assert [level.name for level in build(gemm).lowered().machine.levels] == ["DRAM", "PE", "RF"]
