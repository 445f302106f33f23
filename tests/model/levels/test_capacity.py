"""Which mappings fit, and by how much the others do not."""

from __future__ import annotations

import math

import pytest

from accelax.ir.level_machine import Level, LevelCompute
from accelax.model.levels.capacity import Constraint, on_axis
from tests.model.levels.machines import PLAIN, Loops, chain, cost_of, gemm
from tests.model.levels.network_cases import Case
from tests.oracle.timeloop_nest import NestLevel, NestLoop

DRAM = Level("DRAM", **PLAIN)
ABOVE: Loops = [("N", 3), ("K", 2)]
BELOW: Loops = [("M", 2), ("K", 2)]
"""Under ABOVE, a gemm of 2 x 3 x 4 leaves tiles A 2 x 2, B 2 x 1, Z 2 x 1: 4 + 2 + 2 = 8 words."""


def excess_of(buffer: Level, keep: tuple[str, ...] = ("A", "B", "Z")) -> dict[str, tuple[float, float, float]]:
    """By kind of constraint: used, limit and excess of the buffer."""
    cost = cost_of(chain(gemm(2, 3, 4), [(DRAM, ABOVE), (buffer, BELOW)], keep={"Buffer": keep}))
    assert cost.violation == max(one.excess for one in cost.constraints)
    of_buffer = [one for one in cost.constraints if one.level == 1]
    return {one.kind: (float(one.used), float(one.limit), float(one.excess)) for one in of_buffer}


@pytest.mark.parametrize(("size", "excess"), [(8, 0.0), (9, 0.0), (5, 8 / 5 - 1), (math.inf, 0.0)])
def test_all_kept_tiles_must_fit(size: float, excess: float) -> None:
    assert excess_of(Level("Buffer", size_words=size, **PLAIN))["capacity"] == (8, size, pytest.approx(excess))


def test_what_is_not_kept_takes_no_room() -> None:
    assert excess_of(Level("Buffer", size_words=6, **PLAIN), ("A", "Z"))["capacity"] == (6, 6, 0)


def test_buffers_share_the_size_in_whole_words() -> None:
    # 17 words for two buffers are 8 each; for three, 5.
    for buffers, limit, excess in ((2, 8, 0.0), (3, 5, 0.6)):
        found = excess_of(Level("Buffer", size_words=17, multiple_buffering=buffers, **PLAIN))
        assert found["capacity"] == (8, limit, pytest.approx(excess))


@pytest.mark.parametrize(("floor", "excess"), [(0.0, 0.0), (0.5, 0.0), (0.75, (12 - 8) / 12), (1.0, (16 - 8) / 16)])
def test_a_buffer_may_have_to_be_used(floor: float, excess: float) -> None:
    found = excess_of(Level("Buffer", size_words=16, min_utilization=floor, **PLAIN))
    assert found["utilization"] == (8, 16 * floor, pytest.approx(excess))


def test_no_least_use_of_an_unlimited_size() -> None:
    assert excess_of(Level("Buffer", min_utilization=0.0, **PLAIN))["utilization"] == (8, 0, 0)


def test_children_must_fit_along_each_side() -> None:
    lanes = Level("Lanes", is_fanout=True)
    lowered = chain(
        gemm(2, 3, 4),
        [(DRAM, [("M", 2), ("N", 3)]), (lanes, [("K", 4)]), (Level("Register", mesh_x=3, **PLAIN), [])],
        compute=LevelCompute("MAC", mesh_x=3, energy=1.0),
    )
    cost = cost_of(lowered)
    found = {one.kind: one for one in cost.constraints if one.level == 1}
    assert (float(found["fanout X"].used), float(found["fanout X"].limit)) == (4, 3)
    assert found["fanout X"].excess == pytest.approx(1 / 3)
    assert found["fanout Y"].excess == 0
    assert cost.violation == pytest.approx(1 / 3)


def test_sides_multiply_their_own_loops() -> None:
    mesh = NestLevel((NestLoop(2, 5, 5, False), NestLoop(0, 2, 2), NestLoop(1, 3, 3)), True, (6, 5))
    case = Case((((0, 1),),), (NestLevel(()), mesh), 3)
    assert on_axis(case.structure(), case.mapping(), 1) == (6, 5)


def test_a_least_use_of_little_is_measured_against_one_word() -> None:
    assert Constraint("utilization", 0, 0.25, 0.5).excess == 0.25
    assert Constraint("utilization", 0, 3.0, 4.0).excess == 0.25
