from __future__ import annotations

import pytest

from accelax.spec.accelforge.affine import Affine, AffineError, parse_affine, parse_inequalities


@pytest.mark.parametrize(
    ("text", "terms", "constant"),
    [
        ("m", (("m", 1),), 0),
        ("2*p + r", (("p", 2), ("r", 1)), 0),
        ("2p + r", (("p", 2), ("r", 1)), 0),
        ("p*2 - (r - 3)", (("p", 2), ("r", -1)), 3),
        ("p + p", (("p", 2),), 0),
        ("p - p + 4", (), 4),
        (7, (), 7),
        ("stride*p + r", (("p", 3), ("r", 1)), 0),
    ],
)
def test_index_expressions(text, terms, constant):
    assert parse_affine(text, {"stride": 3}) == Affine(terms, constant)


@pytest.mark.parametrize(
    "text",
    ["p*r", "p/2", "p**2", "1.5*p", "p +", "f(p)", "", "p if r else q", "x" * 2000, "-" * 990 + "p", "9" * 40 + "*p"],
)
def test_what_is_not_affine_is_refused(text):
    with pytest.raises(AffineError):
        parse_affine(text)


def test_chained_inequalities_become_expressions_of_at_least_zero():
    assert parse_inequalities("0 <= 2*p + r < 9") == (
        Affine((("p", 2), ("r", 1)), 0),
        Affine((("p", -2), ("r", -1)), 8),
    )


def test_lists_conjunctions_and_equalities():
    both = parse_inequalities("0 <= i, j < 4")
    assert len(both) == 4
    assert set(both) == set(parse_inequalities("0 <= i < 4 and 0 <= j < 4"))
    assert parse_inequalities("i = 3") == (Affine((("i", -1),), 3), Affine((("i", 1),), -3))
    assert parse_inequalities("i > 3") == (Affine((("i", 1),), -4),)


def test_text_without_a_comparison_is_refused():
    with pytest.raises(AffineError, match="not an inequality"):
        parse_inequalities("p + 3")
