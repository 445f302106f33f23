from __future__ import annotations

import pytest

from accelax.spec.accelforge.scope import EvaluationError, Scope, by_tensor
from accelax.spec.accelforge.sets import ElementSet, SetError

SPACE = ("A", "W", "Z")
RANKS = ElementSet(("m", "k", "n"), ("m", "k", "n"), "rank")
ALL = ElementSet(
    SPACE,
    SPACE,
    "tensor",
    (("A", RANKS.of("mk")), ("W", RANKS.of("kn")), ("Z", RANKS.of("mn"))),
    (("A", 8), ("W", 4), ("Z", 32)),
)


def scope(**values: object) -> Scope:
    names = {name: ALL.of([name]) for name in SPACE}
    ranks = {rank: RANKS.of([rank]) for rank in RANKS}
    return Scope({**names, **ranks, "All": ALL, "Nothing": ALL.of([]), **values})


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("All", "AWZ"),
        ("~A", "WZ"),
        ("A | Z", "AZ"),
        ("All - A - Z", "W"),
        ("~(A | W) & All", "Z"),
        ("A ^ (A | W)", "W"),
        ("A if len(All) == 3 else W", "A"),
        ("A if len(All) == 2 else W", "W"),
        ("W.tensors", "W"),
        ("All if W in ~A else Nothing", "AWZ"),
        ("A if A.bits_per_value > W.bits_per_value else Nothing", "A"),
    ],
)
def test_set_expressions_give_sets_of_tensors(text, members):
    assert tuple(scope().set_of(text)) == tuple(members)


def test_rank_variables_of_a_set_are_the_union_over_its_tensors():
    assert tuple(scope().set_of("(A | Z).rank_variables", "rank")) == ("m", "k", "n")
    assert tuple(scope().set_of("~A.rank_variables", "rank")) == ("n",)


def test_tensors_and_rank_variables_do_not_mix():
    with pytest.raises(SetError, match="can not be combined"):
        ALL | RANKS
    with pytest.raises(EvaluationError, match="set of ranks"):
        scope().set_of("m")


def test_bits_per_value_is_of_one_tensor():
    assert scope().number("Z.bits_per_value / W.bits_per_value") == 8
    with pytest.raises(EvaluationError, match="one tensor"):
        scope().number("All.bits_per_value")


def test_unknown_names_and_attributes_are_named():
    with pytest.raises(EvaluationError, match="Al"):
        scope().set_of("~Al")
    with pytest.raises(EvaluationError, match="no attribute 'size'"):
        scope().set_of("A.size")


def test_tables_spread_over_tensors_and_other_takes_the_rest():
    problems: list[str] = []
    table = by_tensor({"Other": 1, "A": 2}, scope(), ALL, lambda message, key: problems.append(f"{key}: {message}"))
    assert table == {"A": 2, "W": 1, "Z": 1}
    assert problems == []


def test_a_tensor_under_two_keys_is_a_problem():
    problems: list[str] = []
    by_tensor({"All": 16, "A": 8}, scope(), ALL, lambda message, key: problems.append(f"{key}: {message}"))
    assert problems == ["A: 'A' is in both 'All' and 'A'"]


def test_pending_names_are_evaluated_when_needed_and_cycles_are_reported():
    found = Scope(pending={"width": "2 * depth", "depth": 8, "loop": "pool + 1", "pool": "loop"})
    assert found.number("width + 1") == 17
    with pytest.raises(EvaluationError, match="loop needs pool needs loop, a cycle"):
        found.number("loop")


def test_a_child_scope_hides_names_and_leaves_the_parent_alone():
    parent = Scope({"x": 1}, {"y": "x + 1"})
    child = parent.child({"x": 10})
    assert child.number("y") == 11
    assert parent.number("y") == 2


@pytest.mark.parametrize(
    ("method", "value", "reason"),
    [
        ("number", "True", "expected a number"),
        ("number", "nan", "expected a number"),
        ("number", "All", "expected a number"),
        ("integer", "2.5", "expected an integer"),
        ("integer", 0, "at least 1"),
        ("integer", "inf", "expected an integer"),
        ("truth", "All", "expected true or false"),
        ("number", "1 / 0", "division by zero"),
        ("number", 10**400, "too large"),
        ("number", "max", "the function 'max'"),
        ("number", "().__class__", "not allowed"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(method, value, reason):
    with pytest.raises(EvaluationError, match=reason):
        getattr(scope(), method)(value)
