"""Axes and the points that modes make of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelax.errors import SpecError
from accelax.sweeps.axes import Axis, lay_out, read_axes


def points(axes, mode="grid", number=None, seed=0):
    return lay_out(read_axes(axes), mode, number, seed)


def test_a_grid_runs_through_its_last_axis_fastest():
    axes = {"variables.a": [1, 2], "variables.b": ["x", "y", "z"]}
    assert points(axes) == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]


def test_zip_takes_the_lists_side_by_side():
    assert points({"variables.a": [1, 2], "variables.b": [8, 4]}, "zip") == [(1, 8), (2, 4)]


def test_numpy_values_become_plain_ones():
    (one, _), *_ = points({"variables.a": np.arange(1, 3), "variables.b": [np.float64(2.5)]})
    assert type(one) is int
    assert type(points({"variables.b": [np.float64(2.5)]})[0][0]) is float


@pytest.mark.parametrize("mode", ["random", "sobol"])
def test_draws_stay_in_their_ranges_and_repeat_with_their_seed(mode):
    axes = {"variables.whole": (3, 5), "variables.any": (0.5, 1.5), "variables.word": ["p", "q"]}
    drawn = points(axes, mode, 60, seed=4)
    assert {row[0] for row in drawn} == {3, 4, 5}
    assert all(0.5 <= row[1] < 1.5 for row in drawn)
    assert {row[2] for row in drawn} == {"p", "q"}
    assert drawn == points(axes, mode, 60, seed=4)
    assert drawn != points(axes, mode, 60, seed=5)


def test_sobol_points_fill_halves_evenly():
    drawn = points({"variables.a": (0.0, 1.0), "variables.b": (0.0, 1.0)}, "sobol", 16)
    quarters = [(a < 0.5, b < 0.5) for a, b in drawn]
    assert [quarters.count(q) for q in ((True, True), (True, False), (False, True), (False, False))] == [4] * 4


def test_both_ends_of_whole_ranges_are_drawn_as_often_as_the_rest():
    axis = Axis("variables.a", low=1, high=4, whole=True)
    assert [axis.at(share) for share in (0.0, 0.24, 0.26, 0.51, 0.76, 0.999)] == [1, 1, 2, 3, 4, 4]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"variables.a": (5, 2)}, "variables.a: the range is reversed: 5 is above 2"),
        ({"variables.a": (1, 2, 3)}, r"variables.a: expected a range \(low, high\)"),
        ({"variables.a": (1, float("inf"))}, "two finite numbers"),
        ({"variables.a": [1.0, float("nan")]}, "expected finite numbers, got nan"),
        ({"variables.a": []}, "at least one value"),
        ({"variables.a": 3}, "expected a list of values or a range"),
        ({"variables.a": "abc"}, "expected a list of values or a range"),
        ({}, "at least one axis"),
        ({1: [2]}, "1: expected a path, such as"),
    ],
)
def test_axes_that_mean_nothing_are_refused(axes, message):
    with pytest.raises(SpecError, match=message):
        read_axes(axes)


def test_all_wrong_axes_are_reported_at_once():
    with pytest.raises(SpecError) as caught:
        read_axes({"variables.a": (5, 2), "variables.b": []})
    assert [problem.path for problem in caught.value.problems] == ["variables.a", "variables.b"]


@pytest.mark.parametrize("seed", [-1, 0.5, True, None])
def test_seeds_that_are_none_are_refused(seed):
    with pytest.raises(SpecError, match="seed: expected a whole number that is not negative"):
        points({"variables.a": (1, 2)}, "sobol", 4, seed)


@given(st.integers(-50, 50), st.integers(0, 60), st.floats(0, 1, exclude_max=True))
def test_shares_of_ranges_and_lists_are_in_them(low, more, share):
    whole = Axis("variables.a", low=low, high=low + more, whole=True).at(share)
    assert isinstance(whole, int)
    assert low <= whole <= low + more
    assert low <= Axis("variables.a", low=low, high=low + more).at(share) <= low + more
    values = tuple(range(low, low + more + 1))
    assert Axis("variables.a", values).at(share) == values[int(share * len(values))]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_grid_has_every_combination_once_and_zip_the_shortest_way_through(lengths):
    axes = {f"variables.{n}": list(range(length)) for n, length in enumerate(lengths)}
    grid = points(axes)
    assert len(grid) == len(set(grid)) == np.prod(lengths)
    assert grid == sorted(grid)
    if len(set(lengths)) == 1:
        assert points(axes, "zip") == [(n,) * len(lengths) for n in range(lengths[0])]


@pytest.mark.parametrize(
    ("axes", "mode", "number", "message"),
    [
        ({"variables.a": (1, 2)}, "grid", None, "variables.a: mode grid needs a list of values, got a range"),
        ({"variables.a": [1], "variables.b": [1, 2]}, "zip", None, "variables.a: 1, variables.b: 2"),
        ({"variables.a": [1]}, "grid", 3, "points is for random and sobol"),
        ({"variables.a": [1]}, "random", None, "expected points"),
        ({"variables.a": [1]}, "sobol", 0, "expected points"),
        ({"variables.a": [1]}, "gird", None, "did you mean 'grid'"),
        ({f"variables.{c}": list(range(100)) for c in "abcd"}, "grid", None, "100000000 points are more than"),
    ],
)
def test_modes_that_do_not_suit_the_axes_are_refused(axes, mode, number, message):
    with pytest.raises(SpecError, match=message):
        points(axes, mode, number)
