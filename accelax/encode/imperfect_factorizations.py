"""The ways to split a bound over levels where some factors need not divide, as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelax.encode.factorizations import Factorizations, FactorRule, divisors, evenly_drawn
from accelax.errors import UnsupportedError
from accelax.ir.remainders import RemainderRule

LARGEST_BOUND = 1 << 20
"""Every factor up to a bound may leave a remainder; beyond this there are too many to be listed."""


@dataclass(frozen=True)
class ImperfectFactorizations:
    """All factors, one per level, that obey the rules of the levels and the rule of remainders.

    >>> rule = RemainderRule(7, None, (0, 3), (None, None))
    >>> space = ImperfectFactorizations(rule, (FactorRule(), FactorRule(maximum=4)))
    >>> space.count, space.rows(10).astype(int).tolist()
    (4, [[7, 1], [4, 2], [3, 3], [2, 4]])
    """

    rule: RemainderRule
    rules: tuple[FactorRule, ...]

    @cached_property
    def _choices(self) -> list[dict[int, tuple[np.ndarray, np.ndarray]]]:
        """``[level][left]``: factors that can stand at ``level`` with so many iterations left, and their completions.

        That is, in how many ways the levels further out can go on after each.
        """
        if self.rule.bound > LARGEST_BOUND:
            raise UnsupportedError(f"a search over imperfect factors of a rank of {self.rule.bound} iterations")
        levels = range(len(self.rules))
        steps: list[dict[int, np.ndarray]] = [{} for _ in levels]
        reached = {self.rule.bound}
        for level in reversed(levels):
            steps[level] = {left: self._allowed(level, left) for left in reached}
            reached = {int(n) for left, factors in steps[level].items() for n in np.unique(-(-left // factors))}
        ways = {1: 1}
        choices: list[dict[int, tuple[np.ndarray, np.ndarray]]] = [{} for _ in levels]
        for level in levels:
            for left, factors in steps[level].items():
                numbers = np.array([ways.get(int(n), 0) for n in -(-left // factors)], dtype=object)
                alive = numbers > 0
                if alive.any():
                    choices[level][left] = factors[alive], numbers[alive]
            ways = {left: int(numbers.sum()) for left, (_, numbers) in choices[level].items()}
        return choices

    def _allowed(self, level: int, left: int) -> np.ndarray:
        """The factors that ``level`` may have with ``left`` iterations left for it and the levels outside."""
        rule, most, given = self.rules[level], self.rule.most[level], self.rule.given[level]
        if level == 0:
            factors = np.array([left])
        elif rule.fixed is not None:
            factors = np.array([rule.fixed])
        elif most == 0:
            factors = np.array(divisors(left))
        else:
            factors = np.arange(1, int(min(left, rule.greatest)) + 1)
        last = (left - 1) % factors + 1
        good = (factors >= rule.least) & (factors <= min(left, rule.greatest))
        if most is not None:
            good &= (last == factors) | (last <= most)
        return factors[good & (last == given)] if given is not None else factors[good]

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(sum(self._choices[-1].get(self.rule.bound, (0, np.zeros(1, int)))[1]))

    def numbered(self, places: np.ndarray) -> np.ndarray:
        """``[n, levels]``: the factorizations at ``places`` (``[n]``, from 0) in the order of their inner factors."""
        left = np.asarray(places, dtype=np.int64).copy()
        remaining = np.full(len(left), self.rule.bound, dtype=np.int64)
        rows = np.ones((len(left), len(self.rules)))
        for level in reversed(range(len(self.rules))):
            for value in np.unique(remaining):
                chosen = np.flatnonzero(remaining == value)
                factors, numbers = self._choices[level][int(value)]
                numbers = numbers.astype(np.int64)
                ends = numbers.cumsum()
                pick = np.searchsorted(ends, left[chosen], side="right")
                rows[chosen, level] = factors[pick]
                left[chosen] -= ends[pick] - numbers[pick]
                remaining[chosen] = -(-value // factors[pick])
        return rows

    def rows(self, most: int, seed: int = 0) -> np.ndarray:
        """``[rows, levels]``: all of them, or ``most`` of them drawn evenly; see :func:`evenly_drawn`."""
        return self.numbered(evenly_drawn(self.count, most, self.rule.bound, seed))


def induced_rows(rule: RemainderRule, rules: tuple[FactorRule, ...], most: int) -> np.ndarray:
    """``[rows, levels]``: factors that multiply to ``rule.whole``, above the bound as fixed ones do not divide it.

    A fixed factor may be more than is left to run for it; such rows are not there, nor those that miss a given last
    visit.
    """
    assert rule.whole is not None
    rows = Factorizations(rule.whole, rules).rows(most)
    good = np.ones(len(rows), bool)
    remaining = np.full(len(rows), float(rule.bound))
    for level in reversed(range(len(rules))):
        factor, given = rows[:, level], rule.given[level]
        good &= factor <= remaining
        if given is not None:
            good &= (remaining - 1) % factor + 1 == given
        remaining = np.ceil(remaining / factor)
    return rows[good]
