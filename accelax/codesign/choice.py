"""Which mapping of every layer, for every machine: the totals of a network are a product of sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelax.codesign.pool import Pool

ROUNDS = 20


@dataclass(frozen=True)
class Goal:
    """``(total energy)^energy * (total cycles)^delay``, to be made small."""

    energy: float
    delay: float

    def log(self, energy: np.ndarray, cycles: np.ndarray) -> np.ndarray:
        """The logarithm of the objective."""
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = self.energy * np.log(energy) + self.delay * np.log(cycles)
        return np.where(np.isnan(parts), np.inf, parts)


@dataclass(frozen=True)
class Totals:
    """The network on every machine, ``[points]``: pJ, cycles, the objective's logarithm, and each layer's mapping."""

    energy: np.ndarray
    cycles: np.ndarray
    log: np.ndarray
    picks: tuple[np.ndarray, ...]


def choose(pools: Sequence[Pool], goal: Goal) -> Totals:
    """The best known mapping of every layer on every machine.

    Given the totals E and C, to first order a layer should minimise ``a e / E + b c / C``. Choosing so, and taking
    the new totals, never makes the product larger: it is concave along every exchange. It ends in a choice that no
    single layer improves.
    """
    points = pools[0].energy.shape[1]
    share = np.ones(points) if goal.delay else np.zeros(points)
    best = _totals(pools, [_pick(pool, goal, share) for pool in pools], goal)
    for _ in range(ROUNDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(np.isfinite(best.cycles), best.energy / best.cycles, 1.0)
        found = _totals(pools, [_pick(pool, goal, share) for pool in pools], goal)
        better = found.log < best.log
        if not better.any():
            break
        best = Totals(
            np.where(better, found.energy, best.energy),
            np.where(better, found.cycles, best.cycles),
            np.where(better, found.log, best.log),
            tuple(np.where(better, new, old) for new, old in zip(found.picks, best.picks, strict=True)),
        )
    return best


def _pick(pool: Pool, goal: Goal, share: np.ndarray) -> np.ndarray:
    """``[points]``: the mapping of one layer with the least ``a e + b share c``."""
    with np.errstate(invalid="ignore"):
        return np.argmin(goal.energy * pool.energy + goal.delay * share * pool.cycles, axis=0)


def _totals(pools: Sequence[Pool], picks: Sequence[np.ndarray], goal: Goal) -> Totals:
    """The network with given mappings."""
    at = np.arange(len(picks[0]))
    energy = np.add.reduce([pool.count * pool.energy[pick, at] for pool, pick in zip(pools, picks, strict=True)])
    cycles = np.add.reduce([pool.count * pool.cycles[pick, at] for pool, pick in zip(pools, picks, strict=True)])
    return Totals(energy, cycles, goal.log(energy, cycles), tuple(picks))
