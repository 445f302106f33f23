from __future__ import annotations

import math

import pytest

from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.tree_machine import FanoutDimension, TreeAction, TreeComponent, TreeMachine
from accelax.report.explain import (
    explain_level_cycles,
    explain_level_energy,
    explain_tree_energy,
    format_accounts,
)

MACHINE = LevelMachine(
    levels=(
        Level("DRAM", block_size=4, read_energy=64, fill_energy=70, update_energy=70),
        Level("PE", is_fanout=True),
        Level("RF", mesh_x=4, read_energy=1, fill_energy=2, update_energy=2, leak_energy=0.5, read_bandwidth=0.25),
    ),
    compute=LevelCompute("MAC", mesh_x=4, energy=3),
)


def test_the_terms_of_every_account_add_up(eyeriss_figures):
    for account in explain_level_energy(eyeriss_figures, MACHINE):
        assert math.isclose(account.total, account.reported), account


def test_each_term_shows_its_arithmetic(eyeriss_figures):
    text = format_accounts(explain_level_energy(eyeriss_figures, MACHINE))
    assert "DRAM energy: 50,688 pJ" in text
    assert "1,024 words / 4 = 256 lines x 64 pJ x 1 instance = 16,384" in text
    assert "512 words x 2 pJ x 2 instances = 2,048" in text
    assert "2,000 cycles x 0.5 pJ x 2 instances = 2,000" in text
    assert "2,048 x 3 pJ = 6,144" in text
    assert "total energy: 61,904 pJ" in text
    assert "not in these terms" not in text


def test_a_figure_that_its_terms_do_not_explain_is_pointed_out(eyeriss_figures):
    eyeriss_figures["levels"]["RF"]["tensors"]["A"]["energy_pJ"] += 100
    text = format_accounts(explain_level_energy(eyeriss_figures, MACHINE))
    assert any(line.split() == ["not", "in", "these", "terms", "100"] for line in text.splitlines())


def test_clusters_share_an_access(eyeriss_figures):
    paired = Level("RF", mesh_x=4, cluster_size=4, read_energy=1, fill_energy=2, update_energy=2)
    machine = LevelMachine((MACHINE.levels[0], paired), MACHINE.compute)
    rf = explain_level_energy(eyeriss_figures, machine)[1]
    # Four instances in clusters of four make one cluster: 512 * 1 + 512 * 2 pJ.
    assert [term.value for term in rf.terms[:2]] == [512, 1024]


def test_instances_that_leak_under_coarse_gating(eyeriss_figures):
    gated = Level("RF", mesh_x=4, leak_energy=0.5, power_gated_at="DRAM")
    machine = LevelMachine((MACHINE.levels[0], gated), MACHINE.compute)
    leakage = explain_level_energy(eyeriss_figures, machine)[1].terms[-1]
    # One DRAM in use keeps all four RFs awake: 2,000 cycles * 0.5 pJ * 4.
    assert (leakage.label, leakage.value) == ("leakage", 4000)


def test_cycles_name_the_bandwidth_that_is_short(eyeriss_figures):
    text = explain_level_cycles(eyeriss_figures, MACHINE)
    # 512 reads in 1,024 cycles are 0.5 words a cycle, twice the 0.25 that RF has.
    assert "reads: 0.5 words/cycle of 0.25 per instance, 2 times too many" in text
    assert "total cycles: max(1,024, 1,024, 2,000) = 2,000" in text
    assert "EDP: 6.1904e-08 J x 2,000 cycles = 0.000123808 J·cycle" in text


def test_components_of_the_other_dialect():
    glb = TreeComponent("GLB", "memory", (TreeAction("read", 2.0), TreeAction("write", 3.0)), leak_power=0.5)
    mac = TreeComponent("MAC", "compute", (TreeAction("compute", 1.0),))
    actions = {"GLB|A|read": 10, "GLB|A|write": 4, "MAC|None|compute": 7}
    # GLB: 10 * 2 + 4 * 3 + 0.5 W * 6 s = 35 J.
    figures = {
        "energy": 42.0,
        "latency": 6.0,
        "energy_per_component": {"GLB": 35.0, "MAC": 7.0},
        "actions": actions,
    }
    accounts = explain_tree_energy(figures, {"e": TreeMachine((glb, mac))})
    assert [(account.reported, account.total) for account in accounts] == [(35, 35), (7, 7), (42, 42)]
    assert "0.5 W x 6 s" in format_accounts(accounts)


def test_gated_lanes_leak_the_share_that_is_on():
    lanes = FanoutDimension("x", 4, (), power_gateable=True)
    glb = TreeComponent("GLB", "memory", (TreeAction("read", 2.0),), (lanes,), leak_power=0.5)
    figures = {"energy": 20.75, "latency": 6.0, "actions": {"GLB|A|read": 10}, "energy_per_component": {"GLB": 20.75}}
    # 10 reads of 2 J leave 0.75 J of the 0.5 W * 6 s: a quarter of the lanes.
    text = format_accounts(explain_tree_energy(figures, {"e": TreeMachine((glb,))}))
    assert "0.5 W x 6 s x 0.25 of the lanes on = 0.75" in text


@pytest.mark.parametrize("block", [1, 4])
def test_words_are_rounded_up_to_lines(eyeriss_figures, block):
    eyeriss_figures["levels"]["DRAM"]["tensors"] = {
        "A": {"utilized_instances": 1, "reads": 5, "fills": 0, "updates": 0, "energy_pJ": 0.0}
    }
    machine = LevelMachine((Level("DRAM", block_size=block, read_energy=10), *MACHINE.levels[1:]), MACHINE.compute)
    term = explain_level_energy(eyeriss_figures, machine)[0].terms[0]
    assert term.value == {1: 50, 4: 20}[block]
