"""Attributes as formulae over each other: order, surroundings, words, circles, traced numbers."""

from __future__ import annotations

import pytest

from accelax.errors import Location
from accelax.spec.text import ExpressionError, Problems, Quoted
from accelax.spec.timeloop.attribute_scope import AttributeScope, evaluated, resolved, unspecified


def values(raw: dict, outer: dict | None = None) -> dict:
    problems = Problems()
    found = resolved(raw, outer or {}, lambda name: None, str, problems)
    problems.raise_if_any()
    return found


def messages(raw: dict, outer: dict | None = None) -> list[str]:
    problems = Problems()
    resolved(raw, outer or {}, lambda name: Location("a.yaml", 3, 1), "attributes.{}".format, problems)
    return [str(problem) for problem in problems.items]


def test_attributes_further_down_may_be_used():
    assert values({"bits": "width * lines", "width": 8, "lines": "2 ** 3"}) == {"bits": 64, "width": 8, "lines": 8}


def test_an_own_attribute_further_up_hides_the_surroundings_and_one_further_down_does_not():
    raw = {"width": "2 * width", "half": "width / 4", "depth": 3, "size": "depth * lines", "lines": 5}
    assert values(raw, {"width": 16, "depth": 100, "lines": 7}) == {
        "width": 32, "half": 8, "depth": 3, "size": 21, "lines": 5,
    }  # fmt: skip


def test_words_units_and_quoted_texts_stay_texts():
    raw = {
        "type": "LPDDR4",
        "technology": "45nm",
        "cell": "itrs-hp",
        "file": "../cells/sram.yaml",
        "literal": Quoted("width * 2"),
        "width": 4,
    }
    assert values(raw) == raw
    assert type(values(raw)["literal"]) is str


def test_formulae_inside_lists_and_dictionaries_are_evaluated():
    assert values({"width": 3, "histogram": ["width", "width / 6"], "map": {"a": "width + 1"}})["map"] == {"a": 4}
    assert evaluated(["width", 1], {"width": 3}) == [3, 1]


def test_a_name_may_stand_for_another_or_for_the_surroundings():
    assert values({"a": "b", "b": "c", "c": 2}, {}) == {"a": 2, "b": 2, "c": 2}
    assert values({"technology": "technology"}, {"technology": "7nm"}) == {"technology": "7nm"}


def test_a_circle_is_reported_once_with_its_way_and_its_place():
    assert messages({"a": "b + 1", "b": "c", "c": "2 * a"}) == [
        "a.yaml:3:1: attributes.a: cannot evaluate 'b + 1': the attributes form a circle: a -> b -> c -> a"
    ]
    assert "a -> a" in messages({"a": "a"})[0]


def test_every_formula_that_fails_is_reported():
    found = messages({"a": "1 / 0", "b": "nothing * 2", "c": "a + 1"})
    assert len(found) == 2
    assert "attributes.a: cannot evaluate '1 / 0': division by zero" in found[0]
    assert "name 'nothing' is not defined" in found[1]


def test_what_must_be_specified_is_left_out_and_spoils_nothing_else():
    assert values({"width": "must_specify", "twice": "2 * width"}) == {"twice": 2}
    assert unspecified({"a": "must_specify", "b": None, "c": 1}) == ["a"]


def test_an_attribute_without_a_value_is_none():
    assert values({"a": None, "b": "a"}, {"a": 4}) == {"b": 4}


def test_a_scope_says_what_it_knows():
    scope = AttributeScope({"a": 1}, {"b": 2})
    assert list(scope) == ["a", "b"]
    assert len(scope) == 2
    assert "c" not in scope
    with pytest.raises(KeyError):
        scope["c"]


def test_a_word_with_a_bracket_is_a_formula():
    with pytest.raises(ExpressionError, match="is not defined"):
        evaluated("max(1, widht)", {"width": 2})


def test_traced_numbers_pass():
    jax = pytest.importorskip("jax")
    raw = {"bits": "max(1, ceil(log2(depth)))", "energy": "sqrt(depth) if depth > 4 else depth"}
    slope = jax.grad(lambda depth: values(raw, {"depth": depth})["energy"])(16.0)
    assert float(slope) == pytest.approx(0.125)
    assert float(jax.jit(lambda depth: values(raw, {"depth": depth})["bits"])(100.0)) == 7
