from __future__ import annotations

import pytest

from accelax.spec.accelforge.einsum_text import EinsumTextError, parse_einsum_text


def test_a_convolution():
    name, accesses = parse_einsum_text("O[p, m] = I[c, H: 2*p + r] * Wt[r, c, m]")
    assert name == "O"
    assert accesses == [
        {"name": "I", "projection": {"C": "c", "H": "2*p + r"}, "output": False},
        {"name": "Wt", "projection": {"R": "r", "C": "c", "M": "m"}, "output": False},
        {"name": "O", "projection": {"P": "p", "M": "m"}, "output": True},
    ]


def test_one_input_and_any_operation_between_inputs():
    assert [a["name"] for a in parse_einsum_text("Y[m]=X[m]")[1]] == ["X", "Y"]
    assert [a["name"] for a in parse_einsum_text("R[m] = A[m] + B[m]")[1]] == ["A", "B", "R"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A[m]", "one '='"),
        ("A[m] = B[m] = C[m]", "one '='"),
        ("A = B[m]", "expected 'Output"),
        ("A[m] = 3", "no input"),
        ("A[m] = B[]", "no index"),
        ("A[m] = B[p + r]", "name of its rank"),
        ("A[m] = B[H: p * r]", "not affine"),
        ("A[m] = B[m, m]", "appears twice"),
        ("A[m] = B[m] * B[m]", "appears 2 times"),
        ("A[m] = B[m] * C[m", "brackets"),
    ],
)
def test_what_is_no_einsum_says_why(text, reason):
    with pytest.raises(EinsumTextError, match=reason):
        parse_einsum_text(text)
