"""The box of factors that a mapspace, or a part of it, allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelax.encode.factorizations import divisors
from accelax.encode.level_mapspace import factor_rules
from accelax.encode.level_problem import LevelProblem


@dataclass(frozen=True)
class Box:
    """``least`` and ``most``, each ``[L][R]``: bounds of every factor. Unlike tile shapes, plain data: hashable."""

    least: tuple[tuple[float, ...], ...]
    most: tuple[tuple[float, ...], ...]

    def logs(self) -> tuple[np.ndarray, np.ndarray]:
        """The logarithms of both, ``[L, R]``."""
        return np.log(np.array(self.least)), np.log(np.array(self.most))


def whole_box(problem: LevelProblem) -> Box:
    """The bounds that the constraints put on every factor, rounded to divisors of the rank's bound.

    A rank of which the other levels take at least ``n`` leaves at most its bound divided by ``n``.
    """
    structure, lowered = problem.structure, problem.lowered
    least, most = [], []
    for rank, (_, bound) in enumerate(lowered.einsum.bounds):
        rules = factor_rules(structure, lowered, rank)
        allowed = [[d for d in divisors(bound) if rule.allows(d)] or [1] for rule in rules]
        low = [row[0] for row in allowed]
        taken = int(np.prod(low, dtype=float))
        high = [
            max((d for d in row if d * taken <= bound * own), default=own)
            for row, own in zip(allowed, low, strict=True)
        ]
        given = int(np.prod(high, dtype=float))
        low = [
            min((d for d in row if d * given >= bound * own), default=own)
            for row, own in zip(allowed, high, strict=True)
        ]
        least.append(low)
        most.append(high)
    return Box(
        tuple(tuple(float(v) for v in row) for row in zip(*least, strict=True)),
        tuple(tuple(float(v) for v in row) for row in zip(*most, strict=True)),
    )
