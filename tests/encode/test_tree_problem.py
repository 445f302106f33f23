from __future__ import annotations

from dataclasses import replace

import pytest

from accelax.encode.tree_problem import encode_tree
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Einsum, Rules, Tensor
from accelax.ir.tree_machine import TreeAction
from accelax.model.tree_types import Kind
from tests.model.tree_cases import DRAM, GLB, dimension, loop, lowered, mac, matmul, memory, stored, toll

NODES = [stored("DRAM"), stored("GLB"), loop("m", 1), loop("n", 1), loop("k", 1)]


def test_structure_holds_numbers_in_place_of_names():
    glb = memory("GLB", 2, 3, 4, 5, spatial=(dimension("X", 4, ("B",), power_gateable=True),))
    problem = encode_tree(lowered((DRAM, glb, toll("NET", 7, 8, "up")), NODES))
    machine = problem.structure.einsums[0].components
    assert [component.kind for component in machine] == [Kind.MEMORY, Kind.MEMORY, Kind.TOLL, Kind.COMPUTE]
    assert machine[1].dimensions[0].may_reuse == (False, True, False)
    assert machine[1].total_latency == ("sum", *(("/", ("n_calls", i), ("throughput", i)) for i in (0, 1)))
    assert (machine[2].read, machine[2].write, machine[3].compute) == (0, None, 0)
    assert machine[2].charges_up == (True, True, True)
    assert machine[2].charges_down == (False, False, False)
    assert problem.structure.einsums[0].tensors[0].terms == ((0,), (1,))


def test_hardware_and_workload_hold_the_numbers():
    problem = encode_tree(lowered((DRAM, GLB), NODES, matmul(2, 4, 3, bits=16), n_instances=6))
    glb = problem.hardware.machines[0][1]
    assert (glb.size_bits, glb.energy, glb.throughput) == (65536, (2, 3), (512, 256))
    assert glb.values_per_read == (1 / 8, 1 / 8, 1 / 8)
    assert glb.bits_per_value == (16, 16, 16)
    assert problem.workload.einsums[0].bounds == (2, 4, 3)
    assert problem.workload.einsums[0].instances == 6


def test_structures_of_different_numbers_and_names_are_equal():
    one = encode_tree(lowered((DRAM, GLB), NODES))
    renamed = Einsum(
        "Y",
        (("a", 5), ("b", 7), ("c", 9)),
        tuple(
            replace(t, projection=tuple(((dict(m="a", k="b", n="c")[r], 1),) for ((r, _),) in t.projection))
            for t in matmul().tensors
        ),
    )
    two = encode_tree(lowered((DRAM, memory("L2", 9, 9, 9, 9)), [stored("DRAM")], renamed))
    assert one.structure == two.structure
    assert hash(one.structure) == hash(two.structure)
    assert one.origin == two.origin


def test_changing_the_numbers_of_a_component():
    problem = encode_tree(lowered((DRAM, GLB), NODES))
    bigger = problem.with_component("GLB", size_bits=1e6)
    assert bigger.hardware.machines[0][1].size_bits == 1e6
    assert bigger.hardware.machines[0][0] == problem.hardware.machines[0][0]
    with pytest.raises(KeyError):
        problem.with_component("L9", size_bits=1.0)


def test_missing_numbers_are_reported_together():
    partial = memory(
        "GLB", 2, 3, 4, 5, actions=(TreeAction("read", 1, 1, (("A", 1.0),)), TreeAction("write", 1, 1, ()))
    )
    bare = replace(matmul(), tensors=tuple(replace(t, bits_per_value=None) for t in matmul().tensors))
    with pytest.raises(SpecError) as error:
        encode_tree(lowered((partial,), NODES, bare))
    messages = [problem.message for problem in error.value.problems]
    assert sum("no values per action" in m for m in messages) == 5
    assert sum("no bits_per_value" in m for m in messages) == 3


def test_an_unknown_action_in_a_latency():
    with pytest.raises(SpecError, match=r"MAC.total_latency: no action 'computes'; did you mean 'compute'"):
        encode_tree(lowered((DRAM, mac(total_latency=("n_calls", "computes"))), NODES))


def test_a_toll_without_a_direction():
    with pytest.raises(SpecError, match="NET: no direction for tensor B, Z"):
        encode_tree(lowered((DRAM, replace(toll("NET", 1, 1, "up"), direction=(("A", "up"),))), NODES))


@pytest.mark.parametrize(
    ("rule", "value"),
    [("halo", "exact"), ("reuse", "stationary"), ("imperfect", "timeloop_residual"), ("latency", "throttle")],
)
def test_other_rules_are_refused_by_name(rule: str, value: str):
    with pytest.raises(UnsupportedError) as error:
        encode_tree(lowered((DRAM, GLB), NODES, rules=replace(Rules.accelforge(), **{rule: value})))
    assert error.value.path == f"rules.{rule}"


def test_too_many_ranks():
    ranks = [f"r{i}" for i in range(31)]
    tensors = tuple(Tensor(t, tuple(((rank, 1),) for rank in ranks), t == "Z", 8) for t in "ABZ")
    with pytest.raises(UnsupportedError, match="more than 30 ranks"):
        encode_tree(lowered((DRAM, GLB), NODES, Einsum("Z", tuple((r, 2) for r in ranks), tensors)))
