"""Bandwidth demand where fewer instances work on average than at the peak."""

from __future__ import annotations

import pytest

from accelax.model.levels.latency import _spread
from accelax.model.levels.networks import NestCounts
from tests.model.levels.residual_cases import plain, structure_of
from tests.oracle.timeloop_nest import NestInput, NestLevel, NestLoop


@pytest.mark.parametrize(("average", "words", "spread"), [(3.0, 100.0, 75.0), (3.0, 101.0, 76.0), (4.0, 100.0, 100.0)])
def test_accesses_are_spread_over_all_instances(average: float, words: float, spread: float) -> None:
    """100 words each on 3 of 4 instances are 75 on each of the 4; 75.75 are 76."""
    nest = NestInput((NestLevel((NestLoop(0, 2, 2),)),), (plain(0),), 1)
    counts = NestCounts(((),), ((),), (1.0,), (average, 1.0), (4.0, 1.0), 1.0, 1.0)
    assert _spread(structure_of(nest), counts, 0, words) == spread
