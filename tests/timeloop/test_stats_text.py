"""What we print parses with a reader of Timeloop's files, to the numbers that Timeloop recorded."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import accelax.timeloop as tl
from tests.timeloop.stats_parser import areas_of, parse_map, parse_stats, summary_of

GOLDEN = Path(__file__).parents[1] / "golden" / "timeloop"
CASES = (
    "012_spatial_x_m", "022_conv_halo_q_outer", "050_bypass_glb_weights", "071_bw_glb_write", "091_cluster_size",
    "095_leak_power_gated", "102_net_energy_multicast", "103_net_energy_reduce", "035_conv_link_p2p",
    "087_imperfect_single_spatial_c7_3",
)  # fmt: skip
OTHERS = sorted(path.parent.name for path in GOLDEN.glob("*/expected.json") if path.parent.name not in CASES)
COUNTS = {
    "tile_size": "Utilized capacity",
    "utilized_instances": "Utilized instances (max)",
    "reads": "Scalar reads (per-instance)",
    "fills": "Scalar fills (per-instance)",
    "updates": "Scalar updates (per-instance)",
    "temporal_reductions": "Temporal reductions (per-instance)",
}


def printed(value: float) -> object:
    """A number with two decimals."""
    return pytest.approx(value, abs=0.00501)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.golden
def test_printed_statistics_are_the_recorded_ones(case: str, tmp_path: Path) -> None:
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    spec = tl.Specification.from_yaml_files(GOLDEN / case / "input.yaml")
    stats = tl.call_model(spec, output_dir=tmp_path)
    text = (tmp_path / "timeloop-model.stats.txt").read_text()
    read = parse_stats(text)
    for name, level in expected["levels"].items():
        mine = read["levels"][name]
        assert mine["Cycles"] == level["cycles"]
        assert mine["Bandwidth throttling"] == printed(level.get("bandwidth_throttling", 1))
        assert mine["Leakage energy (total)"] == printed(level.get("leakage_pJ", 0))
        assert mine["Area"] == printed(level.get("area_um2_per_instance", 0))
        assert set(mine["tensors"]) == set(level["tensors"])
        for tensor, fields in level["tensors"].items():
            for key, label in COUNTS.items():
                assert mine["tensors"][tensor][label] == fields[key], (name, tensor, key)
            assert mine["tensors"][tensor]["Energy (total)"] == printed(fields["energy_pJ"])
    unit = expected["compute_unit"]
    assert read["levels"][unit["name"]]["Energy (total)"] == printed(unit["energy_pJ"])
    assert read["levels"][unit["name"]]["Computes (total)"] == expected["computes"]
    assert read["summary"]["Utilization"] == printed(100 * expected["utilization"])
    assert read["summary"]["EDP(J*cycle)"] == pytest.approx(stats.edp, rel=0.006)
    assert read["unit"] == "fJ/Compute"
    check_networks(read["networks"], expected.get("networks", {}))
    cycles, computes, _, energy = summary_of(text)
    assert (cycles, computes) == (expected["cycles"], expected["computes"])
    rounding = 0.005 * computes * 1e-15 * (len(energy) + 1)
    assert sum(energy.values()) == pytest.approx(expected["energy_pJ"] * 1e-12, abs=rounding)
    assert stats.energy == pytest.approx(expected["energy_pJ"] * 1e-12, rel=1e-9)
    assert set(energy) <= set(stats.per_component_energy)
    for name, joules in energy.items():
        assert stats.per_component_energy[name] == pytest.approx(joules, abs=0.00501 * computes * 1e-15)
    areas = areas_of((tmp_path / "timeloop-model.ART.yaml").read_text())
    assert all(stats.per_component_area[name] == pytest.approx(area) for name, area in areas.items())


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.golden
@pytest.mark.slow
def test_all_other_recorded_cases_are_printed_as_well(case: str, tmp_path: Path) -> None:
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    if not expected["valid"] or expected.get("sparse"):
        with pytest.raises(tl.AccelaxError):
            tl.call_model(tl.Specification.from_yaml_files(GOLDEN / case / "input.yaml"), output_dir=tmp_path)
        return
    try:
        test_printed_statistics_are_the_recorded_ones(case, tmp_path)
    except tl.UnsupportedError as refused:
        pytest.skip(str(refused))


def check_networks(read: dict, expected: dict) -> None:
    """The networks printed are those recorded, with their counts."""
    assert set(read) == set(expected)
    for name, network in expected.items():
        for tensor, fields in network["tensors"].items():
            mine = read[name]["tensors"][tensor]
            assert mine["Energy (total)"] == printed(fields["energy_pJ"])
            assert mine["Link transfers"] == fields["link_transfers"]
            assert mine["Link transfer energy (total)"] == printed(fields.get("link_transfer_energy_pJ", 0))
            assert mine["Ingresses"] == printed(fields["ingresses"])
            assert mine.get("Average number of hops", fields["hops"]) == printed(fields["hops"])
            assert mine["Spatial reductions"] == printed(fields["spatial_reductions"])


def test_a_worked_register_file(tmp_path: Path) -> None:
    """8 lanes of M, K = 8, N = 4, M = 2 in each register file, of 32 x 32 x 32: by hand."""
    spec = tl.Specification.from_yaml_files(GOLDEN / "012_spatial_x_m" / "input.yaml")
    tl.call_model(spec, output_dir=tmp_path)
    read = parse_stats((tmp_path / "timeloop-model.stats.txt").read_text())
    tensor = read["levels"]["RF"]["tensors"]["Z"]
    assert tensor["Partition size"] == 32 * 32 / 8
    assert tensor["Address generations (per-cluster)"] == 4096 + 384
    assert tensor["Read Bandwidth (per-instance)"] == printed(3968 / 4096)
    assert tensor["Write Bandwidth (total)"] == printed(8 * (4096 + 384) / 4096)
    assert tensor["Energy (per-instance)"] == printed(3968 * 0.8 + 384 * 0.9 + 4096 * 0.85)
    assert read["levels"]["RF"]["Vector access energy"] == 0.9
    assert read["levels"]["RF"]["Instances"] == 8
    assert read["levels"]["DRAM"]["Size"] is None
    assert read["levels"]["DRAM"]["Technology"] == "DRAM"
    assert read["intensity"]["Total elementwise ops"] == 32**3
    assert read["intensity"]["Total reduction ops"] == 32**3 - 32**2
    assert read["intensity"]["Optimal Op per Byte"] == printed((2 * 32**3 - 32**2) / (3 * 32**2 * 2))
    assert read["intensity"]["DRAM"]["Total scalar accesses"] == 3 * 32**2
    assert read["summary"]["GFLOPs (@1GHz)"] == printed((2 * 32**3 - 32**2) / 4096)


def test_levels_are_numbered_as_timeloop_does_with_fan_outs_left_out(tmp_path: Path) -> None:
    spec = tl.Specification.from_yaml_files(GOLDEN / "012_spatial_x_m" / "input.yaml")
    tl.call_model(spec, output_dir=tmp_path)
    lines = (tmp_path / "timeloop-model.stats.txt").read_text().splitlines()
    heads = [(line, lines[i + 2]) for i, line in enumerate(lines) if line.startswith("Level ")]
    names = ["MAC", "RF", "GLB", "DRAM"]
    assert heads == [(f"Level {n}", f"=== {name} ===") for n, name in zip((0, 1, 3, 4), names, strict=True)]
    assert "=== inter_PE_spatial ===" in lines
    assert lines[-1] == ""
    assert lines[-2].startswith("    Total ")


def test_the_loops_of_map_txt_make_the_bounds(tmp_path: Path) -> None:
    spec = tl.Specification.from_yaml_files(GOLDEN / "012_spatial_x_m" / "input.yaml")
    stats = tl.call_model(spec, output_dir=tmp_path)
    text = (tmp_path / "timeloop-model.map.txt").read_text()
    assert stats.mapping == text
    levels = parse_map(text)
    assert [name for name, _, _ in levels] == ["DRAM", "GLB", "inter_PE_spatial", "RF"]
    assert levels[2][2] == [("M", 8, "X")]
    assert levels[3][1] == {"A": 16, "B": 32, "Z": 8}
    loops = [loop for _, _, inner in levels for loop in inner]
    for rank in "MNK":
        assert math.prod(trips for name, trips, _ in loops if name == rank) == 32
    dashes = [line for line in text.splitlines() if set(line) == {"-"}]
    headers = [line for line in text.splitlines() if line.endswith("] ")]
    assert [len(line) + 1 for line in dashes] == [len(line) for line in headers]
