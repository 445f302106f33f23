"""Replication worked out by hand."""

from __future__ import annotations

import pytest

from accelax.studies.raella.throughput import batches_per_second, replicated


def test_the_slowest_layer_is_doubled_again_and_again() -> None:
    # 8 s, 3 s, 1 s on 2 tiles each: 6 tiles. 8 -> 4 (8 tiles), 4 -> 2 (12), 3 -> 1.5 (14), 2 -> 1 (22), and 1.5 -> 0.75
    # would take 26.
    assert replicated([8.0, 3.0, 1.0], tiles=2, budget=25) == (8, 2, 1)
    assert batches_per_second([8.0, 3.0, 1.0], tiles=2, budget=25) == pytest.approx(1 / 1.5)


def test_the_budget_may_be_met_exactly() -> None:
    assert replicated([2.0], tiles=16, budget=32) == (2,)
    assert replicated([2.0], tiles=16, budget=31.9) == (1,)


def test_it_stops_at_the_slowest_even_where_others_would_fit() -> None:
    # Doubling the first layer takes 4 more tiles, which are not there; the second, faster one is left alone.
    assert replicated([9.0, 1.0], tiles=1, budget=6) == (4, 1)


def test_of_equally_slow_layers_the_first_is_doubled() -> None:
    assert replicated([1.0, 1.0], tiles=1, budget=3) == (2, 1)


def test_a_budget_below_one_copy_of_each_layer() -> None:
    with pytest.raises(ValueError, match="2 layers on 16 tiles each do not fit 31 tiles"):
        replicated([1.0, 1.0], tiles=16, budget=31)
