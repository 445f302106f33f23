from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from accelax.spec.text.scalars import plain_scalar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("on", "on"),
        ("N", "N"),
        ("10", 10),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b101", 5),
        ("1e-3", 0.001),
        ("1E6", 1e6),
        ("4.0", 4.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-2.5e+2", -250.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("1.2.3", "1.2.3"),
        ("0x", "0x"),
        ("1__0", "1__0"),
        ("-", "-"),
        (".", "."),
        ("e5", "e5"),
        ("3/2", "3/2"),
        ("M=16", "M=16"),
    ],
)
def test_meaning_of_plain_scalars(text, expected):
    value = plain_scalar(text)
    assert value == expected
    assert type(value) is type(expected)


def test_nan():
    assert math.isnan(plain_scalar(".nan"))
    assert plain_scalar("nan") == "nan"


@pytest.mark.parametrize("text", ["9" * 401, "0x" + "f" * 500, "1e999", "-1e400"])
def test_numbers_that_nothing_can_hold_are_refused(text):
    with pytest.raises(ValueError, match="too l"):
        plain_scalar(text)


@given(st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False)))
def test_what_yaml_writes_is_read_back(number):
    text = yaml.safe_dump(number).split("\n")[0]
    assert plain_scalar(text) == number


@given(st.text(max_size=12))
def test_any_text_has_a_meaning(text):
    assert isinstance(plain_scalar(text), (str, int, float, bool, type(None)))
