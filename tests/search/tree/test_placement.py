from __future__ import annotations

from dataclasses import replace

from accelax.search.tree.placement import depth_of, holders_above, placement_graph
from tests.model.tree_cases import DRAM, GLB, REG, TENSORS, lowered, matmul, toll

EINSUM = matmul(4, 4, 4)


def machine(*components):
    return lowered(components, [], EINSUM).machines[0]


def test_what_may_hold_a_tensor_next():
    """A is free in GLB and REG; B must be in GLB; Z may have its outermost storage there."""
    dram, glb, reg = replace(DRAM, keep=("A", "B"), may_keep=("Z",)), replace(GLB, keep=("B",)), replace(REG)
    chain = machine(dram, replace(glb, may_keep=("A", "Z")), replace(reg, may_keep=TENSORS))
    assert list(holders_above(EINSUM, chain, 0, 3)) == [2, 1, 0]
    assert list(holders_above(EINSUM, chain, 1, 3)) == [2, 1]
    assert list(holders_above(EINSUM, chain, 2, 3)) == [2, 1, 0]
    assert list(holders_above(EINSUM, chain, 2, 1)) == [0, None]
    assert list(holders_above(EINSUM, chain, 0, 1)) == [0]


def test_a_backing_memory_is_the_outermost():
    chain = machine(
        replace(DRAM, may_keep=TENSORS), replace(GLB, keep=("A",), back=("A",)), replace(REG, may_keep=("A",))
    )
    assert list(holders_above(EINSUM, chain, 0, 3)) == [2, 1]
    assert list(holders_above(EINSUM, chain, 0, 2)) == [1]
    assert list(holders_above(EINSUM, chain, 0, 1)) == [None]


def test_no_outermost_storage_inside_a_toll_that_charges_it():
    chain = machine(
        replace(DRAM, may_keep=TENSORS), toll("NET", 1, 1, "down", keep=("A",)), replace(GLB, may_keep=TENSORS)
    )
    assert list(holders_above(EINSUM, chain, 0, 2)) == [0]
    assert list(holders_above(EINSUM, chain, 1, 2)) == [0, None]


def test_the_graph_holds_every_order_and_every_choice():
    """Three tensors free in one buffer: 2 ** 3 choices start; each state's tensors can be placed in any order."""
    graph = placement_graph(EINSUM, machine(replace(DRAM, keep=TENSORS), replace(GLB, may_keep=TENSORS)), 1000)
    assert graph is not None
    assert len(graph.starts) == 8
    assert len(graph.finals) == 1
    ways = {state: 0 for state in graph.order}
    for start in graph.starts:
        ways[start] = 1
    for step in graph.steps:
        ways[step.target] += ways[step.source]
    assert ways[graph.finals[0]] == 1 + 3 * 1 + 3 * 2 + 6
    depths = [depth_of(graph.states[i]) for i in graph.order]
    assert depths == sorted(depths)


def test_orders_that_are_asked_for():
    """Only A above Z is wanted: of the six orders of all three tensors, half are left."""
    glb = replace(GLB, keep=TENSORS, tensor_order_options=((("A",), ("Z",)),))
    graph = placement_graph(EINSUM, machine(replace(DRAM, keep=TENSORS), glb), 1000)
    assert graph is not None
    ends = [graph.states[step.source].held for step in graph.steps if step.tensor is None]
    names = [[EINSUM.tensor_names[t] for t in reversed(held)] for held in ends]
    assert sorted("".join(order) for order in names) == ["ABZ", "AZB", "BAZ"]


def test_too_many_states():
    assert placement_graph(EINSUM, machine(replace(DRAM, keep=TENSORS), replace(GLB, may_keep=TENSORS)), 5) is None
