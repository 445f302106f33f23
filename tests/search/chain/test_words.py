"""Words of a pass, by hand: a window of 3 over 8 outputs, and matrix operands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import accelax as ax
from accelax.search.chain.tables import ChainTables
from accelax.search.chain.words import axis_extent, least_volume, sweep, union_extent, volume, whole
from tests.search.chain.machines import conv1d

P, R, K = 0, 1, 2
INPUT, WEIGHT, OUTPUT = 0, 1, 2


@pytest.fixture(scope="module")
def tables() -> ChainTables:
    return ChainTables(ax.encode(conv1d(P=8, R=3, K=4)))


def tile(**extents: float) -> np.ndarray:
    return np.array([[extents.get("P", 1.0), extents.get("R", 1.0), extents.get("K", 1.0)]])


def test_the_window_over_two_outputs_has_four_words(tables):
    shape = tables.tensors[INPUT]
    assert volume(shape, tile(P=2, R=3)) == 4
    assert axis_extent(shape.axes[0], tile(P=2, R=3)) == 4
    assert whole(tables, shape, tile(P=2, R=3)) == 4 * 4


def test_a_strided_tile_with_gaps_touches_fewer_words_than_its_box():
    strided = ChainTables(ax.encode(conv1d(P=8, R=2, K=1, stride=3)))
    shape = strided.tensors[INPUT]
    assert volume(shape, tile(P=4, R=2)) == 1 + 3 * 3 + 1
    assert union_extent(shape.axes[0], tile(P=4, R=2)) == 2 + 3 * 2
    assert least_volume(shape, tile(P=4, R=2)) == 8


def test_a_sweep_brings_only_what_slides_in(tables):
    shape, below = tables.tensors[INPUT], tile(P=2, R=3)
    passed = sweep(tables, shape, below, np.array([[4.0, 1.0, 1.0]]), P)
    assert passed.inside == 3 * 2
    assert passed.first == 4
    assert passed.fresh == 4


def test_two_steps_of_a_split_loop_may_keep_the_direction(tables):
    """Outputs in steps of 2: two trips here, two further out, which continue the sweep by Timeloop's extrapolation."""
    shape, below = tables.tensors[INPUT], tile(P=2, R=3)
    passed = sweep(tables, shape, below, np.array([[2.0, 1.0, 1.0]]), P)
    assert passed.inside == 2 * 2
    assert passed.first == 2 * (4 / 2 + 2 / 2)
    assert passed.fresh == 2 * 4 / 2


def test_three_trips_never_keep_it():
    tables = ChainTables(ax.encode(conv1d(P=12, R=3, K=4)))
    passed = sweep(tables, tables.tensors[INPUT], tile(P=2, R=3), np.array([[3.0, 1.0, 1.0]]), P)
    assert passed.inside == 2 * 2 * 2
    assert passed.first == 2 * 4


def test_a_step_of_the_other_rank_may_undo_a_sweep(tables):
    """The window stands still when the filter moves on by what the first output step brought: ``rho = 1``."""
    passed = sweep(tables, tables.tensors[INPUT], tile(P=1, R=1), np.array([[8.0, 1.0, 1.0]]), P)
    assert passed.inside == 3 * 7
    assert passed.first == 3 * (1 / 3)


def test_other_rules_count_no_first_steps():
    spec = conv1d(P=8, R=3, K=4)
    spec.rules = replace(spec.rules, halo="timeloop_pre297")
    old = ChainTables(ax.encode(spec))
    passed = sweep(old, old.tensors[INPUT], tile(P=2, R=3), np.array([[4.0, 1.0, 1.0]]), P)
    assert (passed.inside, passed.first) == (6, 0)
