"""The ways to split a bound into one factor per level, as rows of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelax.errors import UnsupportedError

LARGEST_BOUND = 1 << 44
"""Divisors are found by trial; no tensor has a larger extent."""


def divisors(n: int) -> list[int]:
    """All divisors of ``n`` in ascending order. Raises UnsupportedError beyond ``LARGEST_BOUND``.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    if n > LARGEST_BOUND:
        raise UnsupportedError(f"a search over a rank of {n} iterations")
    candidates = np.arange(1, math.isqrt(n) + 1)
    small = candidates[n % candidates == 0].tolist()
    return small + [n // d for d in reversed(small) if d * d != n]


def prime_factors(number: int) -> list[int]:
    """The prime factors of a number with their multiplicity.

    >>> prime_factors(60), prime_factors(1)
    ([2, 2, 3, 5], [])
    """
    factors, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors + ([number] if number > 1 else [])


@dataclass(frozen=True)
class FactorRule:
    """What one level allows for the factor of one rank."""

    fixed: int | None = None
    minimum: int = 1
    maximum: int | None = None

    @property
    def least(self) -> int:
        """The smallest factor that may be allowed."""
        return self.minimum if self.fixed is None else self.fixed

    @property
    def greatest(self) -> float:
        """The largest factor that may be allowed; infinity where nothing limits it."""
        most = math.inf if self.maximum is None else self.maximum
        return most if self.fixed is None else self.fixed

    def __str__(self) -> str:
        """As a constraint is written, without the rank: ``=3``, ``>=2 <=4``."""
        least = f">={self.minimum}" if self.minimum > 1 else ""
        most = f"<={self.maximum}" if self.maximum is not None else ""
        return " ".join(part for part in (f"={self.fixed}" if self.fixed is not None else "", least, most) if part)

    def allows(self, factor: int) -> bool:
        """Whether the level may have this factor.

        >>> [factor for factor in range(1, 9) if FactorRule(minimum=2, maximum=4).allows(factor)]
        [2, 3, 4]
        """
        if self.fixed is not None and factor != self.fixed:
            return False
        return factor >= self.minimum and (self.maximum is None or factor <= self.maximum)


@dataclass(frozen=True)
class Factorizations:
    """All ordered products of ``len(rules)`` factors that equal ``bound`` and obey the rules.

    >>> space = Factorizations(12, (FactorRule(), FactorRule(maximum=3)))
    >>> space.count, space.rows(10).astype(int).tolist()
    (3, [[4, 3], [6, 2], [12, 1]])
    """

    bound: int
    rules: tuple[FactorRule, ...]

    @cached_property
    def _choices(self) -> list[dict[int, list[tuple[int, int]]]]:
        """``[level][remaining]``: ``(factor, number of completions)`` of each factor that can stand at ``level``."""
        parts = divisors(self.bound)
        ways = {1: 1}
        levels: list[dict[int, list[tuple[int, int]]]] = []
        for rule in reversed(self.rules):
            allowed = [factor for factor in parts if rule.allows(factor)]
            choices = {}
            for remaining in parts:
                found = [(f, ways[remaining // f]) for f in allowed if remaining % f == 0 and remaining // f in ways]
                if found:
                    choices[remaining] = found
            ways = {remaining: sum(number for _, number in found) for remaining, found in choices.items()}
            levels.append(choices)
        return levels[::-1]

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return sum(number for _, number in self._choices[0].get(self.bound, []))

    def numbered(self, places: np.ndarray) -> np.ndarray:
        """``[n, levels]``: the factorizations at ``places`` (``[n]``, from 0) in lexicographic order, as floats."""
        left = np.asarray(places, dtype=np.int64).copy()
        remaining = np.full(len(left), self.bound, dtype=np.int64)
        rows = np.ones((len(left), len(self.rules)))
        for level, choices in enumerate(self._choices):
            for value in np.unique(remaining):
                chosen = np.flatnonzero(remaining == value)
                factors, numbers = np.array(choices[int(value)], dtype=np.int64).T
                ends = numbers.cumsum()
                pick = np.searchsorted(ends, left[chosen], side="right")
                rows[chosen, level] = factors[pick]
                left[chosen] -= ends[pick] - numbers[pick]
                remaining[chosen] = value // factors[pick]
        return rows

    def rows(self, most: int, seed: int = 0) -> np.ndarray:
        """``[rows, levels]``: all factorizations in lexicographic order, or ``most`` of them drawn evenly.

        Raises as :func:`evenly_drawn`.
        """
        return self.numbered(evenly_drawn(self.count, most, self.bound, seed))


def evenly_drawn(count: int, most: int, bound: int, seed: int = 0) -> np.ndarray:
    """The numbers below ``count`` in ascending order, or ``most`` of them drawn evenly.

    ``bound`` is what is split, for the error: raises UnsupportedError where a 64-bit number cannot count the ways.
    """
    if count >= 1 << 62:
        raise UnsupportedError(f"a search over the {count} ways to split {bound}")
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size=most, replace=False, shuffle=False))
