"""The first criterion of an objective as a function of energy and latency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelax.search.objective import Objective


@dataclass(frozen=True)
class Goal:
    """``energy ** energy_power * latency ** latency_power``, both powers at least 0."""

    energy_power: float
    latency_power: float

    def value(self, energy: np.ndarray, latency: np.ndarray) -> np.ndarray:
        """The criterion in J and s. Never below 0: negative numbers count as 0, which makes it a bound.

        >>> Goal(1.0, 2.0).value(np.array([3.0]), np.array([2.0])).tolist()
        [12.0]
        """
        found = np.ones(np.broadcast(energy, latency).shape)
        for quantity, power in ((energy, self.energy_power), (latency, self.latency_power)):
            if power:
                positive = np.maximum(quantity, 0.0)
                found = found * (positive if power == 1.0 else positive**power)
        return found


def goal_of(objective: Objective) -> Goal:
    """Read the first criterion: EDP counts for both metrics.

    >>> goal_of(((("edp", 1.0), ("delay", 1.0)),))
    Goal(energy_power=1.0, latency_power=2.0)
    """
    weights = dict(objective[0])
    both = weights.get("edp", 0.0)
    return Goal(weights.get("energy", 0.0) + both, weights.get("delay", 0.0) + both)
