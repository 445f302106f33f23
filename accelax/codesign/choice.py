"""Which mapping of every layer, for every machine: the totals of a network are a product of sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

ROUNDS = 20


class Priced(Protocol):
    """Mappings of a layer that occurs ``count`` times: ``energy`` and ``delay`` ``[mappings, points]``."""

    count: int
    energy: np.ndarray
    delay: np.ndarray


@dataclass
class Part:
    """The plainest :class:`Priced`."""

    count: int
    energy: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True)
class Goal:
    """``(total energy)^energy * (total delay)^delay``, to be made small."""

    energy: float
    delay: float

    def log(self, energy: np.ndarray, delay: np.ndarray) -> np.ndarray:
        """The logarithm of the objective; infinite where a total is."""
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = self.energy * np.log(energy) + self.delay * np.log(delay)
        return np.where(np.isfinite(energy) & np.isfinite(delay), parts, np.inf)


@dataclass(frozen=True)
class Totals:
    """The network on every machine, ``[points]``: pJ, delay, the objective's logarithm, and each layer's mapping."""

    energy: np.ndarray
    delay: np.ndarray
    log: np.ndarray
    picks: tuple[np.ndarray, ...]


def glance(layers: Sequence[Priced], goal: Goal, share: float) -> Totals:
    """One round of :func:`choose` on every machine, with the same ``E / C`` for all: cheap, and near for good ones."""
    points = layers[0].energy.shape[1]
    return _totals(layers, [_pick(layer, goal, np.full(points, share)) for layer in layers], goal)


def choose(layers: Sequence[Priced], goal: Goal) -> Totals:
    """The best known mapping of every layer on every machine.

    Given the totals E and C, to first order a layer should minimise ``a e / E + b c / C``. Choosing so, and taking
    the new totals, never makes the product larger: it is concave along every exchange. It ends in a choice that no
    single layer improves. Begun from the least energy and from the least delay, the better of both ends.
    """
    points = layers[0].energy.shape[1]
    if not (goal.energy and goal.delay):
        return _totals(layers, [_pick(layer, goal, np.ones(points)) for layer in layers], goal)
    ends = []
    for alone in (Goal(1.0, 0.0), Goal(0.0, 1.0)):
        begin = _totals(layers, [_pick(layer, alone, np.ones(points)) for layer in layers], goal)
        ends.append(_exchanged(layers, goal, begin))
    return better_of(ends[0], ends[1], ends[0].log <= ends[1].log)


def _exchanged(layers: Sequence[Priced], goal: Goal, best: Totals) -> Totals:
    """The choice that exchanges from another one end in."""
    for _ in range(ROUNDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(np.isfinite(best.delay), best.energy / best.delay, 1.0)
        found = _totals(layers, [_pick(layer, goal, share) for layer in layers], goal)
        better = found.log < best.log
        if not better.any():
            break
        best = better_of(found, best, better)
    return best


def better_of(one: Totals, other: Totals, which: np.ndarray) -> Totals:
    """``one`` at the machines ``which``, ``other`` at the rest."""
    return Totals(
        np.where(which, one.energy, other.energy),
        np.where(which, one.delay, other.delay),
        np.where(which, one.log, other.log),
        tuple(np.where(which, new, old) for new, old in zip(one.picks, other.picks, strict=True)),
    )


def _pick(layer: Priced, goal: Goal, share: np.ndarray) -> np.ndarray:
    """``[points]``: the mapping of one layer with the least ``a e + b share c``."""
    cost = np.zeros(layer.energy.shape)
    if goal.energy:
        cost += goal.energy * layer.energy
    if goal.delay:
        cost += goal.delay * share * layer.delay
    return np.argmin(cost, axis=0)


def _totals(layers: Sequence[Priced], picks: Sequence[np.ndarray], goal: Goal) -> Totals:
    """The network with given mappings."""
    at = np.arange(len(picks[0]))
    energy = np.add.reduce([one.count * one.energy[pick, at] for one, pick in zip(layers, picks, strict=True)])
    delay = np.add.reduce([one.count * one.delay[pick, at] for one, pick in zip(layers, picks, strict=True)])
    return Totals(energy, delay, goal.log(energy, delay), tuple(picks))
