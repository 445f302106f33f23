"""Sizes worked by hand: of convolutions, of products with broadcasting, of Einsums."""

from __future__ import annotations

import math

import numpy as np
import pytest

from accelax.errors import UnsupportedError
from accelax.workloads.shapes import attention, contraction, convolution, gemm, matrix_product


def test_height_and_width_keep_their_places():
    """A 3 high, 5 wide window over 20 x 30 pixels, stride (2, 1), dilation (1, 3), no padding: rows (20 - 3) // 2 + 1 =
    9, columns 30 - (5 - 1) * 3 = 18."""
    shape = convolution(
        batch=2, channels=4, filters=6, window=[3, 5], outputs=[9, 18], strides=[2, 1], dilations=[1, 3]
    )
    assert shape.kind == "convolution"
    assert dict(shape.extents) == {"C": 4, "M": 6, "R": 5, "S": 3, "N": 2, "P": 18, "Q": 9}
    assert (shape.strides, shape.dilations) == ((1, 2), (3, 1))
    assert shape.products == 4 * 6 * 5 * 3 * 2 * 18 * 9


def test_one_dimension_is_the_width():
    shape = convolution(batch=1, channels=4, filters=6, window=[3], outputs=[10], strides=[2], dilations=[4])
    assert dict(shape.extents) == {"C": 4, "M": 6, "R": 3, "S": 1, "N": 1, "P": 10, "Q": 1}
    assert (shape.strides, shape.dilations) == ((2, 1), (4, 1))


@pytest.mark.parametrize(
    ("channels", "filters", "groups", "kind", "sizes", "repeats"),
    [
        (32, 64, 1, "convolution", (32, 64), 1),
        (32, 64, 4, "grouped convolution", (8, 16), 4),
        (32, 32, 32, "depthwise", (32, 1), 1),
        (32, 64, 32, "depthwise", (32, 2), 1),
        (1, 8, 1, "convolution", (1, 8), 1),
    ],
)
def test_groups(channels, filters, groups, kind, sizes, repeats):
    shape = convolution(batch=1, channels=channels, filters=filters, window=[3, 3], outputs=[5, 5], groups=groups)
    extents = dict(shape.extents)
    assert (shape.kind, (extents["C"], extents["M"]), shape.groups) == (kind, sizes, repeats)
    assert shape.products == 9 * 25 * channels * filters // groups


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"window": [3, 3, 3], "outputs": [1, 1, 1]}, "over 3 dimensions"),
        ({"window": [], "outputs": []}, "over 0 dimensions"),
        ({"window": [3, 3], "outputs": [5, 5], "groups": 3}, "in 3 groups"),
        ({"window": [3, 3], "outputs": [0, 5]}, r"empty tensor \(Q = 0\)"),
    ],
)
def test_what_is_no_convolution_here(sizes, message):
    with pytest.raises(UnsupportedError, match=message):
        convolution(batch=1, channels=4, filters=4, **sizes)


@pytest.mark.parametrize(
    ("left", "right", "rows", "columns", "reduction", "groups"),
    [
        ([5, 3], [3, 4], 5, 4, 3, 1),
        ([3], [3, 4], 1, 4, 3, 1),
        ([5, 3], [3], 5, 1, 3, 1),
        ([3], [3], 1, 1, 3, 1),
        ([7, 5, 3], [3, 4], 35, 4, 3, 1),
        ([5, 3], [7, 3, 4], 5, 28, 3, 1),
        ([7, 5, 3], [7, 3, 4], 5, 4, 3, 7),
        ([2, 1, 5, 3], [6, 3, 4], 10, 24, 3, 1),
        ([2, 7, 5, 3], [1, 7, 3, 4], 10, 4, 3, 7),
        ([2, 7, 5, 3], [7, 3, 4], 10, 4, 3, 7),
    ],
)
def test_broadcasting(left, right, rows, columns, reduction, groups):
    shape = matrix_product(left, right)
    assert shape == gemm(rows, columns, reduction, groups)
    result = np.matmul(np.zeros(left), np.zeros(right))
    assert shape.products == result.size * reduction
    assert rows * columns * groups == result.size
    transposed = matrix_product(left, right, weights_left=True)
    assert transposed == gemm(columns, rows, reduction, groups)


@pytest.mark.parametrize(("left", "right"), [([5, 3], [4, 3]), ([2, 5, 3], [3, 3, 4]), ([], [3])])
def test_shapes_that_do_not_match(left, right):
    with pytest.raises(UnsupportedError, match="a product of shapes"):
        matrix_product(left, right)


def test_grouped_queries_meet_the_same_keys():
    scores, values = attention(batch=2, heads=8, key_heads=2, queries=1, keys=100, features=16, value_features=24)
    assert scores == gemm(4, 100, 16, groups=4)
    assert values == gemm(4, 24, 100, groups=4)
    assert scores.products == 2 * 8 * 100 * 16
    with pytest.raises(UnsupportedError, match="8 query heads to 3"):
        attention(batch=2, heads=8, key_heads=3, queries=1, keys=100, features=16, value_features=24)


@pytest.mark.parametrize(
    ("equation", "left", "right", "expected"),
    [
        ("mk,kn->mn", (2, 3), (3, 5), gemm(2, 5, 3)),
        ("mk,nk", (2, 3), (5, 3), gemm(2, 5, 3)),
        ("mk, kn -> nm", (2, 3), (3, 5), gemm(2, 5, 3)),
        ("bhqd,bkhd->bhqk", (2, 4, 6, 3), (2, 7, 4, 3), gemm(6, 7, 3, groups=8)),
        ("abcd,cde->abe", (2, 3, 4, 5), (4, 5, 7), gemm(6, 7, 20)),
        ("i,i->", (9,), (9,), gemm(1, 1, 9)),
        ("i,j->ij", (9,), (8,), None),
        ("ij,ij->ij", (9, 8), (9, 8), None),
    ],
)
def test_einsums_of_two_operands(equation, left, right, expected):
    assert contraction(equation, [left, right]) == expected
    if expected is not None:
        assert contraction(equation, [left, right], weights_left=True).products == expected.products
        result = np.einsum(equation, np.zeros(left), np.zeros(right))
        assert expected.products == result.size * dict(expected.extents)["K"]


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("...ij,jk->...ik", [(2, 3, 4), (4, 5)]),
        ("iij,jk->ik", [(2, 2, 3), (3, 4)]),
        ("ijl,jk->ik", [(2, 3, 4), (3, 5)]),
        ("ij,jk->ik", [(2, 3, 4), (3, 5)]),
    ],
)
def test_unusual_einsums(equation, shapes):
    with pytest.raises(UnsupportedError, match="Einsum"):
        contraction(equation, shapes)


def test_one_operand_multiplies_nothing():
    assert contraction("iji->j", [(2, 3, 2)]) is None
    assert math.prod([]) == gemm(1, 1, 1).products
