"""The simulator against nests worked by hand and against Timeloop's formulas."""

from __future__ import annotations

import math
from dataclasses import astuple
from itertools import pairwise

import pytest
from hypothesis import given, settings

from tests.oracle.closed_form import perfect_traffic
from tests.oracle.nest_oracle import Level, Loop, Nest, Options, Tensor, simulate
from tests.oracle.strategies import nests, plain, windowless_problems

GEMM = (plain("A", "MK"), plain("B", "KN"), plain("Z", "MN", output=True))
EVERYTHING = ("A", "B", "Z")


def loops(text: str) -> tuple[Loop, ...]:
    """``"M2 K1"``: a loop over M with tiles of 2, and inside it one over K with tiles of 1."""
    return tuple(Loop(word[0], int(word[1:])) for word in text.split())


def gemm(bounds: tuple[int, int, int], *levels: Level) -> Nest:
    """A matrix product with extents M, N, K."""
    return Nest(tuple(zip("MNK", bounds, strict=True)), GEMM, levels)


def window(extent: int, taps: int, *levels: Level, stride: int = 1, dilation: int = 1) -> Nest:
    """``O[P] = I[stride*P + dilation*R] W[R]``."""
    tensors = (
        Tensor("I", ((("P", stride), ("R", dilation)),)),
        plain("W", "R"),
        plain("O", "P", output=True),
    )
    return Nest((("P", extent), ("R", taps)), tensors, levels)


def moved(nest: Nest, level: str, tensor: str, options: Options | None = None) -> tuple[int, int, int]:
    """Fills, reads and updates."""
    traffic = simulate(nest, options or Options()).traffic[level, tensor]
    return traffic.fills, traffic.reads, traffic.updates


def test_output_stationary_product() -> None:
    nest = gemm((2, 2, 4), Level("far", EVERYTHING, loops("M1 N1")), Level("near", EVERYTHING, loops("K1")))
    counts = simulate(nest)
    assert (counts.macs, counts.cycles, counts.instances) == (16, 16, {"far": 1, "near": 1})
    assert moved(nest, "far", "A") == (0, 8, 0), "a row of A stays while N runs"
    assert moved(nest, "near", "A") == (8, 16, 0)
    assert moved(nest, "near", "B") == (16, 16, 0), "each of the four steps brings another column"
    assert moved(nest, "near", "Z") == (0, 12, 16), "4 sums of 4 terms: the first of each reads nothing"
    assert moved(nest, "far", "Z") == (0, 0, 4), "every sum is written once and never comes back"
    assert counts.traffic["near", "A"].tile == 4
    assert counts.traffic["far", "B"].tile == 8


def test_partial_sums_return_when_the_reduction_is_outside() -> None:
    nest = gemm((3, 1, 2), Level("far", EVERYTHING, loops("K1 M1 N1")), Level("near", EVERYTHING))
    assert moved(nest, "far", "Z") == (0, 3, 6)
    assert moved(nest, "near", "Z") == (3, 3, 6)
    every_visit = Options(first_read_elision=False, first_fill_elision=False)
    assert moved(nest, "far", "Z", every_visit) == (0, 6, 6)
    assert moved(nest, "near", "Z", every_visit) == (6, 6, 6)


def test_lanes_share_inputs_and_reduce_outputs() -> None:
    nest = gemm(
        (2, 3, 4),
        Level("far", EVERYTHING, loops("M1 N1"), loops("K1")),
        Level("near", EVERYTHING),
    )
    counts = simulate(nest)
    assert counts.cycles == 6
    assert counts.instances == {"far": 1, "near": 4}
    assert moved(nest, "near", "A") == (8, 24, 0), "A[m, k] stays in lane k while N runs"
    assert moved(nest, "far", "A") == (0, 8, 0)
    assert moved(nest, "near", "Z") == (0, 0, 24), "each lane makes its own partial sum once"
    assert moved(nest, "far", "Z") == (0, 0, 6), "four lanes arrive as one word"


