"""What a design must keep to: area, and totals of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accelax.codesign.choice import Goal, Part, Totals, better_of, choose
from accelax.codesign.family import Family
from accelax.errors import Problem, SpecError, did_you_mean

LIMITS = ("area_um2", "power_W", "energy_pJ", "latency_s", "cycles")
LEANS = (1.0, 0.25, 4.0, 0.0, math.inf)
"""How much more the delay weighs than in the objective, where totals are limited."""


@dataclass(frozen=True)
class Limits:
    """Upper limits by name; none is the default.

    >>> Limits.read({"area_um2": 1e6}).largest
    {'area_um2': 1000000.0}
    """

    largest: dict[str, float]

    @staticmethod
    def read(constraints: Mapping[str, float] | None) -> Limits:
        """Limits as a user gives them. Raises SpecError with every one that is not understood."""
        problems = []
        for name, limit in (constraints or {}).items():
            if name not in LIMITS:
                problems.append(Problem(f"unknown constraint {name!r}{did_you_mean(name, LIMITS)}"))
            elif isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit < math.inf:
                problems.append(Problem(f"constraint {name}: expected a positive number, got {limit!r}"))
        if problems:
            raise SpecError(problems)
        return Limits({name: float(limit) for name, limit in (constraints or {}).items()})

    @property
    def of_totals(self) -> dict[str, float]:
        """The limits that depend on mappings."""
        return {name: limit for name, limit in self.largest.items() if name != "area_um2"}

    def leans(self, goal: Goal) -> list[Goal]:
        """The goal, and where totals are limited also goals that weigh energy or delay more."""
        if not self.of_totals:
            return [goal]
        energy, delay = max(goal.energy, 0.25), max(goal.delay, 0.25)
        found = [goal]
        for lean in LEANS:
            other = Goal(0.0, 1.0) if math.isinf(lean) else Goal(energy, lean * delay)
            found += [other] if other not in found else []
        return found

    def choose(self, family: Family, goal: Goal, points: np.ndarray | None = None) -> Totals:
        """The best known network within the limits on every machine (or on some ``points``, in their order).

        Where there is none, its log is infinite.
        """
        places = np.arange(family.grid.size) if points is None else points
        layers = [Part(p.count, p.energy[:, places], p.delay[:, places]) for p in family.pools]
        best = self._masked(family, goal, choose(layers, goal), places)
        for lean in self.leans(goal)[1:]:
            found = self._masked(family, goal, choose(layers, lean), places)
            best = better_of(found, best, found.log < best.log)
        return best

    def _masked(self, family: Family, goal: Goal, totals: Totals, places: np.ndarray) -> Totals:
        """``totals`` by the goal, with an infinite log where a limit is exceeded."""
        metrics = metrics_of(family, totals, places)
        fits = family.allowed[places].copy()
        for name, limit in self.of_totals.items():
            fits &= metrics[name] <= limit * (1 + 1e-12)
        log = goal.log(totals.energy, totals.delay)
        return Totals(totals.energy, totals.delay, np.where(fits, log, np.inf), totals.picks)

    def apply_area(self, families: list[Family]) -> None:
        """Mark the machines within the limit on area. Raises SpecError where there is none."""
        limit = self.largest.get("area_um2")
        if limit is None:
            return
        for family in families:
            family.allowed = family.areas <= limit * (1 + 1e-12)
        if not any(family.allowed.any() for family in families):
            least = min(float(family.areas.min()) for family in families)
            raise SpecError([Problem(f"constraint area_um2 <= {limit:.6g}: the smallest machine has {least:.6g}")])

    def check_clock(self, families: list[Family]) -> None:
        """Raise SpecError where a limit on time has no clock to go by."""
        needs = [name for name in ("latency_s", "power_W") if name in self.largest]
        if needs and any(np.isnan(family.clock).any() for family in families):
            raise SpecError(
                [Problem(f"constraint {name}: the machine has no clock (global_cycle_seconds)") for name in needs]
            )

    def least_reached(self, families: list[Family], goal: Goal) -> dict[str, float]:
        """The least value of each limited total that the known mappings reach on an allowed machine."""
        least = dict.fromkeys(self.of_totals, math.inf)
        for family in families:
            if all(pool.mappings for pool in family.pools):
                for lean in self.leans(goal):
                    places = np.flatnonzero(family.allowed)
                    layers = [Part(p.count, p.energy[:, places], p.delay[:, places]) for p in family.pools]
                    metrics = metrics_of(family, choose(layers, lean), places)
                    for name in least:
                        least[name] = min(least[name], float(np.nanmin(metrics[name], initial=math.inf)))
        return least


def metrics_of(family: Family, totals: Totals, places: np.ndarray) -> dict[str, np.ndarray]:
    """The totals that can be limited, of the machines at ``places``."""
    clock = family.clock[places]
    scaled = np.ptp(family.pools[0].scale) > 0
    seconds = totals.delay if scaled else totals.delay * clock
    with np.errstate(invalid="ignore", divide="ignore"):
        cycles = totals.delay / clock if scaled else totals.delay
        power = totals.energy * 1e-12 / seconds
    return {"energy_pJ": totals.energy, "latency_s": seconds, "cycles": cycles, "power_W": power}
