from __future__ import annotations

import textwrap

from accelax.ir import Compute, Einsum, Mapping, Sequential, Spatial, Storage, Temporal, Tensor, Toll
from accelax.report.loopnest import format_loop_nest

CONV = Einsum(
    "conv",
    (("M", 8), ("P", 14), ("R", 3)),
    (
        Tensor("W", ((("M", 1),), (("R", 1),))),
        Tensor("I", ((("P", 2), ("R", 1)),)),
        Tensor("O", ((("M", 1),), (("P", 1),)), output=True),
    ),
)


def expect(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


def test_timeloop_levels_with_a_fanout():
    nodes = (
        Storage("DRAM", ("W", "I", "O")),
        Temporal("M", 8),
        Temporal("P", 7),
        Spatial("R", 1, "PE", "Y"),
        Spatial("M", 2, "PE", "X"),
        Storage("RF", ("W",)),
        Temporal("M", 1),
        Temporal("P", 1),
        Compute("conv", "MAC"),
    )
    # I at DRAM spans 2 * 13 + 2 + 1 = 29 words; W below the fan-out holds 2 output channels of one weight each.
    assert format_loop_nest(Mapping(nodes), [CONV]) == expect("""
        DRAM [ W:24 I:29 O:112 ]
        ------------------------
        | for P in [0:2)

        inter_PE_spatial [ ]
        --------------------
        |   for R in [0:3) (Spatial-Y)
        |     for M in [0:4) (Spatial-X)

        RF [ W:2 ]
        ----------
        |       for M in [0:2)
        |         for P in [0:7)
        |           << Compute >>
    """)


def test_residual_factors_show_the_trips_of_the_last_visit():
    # 14 = 3 visits of 5, the last of which has 4: position 13 is digit 2 of 3, then digit 3 of 5.
    nodes = (Storage("DRAM", ("O",)), Temporal("P", 5), Storage("RF", ("O",)), Temporal("P", 1), Compute("conv", "MAC"))
    text = format_loop_nest(Mapping(nodes), [CONV])
    assert "for P in [0:3)\n" in text
    assert "for P in [0:5,4)\n" in text


def test_a_level_that_keeps_nothing_still_has_its_line():
    nodes = (Storage("DRAM", ("O",)), Storage("GLB", ()), Temporal("P", 1), Compute("conv", "MAC"))
    assert format_loop_nest(Mapping(nodes), [CONV]).splitlines()[:3] == ["DRAM [ O:112 ]", "GLB [ ]", "-" * 14]


def test_accelforge_storages_anywhere_and_tiles_that_do_not_divide():
    nodes = (
        Storage("DRAM", ("W", "I", "O")),
        Temporal("P", 4, initial_tile_shape=3),
        Storage("GLB", ("I",)),
        Toll("NoC", ("I", "O")),
        Spatial("M", 3, "PE", "cols"),
        Temporal("R", 1),
        Compute("conv", "MAC"),
    )
    # P: a first tile of 3, then (14 - 3) / 4 -> 3 more, the last of 3; M: 8 in tiles of 3, the last of 2.
    assert format_loop_nest(Mapping(nodes, "accelforge"), [CONV]) == expect("""
        DRAM [ W:24 I:29 O:112 ]
        ------------------------
        | for P in [0:4) (first tile 3, last tile 3)

        GLB [ I:9 ]
        NoC [ passes I O ]
        ------------------
        |   for M in [0:3) (Spatial-cols of PE) (last tile 2)
        |     for R in [0:3)
        |       << Compute conv on MAC >>
    """)


def test_branches_are_indented_below_the_loops_that_they_share():
    first = (Temporal("M", 1), Compute("A", "MAC"))
    second = (Temporal("R", 1), Compute("B", "MAC"))
    nodes = (Storage("DRAM", ("W",)), Temporal("P", 7), Sequential((first, second)))
    assert format_loop_nest(Mapping(nodes, "accelforge"), [CONV]) == expect("""
        DRAM [ W:24 ]
        -------------
        | for P in [0:2)
        |   branch 1 of 2, one after the other
        |     for M in [0:8)
        |       << Compute A on MAC >>
        |   branch 2 of 2, one after the other
        |     for R in [0:3)
        |       << Compute B on MAC >>
    """)
