"""The ways to split a bound into one factor per level, as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


def divisors(n: int) -> list[int]:
    """All divisors of ``n`` in ascending order.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    small = [d for d in range(1, int(n**0.5) + 1) if n % d == 0]
    return small + [n // d for d in reversed(small) if d * d != n]


@dataclass(frozen=True)
class FactorRule:
    """What one level allows for the factor of one rank."""

    fixed: int | None = None
    minimum: int = 1
    maximum: int | None = None

    def allows(self, factor: int) -> bool:
        """Whether the level may have this factor."""
        if self.fixed is not None:
            return factor == self.fixed
        return factor >= self.minimum and (self.maximum is None or factor <= self.maximum)


@dataclass(frozen=True)
class Factorizations:
    """All ordered products of ``len(rules)`` factors that equal ``bound`` and obey the rules.

    >>> space = Factorizations(12, (FactorRule(), FactorRule(fixed=3)))
    >>> space.count, space.rows(10).tolist()
    (1, [[4, 3]])
    """

    bound: int
    rules: tuple[FactorRule, ...]

    @cached_property
    def _completions(self) -> list[dict[int, int]]:
        """``[level][remaining]``: the number of ways to finish from ``level`` with ``remaining`` left to split."""
        parts = divisors(self.bound)
        ways: list[dict[int, int]] = [{} for _ in self.rules] + [{1: 1}]
        for level in reversed(range(len(self.rules))):
            for remaining in parts:
                number = sum(
                    ways[level + 1].get(remaining // factor, 0)
                    for factor in parts
                    if remaining % factor == 0 and self.rules[level].allows(factor)
                )
                if number:
                    ways[level][remaining] = number
        return ways

    @property
    def count(self) -> int:
        """How many there are."""
        return self._completions[0].get(self.bound, 0)

    def _choices(self, level: int, remaining: int) -> list[tuple[int, int]]:
        """``(factor, number of completions)`` of each factor that can stand at ``level``."""
        return [
            (factor, self._completions[level + 1].get(remaining // factor, 0))
            for factor in divisors(remaining)
            if self.rules[level].allows(factor) and self._completions[level + 1].get(remaining // factor, 0)
        ]

    def nth(self, index: int) -> list[int]:
        """The factorization of rank ``index`` in lexicographic order."""
        remaining, row = self.bound, []
        for level in range(len(self.rules)):
            for factor, number in self._choices(level, remaining):
                if index < number:
                    row.append(factor)
                    remaining //= factor
                    break
                index -= number
        return row

    def rows(self, most: int, seed: int = 0) -> np.ndarray:
        """``[rows, levels]``: all factorizations, or ``most`` of them drawn evenly where there are more."""
        if self.count <= most:
            return np.array([self.nth(i) for i in range(self.count)], dtype=float).reshape(-1, len(self.rules))
        rng = np.random.default_rng(seed)
        picks = sorted({int(rng.integers(self.count)) for _ in range(most)})
        return np.array([self.nth(i) for i in picks], dtype=float)
