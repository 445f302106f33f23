"""What the mappings known so far say of a box of machines, before anything is searched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelax.codesign.bounds import Known, Shares, network_log
from accelax.codesign.choice import Goal, Part, choose
from accelax.codesign.family import Family
from accelax.model.levels.arrays import LevelHardware


@dataclass(frozen=True)
class Estimate:
    """A box, its best machine, and each layer there.

    machines, merits
        For each layer the machine that is at least as good as all of the box.
    shares, alphas
        Those of the best known network there.
    values, bounds
        ``[layers]``: the log of the best known mapping of each layer there, and of what is proved.
    value, bound
        The network's: it can be proved to be above ``value`` at most, and is proved to be above ``bound``.
    """

    counts: tuple[int, ...]
    goal: Goal
    scale: float
    machines: tuple[LevelHardware, ...]
    merits: tuple[np.ndarray, ...]
    shares: Shares
    alphas: np.ndarray
    values: np.ndarray
    bounds: np.ndarray

    def network(self, logs: np.ndarray) -> float:
        """The network's bound from those of its layers."""
        return network_log(self.counts, self.goal, self.shares, logs, self.scale)

    @property
    def value(self) -> float:
        """See the class."""
        return self.network(self.values)

    @property
    def bound(self) -> float:
        """See the class."""
        return self.network(self.bounds)

    def bound_with(self, known: Sequence[Known]) -> float:
        """The bound with what is known by now."""
        logs = [one.bound(merits, alpha) for one, merits, alpha in zip(known, self.merits, self.alphas, strict=True)]
        return self.network(np.maximum(self.bounds, logs))

    def targets(self, aim: float) -> dict[int, float]:
        """The layers to search, and the bound that each needs, so that the network's meets ``aim``: the fewest."""
        weights = self.shares.weights(self.goal)
        rooms = weights * np.where(np.isfinite(self.bounds), self.values - self.bounds, 1e6)
        order = np.argsort(-rooms)
        unknown = int((~np.isfinite(self.bounds)).sum())
        spare, chosen = self.value - aim, []
        rest = float(np.where(np.isfinite(self.bounds), rooms, 0.0).sum())
        for place in order:
            chosen.append(int(place))
            if np.isfinite(self.bounds[place]):
                rest -= float(rooms[place])
            if len(chosen) >= unknown and rest <= 0.9 * spare:
                break
        slack = max(spare - max(rest, 0.0), 0.0) * 0.999
        each = slack / float(weights[chosen].sum())
        return {place: float(self.values[place]) - each for place in chosen}


def estimate(family: Family, goal: Goal, among: np.ndarray) -> Estimate | None:
    """The estimate of the machines ``among`` (a mask) of a family; None where there is no machine better than all.

    Layers without a mapping that fits there have infinite values.
    """
    best = {}
    for pool in family.pools:
        if id(pool.machines) not in best:
            best[id(pool.machines)] = pool.machines.best_of(among)
    machines = [best[id(pool.machines)] for pool in family.pools]
    if any(machine is None for machine in machines):
        return None
    scale = float(family.pools[0].scale[among].min())
    counts = tuple(pool.count for pool in family.pools)
    costs = [pool.on(machine) for pool, machine in zip(family.pools, machines, strict=True)]  # type: ignore[arg-type]
    parts = [Part(n, e[:, None], scale * c[:, None]) for n, (e, c) in zip(counts, costs, strict=True)]
    totals = choose(parts, goal)
    shares = Shares.even(len(parts))
    if math.isfinite(float(totals.log[0])):
        energy = np.array(
            [part.count * part.energy[pick[0], 0] for part, pick in zip(parts, totals.picks, strict=True)]
        )
        delay = np.array([part.count * part.delay[pick[0], 0] for part, pick in zip(parts, totals.picks, strict=True)])
        shares = Shares.of(energy, delay)
    alphas = shares.balance(goal)
    with np.errstate(invalid="ignore"):
        values = np.array(
            [np.min(a * np.log(e) + (1 - a) * np.log(c)) for a, (e, c) in zip(alphas, costs, strict=True)]
        )
    values = np.where(np.isnan(values), np.inf, values)
    merits = [pool.machines.merits(machine) for pool, machine in zip(family.pools, machines, strict=True)]  # type: ignore[arg-type]
    known = [one.bound(m, float(a)) for one, m, a in zip(family.known, merits, alphas, strict=True)]
    return Estimate(
        counts,
        goal,
        scale,
        tuple(machines),
        tuple(merits),
        shares,
        alphas,
        values,
        np.minimum(known, values),  # type: ignore[arg-type]
    )
