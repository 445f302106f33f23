"""The machine at every point of a grid, and the machine that is at least as good as all points of a box."""

from __future__ import annotations

from dataclasses import fields
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


def machines_at(spec: Any, problem: LevelProblem, grid: Grid) -> LevelHardware:
    """The hardware numbers at every point of ``grid``, every leaf ``[points]`` in float64.

    Raises SpecError or UnsupportedError as :func:`accelax.encode.knobs.at_values`.
    """
    with jax.enable_x64(True):

        def at(point: Any) -> LevelHardware:
            return at_values(spec, problem, dict(zip(grid.paths, point, strict=True))).hardware

        table = jax.vmap(at)(jax.numpy.asarray(grid.points()))
        return jax.tree.map(lambda leaf: np.broadcast_to(np.asarray(leaf, dtype=float), grid.size), table)


def machine_at(machines: LevelHardware, point: int) -> LevelHardware:
    """The machine of one point, as plain numbers."""
    return jax.tree.map(lambda leaf: float(leaf[point]), machines)


def best_of(machines: LevelHardware, among: np.ndarray) -> LevelHardware | None:
    """A machine on which no mapping costs more than on any of the machines ``among`` (a mask), and all that fit fit.

    Energy and cycles fall, or stay, with every size and bandwidth and rise with every energy, so each number may be
    chosen for itself. None where a number of which that is not so differs between the machines.
    """
    parts = {}
    for field in fields(machines):
        leaves = jax.tree.map(lambda leaf: leaf[among], getattr(machines, field.name))
        if field.name in LARGER_IS_BETTER:
            parts[field.name] = jax.tree.map(lambda leaf: float(leaf.max()), leaves)
        elif field.name in SMALLER_IS_BETTER:
            parts[field.name] = jax.tree.map(lambda leaf: float(leaf.min()), leaves)
        elif any(np.ptp(leaf) for leaf in jax.tree.leaves(leaves)):
            return None
        else:
            parts[field.name] = jax.tree.map(lambda leaf: float(leaf[0]), leaves)
    return LevelHardware(**parts)


def areas(machines: LevelHardware) -> np.ndarray:
    """``[points]`` µm² of the whole machine."""
    return np.asarray(run_area(machines), dtype=float)
