"""The benchmark of sweeps on one layer and few points: its figures are there and count what they say."""

from __future__ import annotations

import json
import sys

import pytest
import sweep


@pytest.fixture(autouse=True)
def one_layer(monkeypatch):
    layers = sweep.network()
    monkeypatch.setattr(sweep, "network", lambda: [layers[-1]])
    monkeypatch.setattr(sweep, "CHUNK", 64)


def test_fixed_mappings_take_one_compilation():
    figures = sweep.fixed_mappings(100)
    assert (figures["points"], figures["layers"], figures["different_layers"]) == (100, 1, 1)
    assert figures["compilations"] == 1
    assert figures["evaluations_per_s"] > 0
    assert figures["steady_cpu_s"] < figures["compile_and_first_cpu_s"]


def test_searches_reach_the_tolerance_and_figures_are_written(monkeypatch, tmp_path):
    file = tmp_path / "sweep.json"
    arguments = ["--part", "b", "--searched", "2", "--workers", "0", "--out", str(file)]
    monkeypatch.setattr(sys, "argv", ["sweep.py", *arguments])
    sweep.main()
    figures = json.loads(file.read_text())["searched_mappings"]
    assert figures["points"] == figures["points_within_tolerance"] == 2
    assert figures["cpu_s_per_point"] > 0
