"""Entries of a nest: loops that run once are left out; branches are nests of their own."""

from __future__ import annotations

from accelax.ir import Compute, Einsum, Mapping, Sequential, Spatial, Storage, Temporal, Tensor, Toll
from accelax.report.nests import nest_entries

CONV = Einsum("conv", (("P", 14), ("R", 3), ("M", 8)), (Tensor("I", ((("P", 1), ("R", 1)),)),))


def test_trips_tiles_and_the_last_visit():
    nodes = (
        Storage("DRAM", ("I",)),
        Spatial("M", 3, "PE", "X"),
        Temporal("P", 5),
        Toll("NoC", ("I",)),
        Temporal("R", 3),
        Temporal("P", 2),
        Compute("conv", "MAC"),
    )
    # Timeloop sizes the outermost tile of P for 3 whole visits of 5: 15 + 3 - 1 = 17 words of I. The last point of M,
    # 7, is in trip 7 // 3 = 2 of 0..2: three visits, all whole; of P, 13 // 5 = 2 as well; 13 // 2 = 6, 6 % 3 = 0: one.
    assert nest_entries(Mapping(nodes), [CONV]) == [
        {"kind": "storage", "component": "DRAM", "tensors": {"I": 17}},
        {"kind": "spatial", "rank": "M", "trips": 3, "component": "PE", "dimension": "X"},
        {"kind": "temporal", "rank": "P", "trips": 3},
        {"kind": "toll", "component": "NoC", "tensors": ["I"]},
        {"kind": "temporal", "rank": "P", "trips": 3, "last_trips": 1},
        {"kind": "compute", "einsum": "conv", "component": "MAC"},
    ]
    every = nest_entries(Mapping(nodes), [CONV], single_trips=True)
    assert {"kind": "temporal", "rank": "R", "trips": 1} in every


def test_branches_and_uneven_tiles():
    branch = (Temporal("P", 4, initial_tile_shape=3), Compute("conv", "MAC"))
    nodes = (Temporal("M", 3), Sequential((branch, branch[1:])))
    # P: a first tile of 3, then 11 in tiles of 4, the last of 3; M: 8 in tiles of 3, the last of 2.
    compute = {"kind": "compute", "einsum": "conv", "component": "MAC"}
    loop = {"kind": "temporal", "rank": "P", "trips": 4, "first_tile": 3, "last_tile": 3}
    assert nest_entries(Mapping(nodes, "accelforge"), [CONV]) == [
        {"kind": "temporal", "rank": "M", "trips": 3, "last_tile": 2},
        {"kind": "sequential", "branches": [[loop, compute], [compute]]},
    ]
