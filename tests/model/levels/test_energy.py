"""Energies worked out by hand, all from counts that the tests of traffic pin down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from accelax.ir.level_machine import Level, LevelCompute, LevelNetwork
from accelax.model.levels.evaluate import LevelCost
from tests.model.levels.machines import PLAIN, Loops, chain, convolution, cost_of, gemm

DRAM = Level("DRAM", **PLAIN)
FAN = Level("Lanes", is_fanout=True)
OUTSIDE: Loops = [("M", 2), ("N", 3)]


def over_lanes(fan: Level = FAN, outside: Loops = OUTSIDE, lanes: int = 4, **register: Any) -> LevelCost:
    """gemm(2, 3, 4): ``outside`` at DRAM and the rest of K over lanes, each a register in front of its unit."""
    inner = Level("Register", **{"mesh_x": lanes, **PLAIN, **register})
    taken = 1
    for rank, factor in outside:
        taken *= factor if rank == "K" else 1
    levels = [(DRAM, outside), (fan, [("K", 4 // taken)]), (inner, [])]
    return cost_of(chain(gemm(2, 3, 4), levels, LevelCompute("MAC", mesh_x=lanes, energy=1.0)))


@pytest.mark.parametrize(("block", "pJ"), [(1, (66 * 3 + 24 * 7)), (5, (14 * 3 + 5 * 7)), (64, (3 * 3 + 1 * 7))])
def test_whole_lines_are_paid_for(block: int, pJ: int) -> None:
    # One level: 24 reads of A and of B, 18 of Z at 3 pJ a line, 24 updates at 7 pJ. Lines of 5: 5 + 5 + 4 and 5.
    level = Level("DRAM", block_size=block, read_energy=3.0, fill_energy=100.0, update_energy=7.0)
    cost = cost_of(chain(gemm(2, 3, 4), [(level, [("M", 2), ("N", 3), ("K", 4)])], LevelCompute("MAC", energy=0.0)))
    assert cost.energy == pJ


def test_fills_cost_their_own_energy() -> None:
    # The buffer takes 24 words of A and 12 of B (see the tests of traffic) at 2 pJ, and none of Z.
    buffer = Level("Buffer", read_energy=0.0, fill_energy=2.0, update_energy=0.0)
    cost = cost_of(chain(gemm(2, 3, 4), [(DRAM, [("N", 3), ("K", 4)]), (buffer, [("M", 2)])]))
    assert cost.tensor_energy[1] == (48.0, 24.0, 0.0)


@pytest.mark.parametrize(("cluster", "memories"), [(1, 4), (2, 2), (4, 1)])
def test_instances_of_a_cluster_share_a_memory(cluster: int, memories: int) -> None:
    # Each register is filled with A twice and read 6 times, and with B 6 times and read 6 times, at 1 pJ.
    cost = over_lanes(cluster_size=cluster)
    assert cost.tensor_energy[2][:2] == (memories * (6 + 2), memories * (6 + 6))


def test_clusters_in_use_are_at_most_the_instances() -> None:
    # Eight registers in clusters of 2 are 4 memories, and 4 registers in use might lie in 4 clusters.
    assert over_lanes(lanes=8, cluster_size=2).tensor_energy[2][0] == 4 * (6 + 2)


def test_what_is_in_use_leaks_while_the_run_lasts() -> None:
    # 6 cycles, 4 of 8 registers in use, 0.5 pJ each; fill and drain latencies lengthen the run, not the leaking.
    cost = over_lanes(lanes=8, leak_energy=0.5, network_fill_latency=10.0)
    assert cost.leakage == (0.0, 0.0, 0.5 * 6 * 4)
    assert cost.cycles == 16


def test_a_stalled_run_leaks_longer() -> None:
    # A register takes 2 + 6 fills and 6 updates in 6 cycles; at 1 a cycle that lasts 14.
    assert over_lanes(leak_energy=0.5, write_bandwidth=1.0).leakage[2] == 0.5 * 14 * 4


def test_gated_further_out_all_instances_below_leak() -> None:
    # Gated at DRAM (one instance), its 8 registers leak together, though 4 work.
    assert over_lanes(lanes=8, leak_energy=0.5, power_gated_at="DRAM").leakage[2] == 0.5 * 6 * 8


def test_gates_that_stay_closed_save_their_group() -> None:
    # K over 2 columns of 3, M over 2 lanes in each of 4: groups of 4 registers, 2 groups in use.
    columns, lanes = Level("Columns", is_fanout=True), Level("Lanes", is_fanout=True, mesh_x=3)
    middle = Level("Middle", mesh_x=3, **PLAIN)
    inner = Level("Register", mesh_x=12, leak_energy=1.0, power_gated_at="Middle", **PLAIN)
    levels = [(DRAM, [("N", 3), ("K", 2)]), (columns, [("K", 2)]), (middle, []), (lanes, [("M", 2)]), (inner, [])]
    cost = cost_of(chain(gemm(2, 3, 4), levels, LevelCompute("MAC", mesh_x=12, energy=1.0)))
    assert [float(x) for x in cost.nest.instances] == [1, 1, 2, 2, 4, 4]
    assert cost.leakage[4] == 1.0 * 6 * (4 * 2)


def test_a_level_gated_where_the_instances_are_the_same_leaks_by_use() -> None:
    levels = [(DRAM, OUTSIDE), (FAN, [("K", 4)]), (Level("Outer", mesh_x=8, **PLAIN), [])]
    gated = Level("Inner", mesh_x=8, leak_energy=1.0, power_gated_at="Outer", **PLAIN)
    cost = cost_of(chain(gemm(2, 3, 4), [*levels, (gated, [])], LevelCompute("MAC", mesh_x=8, energy=1.0)))
    assert cost.leakage[3] == 6 * 4


def test_words_pay_for_hops_routers_and_ingress() -> None:
    # A row of 4: A (2 visits) and B (6) go to columns 0 1 2 3, 6 hops a visit, 1.5 on average: 2 routers a word. Z (6
    # words) comes from all four lanes: 3 hops, 4 routers.
    def network(**energies: float) -> tuple[float, ...]:
        return over_lanes(fan=replace(FAN, network=LevelNetwork(**energies))).network_energy[1]

    assert network(energy_per_hop=1.0) == (2 * 6, 6 * 6, 6 * 3)
    assert network(router_energy=1.0) == (2 * 4 * 2, 6 * 4 * 2, 6 * 4)
    assert network(energy_per_ingress=1.0) == (8, 24, 6)
    # 16 bits, 500 um, 0.1 pJ per bit and mm: 0.8 pJ a hop.
    assert network(wire_energy=0.1, tile_width_um=500.0) == pytest.approx((0.8 * 12, 0.8 * 36, 0.8 * 18))


def test_partial_sums_travel_both_ways_where_nothing_adds() -> None:
    # K(2) outside: Z's 6 words come out twice, 12, and 12 - 6 go back in.
    outside: Loops = [("K", 2), ("M", 2), ("N", 3)]
    network = LevelNetwork(energy_per_ingress=1.0)
    adds = over_lanes(fan=replace(FAN, network=network), outside=outside)
    apart = over_lanes(fan=replace(FAN, network=network, reduction_supported=False), outside=outside)
    assert adds.network_energy[1][2] == 12
    assert apart.network_energy[1][2] == 2 * 12 - 6
    assert apart.network_energy[1][:2] == adds.network_energy[1][:2]


def test_a_word_from_a_neighbour_pays_one_hop_and_two_routers() -> None:
    # R(3) over lanes, P(4) in time: the window slides by one lane. The first visit brings 3 words of I; each of 3 steps
    # brings one and passes two: 6 link transfers.
    fan = replace(FAN, network=LevelNetwork(energy_per_hop=2.0, router_energy=5.0))
    levels = [(DRAM, [("P", 4)]), (fan, [("R", 3)]), (Level("Register", mesh_x=3, **PLAIN), [])]
    cost = cost_of(chain(convolution(4, 3), levels, LevelCompute("MAC", mesh_x=3, energy=1.0)))
    assert cost.link_energy[1] == (6 * (2 + 2 * 5), 0, 0)


def test_networks_of_several_instances_add_up() -> None:
    # Two columns, each with a row of 2: the inner networks carry 1 hop for the second lane in each.
    columns = Level("Columns", is_fanout=True)
    row_of_lanes = Level("Lanes", is_fanout=True, mesh_x=2, network=LevelNetwork(energy_per_ingress=1.0))
    levels = [
        (DRAM, [("N", 3), ("K", 2)]),
        (columns, [("M", 2)]),
        (Level("Middle", mesh_x=2, **PLAIN), []),
        (row_of_lanes, [("K", 2)]),
        (Level("Register", mesh_x=4, **PLAIN), []),
    ]
    cost = cost_of(chain(gemm(2, 3, 4), levels, LevelCompute("MAC", mesh_x=4, energy=1.0)))
    # A: in each column 6 visits to 2 lanes; B the same.
    assert cost.network_energy[3][:2] == (2 * 6 * 2, 2 * 6 * 2)


def test_everything_adds_up() -> None:
    fan = replace(FAN, network=LevelNetwork(energy_per_hop=1.0))
    cost = over_lanes(fan=fan, leak_energy=0.25)
    # DRAM: 8 + 24 reads, Z 6 updates without reads. Registers: A 8, B 12, Z 6 updates and 6 - 6 reads, times 4.
    assert sum(cost.tensor_energy[0]) == 8 + 24 + 6
    assert sum(cost.tensor_energy[2]) == 4 * (8 + 12 + 6)
    assert cost.compute_energy == 24
    assert cost.energy == 38 + 104 + (12 + 36 + 18) + 0.25 * 6 * 4 + 24


def test_area_counts_every_instance() -> None:
    inner = Level("Register", mesh_x=2, mesh_y=3, area_um2=10.0, **PLAIN)
    levels = [(Level("DRAM", area_um2=7.0, **PLAIN), OUTSIDE), (FAN, [("K", 2)]), (inner, [("K", 2)])]
    compute = LevelCompute("MAC", mesh_x=2, mesh_y=3, energy=1.0, area_um2=1.0)
    assert cost_of(chain(gemm(2, 3, 4), levels, compute)).area == 7 + 6 * 10 + 6 * 1
