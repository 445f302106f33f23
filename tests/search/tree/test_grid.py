from __future__ import annotations

import itertools

import numpy as np
import pytest

from accelax.search.tree.grid import Grid, imperfect_axis, perfect_axis


def grid(*bounds: int) -> Grid:
    return Grid(tuple(perfect_axis(bound) for bound in bounds))


def test_tiles_count_the_last_rank_fastest():
    tiles = grid(6, 4)
    assert tiles.shape == (4, 3)
    assert tiles.extents[:, 5].tolist() == [2.0, 4.0]
    assert tiles.digits(np.array([5, 11]), 0).tolist() == [1, 3]
    assert tiles.extents[:, -1].tolist() == [6.0, 4.0]


def test_the_minimum_over_enclosing_tiles():
    """On 12 x 8: the least over all tiles whose extents are multiples."""
    tiles = grid(12, 8)
    values = np.random.default_rng(0).random((2, tiles.size))
    found = values
    for rank in range(2):
        found = tiles.enclosing_minimum(found, rank)
    for t in range(tiles.size):
        around = [u for u in range(tiles.size) if (tiles.extents[:, u] % tiles.extents[:, t] == 0).all()]
        assert found[:, t].tolist() == values[:, around].min(axis=1).tolist()


def test_spatial_loops_lead_to_the_tile_around_or_nowhere():
    tiles = grid(6, 4)
    moved = tiles.spread((2, 1))
    for t in range(tiles.size):
        wanted = tiles.extents[:, t] * (2, 1)
        if 6 % wanted[0]:
            assert moved[t] == -1
        else:
            assert tiles.extents[:, moved[t]].tolist() == wanted.tolist()


def test_only_extents_that_the_spatial_loops_allow_are_kept():
    """12 with a loop of 4 between the zones: 1, 3 below it, 4, 12 above it."""
    axis = perfect_axis(12)
    assert axis.extents[list(axis.kept((4,)))].tolist() == [1, 3, 4, 12]
    assert axis.kept((5,)) == ()
    part = axis.part(axis.kept((4,)))
    assert [row.tolist() for row in part.above] == [[0, 1, 2, 3], [1, 3], [2, 3], [3]]
    assert part.loops(1.0, 12.0) == [1]


def test_imperfect_extents_build_up_from_covering_factors():
    """7 in tiles of 1, 2, 3 and 4; two tiles of 3 are 6; two of 2 are 4, three are none since ceil(4 / i) is no 3."""
    axis = imperfect_axis(7, True, 100)
    assert axis is not None
    assert axis.extents.tolist() == [1, 2, 3, 4, 6, 7]
    assert axis.extents[axis.above[1]].tolist() == [2, 4, 7]
    assert axis.loops(3.0, 7.0) == [3]


def test_spatial_loops_of_an_imperfect_rank_may_cover_it():
    axis = imperfect_axis(7, True, 100)
    assert axis is not None
    assert axis.extents[axis.spread(3)[0]] == 3
    assert axis.extents[axis.spread(4)[1]] == 7  # four of 2 cover 7
    assert axis.spread(6).tolist() == [-1] * 6


def test_two_loops_where_one_does_not_do():
    """Of 30 without covering loops in time: from 7 (30 / 5 is 6, 30 / 4 is 7.5) only the whole is one loop away."""
    for bound, temporal in itertools.product((30, 17, 12), (True, False)):
        axis = imperfect_axis(bound, temporal, 1000)
        assert axis is not None
        for i, row in enumerate(axis.above):
            for j in row:
                extents = axis.loops(axis.extents[i], axis.extents[j])
                assert (extents == []) == (i == j)
                assert not extents or extents[-1] == axis.extents[i]


def test_too_many_extents():
    assert imperfect_axis(1000, True, 50) is None


@pytest.mark.parametrize("bound", [1, 7, 64])
def test_every_extent_leads_to_the_bound(bound):
    axis = perfect_axis(bound)
    assert all(row[-1] == len(axis.extents) - 1 for row in axis.above)


def test_how_far_the_outermost_loop_runs():
    """Of 7, tiles of 2 run over 8, of 3 over 9, of 4 over 8, of 6 over 12; within 8 and 9 only those of 2 and 4 end."""
    axis = imperfect_axis(7, True, 100)
    assert axis is not None
    assert axis.covered.tolist() == [7, 8, 9, 8, 12, 7]
    part = axis.limited(8.0, 9.0)
    assert part.extents[part.outermost].tolist() == [2, 4]
    assert part.covered.tolist()[:2] == [8, 8]
    assert part.ends.tolist() == [True, True, False, True, False, True]
    assert part.loops(1.0, 7.0) in ([2, 1], [4, 1])
    assert part.extents[list(part.kept(()))].tolist() == [1, 2, 4, 7]
