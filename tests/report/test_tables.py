from __future__ import annotations

from rich.console import Console

from accelax.report.tables import render_result

TREE_FIGURES = {
    "valid": True,
    "energy_pJ": 12.0,
    "energy": 1.2e-11,
    "latency": 3e-9,
    "cycles": None,
    "edp": 3.6e-20,
    "computes": 8,
    "energy_per_component": {"GLB": 4e-12, "MAC": 8e-12},
    "latency_per_component": {"GLB": 3e-9, "MAC": 1e-9},
    "actions": {"GLB|A|read": 16, "MAC|None|compute": 8},
    "resource_usage": {"GLB": 0.25},
}


def printed(figures) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(render_result(figures))
    return capture.get()


def row(text: str, *begins: str) -> list[str]:
    """The cells of the one line whose first words are ``begins``."""
    (line,) = (line for line in text.splitlines() if line.split()[: len(begins)] == list(begins))
    return line.split()


def test_levels_show_every_count_and_the_share_of_the_energy(eyeriss_figures):
    text = printed(eyeriss_figures)
    assert row(text, "DRAM", "Z") == ["DRAM", "Z", "1,024", "1", "0", "0", "1,024", "17,920", "28.9", "%"]
    assert row(text, "RF", "A") == ["RF", "A", "16", "2", "512", "512", "0", "3,072", "5.0", "%"]
    assert row(text, "RF", "leakage")[-3:] == ["2,000", "3.2", "%"]
    assert row(text, "MAC", "compute")[-3:] == ["6,144", "9.9", "%"]
    assert row(text, "energy", "61.9") == ["energy", "61.9", "nJ"]


def test_the_level_that_exceeds_the_compute_unit_binds(eyeriss_figures):
    text = printed(eyeriss_figures)
    assert row(text, "RF", "2,000")[-1] == "binds"
    assert row(text, "MAC", "1,024") == ["MAC", "1,024"]


def test_the_compute_unit_binds_where_no_level_is_slower(eyeriss_figures):
    eyeriss_figures["levels"]["RF"]["cycles"] = 1024
    eyeriss_figures["cycles"] = 1030
    text = printed(eyeriss_figures)
    assert row(text, "MAC", "1,024")[-1] == "binds"
    assert row(text, "RF", "1,024") == ["RF", "1,024"]
    assert row(text, "network", "fill") == ["network", "fill", "and", "drain", "6", "added"]


def test_networks_appear_only_where_there_are_any(eyeriss_figures):
    assert "ingresses" not in printed(eyeriss_figures)
    counts = {"ingresses": 64, "hops": 1.5, "link_transfers": 3, "spatial_reductions": 0}
    energies = {"energy_pJ": 10.0, "link_transfer_energy_pJ": 2.0}
    eyeriss_figures["networks"] = {"GLB <==> RF": {"tensors": {"A": counts | energies}}}
    assert row(printed(eyeriss_figures), "GLB", "<==>") == ["GLB", "<==>", "RF", "A", "64", "1.5", "3", "0", "12"]


def test_components_of_the_other_dialect():
    text = printed(TREE_FIGURES)
    assert row(text, "GLB", "4") == ["GLB", "4", "pJ", "33.3", "%", "3", "ns", "binds", "25.0", "%"]
    assert row(text, "MAC", "8") == ["MAC", "8", "pJ", "66.7", "%", "1", "ns", "-"]
    assert row(text, "MAC", "-") == ["MAC", "-", "compute", "8"]
    assert row(text, "latency") == ["latency", "3", "ns"]
    assert "cycles" not in text


def test_no_figure_is_cut_off_in_a_wide_table(eyeriss_figures):
    eyeriss_figures["levels"]["DRAM"]["tensors"]["A"]["reads"] = 123456789012345
    assert "123,456,789,012,345" in printed(eyeriss_figures)
