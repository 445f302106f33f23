"""What a result of the Timeloop dialect tells besides counts: ports, the workload and the nest."""

from __future__ import annotations


def test_ports_of_the_levels(level_result):
    # configs/arch/eyeriss_like.yaml: words of 16 bits; DRAM 4 words a cycle each way, the global buffer 16
    ports = {name: [level[f"{way}_bandwidth"] for way in ("read", "write", "shared")]
             for name, level in level_result["levels"].items()}  # fmt: skip
    assert ports["DRAM"] == [4, 4, None]
    assert ports["shared_glb"] == [16, 16, None]
    assert {level["word_bits"] for level in level_result["levels"].values()} == {16}
    assert all("bandwidth_scale" not in level for level in level_result["levels"].values())
    assert level_result["compute_unit"]["instances"] == 168


def test_the_nest_multiplies_to_the_computes(level_result):
    trips = 1
    for entry in level_result["nest"]:
        trips *= entry.get("trips", 1)
    assert trips == level_result["computes"] == 115605504
    assert [entry["component"] for entry in level_result["nest"] if entry["kind"] == "storage"] == list(
        level_result["levels"]
    )
    bounds = level_result["workload"]["convolution"]
    assert bounds["C"] * bounds["M"] * bounds["P"] * bounds["Q"] * bounds["R"] * bounds["S"] == trips


def test_tiles_of_the_nest_are_those_of_the_counts(level_result):
    for entry in level_result["nest"]:
        if entry["kind"] == "storage":
            tensors = level_result["levels"][entry["component"]]["tensors"]
            assert entry["tensors"] == {name: row["tile_size"] for name, row in tensors.items()}
