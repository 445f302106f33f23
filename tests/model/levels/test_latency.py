"""Stalls by average bandwidth demand, worked out by hand down to the last cycle."""

from __future__ import annotations

import math
from typing import Any

import pytest

from accelax.ir.level_machine import Level, LevelCompute
from accelax.model.levels.evaluate import LevelCost
from tests.model.levels.machines import PLAIN, Loops, chain, cost_of, gemm

ALL: Loops = [("M", 2), ("N", 3), ("K", 4)]


def one_level(**attributes: Any) -> LevelCost:
    """gemm(2, 3, 4) on DRAM alone: 24 cycles, 24 + 24 + 18 reads, 24 updates."""
    return cost_of(chain(gemm(2, 3, 4), [(Level("DRAM", **attributes, **PLAIN), ALL)]))


@pytest.mark.parametrize(
    ("attributes", "cycles", "slowdown"),
    [
        ({}, 24, 1.0),
        ({"read_bandwidth": 2.75}, 24, 1.0),  # 66 reads in 24 cycles are exactly 2.75
        ({"read_bandwidth": 2.0}, 33, 24 / 33),
        ({"read_bandwidth": 4.0, "write_bandwidth": 0.5}, 48, 0.5),
        ({"shared_bandwidth": 2.0}, 45, 24 / 45),  # 90 words
        ({"read_bandwidth": 1.0, "write_bandwidth": 0.5, "shared_bandwidth": 2.0}, 66, 24 / 66),
        ({"read_bandwidth": 2.7}, 25, 2.7 / 2.75),  # 24.44 cycles
    ],
)
def test_the_scarcest_bandwidth_throttles_the_level(attributes: dict, cycles: int, slowdown: float) -> None:
    cost = one_level(**attributes)
    assert cost.cycles == cycles
    assert cost.slowdown[0] == pytest.approx(slowdown, rel=1e-15)


def test_the_order_of_divisions_decides_the_last_cycle() -> None:
    # gemm(1, 3, 7): 21 cycles, 21 + 21 + 18 = 60 reads at 2 a cycle, which take 30 cycles. But in double precision 2
    # divided by 21 / 21 + 21 / 21 + 18 / 21 is below 0.7, and 21 divided by that above 30: one more cycle.
    assert math.ceil(21 / (2 / (1 + 1 + 18 / 21))) == 31
    level = Level("DRAM", read_bandwidth=2.0, **PLAIN)
    assert cost_of(chain(gemm(1, 3, 7), [(level, [("N", 3), ("K", 7)])])).cycles == 31


def test_tensors_may_weigh_more_or_less() -> None:
    # A's 24 words count half, Z's 18 reads and 24 updates threefold: (12 + 24 + 54) / 1.5 = 60; 72 / 1.5 = 48.
    scale = (("A", 0.5), ("Z", 3.0))
    assert one_level(read_bandwidth=1.5, bandwidth_scale=scale).cycles == 60
    assert one_level(write_bandwidth=1.5, bandwidth_scale=scale).cycles == 48


def test_the_slowest_level_decides() -> None:
    # DRAM reads 24 + 12 and the buffer 24 + 24 + 18 words (see the tests of traffic); each level at its own bandwidth.
    def run(dram: float, buffer: float) -> LevelCost:
        levels = [
            (Level("DRAM", read_bandwidth=dram, **PLAIN), [("N", 3), ("K", 4)]),
            (Level("Buffer", read_bandwidth=buffer, **PLAIN), [("M", 2)]),
        ]
        return cost_of(chain(gemm(2, 3, 4), levels))

    assert run(1.0, 2.0).level_cycles == (36, 33)
    assert run(1.0, 2.0).cycles == 36
    assert run(1.0, 1.0).cycles == 66
    assert run(9.0, 9.0).level_cycles == (24, 24)


def test_fills_count_as_writes() -> None:
    # The buffer takes 24 + 12 fills and 24 updates.
    levels = [
        (Level("DRAM", **PLAIN), [("N", 3), ("K", 4)]),
        (Level("Buffer", write_bandwidth=2.0, **PLAIN), [("M", 2)]),
    ]
    assert cost_of(chain(gemm(2, 3, 4), levels)).level_cycles[1] == 30


def test_lanes_stall_alike_and_fan_outs_never() -> None:
    # 6 cycles; each of the 4 registers is read 6 + 6 times, and its 6 partial sums read nothing.
    levels = [
        (Level("DRAM", **PLAIN), [("M", 2), ("N", 3)]),
        (Level("Lanes", is_fanout=True, read_bandwidth=0.01), [("K", 4)]),
        (Level("Register", mesh_x=4, read_bandwidth=1.0, **PLAIN), []),
    ]
    cost = cost_of(chain(gemm(2, 3, 4), levels, LevelCompute("MAC", mesh_x=4, energy=1.0)))
    assert cost.level_cycles == (6, 6, 12)


def test_networks_fill_and_drain_once() -> None:
    levels = [
        (Level("DRAM", read_bandwidth=1.0, network_fill_latency=100.0, **PLAIN), [("N", 3), ("K", 4)]),
        (Level("Buffer", network_fill_latency=10.0, network_drain_latency=1.0, **PLAIN), [("M", 2)]),
    ]
    cost = cost_of(chain(gemm(2, 3, 4), levels))
    assert cost.level_cycles == (36, 24)
    assert cost.cycles == 36 + 111
