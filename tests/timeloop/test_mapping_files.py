"""``map.yaml`` is in Timeloop's own words; ``mapping.yaml`` reads back."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import yaml

import accelax.timeloop as tl

CASE = Path(__file__).parents[1] / "golden" / "timeloop" / "014_spatial_x_n_y_m" / "input.yaml"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    tl.call_model(tl.Specification.from_yaml_files(CASE), output_dir=tmp_path)
    return tmp_path


def test_map_yaml_has_every_level_as_timeloop_lists_it(written: Path) -> None:
    entries = yaml.safe_load((written / "timeloop-model.map.yaml").read_text())["mapping"]
    kinds = [(entry["target"], entry["type"]) for entry in entries]
    names = [name for name, kind in kinds if kind == "datatype"]
    fanouts = [name for name in names if name.startswith("inter_")]
    assert names[-1] == "DRAM"
    assert fanouts
    assert [name for name, kind in kinds if kind == "spatial"] == fanouts
    assert [name for name, kind in kinds if kind == "temporal"] == names
    loops = [entry for entry in entries if entry["type"] != "datatype"]
    for rank in "MNK":
        factors = [int(re.search(rf"{rank}(\d+)", entry["factors"])[1]) for entry in loops]  # type: ignore[index]
        assert math.prod(factors) == 32
    assert all(sorted(entry["permutation"]) == sorted("MNK") for entry in loops)
    spatial = next(entry for entry in entries if entry["type"] == "spatial")
    on_x = spatial["permutation"][: spatial["split"]]
    assert [rank for rank in "MNK" if f"{rank}1" not in spatial["factors"].split() and rank in on_x] == ["N"]


def test_mapping_yaml_reads_back_as_the_same_mapping(written: Path) -> None:
    spec = tl.Specification.from_yaml_files(CASE)
    documents = yaml.safe_load((written / "timeloop-model.mapping.yaml").read_text())
    twin = spec.copy()
    twin.mapping = documents["mapping"]
    assert twin.lowered().mapping == spec.lowered().mapping
