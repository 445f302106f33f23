"""The machine at every point of a grid, and the machine that is at least as good as all points of a box."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import jax
import numpy as np

from accelax.codesign.knobs import Grid
from accelax.encode.knobs import at_values
from accelax.encode.level_problem import LevelProblem
from accelax.model.levels.arrays import LevelHardware
from accelax.model.levels.energy import run_area

LARGER_IS_BETTER = ("size", "block_size", "read_bandwidth", "write_bandwidth", "shared_bandwidth")
SMALLER_IS_BETTER = (
    "min_utilization", "bandwidth_scale", "network_latency", "read_energy", "fill_energy", "update_energy",
    "leak_energy", "area", "hop_energy", "router_energy", "ingress_energy", "compute_energy", "area_compute",
)  # fmt: skip
AREAS = ("area", "area_compute")
"""These enter no cost."""


@dataclass(frozen=True, eq=False)
class Machines:
    """The machines of a grid.

    table
        Hardware numbers: a leaf is a plain number where all machines agree, else ``[points]`` in float64.
    clock
        ``[points]`` seconds of a cycle; NaN without a clock.
    """

    table: LevelHardware
    clock: np.ndarray
    points: int

    def at(self, point: int) -> LevelHardware:
        """The machine of one point, as plain numbers."""
        return jax.tree.map(lambda leaf: leaf if isinstance(leaf, float) else float(leaf[point]), self.table)

    @cached_property
    def areas(self) -> np.ndarray:
        """``[points]`` µm² of the whole machine."""
        return np.broadcast_to(np.asarray(run_area(self.table), dtype=float), self.points)

    def best_of(self, among: np.ndarray) -> LevelHardware | None:
        """A machine on which no mapping costs more than on any ``among`` (a mask), and on which all that fits fits.

        Energy and cycles fall, or stay, with every size and bandwidth and rise with every energy, so each number may
        be chosen for itself. None where a number of which that is not so differs between the machines.
        """
        parts = {}
        for field in fields(self.table):
            column = getattr(self.table, field.name)
            if field.name in LARGER_IS_BETTER:
                parts[field.name] = jax.tree.map(lambda leaf: _extreme(leaf, among, np.max), column)
            elif field.name in SMALLER_IS_BETTER:
                parts[field.name] = jax.tree.map(lambda leaf: _extreme(leaf, among, np.min), column)
            elif any(not isinstance(leaf, float) and np.ptp(leaf[among]) for leaf in jax.tree.leaves(column)):
                return None
            else:
                parts[field.name] = jax.tree.map(lambda leaf: _extreme(leaf, among, np.min), column)
        return LevelHardware(**parts)

    def merits(self, machine: LevelHardware) -> np.ndarray:
        """The numbers of a machine that differ on this grid and enter costs, signed so that larger is better.

        Only machines whose other numbers are equal may be compared by them: see :meth:`best_of`.
        """
        found: list[float] = []
        for field in fields(self.table):
            if field.name in AREAS:
                continue
            sign = 1.0 if field.name in LARGER_IS_BETTER else -1.0
            pairs = zip(
                jax.tree.leaves(getattr(self.table, field.name)),
                jax.tree.leaves(getattr(machine, field.name)),
                strict=True,
            )
            found += [sign * own for leaf, own in pairs if not isinstance(leaf, float)]
        return np.array(found)


def machines_at(spec: Any, problem: LevelProblem, grid: Grid) -> Machines:
    """The machines at every point of ``grid``.

    Raises SpecError or UnsupportedError as :func:`accelax.encode.knobs.at_values`.
    """
    with jax.enable_x64(True):

        def at(point: Any) -> tuple[LevelHardware, Any]:
            """The machine at one point."""
            there = at_values(spec, problem, dict(zip(grid.paths, point, strict=True)))
            return there.hardware, there.cycle_seconds

        table, clock = jax.vmap(at)(jax.numpy.asarray(grid.points()))
    table = jax.tree.map(_compact, table)
    return Machines(table, np.broadcast_to(np.asarray(clock, dtype=float), grid.size), grid.size)


def _compact(leaf: Any) -> float | np.ndarray:
    """A plain number where all machines agree."""
    column = np.asarray(leaf, dtype=float)
    return float(column.flat[0]) if (column == column.flat[0]).all() else column


def _extreme(leaf: Any, among: np.ndarray, pick: Any) -> float:
    return leaf if isinstance(leaf, float) else float(pick(leaf[among]))
