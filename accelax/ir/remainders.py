"""Which factors of one rank need not divide: Timeloop's templates ``uber`` and ``ruby`` (reference E.2, E.3).

The factors ``P`` of a rank with bound ``D`` determine how often each loop runs in its last visit: with ``t`` the
product of the factors further in, ``ceil(D / t)`` iterations are left for the loop and those outside it, and
``R = (ceil(D / t) - 1) mod P + 1``. A loop with ``R < P`` leaves a remainder of ``R``.

``uber`` puts the fixed factors aside, divides the bound by each, rounding up, and splits what is left over the free
levels. So factors divide unless fixed ones do not; then the product of all is above the bound. In ``ruby``, here taken
to be in force where some level has ``remainders``, factors need not divide at those levels, as long as the remainder is
at most the given number; fixed factors need not divide either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from accelax.ir.lowered import LoweredLevels


@dataclass(frozen=True)
class RemainderRule:
    """What a mapspace says of the remainders of one rank.

    whole
        The product of all factors; None where any will do that covers the bound without a needless iteration.
    most
        ``[L]``: the largest remainder that a level may leave; 0 where factors must divide, None where any will do.
    given
        ``[L]``: how often a constraint wants the loop to run in its last visit, None where none does.
    """

    bound: int
    whole: int | None
    most: tuple[int | None, ...]
    given: tuple[int | None, ...]

    @cached_property
    def divides(self) -> bool:
        """Whether all factors that obey the rule divide."""
        strict = self.whole == self.bound or (self.whole is None and all(most == 0 for most in self.most))
        return strict and all(given is None for given in self.given)

    def broken(self, factors: Sequence[int]) -> list[tuple[int, str]]:
        """Where ``factors`` (outermost first) break the rule: pairs of level and reason; empty where they obey it.

        >>> RemainderRule(7, 7, (0, 0), (None, None)).broken((2, 4))
        [(1, 'leaves a remainder of 3 iterations, which is not allowed')]
        >>> RemainderRule(7, None, (0, 3), (None, None)).broken((2, 4))
        []
        """
        found = []
        left, last = last_visits(self.bound, factors)
        for level, factor in enumerate(factors):
            most, given = self.most[level], self.given[level]
            if factor > left[level]:
                found.append((level, f"runs {factor} times, and {left[level]} are left to run"))
            elif given is not None and last[level] != given:
                found.append((level, f"runs {last[level]} times in its last visit, not {given}"))
            elif last[level] < factor and most is not None and last[level] > most:
                limit = f"at most {most} allowed" if most else "which is not allowed"
                found.append((level, f"leaves a remainder of {last[level]} iterations, {limit}"))
        product = math.prod(factors)
        if not found and (product < self.bound or (self.whole is not None and product != self.whole)):
            found.append((0, f"makes {product} together with the loops further in, not {self.whole or self.bound}"))
        return found


def last_visits(bound: int, factors: Sequence[int]) -> tuple[list[int], list[int]]:
    """Iterations left for each level and those outside it, and how often its loop runs in its last visit.

    >>> last_visits(7, (2, 4))
    ([2, 7], [2, 3])
    """
    left, last, remaining = [], [], bound
    for factor in reversed(factors):
        left.append(remaining)
        last.append((remaining - 1) % factor + 1)
        remaining = -(-remaining // factor)
    return left[::-1], last[::-1]


def remainder_rule(lowered: LoweredLevels, rank: str) -> RemainderRule:
    """The rule of one rank that follows from the constraints."""
    bound, constraints = lowered.einsum.bound(rank), lowered.constraints
    fixed = [dict(constraint.fixed).get(rank) for constraint in constraints]
    given = [dict(constraint.residual).get(rank) for constraint in constraints]
    if any(constraint.remainder_maximum for constraint in constraints):
        listed = [dict(constraint.remainder_maximum).get(rank) for constraint in constraints]
        most = [
            None if limit is None and factor is not None else limit or 0
            for limit, factor in zip(listed, fixed, strict=True)
        ]
        return RemainderRule(bound, None, tuple(most), tuple(given))
    aside = math.prod(factor for factor in fixed if factor is not None)
    whole = aside * -(-bound // aside)
    free = 0 if whole == bound else None
    return RemainderRule(bound, whole, (free,) * len(constraints), tuple(given))
