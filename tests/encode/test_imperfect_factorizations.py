"""Factorizations with remainders: the list of all of them against brute force, evenly drawn, within the rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from accelax.encode.factorizations import Factorizations, FactorRule
from accelax.encode.imperfect_factorizations import ImperfectFactorizations, induced_rows
from accelax.errors import UnsupportedError
from accelax.ir.remainders import RemainderRule

FREE = (FactorRule(), FactorRule(), FactorRule())


def by_force(rule: RemainderRule, rules: tuple[FactorRule, ...]) -> set[tuple[int, ...]]:
    every = product(range(1, rule.bound + 1), repeat=len(rules))
    return {
        row
        for row in every
        if not rule.broken(row) and all(one.allows(factor) for one, factor in zip(rules, row, strict=True))
    }


@pytest.mark.parametrize("bound", [1, 7, 12])
@pytest.mark.parametrize("most", [(0, 0, 3), (0, 1, 0), (0, None, 2), (0, 0, 0)])
@pytest.mark.parametrize("rules", [FREE, (FactorRule(), FactorRule(maximum=3), FactorRule(minimum=2, maximum=4))])
def test_rows_are_those_that_obey_the_rules(bound, most, rules):
    rule = RemainderRule(bound, None, most, (None,) * 3)
    space = ImperfectFactorizations(rule, rules)
    rows = {tuple(row) for row in space.rows(10**6).astype(int).tolist()}
    assert rows == by_force(rule, rules)
    assert space.count == len(rows)


def test_without_remainders_they_are_the_perfect_ones():
    rule = RemainderRule(24, None, (0, 0, 0), (None,) * 3)
    perfect = Factorizations(24, FREE).rows(1000)
    assert sorted(ImperfectFactorizations(rule, FREE).rows(1000).tolist()) == sorted(perfect.tolist())


def test_a_sample_has_no_row_twice_and_obeys_the_rule():
    rule = RemainderRule(1000, None, (0, 5, 14, 0), (None,) * 4)
    space = ImperfectFactorizations(rule, (*FREE, FactorRule()))
    assert space.count > 2000
    rows = space.rows(500).astype(int)
    assert len(np.unique(rows, axis=0)) == 500
    assert not any(rule.broken(row) for row in rows.tolist())


@pytest.mark.parametrize(("bound", "counts"), [(100, (87, 214, 938, 1604)), (113, (3, 43, 893, 1877))])
def test_counts_of_perfect_and_ruby_s_and_ruby_t_and_ruby(bound, counts):
    """Of two temporal levels, a fan-out of 14 and one more temporal level."""
    rules = (FactorRule(), FactorRule(), FactorRule(maximum=14), FactorRule())
    spatial, temporal = (None, 0), (0, None)
    for (lanes, loops), count in zip(((0, 0), spatial, temporal, (None, None)), counts, strict=True):
        rule = RemainderRule(bound, None, (loops, loops, lanes, loops), (None,) * 4)
        assert ImperfectFactorizations(rule, rules).count == count


def test_a_given_last_visit_chooses_the_rows():
    rule = RemainderRule(10, None, (0, None), (None, 2))
    rows = ImperfectFactorizations(rule, FREE[:2]).rows(100).astype(int).tolist()
    assert sorted(rows) == [[2, 8], [3, 4], [5, 2]]  # 10 = 8 + 2 = 4 + 4 + 2 = 2 + ...


def test_a_fixed_factor_that_does_not_divide_induces_remainders():
    rules = (FactorRule(), FactorRule(4), FactorRule())
    rule = RemainderRule(10, 12, (None,) * 3, (None,) * 3)
    assert sorted(induced_rows(rule, rules, 100).astype(int).tolist()) == [[1, 4, 3], [3, 4, 1]]
    assert induced_rows(RemainderRule(5, 8, (None,) * 2, (None,) * 2), (FactorRule(4), FactorRule()), 9).tolist() == []
    given = RemainderRule(10, 12, (None,) * 3, (None, 2, None))
    assert induced_rows(given, rules, 100).astype(int).tolist() == [[3, 4, 1]]


def test_a_rank_that_is_too_long_is_refused_by_name():
    rule = RemainderRule((1 << 20) + 1, None, (0, 3), (None, None))
    with pytest.raises(UnsupportedError, match="imperfect factors of a rank of 1048577 iterations"):
        _ = ImperfectFactorizations(rule, FREE[:2]).count
