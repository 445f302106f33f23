"""Energy, time and bytes of results, worked by hand from the made-up result of two levels and from real ones."""

from __future__ import annotations

import copy

import pytest

from accelax.report.shares import Roof, Roofline, energy_shares, roofline, times

PORTS = {"word_bits": 16, "read_bandwidth": 4, "write_bandwidth": 8, "shared_bandwidth": None}


@pytest.fixture
def with_ports(eyeriss_figures) -> dict:
    for name, level in eyeriss_figures["levels"].items():
        level.update(PORTS if name == "DRAM" else PORTS | {"read_bandwidth": 0.25})
    eyeriss_figures["compute_unit"]["instances"] = 4
    return eyeriss_figures


def test_energy_by_level_and_tensor_adds_up(eyeriss_figures):
    assert energy_shares(eyeriss_figures) == {
        "DRAM": {"A": 16384.0, "B": 16384.0, "Z": 17920.0},
        "RF": {"A": 3072.0, "leakage": 2000.0},
        "MAC": {"compute": 6144.0},
    }


def test_networks_are_a_level_and_a_rest_is_shown(eyeriss_figures):
    row = {"energy_pJ": 30.0, "link_transfer_energy_pJ": 12.0, "ingresses": 9.0}
    eyeriss_figures["networks"] = {"RF <==> MAC": {"tensors": {"A": row}}}
    eyeriss_figures["energy_pJ"] += 142.0
    shares = energy_shares(eyeriss_figures)
    assert shares["networks"] == {"A": 42.0}
    assert shares["other"] == {"other": 100.0}


@pytest.mark.parametrize("name", ["level_result", "tree_result"])
def test_shares_of_real_results_add_up(name, request):
    result = request.getfixturevalue(name)
    shares = energy_shares(result)
    assert "other" not in shares
    assert sum(v for parts in shares.values() for v in parts.values()) == pytest.approx(result["energy_pJ"], rel=1e-9)


def test_energy_of_components_by_tensor(tree_result):
    shares = energy_shares(tree_result)
    assert list(shares) == ["DRAM", "global_buffer", "weight_register", "MAC"]
    assert shares["DRAM"]["A"] == pytest.approx(1e12 * tree_result["energy_per_action"]["DRAM|A|read"])
    assert "leakage" in shares["global_buffer"]
    assert set(shares["MAC"]) == {"compute"}
    older = {key: value for key, value in tree_result.items() if key != "energy_per_action"}
    assert set(energy_shares(older)["DRAM"]) == {"all tensors"}


def test_the_slowest_level_limits(eyeriss_figures):
    found = times(eyeriss_figures)
    assert (found.levels, found.compute, found.total, found.unit) == ({"DRAM": 1024, "RF": 2000}, 1024, 2000, "cycles")
    assert found.limiting == ("RF",)
    eyeriss_figures["levels"]["RF"]["cycles"] = 1024
    assert times(eyeriss_figures).limiting == ("MAC",)


def test_levels_that_keep_up_are_as_fast_as_their_ports(with_ports):
    # DRAM reads 2,048 words, 4 a cycle, and takes 1,024, 8 a cycle: 512 cycles; RF does not keep up: its 2,000
    assert times(with_ports).levels == {"DRAM": 512, "RF": 2000}
    with_ports["levels"]["DRAM"]["bandwidth_scale"] = {"B": 0.5}
    assert times(with_ports).levels["DRAM"] == 1536 / 4


def test_times_of_several_einsums_add_up(tree_result):
    several = copy.deepcopy(tree_result)
    for key in ("latency_per_component", "actions"):
        several[key] = {f"{einsum}|{k}": v for einsum in "XY" for k, v in tree_result[key].items()}
    several["latency"] *= 2
    found = times(several)
    assert found.compute_name == "MAC"
    assert found.compute == 2 * times(tree_result).compute
    assert found.limiting == ("MAC",)


def test_a_roofline_by_hand(with_ports):
    # 1 ns a cycle (2 us / 2,000). DRAM: 3,072 words of 2 bytes in 512 cycles; RF: 2 x 1,024 words, 512 / 0.25 cycles
    assert roofline(with_ports) == Roofline(
        2048, pytest.approx(2e-6), pytest.approx(4e9),
        (Roof("DRAM", 6144, pytest.approx(512e-9)), Roof("RF", 4096, pytest.approx(2048e-9))), "s",
    )  # fmt: skip
    with_ports["latency"] = None
    found = roofline(with_ports)
    assert isinstance(found, Roofline)
    assert (found.unit, found.time, found.peak, found.levels[0].bandwidth) == ("cycle", 2000, 4, 12)


def test_no_point_lies_above_its_roofs(level_result, tree_result):
    for result in (level_result, tree_result):
        found = roofline(result)
        assert isinstance(found, Roofline)
        assert found.rate <= found.peak * (1 + 1e-9)
        for roof in found.levels:
            assert roof.bandwidth is None or found.rate <= roof.bandwidth * found.computes / roof.bytes_moved * (
                1 + 1e-9
            )


def test_a_roofline_says_what_it_lacks(eyeriss_figures, tree_result):
    assert roofline(eyeriss_figures) == "the file does not tell the word sizes and bandwidths of the levels"
    older = {key: value for key, value in tree_result.items() if key != "bits_per_component"}
    assert "bits_per_component" in str(roofline(older))
    assert roofline({**eyeriss_figures, "computes": 0}) == "the result has no computes"
