"""Planes below what is no monomial."""

from __future__ import annotations

import itertools
import math

import pytest

from accelax.encode.factorizations import divisors
from accelax.search.relaxed.windows import MOST_POINTS, envelope, index_window, lane_offsets, swept_window


def height(planes, p, r):
    return max(a * math.log(p) + b * math.log(r) + c for a, b, c in planes)


@pytest.mark.parametrize("function", [index_window, swept_window, lane_offsets])
@pytest.mark.parametrize("coefficients", [(1.0, 1.0), (2.0, 1.0), (1.0, 2.0), (3.0, 2.0)])
@pytest.mark.parametrize("bounds", [(28, 3), (12, 4), (9, 1), (1, 1), (720, 12)])
def test_planes_are_below_every_point_and_through_some(function, coefficients, bounds):
    first, second = (tuple(divisors(bound)) for bound in bounds)
    planes = envelope(function, coefficients, first, second)
    gaps = [math.log(function(coefficients, p, r)) - height(planes, p, r) for p, r in itertools.product(first, second)]
    assert 0 <= min(gaps) < 1e-9


def test_a_window_at_stride_1_is_exact_for_a_prime_filter():
    first, second = tuple(divisors(56)), (1, 3)
    planes = envelope(index_window, (1.0, 1.0), first, second)
    for p, r in itertools.product(first, second):
        assert math.exp(height(planes, p, r)) == pytest.approx(p + r - 1, rel=1e-8)


def test_strides_longer_than_the_filter_give_the_chord():
    first = tuple(divisors(8))
    planes = envelope(index_window, (2.0, 1.0), first, (1,))
    assert math.exp(height(planes, 8, 1)) == pytest.approx(15, rel=1e-8)
    assert math.exp(height(planes, 2, 1)) == pytest.approx(15 ** (1 / 3), rel=1e-8)


@pytest.mark.parametrize(("stride", "filter_extent"), [(1, 3), (2, 3), (3, 1), (3, 2)])
def test_a_sweep_brings_at_least_its_window(stride, filter_extent):
    """Points of ``n`` tiles of extent ``e``, counted one by one as Timeloop does: the box less the box before it."""
    for e, n in itertools.product((1, 2, 4), (1, 2, 3)):
        side = int(index_window((stride, 1.0), e, filter_extent))
        brought = side + (n - 1) * min(stride * e, side)
        assert swept_window((stride, 1.0), n * e, filter_extent) <= brought


def test_many_points_get_an_envelope_for_each_extent():
    first, second = tuple(divisors(5040)), tuple(divisors(12))
    assert len(first) * len(second) > MOST_POINTS
    planes = envelope(index_window, (1.0, 1.0), first, second)
    assert all(a == 0 or b == 0 for a, b, _ in planes)
    assert math.exp(height(planes, 5040, 1)) == pytest.approx(5040, rel=1e-8)
