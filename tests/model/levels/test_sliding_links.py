"""The closed forms that stand in for counting every element of the mesh, wherever they claim to hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelax.ir.rules import Rules
from accelax.model.levels.arrays import NetworkCounts
from accelax.model.levels.links import linked_network
from accelax.model.levels.nest import closed_counts, may_link, meeting
from tests.model.levels.network_cases import Case, Terms, cases
from tests.oracle.timeloop_nest import NestLevel, NestLoop

WINDOWS: tuple[tuple[Terms, ...], ...] = (
    (((0, 1), (1, 1)),),
    (((3, 1),), ((0, 1), (1, 1))),
    (((3, 1),), ((0, 2), (1, 1))),
    (((0, 1), (1, 3)), ((2, 1),)),
    (((0, 1), (1, 1)), ((2, 1), (3, 1))),
    (((0, 2), (1, 1)), ((2, 1), (3, 2))),
)
"""Windows along one and two axes, with strides and dilations, with and without a channel."""


def loop(rank: int, end: int, on_x: bool = True) -> NestLoop:
    return NestLoop(rank, end, end, on_x)


def both(case: Case, network: int) -> tuple[bool, NetworkCounts, NetworkCounts]:
    """Whether the closed form may fail, what it counts, and the count in detail."""
    structure, workload, mapping = case.structure(network_energy=False), case.workload(), case.mapping()
    suspect = bool(meeting(structure, workload, mapping, (network, 0)))
    closed = closed_counts(structure, workload, mapping, (network, 0))
    return suspect, closed, linked_network(structure, workload, mapping, network, 0)


def check(case: Case, seen: Counter | None = None) -> None:
    """Wherever nothing is suspect, both counts are equal to the last word."""
    for network in range(len(case.levels)):
        suspect, closed, detailed = both(case, network)
        if seen is not None and case.levels[network].is_fanout:
            linked = "linked" if detailed.link_transfers else "not linked"
            seen[linked, "suspect" if suspect else "closed"] += 1
        if not suspect:
            assert (closed.accesses, closed.deliveries, closed.link_transfers) == (
                detailed.accesses,
                detailed.deliveries,
                detailed.link_transfers,
            )


SHIFT_REGISTER = Case(
    projection=(((1, 1),), ((2, 1), (3, 1))),
    levels=(
        NestLevel((loop(1, 2), loop(0, 2), loop(3, 16))),
        NestLevel((loop(2, 4),), is_fanout=True, mesh=(4, 1)),
        NestLevel(()),
    ),
    n_ranks=4,
)
"""A row of 4 children, child r holding input r + p; p (rank 3) runs 16 steps inside k (0) and c (1)."""


def test_a_shift_register_is_counted_in_closed_form() -> None:
    # The first visit and the step of c bring 4 words; 60 steps of p and 2 of k bring one and pass three.
    suspect, closed, _ = both(SHIFT_REGISTER, 1)
    assert not suspect
    assert (closed.accesses, closed.deliveries, closed.link_transfers) == (70, 70, 62 * 3)


def test_lanes_further_apart_than_a_step_pass_nothing() -> None:
    # Two words of r below each lane: lanes 2 apart, steps of 1.
    above, lanes, _ = SHIFT_REGISTER.levels
    case = Case(SHIFT_REGISTER.projection, (above, lanes, NestLevel((loop(2, 2),))), 4)
    suspect, closed, detailed = both(case, 1)
    assert not suspect
    assert closed.link_transfers == detailed.link_transfers == 0
    # Per lane and c: a tile of 2, then 15 steps of one; the step of k brings both again.
    assert closed.accesses == 4 * 2 * 2 * (2 + 15)


def test_a_loop_inside_the_lanes_leaves_the_parent_serving() -> None:
    # Two copies (rank 0) inside each lane of r on the same side: only one of them has the right neighbour.
    above, _, below = SHIFT_REGISTER.levels
    lanes = NestLevel((loop(2, 4), loop(0, 2)), True, (8, 1))
    above = NestLevel((loop(1, 2), loop(3, 16)))
    suspect, closed, detailed = both(Case(SHIFT_REGISTER.projection, (above, lanes, below), 4), 1)
    assert not suspect
    assert closed.link_transfers == detailed.link_transfers == 0
    assert closed.accesses == 2 * 16 * 4


def test_without_multicast_a_copy_inside_the_lanes_is_served_where_its_neighbour_fits() -> None:
    # Lanes of r0 with a copy (rank 2) inside each, on one column, and one step of r1 that moves like the lanes: every
    # child is sent its own 2 x 4 words, but for the one whose neighbour along the column had that word before.
    lanes = NestLevel((loop(0, 2, False), loop(2, 2, False)), True, (1, 4))
    levels = (NestLevel((loop(1, 2),)), lanes, NestLevel(()))
    case = Case((((0, 1), (1, 1)),), levels, 3, Rules(multicast=False))
    suspect, _, detailed = both(case, 1)
    assert suspect
    assert (detailed.accesses, detailed.link_transfers) == (7, 1)
    check(case)


def test_a_tile_fetched_again_is_passed_on_by_the_neighbour_that_holds_it() -> None:
    # Two copies of one word, fetched on each of two steps that move nothing: only the first comes from the parent.
    below = NestLevel((), no_temporal_reuse=frozenset({0}))
    levels = (NestLevel((loop(3, 2),)), NestLevel((loop(2, 2, False),), True, (1, 2)), below)
    case = Case((((0, 1), (1, 1)),), levels, 4)
    suspect, _, detailed = both(case, 1)
    assert suspect
    assert (detailed.accesses, detailed.link_transfers) == (1, 2)


def test_steps_that_cancel_deliver_what_the_neighbour_holds_where_halos_do_not_count() -> None:
    # Index r0 + r1 goes 0, 1, 1, 2 and every step brings a whole tile of one word to two copies; the third visit's word
    # is the one that the neighbour received before.
    levels = (NestLevel((loop(0, 2), loop(1, 2))), NestLevel((loop(2, 2, False),), True, (1, 2)), NestLevel(()))
    case = Case((((0, 1), (1, 1)),), levels, 4, Rules(halo="none"))
    suspect, _, detailed = both(case, 1)
    assert suspect
    assert (detailed.accesses, detailed.link_transfers) == (3, 2)


def test_two_ranks_of_a_window_over_the_mesh_are_counted_in_detail() -> None:
    lanes = NestLevel((loop(2, 2, False), loop(3, 2)), True, (2, 2))
    assert both(Case(SHIFT_REGISTER.projection, (NestLevel((loop(2, 4),)), lanes, NestLevel(())), 4), 1)[0]


def test_a_torus_serves_across_its_edge() -> None:
    # Index 2 r0 + r1: the step of r0 moves by 2, to what the lane at the other end of a row of 3 lanes of r1 just had.
    # The first visit brings 3 words, the step 2 and passes one.
    lanes = NestLevel((loop(1, 3),), True, (3, 1))
    case = Case((((0, 2), (1, 1)),), (NestLevel((loop(0, 2),)), lanes, NestLevel(())), 2, Rules(link_transfers="torus"))
    suspect, _, detailed = both(case, 1)
    assert suspect
    assert (detailed.accesses, detailed.link_transfers) == (5, 1)
    assert both(case.with_rules(link_transfers="mesh"), 1)[1].link_transfers == 0


def test_closed_counts_are_whole_words() -> None:
    # Three lanes of r0 and 6 values of r1: 5 steps pass a word to two of the lanes, 3.33 a lane; 18 - 10 words remain.
    levels = (NestLevel((loop(1, 3),)), NestLevel((loop(1, 2),)), NestLevel((loop(0, 3),), True, (3, 1)), NestLevel(()))
    suspect, closed, _ = both(Case((((0, 1), (1, 1)),), levels, 2), 2)
    assert not suspect
    assert (closed.accesses, closed.link_transfers) == (8, 10)


@pytest.mark.parametrize("links", ["mesh", "torus"])
def test_windows_over_rows_and_meshes(links: str) -> None:
    """Nests whose window often slides by the distance of two lanes; a torus always counts those in detail."""
    random, seen = Random(17), Counter()
    for _ in range(300):
        check(_window_nest(random).with_rules(link_transfers=links), seen)
    assert seen["linked", "suspect"] > 5
    assert seen["not linked", "closed"] > 100
    assert (seen["linked", "closed"] > 10) == (links == "mesh")


def _window_nest(random: Random) -> Case:
    """One or two storage levels above a fan-out over one to three ranks, and a storage level below."""

    def loops(most: int, ends: tuple[int, ...], on_x: tuple[bool, ...] = (True,)) -> tuple[NestLoop, ...]:
        chosen = random.sample(range(4), random.randint(1, most))
        drawn = [loop(rank, random.choice(ends), random.choice(on_x)) for rank in chosen]
        return tuple(sorted((one for one in drawn if one.end > 1), key=lambda one: one.on_x))

    spatial = loops(random.choice((1, 1, 2, 3)), (2, 3, 4), random.choice(((True,), (False,), (True, False))))
    sides = [1, 1]
    for one in spatial:
        sides[0 if one.on_x else 1] *= one.end
    spare = random.choice((0, 0, 1))
    above = [NestLevel(loops(4, (1, 2, 3))) for _ in range(random.choice((1, 1, 2)))]
    lanes = NestLevel(spatial, True, (sides[0] + spare, sides[1]))
    return Case(random.choice(WINDOWS), (*above, lanes, NestLevel(loops(2, (1, 1, 2, 3)))), 4, Rules())


@settings(max_examples=100, deadline=None, suppress_health_check=(HealthCheck.too_slow,))
@given(
    cases(projections=(*WINDOWS, (((0, 1),), ((1, 1),)))),
    st.sampled_from(("timeloop", "timeloop_pre297", "exact", "none")),
)
def test_any_nest_under_any_rule(case: Case, halo: str) -> None:
    check(case.with_rules(halo=halo))


def test_links_need_a_mesh_and_tiles_that_overlap() -> None:
    structure = SHIFT_REGISTER.structure(network_energy=False)
    assert [may_link(structure, network, 0) for network in range(3)] == [False, True, False]
    off = SHIFT_REGISTER.with_rules(link_transfers="off").structure()
    assert not may_link(off, 1, 0)
    plain = replace(SHIFT_REGISTER, projection=(((1, 1),), ((2, 1),))).structure()
    assert not may_link(plain, 1, 0)