def test_multicast_reaches_through_a_level_that_bypasses() -> None:
    nest = gemm(
        (2, 2, 1),
        Level("far", EVERYTHING, (), loops("M1")),
        Level("middle", ("B", "Z"), (), loops("N1")),
        Level("near", EVERYTHING, loops("K1")),
    )
    assert ("middle", "A") not in simulate(nest).traffic
    assert moved(nest, "far", "A") == (0, 2, 0), "both lanes of a row take the same word"
    assert moved(nest, "near", "A") == (4, 4, 0)
    assert moved(nest, "far", "B") == (0, 2, 0)
    assert moved(nest, "middle", "B") == (4, 4, 0)
    alone = Options(sharing="none")
    assert moved(nest, "far", "A", alone) == (0, 4, 0)


def test_operands_are_multicast_to_the_compute_units() -> None:
    nest = gemm((2, 3, 2), Level("far", EVERYTHING, loops("K1"), loops("M1 N1")))
    assert simulate(nest).cycles == 2
    assert moved(nest, "far", "A") == (0, 4, 0)
    assert moved(nest, "far", "B") == (0, 6, 0)
    assert moved(nest, "far", "Z") == (0, 6, 12)


@pytest.mark.parametrize(
    ("stride", "dilation", "fills"),
    [(1, 1, 3 + 1 + 1 + 1), (2, 1, 3 + 2 + 2 + 2), (4, 1, 4 * 3), (1, 2, 5 + 1 + 1 + 1)],
)
def test_a_window_that_slides_fetches_only_what_is_new(stride: int, dilation: int, fills: int) -> None:
    nest = window(
        4,
        3,
        Level("far", ("I", "W", "O"), loops("P1")),
        Level("near", ("I", "W", "O"), loops("R1")),
        stride=stride,
        dilation=dilation,
    )
    assert moved(nest, "near", "I") == (fills, 12, 0)
    assert moved(nest, "far", "I") == (0, fills, 0)


def test_a_window_that_wraps_keeps_what_overlaps() -> None:
    bounds = (("M", 2), ("P", 2), ("R", 3))
    tensors = (Tensor("I", ((("P", 1), ("R", 1)),)), plain("W", "MR"), plain("O", "MP", output=True))
    levels = (Level("far", ("I", "W", "O"), loops("M1 P1")), Level("near", ("I", "W", "O"), loops("R1")))
    assert moved(Nest(bounds, tensors, levels), "near", "I")[0] == 3 + 1 + 1 + 1
    assert simulate(Nest(bounds, tensors, levels)).traffic["far", "I"].tile == 4


def test_the_gaps_of_a_strided_tile_count() -> None:
    nest = window(
        3, 1, Level("far", ("I", "W", "O"), loops("P3")), Level("near", ("I", "W", "O"), loops("P1 R1")), stride=2
    )
    assert simulate(nest).traffic["near", "I"].tile == 5
    assert moved(nest, "near", "I") == (5, 3, 0)


def test_overlapping_windows_of_neighbours() -> None:
    nest = window(2, 3, Level("far", ("I", "W", "O"), (), loops("P1")), Level("near", ("I", "W", "O"), loops("R1")))
    assert moved(nest, "near", "I")[0] == 6
    assert moved(nest, "far", "I") == (0, 6, 0), "the windows are not the same"
    assert moved(nest, "far", "I", Options(sharing="union")) == (0, 4, 0)
    assert moved(nest, "far", "W") == (0, 3, 0)
    assert moved(nest, "far", "W", Options(sharing="union")) == (0, 3, 0)
    assert moved(nest, "far", "W", Options(sharing="none")) == (0, 6, 0)


def test_each_network_multicasts_for_itself() -> None:
    """P + R = 1 is wanted below both instances of the middle, which hold different windows."""
    nest = window(2, 2, Level("far", ("I", "W", "O"), (), loops("P1")), Level("middle", ("W", "O"), (), loops("R1")))
    assert moved(nest, "far", "I") == (0, 4, 0)
    assert moved(nest, "far", "I", Options(sharing="union")) == (0, 3, 0)
    together = window(2, 2, Level("far", ("I", "W", "O"), (), loops("P1 R1")))
    assert moved(together, "far", "I") == (0, 3, 0)


def test_short_tiles_at_the_edge() -> None:
    nest = gemm((5, 2, 3), Level("far", EVERYTHING, loops("M2 K2")), Level("near", EVERYTHING, loops("M1 N1 K1")))
    counts = simulate(nest)
    assert (counts.macs, counts.cycles) == (30, 30)
    assert moved(nest, "near", "A")[0] == 15, "all of A once, short tiles included"
    assert moved(nest, "near", "B")[0] == 3 * 6, "all of B for each of the three row tiles"
    assert moved(nest, "far", "Z") == (0, 0, 10), "the loop over K does not move the sums"
    assert counts.traffic["near", "Z"].tile == 4


