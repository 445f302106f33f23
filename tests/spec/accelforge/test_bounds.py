from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import UnsupportedError
from accelax.spec.accelforge.affine import parse_inequalities
from accelax.spec.accelforge.bounds import EmptySpaceError, UnboundedError, extents


def space(*texts: str) -> list:
    return [inequality for text in texts for inequality in parse_inequalities(text)]


def test_ranges_give_extents():
    assert extents(["p", "r"], space("0 <= p < 14", "0 <= r < 3")) == {"p": 14, "r": 3}


def test_a_tensor_rank_bounds_the_sum_of_its_ranks():
    """An input of 16 rows and a filter of 3 leave 14 output rows; with stride 2, rows 0, 2, .. 12 start a window: 7."""
    assert extents(["p", "r"], space("0 <= p", "0 <= r < 3", "0 <= p + 2 < 16")) == {"p": 14, "r": 3}
    assert extents(["p", "r"], space("0 <= p", "0 <= r < 3", "0 <= 2*p + 2 < 16")) == {"p": 7, "r": 3}


def test_the_box_holds_every_point_not_only_whole_windows():
    """0 <= p + r < 16 alone lets p reach 15 (with r = 0): the box is that of the space, as AccelForge takes it."""
    assert extents(["p", "r"], space("0 <= p", "0 <= r < 3", "0 <= p + r < 16")) == {"p": 16, "r": 3}


def test_a_rank_without_bounds_is_named():
    with pytest.raises(UnboundedError, match="'k'"):
        extents(["m", "k"], space("0 <= m < 4", "0 <= k"))


def test_contradictions_are_empty():
    with pytest.raises(EmptySpaceError):
        extents(["m"], space("0 <= m < 4", "m > 5"))


@pytest.mark.parametrize("texts", [("2 <= m < 6",), ("-1 <= m < 6",), ("0 <= m < 8", "m + n <= 9", "m - n <= 2")])
def test_spaces_that_start_elsewhere_or_need_more_are_refused(texts):
    """In the last, m is at most 5 (m <= n + 2 and m <= 9 - n), which no single inequality tells."""
    with pytest.raises(UnsupportedError):
        extents(["m", "n"], [*space(*texts), *space("0 <= n < 8")])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=2), st.integers(1, 3), st.integers(1, 12))
def test_extents_are_those_of_all_points(sizes, coefficient, limit):
    texts = [f"0 <= a < {sizes[0]}", f"0 <= b < {sizes[1]}", f"0 <= {coefficient}*a + b < {limit}"]
    points = [
        (a, b) for a, b in itertools.product(range(sizes[0]), range(sizes[1])) if 0 <= coefficient * a + b < limit
    ]
    box = extents(["a", "b"], space(*texts))
    assert box == {"a": max(a for a, _ in points) + 1, "b": max(b for _, b in points) + 1}
