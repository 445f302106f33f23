"""Reads, fills and updates worked out by hand."""

from __future__ import annotations

import pytest

from accelax.ir import Rules
from accelax.ir.level_machine import Level, LevelCompute
from accelax.ir.lowered import LevelReuse
from tests.model.levels.machines import PLAIN, chain, cost_of, gemm, row

DRAM, BUFFER = Level("DRAM", **PLAIN), Level("Buffer", **PLAIN)


def test_single_level_serves_every_operand():
    # 2 x 3 x 4 = 24 computations; each reads A and B once. Z has 6 words: 24 updates, of which the first 6 read
    # nothing.
    cost = cost_of(chain(gemm(2, 3, 4), [(DRAM, [("M", 2), ("N", 3), ("K", 4)])]))
    assert row(cost.traffic.reads, 0) == [24, 24, 18]
    assert row(cost.traffic.updates, 0) == [0, 0, 24]
    assert row(cost.traffic.fills, 0) == [0, 0, 0]
    assert cost.computes == 24
    assert cost.cycles == 24


def test_innermost_irrelevant_run_keeps_the_tile_across_levels():
    # Loops from outside: DRAM N(3) K(4) | Buffer M(2). A[m,k] fits a tile of 2 (all M). Above the buffer, K moves A and
    # N, outside K, repeats: 3*4 tiles of 2 words = 24. B's tile is one word, moved by K and N: 12. Z's tile is 2 words;
    # the innermost loop above it is K, which does not move it, so N alone does: 3 tiles of 2 = 6 words, visited once.
    cost = cost_of(chain(gemm(2, 3, 4), [(DRAM, [("N", 3), ("K", 4)]), (BUFFER, [("M", 2)])]))
    assert row(cost.traffic.fills, 1) == [24, 12, 0]
    assert row(cost.traffic.reads, 0) == [24, 12, 0]
    assert row(cost.traffic.updates, 0) == [0, 0, 6]
    assert row(cost.traffic.reads, 1) == [24, 24, 18]


def test_partial_sums_return_when_the_reduction_is_outermost():
    # DRAM K(4) outside N(3): Z's 2-word tile moves with N and comes back for every K: 12 tiles, 24 words. The first
    # visit of each of the 6 words reads nothing.
    cost = cost_of(chain(gemm(2, 3, 4), [(DRAM, [("K", 4), ("N", 3)]), (BUFFER, [("M", 2)])]))
    assert row(cost.traffic.updates, 0)[2] == 24
    assert row(cost.traffic.reads, 0)[2] == 18
    assert row(cost.traffic.fills, 1)[2] == 18


@pytest.mark.parametrize(("field", "level"), [("first_read_elision", 0), ("first_fill_elision", 1)])
def test_elisions_can_be_switched_off(field, level):
    rules = Rules(**{field: False})
    cost = cost_of(chain(gemm(2, 3, 4), [(DRAM, [("K", 4), ("N", 3)]), (BUFFER, [("M", 2)])], rules=rules))
    table = cost.traffic.reads if field == "first_read_elision" else cost.traffic.fills
    assert row(table, level)[2] == 24


def test_rmw_first_update_and_no_coalesce():
    levels = [(DRAM, [("K", 4), ("N", 3)]), (BUFFER, [("M", 2)])]
    first = cost_of(chain(gemm(2, 3, 4), levels, reuse={"DRAM": LevelReuse(rmw_first_update=("Z",))}))
    assert row(first.traffic.reads, 0)[2] == 24
    apart = cost_of(chain(gemm(2, 3, 4), levels, reuse={"Buffer": LevelReuse(no_coalesce=("Z",))}))
    assert row(apart.traffic.updates, 1)[2] == 24
    assert row(apart.traffic.updates, 0)[2] == 24


def test_bypass_passes_accesses_outward():
    # The buffer does not keep B, so the computations read it from DRAM: 24 reads.
    levels = [(DRAM, [("N", 3), ("K", 4)]), (BUFFER, [("M", 2)])]
    cost = cost_of(chain(gemm(2, 3, 4), levels, keep={"Buffer": ("A", "Z")}))
    assert row(cost.traffic.reads, 0) == [24, 24, 0]
    assert row(cost.traffic.reads, 1)[1] == 0


def test_fan_out_multicasts_and_reduces():
    # K(4) over 4 lanes: A and B differ by lane, Z is added up on the way: one update for four computations.
    fan = Level("Lanes", is_fanout=True)
    inner = Level("Register", mesh_x=4, **PLAIN)
    lowered = chain(
        gemm(2, 3, 4),
        [(DRAM, [("M", 2), ("N", 3)]), (fan, [("K", 4)]), (inner, [])],
        compute=LevelCompute("MAC", mesh_x=4, energy=1.0),
    )
    cost = cost_of(lowered)
    assert row(cost.traffic.updates, 0)[2] == 6
    # A[m, k] moves with M alone: 2 steps x 4 lanes. B[k, n] moves with N inside M: 6 steps x 4 lanes.
    assert row(cost.traffic.reads, 0)[:2] == [8, 24]
    assert row(cost.traffic.updates, 2)[2] == 6
    assert float(cost.nest.instances[-1]) == 4
    assert cost.cycles == 6


def test_no_multicast_serves_every_lane_alone():
    fan = Level("Lanes", is_fanout=True)
    inner = Level("Register", mesh_x=2, **PLAIN)
    levels = [(DRAM, [("N", 3), ("K", 4)]), (fan, [("M", 2)]), (inner, [])]
    compute = LevelCompute("MAC", mesh_x=2, energy=1.0)
    shared = cost_of(chain(gemm(2, 3, 4), levels, compute))
    alone = cost_of(chain(gemm(2, 3, 4), levels, compute, reuse={"Lanes": LevelReuse(no_multicast=("B",))}))
    assert row(shared.traffic.reads, 0)[1] == 12
    assert row(alone.traffic.reads, 0)[1] == 24
