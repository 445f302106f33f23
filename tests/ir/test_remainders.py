"""Which remainders the constraints of a mapspace allow."""

from __future__ import annotations

import pytest

from accelax.ir import LevelConstraints
from accelax.ir.remainders import RemainderRule, last_visits, remainder_rule
from tests.search.cases import imperfect_specification, specification

FREE = LevelConstraints()


def rule_of(spec, rank: str = "M") -> RemainderRule:
    return remainder_rule(spec.lowered(), rank)


def test_the_last_visits_of_a_hand_worked_rank():
    """17 = 2 loops of 9 and 8: (3, 2, 3) is 3 x [2 x 3 = 6], 6, 5 = 3 + 2."""
    left, last = last_visits(17, (3, 2, 3))
    assert left == [3, 6, 17]
    assert last == [3, 2, 2]


@pytest.mark.parametrize("factors", [(3, 2, 3), (1, 17, 1), (5, 4, 1), (1, 2, 9)])
def test_last_visits_fold_to_the_bound(factors):
    _, last = last_visits(17, factors)
    position = 0
    for factor, steps in zip(factors, last, strict=True):
        position = position * factor + steps - 1
    assert position + 1 == 17


def test_without_constraints_everything_divides():
    rule = rule_of(specification())  # M = 12
    assert rule.divides
    assert rule.broken((3, 2, 2)) == []
    assert rule.broken((3, 1, 4)) == []
    assert rule.broken((1, 2, 3)) == [(0, "makes 6 together with the loops further in, not 12")]
    assert rule.broken((3, 1, 5)) == [(2, "leaves a remainder of 2 iterations, which is not allowed")]


def test_a_fixed_factor_that_does_not_divide_rounds_up():
    rule = rule_of(specification(MAC={"spatial": {"factors": ["M=5"]}}))
    assert (rule.whole, rule.divides) == (15, False)
    assert rule.broken((1, 3, 5)) == rule.broken((3, 1, 5)) == []
    assert rule.broken((2, 2, 5)) == [(0, "makes 20 together with the loops further in, not 15")]


def test_ruby_takes_the_largest_remainder_of_each_level():
    spec = imperfect_specification({"M": 7, "N": 8, "K": 6}, MAC={"spatial": {"remainders": 2}})
    rule = rule_of(spec)
    assert (rule.whole, rule.most) == (None, (0, 0, 2))
    assert rule.broken((3, 1, 3)) == []  # 3 + 3 + 1
    assert rule.broken((2, 1, 4)) == [(2, "leaves a remainder of 3 iterations, at most 2 allowed")]
    assert rule.broken((1, 4, 2)) == []  # 2 + 2 + 2 + 1
    assert rule.broken((2, 3, 2)) == [(1, "leaves a remainder of 1 iterations, which is not allowed")]
    assert rule.broken((3, 4, 1))[0] == (0, "runs 3 times, and 2 are left to run")


def test_a_fixed_factor_of_ruby_may_leave_any_remainder_unless_its_level_says_less():
    sizes = {"M": 7, "N": 8, "K": 6}
    fixed = {"temporal": {"factors": ["M=5"]}}
    listed = {"temporal": {"factors": ["M=5"], "remainders": 1}}
    lanes = {"spatial": {"remainders": 2}}
    assert rule_of(imperfect_specification(sizes, BUF=fixed, MAC=lanes)).most == (0, None, 2)
    assert rule_of(imperfect_specification(sizes, BUF=listed, MAC=lanes)).most == (0, 1, 2)


def test_uber_does_not_read_remainders():
    spec = imperfect_specification({"M": 7, "N": 8, "K": 6}, "uber", MAC={"spatial": {"remainders": 2}})
    assert rule_of(spec).divides
    assert spec.lowered().constraints == (FREE,) * 2 + (spec.lowered().constraints[2],)
    assert spec.lowered().constraints[2].remainder_maximum == ()
