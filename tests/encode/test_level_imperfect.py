"""Imperfect shapes through the whole pipeline, and those that are refused by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import accelax as ax
from accelax.encode.level_imperfect import refuse_imperfect
from accelax.encode.level_problem import level_hardware, level_structure
from accelax.ir.rules import Rules

GOLDEN = Path(__file__).parent.parent / "golden" / "timeloop"


def _spec(name: str) -> ax.Specification:
    return ax.Specification.from_yaml_files(str(GOLDEN / name / "input.yaml"))


def test_exact_counts_follow_the_tensor() -> None:
    """084: 17 rows in tiles of 3 on 4 lanes. Timeloop pads the last lane; there are 17 * 13 * 11 products."""
    spec = _spec("084_imperfect_spatial_m")
    assert ax.evaluate(spec).to_dict()["computes"] == 2574
    spec.rules = Rules.true_movement()
    result = ax.evaluate(spec).to_dict()
    assert result["computes"] == pytest.approx(17 * 13 * 11)
    assert result["levels"]["DRAM"]["tensors"]["A"]["reads"] == pytest.approx(17 * 11)
    assert result["cycles"] == (3 + 3) * 13 * 11


def test_refuses_ragged_windows_that_are_counted_exactly() -> None:
    spec = _spec("088_imperfect_conv_p")
    spec.rules = Rules.true_movement()
    with pytest.raises(ax.UnsupportedError, match="'P', part of a sliding window"):
        ax.evaluate(spec)


def test_refuses_link_transfers_that_are_counted_exactly() -> None:
    spec = _spec("084_imperfect_spatial_m")
    spec.rules = dataclasses.replace(Rules.true_movement(), link_transfers="mesh")
    with pytest.raises(ax.UnsupportedError, match="link transfers"):
        ax.evaluate(spec)


def test_refuses_the_average_of_the_other_dialect() -> None:
    spec = _spec("084_imperfect_spatial_m")
    spec.rules = dataclasses.replace(Rules(), imperfect="accelforge_average")
    with pytest.raises(ax.UnsupportedError, match="accelforge_average"):
        ax.evaluate(spec)


def test_refuses_routers() -> None:
    lowered = _spec("084_imperfect_spatial_m").lowered()
    structure, hardware = level_structure(lowered), level_hardware(lowered)
    fanout = structure.is_fanout.index(True)
    energies = tuple(1.0 if level == fanout else 0.0 for level in range(structure.n_levels))
    refuse_imperfect(structure, hardware)
    with pytest.raises(ax.UnsupportedError, match="router energy"):
        refuse_imperfect(structure, hardware.replace(router_energy=energies))
