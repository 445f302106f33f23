"""Tables of factorizations against enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from accelax.encode.factorizations import Factorizations, FactorRule, divisors, prime_factors
from accelax.errors import UnsupportedError

FREE = FactorRule()


def enumerated(bound: int, rules: tuple[FactorRule, ...]) -> list[tuple[int, ...]]:
    """Every legal factorization, by trying all tuples of divisors in lexicographic order."""
    parts = [d for d in range(1, bound + 1) if bound % d == 0]
    rows = itertools.product(parts, repeat=len(rules))
    legal = (row for row in rows if all(rule.allows(factor) for rule, factor in zip(rules, row, strict=True)))
    return [row for row in legal if math.prod(row) == bound]


@pytest.mark.parametrize(
    ("bound", "rules"),
    [
        (1, (FREE, FREE)),
        (7, (FREE, FREE, FREE)),
        (24, (FREE, FactorRule(maximum=4), FREE)),
        (36, (FactorRule(minimum=2), FactorRule(fixed=3), FREE, FactorRule(maximum=6))),
        (60, (FactorRule(minimum=3, maximum=10), FREE, FREE)),
    ],
)
def test_rows_are_all_legal_factorizations_in_order(bound, rules):
    space = Factorizations(bound, rules)
    want = enumerated(bound, rules)
    assert space.count == len(want)
    assert [tuple(map(int, row)) for row in space.rows(1000)] == want


def test_a_free_power_of_two_has_as_many_rows_as_ways_to_share_its_exponent():
    assert Factorizations(512, (FREE,) * 9).count == math.comb(9 + 8, 8)


def test_nothing_is_left_where_fixed_factors_do_not_divide():
    space = Factorizations(12, (FREE, FactorRule(fixed=5)))
    assert space.count == 0
    assert space.rows(10).shape == (0, 2)


def test_too_many_rows_are_sampled_evenly_and_without_repetition():
    space = Factorizations(2**10, (FREE,) * 4)  # 286 rows
    counts = np.zeros(4)
    for seed in range(40):
        rows = space.rows(100, seed)
        assert len(np.unique(rows, axis=0)) == 100
        assert (rows.prod(axis=1) == 2**10).all()
        counts += np.log2(rows).sum(axis=0)
    share = counts / counts.sum()
    assert np.abs(share - 0.25).max() < 0.01  # every level has the same share of the exponent


def test_an_endless_bound_is_refused_by_name():
    with pytest.raises(UnsupportedError, match="a rank of 1000000000000000000 iterations"):
        divisors(10**18)


def test_more_rows_than_a_machine_number_counts_are_refused():
    space = Factorizations(2**44, (FREE,) * 60)
    assert space.count > 2**62
    with pytest.raises(UnsupportedError, match="ways to split"):
        space.rows(10)


def test_rules_print_as_constraints_are_written():
    rules = (FREE, FactorRule(fixed=3), FactorRule(minimum=2, maximum=4))
    assert [str(rule) for rule in rules] == ["", "=3", ">=2 <=4"]
    assert [(rule.least, rule.greatest) for rule in rules] == [(1, math.inf), (3, 3), (2, 4)]


def test_prime_factors_multiply_to_the_number():
    assert [prime_factors(n) for n in (1, 2, 97, 360)] == [[], [2], [97], [2, 2, 2, 3, 3, 5]]
