from __future__ import annotations

import pytest

from accelax.ir.mapping import Compute, Mapping, Sequential, Storage, Temporal, Toll
from accelax.ir.nests import nest_of, paths
from accelax.ir.workload import Einsum, Tensor

Y = Einsum("Y", (("m", 4), ("k", 4)), (Tensor("A", ()), Tensor("W", ()), Tensor("Y", (), True)))
Z = Einsum("Z", (("m", 4), ("n", 4)), (Tensor("Y", ()), Tensor("V", ()), Tensor("Z", (), True)))
TREE = Mapping(
    (
        Storage("DRAM", ("Z", "A", "Y", "W")),
        Storage("GLB", ("W",), persistent=True),
        Sequential(
            (
                (Temporal("k", 1), Toll("NOC", ("Y", "A")), Compute("Y", "MAC")),
                (Sequential(((Temporal("n", 1), Compute("Z", "MAC")),)),),
            )
        ),
    )
)


def test_a_nest_follows_its_branch_and_keeps_the_tensors_of_its_einsum_in_order():
    assert nest_of(TREE, Y) == (
        Storage("DRAM", ("A", "Y", "W")),
        Storage("GLB", ("W",), persistent=True),
        Temporal("k", 1),
        Toll("NOC", ("Y", "A")),
        Compute("Y", "MAC"),
    )
    assert nest_of(TREE, Z) == (Storage("DRAM", ("Z", "Y")), Temporal("n", 1), Compute("Z", "MAC"))


def test_nodes_that_stay_as_they_are_are_the_same_objects():
    assert nest_of(TREE, Y)[3] is TREE.nodes[2].branches[0][1]


def test_an_einsum_that_is_not_computed_raises():
    with pytest.raises(KeyError):
        nest_of(TREE, Einsum("Q", (), ()))


def test_paths_lead_through_every_branch():
    ends = [path[-1] for path in paths(TREE.nodes)]
    assert ends == [Compute("Y", "MAC"), Compute("Z", "MAC")]
    assert [len(path) for path in paths(TREE.nodes)] == [5, 4]
    assert list(paths(())) == [()]


def test_nodes_behind_a_split_end_a_path_of_their_own():
    after = (Temporal("m", 1), *TREE.nodes[2:], Compute("X", "MAC"))
    assert list(paths(after))[-1] == (Temporal("m", 1), Compute("X", "MAC"))
