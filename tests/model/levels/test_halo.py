"""What sliding windows bring, step by step, under each of the four rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelax.ir.rules import Rules
from accelax.model.levels.networks import delivered_words
from accelax.model.levels.tiles import extents
from accelax.model.levels.visits import visits_of_child
from tests.model.levels.network_cases import PROJECTIONS, Case, Terms, cases
from tests.oracle.timeloop_nest import NestLevel, NestLoop

Loops = tuple[tuple[int, int], ...]
SLIDING: tuple[Terms, ...] = (((0, 1), (1, 1)),)
"""Index r0 + r1."""


def fills(projection: tuple[Terms, ...], above: Loops, below: Loops, halo: Any) -> float:
    """Words one child receives: loops ``(rank, trips)``, outermost first."""
    levels = tuple(NestLevel(tuple(NestLoop(rank, end, end) for rank, end in loops)) for loops in (above, below))
    case = Case(projection, levels, 4, Rules(halo=halo))
    return received(case, 1)


def received(case: Case, child: int) -> float:
    structure, mapping = case.structure(), case.mapping()
    return float(delivered_words(structure, case.workload(), mapping, extents(structure, mapping), child, 0))


@pytest.mark.parametrize(
    ("halo", "words"), [("timeloop", 4 + 4 + 4), ("timeloop_pre297", 4 + 4 + 4), ("exact", 4 + 4 + 2), ("none", 6 * 4)]
)
def test_a_window_that_slides_inside_an_unrelated_loop(halo: str, words: int) -> None:
    # A tile of 4. Rank 1 steps 2 * 2 times by one word. The step of rank 2 wraps it: by -1 as Timeloop extrapolates,
    # which is another direction and brings all 4 words; truly by -2, which brings 2.
    assert fills(SLIDING, ((2, 2), (1, 3)), ((0, 4),), halo) == words


@pytest.mark.parametrize(
    ("halo", "words"), [("timeloop", 4 + 2), ("timeloop_pre297", 4 + 2 * 4), ("exact", 4 + 2), ("none", 3 * 4)]
)
def test_a_window_that_slides_outside_an_unrelated_loop(halo: str, words: int) -> None:
    # The 3 steps of rank 2 bring nothing, but were remembered as a direction before pull request 297, which the 2 steps
    # of rank 1 do not keep.
    assert fills(SLIDING, ((1, 3), (2, 2)), ((0, 4),), halo) == words


@pytest.mark.parametrize(("stride", "words"), [(1, 3 + 2 * 1), (2, 3 + 2 * 2), (3, 3 * 3), (4, 3 * 3)])
def test_a_stride_leaves_less_to_keep(stride: int, words: int) -> None:
    # A window of 3 makes 2 steps: min(stride, 3) words are new.
    projection = (((0, stride), (1, 1)),)
    for halo in ("timeloop", "timeloop_pre297", "exact"):
        assert fills(projection, ((0, 3),), ((1, 3),), halo) == words


def test_dilation_counts_the_gaps() -> None:
    # Index r0 + 2 r1 with 3 taps spans 5 words; each of 2 steps brings one.
    assert fills((((0, 1), (1, 2)),), ((0, 3),), ((1, 3),), "timeloop") == 5 + 2


@pytest.mark.parametrize(("halo", "words"), [("timeloop", 9 + 2 * 3 + 9), ("exact", 9 + 2 * 3 + 5), ("none", 4 * 9)])
def test_windows_along_two_axes(halo: str, words: int) -> None:
    # Tiles of 3 x 3; rank 2 steps inside rank 0, 2 trips each. An inner step brings a column of 3. The outer step moves
    # by (1, -1): 2 * 2 of the 9 words remain, which Timeloop does not see.
    projection = (((0, 1), (1, 1)), ((2, 1), (3, 1)))
    assert fills(projection, ((0, 2), (2, 2)), ((1, 3), (3, 3)), halo) == words


def test_a_later_step_that_keeps_the_direction_brings_the_same() -> None:
    # Index r0 + 4 r1 + 8 r2, tiles of 6. Rank 1 (2 trips, step 4) brings 4 words 3 times; rank 2 moves by 8 - 4 = 4: 4
    # words twice.
    assert fills((((0, 1), (1, 4), (2, 8)),), ((2, 3), (1, 2)), ((0, 6),), "timeloop") == 6 + 3 * 4 + 2 * 4


def test_a_later_step_back_to_the_same_place_brings_nothing() -> None:
    # One word r0 + r1; rank 0 (2 trips) inside rank 1 (3): words 0 1 1 2 2 3.
    assert fills(SLIDING, ((1, 3), (0, 2)), (), "timeloop") == 4
    assert fills(SLIDING, ((1, 3), (0, 2)), (), "exact") == 4
    assert fills(SLIDING, ((1, 3), (0, 2)), (), "none") == 6


@pytest.mark.parametrize("halo", ["timeloop", "timeloop_pre297", "exact"])
def test_a_step_of_another_index_brings_everything(halo: str) -> None:
    # Index (r0 + r1, r2): for each of the 3 values of r2, a tile of 2 and a step that brings one.
    assert fills((((0, 1), (1, 1)), ((2, 1),)), ((2, 3), (1, 2)), ((0, 2),), halo) == 3 * (2 + 1)


def test_the_walk_goes_on_through_levels() -> None:
    # The window slides in the middle level; the outermost level moves another index inside which nothing is kept.
    levels = (
        NestLevel((NestLoop(2, 3, 3),)),
        NestLevel((NestLoop(1, 4, 4),)),
        NestLevel((NestLoop(0, 2, 2),)),
    )
    case = Case((((0, 1), (1, 1)), ((2, 1),)), levels, 3)
    assert received(case, 2) == 3 * (2 + 3)
    assert received(case, 1) == 3 * 5


SUPPORTED = PROJECTIONS[:-2]
"""No rank in two index expressions and no mixed signs: ``encode`` refuses those."""


@settings(max_examples=80, deadline=None, suppress_health_check=(HealthCheck.too_slow,))
@given(cases(projections=SUPPORTED), st.sampled_from(("timeloop", "timeloop_pre297", "exact", "none")))
def test_the_walk_agrees_with_the_table_of_steps(case: Case, halo: str) -> None:
    case = case.with_rules(halo=halo)
    structure, mapping, workload = case.structure(), case.mapping(), case.workload()
    for child in range(1, len(case.levels)):
        table = visits_of_child(structure, workload, mapping, extents(structure, mapping), child - 1, 0, np)
        assert received(case, child) == table.size + (table.weight * table.words).sum()
