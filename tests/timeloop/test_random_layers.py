"""Printed statistics of random products: a reader of Timeloop's files finds what was counted, whatever the sizes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import accelax.timeloop as tl
from tests.timeloop.conftest import EXAMPLE
from tests.timeloop.stats_parser import parse_map, parse_stats, summary_of

RANKS = ("M", "N", "K")
LEVELS = (("DRAM", "temporal"), ("my_buffer", "temporal"), ("PE", "spatial"), ("register_file", "temporal"))


@st.composite
def tilings(draw: st.DrawFn) -> dict[str, list[int]]:
    """Factors of each rank in each level; no more of K than there are lanes, and of the others none, in the fan-out."""
    factors = {rank: [draw(st.integers(1, 5)) for _ in LEVELS] for rank in RANKS}
    for rank in RANKS:
        factors[rank][2] = min(factors[rank][2], 4) if rank == "K" else 1
    return factors


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tilings(), st.permutations(RANKS))
def test_a_reader_finds_what_was_counted(tmp_path: Path, factors: dict[str, list[int]], order: list[str]) -> None:
    bounds = {rank: math.prod(factors[rank]) for rank in RANKS}
    spec = tl.Specification.from_yaml_files(EXAMPLE / "arch.yaml", EXAMPLE / "problem.yaml")
    spec.problem.instance.update(bounds)
    spec.architecture.find("register_file").attributes.depth = 1024
    spec.mapping = [
        {"target": name, "type": kind, "permutation": order, "factors": [f"{r}={factors[r][n]}" for r in RANKS]}
        for n, (name, kind) in enumerate(LEVELS)
    ]
    stats = tl.call_model(spec, tmp_path)
    computes = math.prod(bounds.values())
    cycles, counted, utilization, energy = summary_of((tmp_path / "timeloop-model.stats.txt").read_text())
    assert (cycles, counted) == (stats.cycles, computes)
    assert stats.cycles >= computes / factors["K"][2]
    assert utilization == pytest.approx(stats.percent_utilization, abs=0.0001)
    assert sum(energy.values()) == pytest.approx(stats.energy, abs=0.01 * computes * 1e-15 * len(energy))
    read = parse_stats((tmp_path / "timeloop-model.stats.txt").read_text())
    words = {"Inputs": bounds["M"] * bounds["K"], "Weights": bounds["K"] * bounds["N"]}
    for tensor, size in words.items():
        assert read["levels"]["DRAM"]["tensors"][tensor]["Partition size"] == size
    loops = [loop for _, _, inner in parse_map(stats.mapping) for loop in inner]
    assert {r: math.prod(trips for rank, trips, _ in loops if rank == r) for r in RANKS} == bounds
    assert {rank for rank, _, spatial in loops if spatial} <= {"K"}
