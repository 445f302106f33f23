"""The list of mappings to score: all that fit are there, up to what costs nothing."""

from __future__ import annotations

import numpy as np
import pytest

import accelax as ax
from accelax.encode import level_fitting, level_listing
from accelax.encode.level_listing import enumerate_levels
from tests.search.cases import data, specification

KEEP = {"dataspace": {"keep": ["A", "B", "Z"]}}


def test_a_list_worked_by_hand():
    """DRAM and a buffer of 64 words, no lanes: M=12 stays in the buffer with K=1 and up to 4 of N."""
    none = {"spatial": {"factors": ["M=1", "N=1", "K=1"]}}
    buffer = {**KEEP, "temporal": {"factors": ["M=12", "K=1"]}}
    found = enumerate_levels(ax.encode(specification(BUF=buffer, MAC=none)))
    # 12 + n + 12 n words. At DRAM, K=6 and N=8/n in two orders; in the buffer M and N in two, or M alone.
    batch = found.mappings(np.arange(found.size))
    assert len(found.entries) == 3
    assert sorted(batch.factor[1][1].tolist()) == [1.0] * 2 + [2.0] * 4 + [4.0] * 4


def test_every_listed_mapping_is_in_the_mapspace_and_no_two_are_the_same():
    spec = specification(DRAM={"temporal": {"permutation": ["N"]}}, MAC={"spatial": {"factors": ["N=1"]}})
    problem = ax.encode(spec)
    found = enumerate_levels(problem)
    chosen = np.linspace(0, found.size - 1, 300).astype(int)
    batch = found.widened(found.mappings(chosen))
    mappings = [problem.decode(batch, i) for i in range(len(chosen))]
    assert {text for mapping in mappings for text in spec.mapspace.violations(mapping)} == set()
    assert len(set(mappings)) == 300


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (level_fitting, "MOST_COMBINATIONS"),
        (level_fitting, "MOST_PAIRS"),
        (level_listing, "MOST_ENTRIES"),
        (level_listing, "MOST_ROWS"),
    ],
)
def test_a_list_too_long_is_not_made(monkeypatch, module, name):
    monkeypatch.setattr(module, name, 8)
    assert enumerate_levels(ax.encode(specification())) is None


def test_a_list_longer_than_asked_for_is_left():
    problem = ax.encode(specification())
    factors = len(np.unique(enumerate_levels(problem).entries[:, :3], axis=0))
    assert enumerate_levels(problem, factors - 1) is None
    assert enumerate_levels(problem, factors).size == enumerate_levels(problem).size


def test_utilization_is_asked_of_the_lanes():
    raw = data()
    raw["mapspace_constraints"] = {"version": 0.4, "targets": [{"target": "MAC", "type": "utilization", "min": 1.0}]}
    found = enumerate_levels(ax.encode(ax.Specification.from_dict(raw)))
    lanes = np.prod(np.stack(found.mappings(np.arange(found.size)).factor[2]), axis=0)
    assert set(lanes.tolist()) == {4.0}
