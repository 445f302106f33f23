"""Several Einsums, one after the other: what they cost together and what must stay in memory meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.ir import Compute, Einsum, LoweredTree, Mapping, Sequential, Storage, Tensor
from accelax.ir.tree_machine import TreeAction, TreeComponent, TreeMachine
from accelax.model.tree import evaluate_tree
from tests.model.tree_cases import loop, mac


def product(name: str, left: str, right: str) -> Einsum:
    """``name[i] = left[i] * right[i]`` over 4 points of 8 bits."""
    tensors = tuple(Tensor(t, ((("i", 1),),), t == name, 8) for t in (left, right, name))
    return Einsum(name, (("i", 4),), tensors)


def chain(*nests: tuple[Einsum, list], size: float = 1000.0) -> LoweredTree:
    einsums = tuple(einsum for einsum, _ in nests)
    machines = []
    for einsum in einsums:
        actions = tuple(
            TreeAction(n, 1.0, 1.0, tuple((t, 1.0) for t in einsum.tensor_names)) for n in ("read", "write")
        )
        machines.append(TreeMachine((TreeComponent("MEM", "memory", actions, size_bits=size, area=3.0), mac())))
    branches = tuple((*nodes, loop("i", 1), Compute(einsum.name, "MAC")) for einsum, nodes in nests)
    return LoweredTree(einsums, tuple(machines), Mapping((Sequential(branches),), "accelforge"))


def cost_of(spec: LoweredTree):
    problem = encode_tree(spec)
    return evaluate_tree(problem.structure, problem.workload, problem.hardware, encode_mapping(spec, spec.mapping))


THREE = [
    (product("x", "a", "b"), [Storage("MEM", ("a", "b", "x"))]),
    (product("y", "c", "d"), [Storage("MEM", ("c", "d", "y"))]),
    (product("z", "x", "y"), [Storage("MEM", ("x", "y", "z"))]),
]


def test_energies_and_latencies_add_and_areas_do_not():
    whole, first = cost_of(chain(*THREE)), cost_of(chain(THREE[0]))
    # each Einsum: 4 x 2 reads, 4 writes of 1 J, 4 computes of 0.5 J, 1 s each of 4
    assert float(first.energy) == 12 + 2
    assert float(whole.energy) == 3 * 14
    assert float(whole.latency) == 3 * float(first.latency)
    assert float(whole.edp) == 9 * float(first.edp)
    assert float(whole.area) == 3.0
    assert float(whole.computes) == 12


def test_a_shared_tensor_waits_for_its_last_user():
    # during y: c, d, y and x, which z still needs: 4 tensors of 32 bits
    assert float(cost_of(chain(*THREE)).memory_bits[0]) == 128
    assert float(cost_of(chain(*THREE[:2])).memory_bits[0]) == 96


def test_a_persistent_tensor_stays_for_the_whole_run():
    nodes = [Storage("MEM", ("c", "y")), Storage("MEM", ("d",), True)]
    assert float(cost_of(chain(THREE[0], (THREE[1][0], nodes))).memory_bits[0]) == 128
    copies = replace(chain(THREE[0], (THREE[1][0], nodes)), n_instances=2)
    assert float(cost_of(copies).memory_bits[0]) == 96 + 64


def test_too_small_a_memory():
    assert float(cost_of(chain(*THREE, size=128.0)).violation) == 0
    assert float(cost_of(chain(*THREE, size=100.0)).violation) == pytest.approx(0.28)
