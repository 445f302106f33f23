from __future__ import annotations

from math import floor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accelax.ir.rules import Rules
from accelax.model.levels.arrays import NetworkCounts
from accelax.model.levels.links import linked_network, point_links, regular_layout
from tests.model.levels.network_cases import Case, cases
from tests.model.levels.true_movement import count_exactly
from tests.oracle.timeloop_nest import NestLevel, NestLoop, Network, analyse

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much)
)


def loop(rank: int, end: int, on_x: bool = True) -> NestLoop:
    return NestLoop(rank, end, end, on_x)


def count(case: Case, network: int, network_energy: bool = True) -> NetworkCounts:
    structure = case.structure(network_energy)
    return linked_network(structure, case.workload(), case.mapping(), network, 0)


def check_against(counts: NetworkCounts, network: Network) -> None:
    entries = network.accesses.items()
    assert counts.accesses == sum(words for _, (words, _) in entries)
    assert counts.deliveries == sum(words * children for (children, _), (words, _) in entries)
    assert counts.link_transfers == network.link_transfers
    assert counts.hops == pytest.approx(sum(hops for _, (_, hops) in entries), rel=1e-12)
    routers = sum((1 + floor(hops / words)) * words for _, (words, hops) in entries if words)
    assert counts.router_words == pytest.approx(routers, rel=1e-12)


# A row of 4 children, child r holding input r + p; p runs 16 steps inside k and c (golden case 038).
# K, C, R, P = 0, 1, 2, 3.
SHIFT_REGISTER = Case(
    projection=(((1, 1),), ((2, 1), (3, 1))),
    levels=(
        NestLevel((loop(1, 2), loop(0, 2), loop(3, 16))),
        NestLevel((loop(2, 4),), is_fanout=True, mesh=(4, 1)),
        NestLevel(()),
    ),
    n_ranks=4,
)


def test_a_sliding_window_over_a_row_passes_words_along() -> None:
    """By hand: the first visit and the step of c bring 4 words; 60 steps of p and 2 of k bring one and pass three."""
    counts = count(SHIFT_REGISTER, 1)
    assert counts.accesses == 2 * 4 + 62
    assert counts.link_transfers == 62 * 3
    assert counts.deliveries == counts.accesses
    # Four words to columns 0..3 twice; steps of p feed column 3, the steps of k back feed column 0.
    assert counts.hops == 2 * 6 + 60 * 3
    # Mean hops 1.5 in visits with four destinations, 180/62 in visits with one.
    assert counts.router_words == 2 * 8 + 3 * 62


def test_links_may_be_forbidden_by_the_rule_or_for_the_tensor() -> None:
    off = count(SHIFT_REGISTER.with_rules(link_transfers="off"), 1)
    assert (off.accesses, off.link_transfers) == (64 * 4, 0)
    above, lanes, below = SHIFT_REGISTER.levels
    lanes = NestLevel(lanes.loops, True, lanes.mesh, no_link_transfer=frozenset({0}))
    forbidden = count(Case(SHIFT_REGISTER.projection, (above, lanes, below), 4), 1)
    assert (forbidden.accesses, forbidden.link_transfers) == (64 * 4, 0)


def test_a_torus_serves_the_end_of_the_row_only_when_the_words_match() -> None:
    """A window that turns: with every child one word apart, the last has no neighbour that held its word."""
    torus = SHIFT_REGISTER.with_rules(link_transfers="torus")
    assert count(torus, 1) == count(SHIFT_REGISTER, 1)


def test_no_hops_are_counted_unless_the_network_has_energy() -> None:
    counts = count(SHIFT_REGISTER, 1, network_energy=False)
    assert (counts.hops, counts.router_words) == (0.0, 0.0)
    assert counts.accesses == 70


def test_a_network_without_spatial_loops_has_one_router_and_no_hop() -> None:
    case = Case((((0, 1),),), (NestLevel((loop(0, 6),)), NestLevel((), True, (3, 5)), NestLevel(())), 1)
    counts = count(case, 1)
    assert (counts.accesses, counts.deliveries, counts.hops, counts.router_words) == (6, 6, 0, 6)


@pytest.mark.parametrize("energy", [False, True])
def test_multicast_groups_walk_to_the_furthest_column_and_drop(energy: bool) -> None:
    """4 x 8 children, the tensor shared along X (golden case 102): hops 3 + 4 * |row - 3.5| = 11 on average."""
    lanes = NestLevel((loop(0, 8, False), loop(1, 4)), True, (4, 8))
    counts = count(Case((((0, 1),),), (NestLevel((loop(0, 2),)), lanes, NestLevel(())), 2), 1, energy)
    assert (counts.accesses, counts.deliveries) == (16, 64)
    assert (counts.hops, counts.router_words) == ((16 * 11, 16 * 12) if energy else (0, 0))


@SLOW
@given(cases())
def test_every_network_agrees_with_a_literal_nest_analysis(case: Case) -> None:
    expected = analyse(case.oracle_input()).networks
    for network in range(len(case.levels)):
        check_against(count(case, network), expected[network][0])


@SLOW
@given(cases(one_row=True))
def test_windows_over_rows_agree_with_a_literal_nest_analysis(case: Case) -> None:
    """Loops drawn so that link transfers are common: windows over one spatial loop."""
    expected = analyse(case.oracle_input()).networks
    for network in range(len(case.levels)):
        check_against(count(case, network), expected[network][0])


