"""What many mappings of one machine access, by the general model: lines, activity and time, before any prices.

Energy is linear in the lines of each level. So one count of a mapping serves every layer of that shape, whatever its
data make of the energies, and every version of the machine that differs in prices and bandwidths alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelax.model.levels.arrays import LevelHardware
from accelax.model.levels.capacity import constraints, largest_excess
from accelax.model.levels.energy import accessed_lines, leaking_instances
from accelax.model.levels.evaluate import nest_traffic
from accelax.model.levels.latency import level_cycles, run_cycles
from accelax.model.levels.nest import count_nest
from accelax.studies.raella.leftovers import Candidates
from accelax.studies.raella.machines import Prices

AT_ONCE = 1 << 13
"""Mappings counted at once: their numbers stay in the cache of one core."""
ACTIONS = ("read", "fill", "update")


@dataclass(frozen=True, eq=False)
class Counts:
    """The counts of some mappings.

    lines
        ``[n, 3 levels]``: lines read, filled and updated over all instances of each level.
    leaking
        ``[n, levels]``: instances that leak.
    cycles, steady
        ``[n, variants]``: the run's cycles, and those without the latencies of networks.
    fits
        ``[n]``.
    """

    lines: np.ndarray
    leaking: np.ndarray
    cycles: np.ndarray
    steady: np.ndarray
    fits: np.ndarray

    def energies(self, rows: np.ndarray, prices: Prices, variant: int) -> np.ndarray:
        """pJ of each level, ``[rows, levels]``, at the prices of one layer."""
        lines = self.lines[rows].reshape(-1, *prices.energies.shape)
        return (lines * prices.energies).sum(axis=1) + self.leaking[rows] * prices.leaks * self.steady[
            rows, variant, None
        ]

    def totals(self, rows: np.ndarray, prices: Prices, variant: int) -> np.ndarray:
        """pJ of all levels, ``[rows]``; equal to the sum of :meth:`energies` up to rounding."""
        found = self.lines[rows] @ prices.energies.ravel()
        if prices.leaks.any():
            found += self.leaking[rows] @ prices.leaks * self.steady[rows, variant]
        return found


def joined(parts: Sequence[Counts]) -> Counts:
    """Counts one after another."""
    names = ("lines", "leaking", "cycles", "steady", "fits")
    return Counts(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def count(candidates: Candidates, picks: np.ndarray, variants: Sequence[LevelHardware]) -> Counts:
    """Count some of the candidates, with the bandwidths of each of ``variants``."""
    steps = range(0, max(len(picks), 1), AT_ONCE)
    return joined([_count(candidates, picks[begin : begin + AT_ONCE], variants) for begin in steps])


def _count(candidates: Candidates, picks: np.ndarray, variants: Sequence[LevelHardware]) -> Counts:
    """:func:`count` of a few: the model is evaluated once, on arrays with one entry for each mapping."""
    structure, n = candidates.openings.structure, len(picks)
    mapping = candidates.openings.mapping(candidates.factors(picks))
    hardware, levels = variants[0], range(structure.n_levels)
    with np.errstate(all="ignore"):
        nest = count_nest(structure, candidates.workload(picks), mapping)
        traffic = nest_traffic(structure, mapping, nest)
        lines = np.zeros((n, len(ACTIONS), len(levels)))
        leaking = np.zeros((n, len(levels)))
        for level in levels:
            if not structure.is_fanout[level]:
                for action, number in enumerate(accessed_lines(hardware, traffic, nest, level)):
                    lines[:, action, level] = number
                leaking[:, level] = leaking_instances(structure, hardware, nest, level)
        cycles, steady = np.zeros((n, len(variants))), np.zeros((n, len(variants)))
        for place, variant in enumerate(variants):
            needs = tuple(level_cycles(structure, variant, traffic, nest, level)[0] for level in levels)
            steady[:, place], cycles[:, place] = run_cycles(variant, needs, nest.compute_cycles)
        excess = largest_excess(constraints(structure, hardware, mapping, nest))
    return Counts(
        lines=lines.reshape(n, -1),
        leaking=leaking,
        cycles=cycles,
        steady=steady,
        fits=np.broadcast_to(np.asarray(excess) <= 0, n).copy(),
    )