def test_ragged_lanes_idle_in_step() -> None:
    nest = gemm((5, 1, 1), Level("far", EVERYTHING, (), loops("M3")), Level("near", EVERYTHING, loops("M1 N1 K1")))
    counts = simulate(nest)
    assert (counts.macs, counts.cycles, counts.instances["near"]) == (5, 3, 2)
    assert moved(nest, "far", "B") == (0, 1, 0)
    assert moved(nest, "near", "B") == (2, 5, 0)


def test_an_idle_lane_keeps_its_tile() -> None:
    """K = 3 in tiles of 2: lane 1 has no second pass and keeps what it holds."""
    nest = gemm(
        (1, 2, 3), Level("far", EVERYTHING, loops("K2"), loops("K1")), Level("near", ("A", "B", "Z"), loops("N1 M1"))
    )
    counts = simulate(nest)
    assert (counts.macs, counts.cycles) == (6, 4)
    assert moved(nest, "near", "A") == (3, 6, 0)
    assert moved(nest, "near", "Z") == (0, 6 - 4, 6), "the second pass finds the sums of the first still there"
    assert moved(nest, "far", "Z") == (0, 0, 2)


def test_tiles_that_do_not_nest() -> None:
    nest = gemm((7, 1, 1), Level("far", EVERYTHING, loops("M5")), Level("near", EVERYTHING, loops("M2 M1 N1 K1")))
    middle = gemm(
        (7, 1, 1),
        Level("far", EVERYTHING, loops("M5")),
        Level("middle", EVERYTHING, loops("M2")),
        Level("near", EVERYTHING, loops("M1 N1 K1")),
    )
    assert simulate(nest).macs == 7
    assert moved(middle, "near", "B")[0] == 1
    assert moved(middle, "near", "A")[0] == 7
    assert simulate(middle).traffic["near", "A"].tile == 2


def test_an_incomplete_nest_is_refused() -> None:
    with pytest.raises(ValueError, match="extent 1"):
        simulate(gemm((2, 2, 2), Level("far", EVERYTHING, loops("M1 N1"))))


@given(nests(windowless_problems(), shape="perfect"))
@settings(max_examples=150, deadline=None)
def test_perfect_nests_without_windows_count_as_timeloop_does(nest: Nest) -> None:
    expected = {key: astuple(traffic) for key, traffic in perfect_traffic(nest).items()}
    for options in (Options(), Options(sharing="union")):
        assert {key: astuple(traffic) for key, traffic in simulate(nest, options).traffic.items()} == expected


@given(nests(shape="any", max_macs=400))
@settings(max_examples=100, deadline=None)
def test_what_holds_of_every_nest(nest: Nest) -> None:
    counts = simulate(nest)
    assert counts.macs == math.prod(bound for _, bound in nest.bounds)
    bounds = dict(nest.bounds)
    lanes = math.prod(math.ceil(bounds[loop.rank] / loop.tile) for level in nest.levels for loop in level.spatial)
    assert counts.macs / lanes <= counts.cycles <= counts.macs
    union = simulate(nest, Options(sharing="union")).traffic
    alone = simulate(nest, Options(sharing="none")).traffic
    for tensor in nest.tensors:
        kept = [level.name for level in nest.levels if tensor.name in level.keeps]
        for parent, child in pairwise(kept):
            assert alone[parent, tensor.name].reads >= counts.traffic[child, tensor.name].fills
            if not tensor.output:
                assert alone[parent, tensor.name].reads == counts.traffic[child, tensor.name].fills
        for name in kept:
            key = name, tensor.name
            assert union[key].reads <= counts.traffic[key].reads <= alone[key].reads
            assert union[key].updates <= counts.traffic[key].updates <= alone[key].updates


@given(nests(windowless_problems(), shape="any", max_macs=400))
@settings(max_examples=100, deadline=None)
def test_without_windows_children_share_all_or_nothing(nest: Nest) -> None:
    assert simulate(nest) == simulate(nest, Options(sharing="union"))
