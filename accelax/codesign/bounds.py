"""What no machine of a box and no mapping can beat.

For shares ``p`` and ``q`` of the layers (each adding up to 1) Jensen's inequality separates the totals of a network:
``log sum n_i E_i >= sum p_i log(n_i E_i / p_i)``, and the same for cycles. So ``a log E + b log C`` of the network is
at least the sum over layers of ``a p_i log E_i + b q_i log C_i`` plus a constant, and each term is bounded by the
certified mapper, for the product of energy and cycles to these powers, on a machine that is at least as good as all of
the box. With the shares of the best network known the inequality is tight there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from accelax.codesign.choice import Goal
from accelax.codesign.pool import Pool
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware
from accelax.search.budget import Budget
from accelax.search.driver import run
from accelax.search.judge import Judge
from accelax.search.objective import parse_objective
from accelax.search.record import Record
from accelax.search.searchers import find_searcher

LEAST_SHARE = 1e-4
"""Powers are kept above this: a layer that hardly counts still gets a mapping."""


@dataclass(frozen=True)
class Shares:
    """The part of every layer in the energy and in the cycles of the network, ``[layers]`` each."""

    energy: np.ndarray
    delay: np.ndarray

    @staticmethod
    def of(energy: np.ndarray, cycles: np.ndarray) -> Shares:
        """The shares in totals whose parts (counts included) are given."""
        parts = [np.maximum(part / part.sum(), LEAST_SHARE) for part in (energy, cycles)]
        return Shares(*(part / part.sum() for part in parts))


@dataclass(frozen=True)
class Solved:
    """One layer on one machine: the log of the bound, and the mappings found, the best last."""

    log_bound: float
    mappings: tuple[Mapping, ...]


def solve(
    problem: LevelProblem,
    machine: LevelHardware,
    powers: tuple[float, float],
    seconds: float,
    tolerance: float,
    seed: int,
    contains: Callable[[Mapping], bool] | None,
) -> Solved:
    """Search one layer on one machine for the least ``energy^powers[0] * cycles^powers[1]``."""
    weighted = {name: power for name, power in zip(("energy", "delay"), powers, strict=True) if power > 0}
    objective = parse_objective(weighted)
    there = problem.replace(hardware=machine)  # type: ignore[attr-defined]
    record = Record(Judge(there, objective), None, contains)
    state, interrupted = run(
        find_searcher("certified", there, seconds), there, objective, seed, Budget(seconds, tolerance), record
    )
    if interrupted:
        raise KeyboardInterrupt
    record.judge_contenders()
    bound = max(record.lower_bound, state.lower_bound if state is not None else 0.0)
    best = () if record.best is None else (record.best,)
    return Solved(math.log(bound) if bound > 0 else -math.inf, best)


def network_bound(pools: Sequence[Pool], goal: Goal, shares: Shares, log_bounds: Sequence[float]) -> float:
    """The log of the objective that the network cannot beat, from the bounds of its layers."""
    total = 0.0
    for pool, p, q, bound in zip(pools, shares.energy, shares.delay, log_bounds, strict=True):
        total += bound + goal.energy * p * math.log(pool.count / p)
        total += goal.delay * q * math.log(pool.count / q) if goal.delay else 0.0
    return total