@SLOW
@given(cases(one_row=True, most_points=1000), st.sampled_from(("off", "mesh", "torus")))
def test_exact_movement_agrees_with_playing_out_every_visit(case: Case, links: str) -> None:
    case = case.with_rules(halo="exact", link_transfers=links)
    for network in range(len(case.levels)):
        counts = count(case, network, network_energy=False)
        assert (counts.accesses, counts.deliveries, counts.link_transfers) == count_exactly(case, network)


def test_slices_of_opposite_sides_are_equal_one_tile_apart() -> None:
    """True movement back and forth of a tile of 3 words, with 2 children that stand 3 words apart.

    The inner loop (rank 0) moves the tile by +1. The outer one (rank 2) does not index the tensor: its step wraps the
    inner loop, which moves the tile by -1. What then enters child 1 on the left entered child 0 on the right before.
    """
    case = Case(
        (((0, 1), (1, 1), (3, 3)),),
        (NestLevel((loop(2, 2), loop(0, 2))), NestLevel((loop(3, 2),), True, (2, 1)), NestLevel((loop(1, 3),))),
        4,
        Rules(halo="exact"),
    )
    counts = count(case, 1, network_energy=False)
    # First visit 2 x 3 words; +1: 1 word each; -1: child 1 takes it from child 0; +1: child 0 takes it from child 1.
    assert (counts.accesses, counts.link_transfers) == (6 + 2 + 1 + 1, 2)
    assert (counts.accesses, counts.deliveries, counts.link_transfers) == count_exactly(case, 1)


def test_no_halo_fetches_moving_tiles_whole_and_keeps_others() -> None:
    case = SHIFT_REGISTER.with_rules(halo="none", link_transfers="off")
    assert count(case, 1).accesses == 64 * 4
    kept = Case((((0, 1),),), (NestLevel((loop(0, 3), loop(1, 5))), NestLevel((loop(0, 2),))), 2, Rules(halo="none"))
    assert count(kept, 0).accesses == 3 * 2


def test_refetching_brings_the_whole_tile_on_every_visit() -> None:
    levels = (NestLevel((loop(0, 3), loop(1, 5))), NestLevel((loop(0, 2),)))
    assert count(Case((((0, 1),),), levels, 2, Rules(reuse="refetch")), 0).accesses == 15 * 2


@SLOW
@given(cases(projections=((((0, 1),), ((1, 1),)), (((2, 1),),))))
def test_the_closed_form_for_points_agrees_on_regular_layouts(case: Case) -> None:
    structure, mapping, last = case.structure(False), case.mapping(), len(case.levels) - 1
    assume(case.levels[last].is_fanout and regular_layout(structure, mapping, last))
    counts, closed = count(case, last, network_energy=False), point_links(structure, mapping, 0)
    assert (closed.accesses, closed.deliveries, closed.link_transfers) == (
        counts.accesses,
        counts.deliveries,
        counts.link_transfers,
    )


def test_points_are_passed_along_when_the_innermost_loop_of_an_axis_shares_them() -> None:
    """2 x 2 units, X over rank 1: rank 0 is read by both units of a row, so the 5 repeats are passed along."""
    lanes = NestLevel((loop(0, 2, False), loop(1, 2)), True, (2, 2))
    case = Case((((0, 1),),), (NestLevel((loop(0, 3), loop(1, 6))), lanes), 2)
    counts = point_links(case.structure(), case.mapping(), 0)
    assert (counts.accesses, counts.deliveries, counts.link_transfers) == (3 * 2, 3 * 4, 15 * 4)


def test_a_layout_is_regular_when_rows_are_full_or_alone() -> None:
    def regular(*loops: NestLoop) -> bool:
        case = Case((((0, 1),),), (NestLevel(()), NestLevel(loops, True, (4, 4))), 2)
        return bool(regular_layout(case.structure(), case.mapping(), 1))

    assert regular(loop(0, 3))
    assert regular(loop(1, 3, False), loop(0, 4))
    assert not regular(loop(1, 3, False), loop(0, 2))


def test_a_jitted_batch_counts_what_plain_numbers_count() -> None:
    """Two mappings that differ in the order of loops and the sides of the mesh, under one structure."""

    def case(p_inside: bool, on_x: bool) -> Case:
        order = (loop(0, 2), loop(3, 4)) if p_inside else (loop(3, 4), loop(0, 2))
        lanes = NestLevel((loop(2, 3, on_x), loop(1, 2)), True, (6, 3))
        return Case((((2, 1), (3, 1)),), (NestLevel(order), lanes, NestLevel((loop(3, 2),))), 4)

    chosen = [case(True, True), case(False, True), case(True, False)]
    structure, workload = chosen[0].structure(), chosen[0].workload()
    batch = jax.tree.map(lambda *leaves: jnp.asarray(leaves, dtype=jnp.float32), *(c.mapping() for c in chosen))
    found = jax.jit(jax.vmap(lambda mapping: linked_network(structure, workload, mapping, 1, 0)))(batch)
    for i, one in enumerate(chosen):
        expected = count(one, 1)
        got = [np.asarray(value)[i] for value in jax.tree.leaves(found)]
        assert got == pytest.approx([float(value) for value in jax.tree.leaves(expected)], rel=1e-6)
    assert len({float(value) for value in found.accesses}) > 1
