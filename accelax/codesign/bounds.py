"""What no machine of a box and no mapping can beat.

For shares ``p`` and ``q`` of the layers (each adding up to 1) Jensen's inequality separates the totals of a network:
``log sum n_i E_i >= sum p_i log(n_i E_i / p_i)``, and the same for delays. So ``a log E + b log C`` of the network is
at least the sum over layers of ``a p_i log E_i + b q_i log C_i`` plus a constant, and each term is bounded by the
certified mapper, for the product of energy and delay to these powers, on a machine that is at least as good as all of
the box. With the shares of a network the inequality is tight for it.

What is proved of a layer on one machine holds on every machine that is nowhere better. And the least of
``alpha log E + (1 - alpha) log C`` is concave in ``alpha``, being a minimum of lines: between two values of ``alpha``
the chord is a bound as well. :class:`Known` answers from both before anything is searched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from accelax.codesign.choice import Goal

LEAST_SHARE = 1e-4
"""Powers are kept above this: a layer that hardly counts still gets a mapping."""


@dataclass(frozen=True)
class Shares:
    """The part of every layer in the energy and in the delay of the network, ``[layers]`` each."""

    energy: np.ndarray
    delay: np.ndarray

    @staticmethod
    def of(energy: np.ndarray, delay: np.ndarray) -> Shares:
        """The shares in totals whose parts (counts included) are given."""
        parts = [np.maximum(part / part.sum(), LEAST_SHARE) for part in (energy, delay)]
        return Shares(*(part / part.sum() for part in parts))

    @staticmethod
    def even(layers: int) -> Shares:
        """The same share for all layers.

        >>> Shares.even(4).energy.tolist()
        [0.25, 0.25, 0.25, 0.25]
        """
        return Shares(np.full(layers, 1 / layers), np.full(layers, 1 / layers))

    def weights(self, goal: Goal) -> np.ndarray:
        """``[layers]``: the sum of the powers of each layer's energy and delay."""
        return goal.energy * self.energy + goal.delay * self.delay

    def balance(self, goal: Goal) -> np.ndarray:
        """``[layers]``: alpha, the part of the energy in that sum."""
        return goal.energy * self.energy / self.weights(goal)


def network_log(counts: Sequence[int], goal: Goal, shares: Shares, logs: np.ndarray, scale: float = 1.0) -> float:
    """The log of the objective below which no network is, from bounds ``logs`` of ``alpha log E + (1 - alpha) log C``.

    ``scale`` is the least factor from the unit of the layers' delays to that of the network's.
    """
    constant = goal.energy * shares.energy * np.log(np.array(counts) / shares.energy)
    if goal.delay:
        constant = constant + goal.delay * shares.delay * np.log(scale * np.array(counts) / shares.delay)
    return float((shares.weights(goal) * logs + constant).sum())


@dataclass
class Known:
    """What is proved of one layer: on machines by their merits, for values of alpha, the log of the bound."""

    merits: list[np.ndarray] = field(default_factory=list)
    alphas: list[float] = field(default_factory=list)
    logs: list[float] = field(default_factory=list)

    def add(self, merits: np.ndarray, alpha: float, log: float) -> None:
        """Note a bound."""
        if math.isfinite(log):
            self.merits.append(merits)
            self.alphas.append(alpha)
            self.logs.append(log)

    def bound(self, merits: np.ndarray, alpha: float) -> float:
        """The best bound on a machine that follows: from machines at least as good, by chords over alpha."""
        if not self.logs:
            return -math.inf
        covers = (np.array(self.merits) >= merits).all(axis=1)
        alphas, logs = np.array(self.alphas)[covers], np.array(self.logs)[covers]
        left, right = alphas <= alpha, alphas >= alpha
        exact = logs[left & right]
        best = float(exact.max()) if len(exact) else -math.inf
        if left.any() and right.any():
            low, high = alphas[left][:, None], alphas[right][None, :]
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(high > low, (alpha - low) / (high - low), 0.0)
            chords = (1 - part) * logs[left][:, None] + part * logs[right][None, :]
            best = max(best, float(np.where(high > low, chords, -np.inf).max()))
        return best
