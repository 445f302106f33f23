"""Every way to spread the ranks over the fan-outs of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelax.ir.tree_machine import TreeMachine
from accelax.ir.tree_usage import (
    Place,
    admitted_usages,
    constrained_places,
    fanned_places,
    rank_factors,
    satisfies,
)
from accelax.ir.workload import Einsum

_SLACK = 1e-12


@dataclass(frozen=True)
class Spreads:
    """All ways: ``factors[way, dimension, rank]`` with the component of each dimension, outermost first."""

    factors: np.ndarray
    components: tuple[int, ...]
    dimensions: tuple[int, ...]
    """The number of each dimension within its component."""


def rooms_of(machine: TreeMachine, fanouts: Sequence[Sequence[float]], scales: Sequence[Sequence[float]]) -> np.ndarray:
    """The most instances along each dimension: its fan-out, less where each counts for more than one.

    ``fanouts`` and ``scales`` are ``[component][dimension]``.
    """
    places = [(c, machine.components[c].spatial.index(d)) for c, d in fanned_places(machine)]
    return np.array([float(fanouts[c][d]) / max(float(scales[c][d]), 1.0) for c, d in places])


def spreads_of(
    einsum: Einsum,
    machine: TreeMachine,
    rooms: np.ndarray,
    imperfect: bool,
    most: int,
    random: np.random.Generator | None = None,
) -> Spreads | None:
    """The ways that fan-outs, ``reuse``, ``loop_bounds`` and ``min_usage`` allow, with ``rooms`` of :func:`rooms_of`.

    Where there are over ``most``, None; or, with ``random``, some of them.
    """
    places = fanned_places(machine)
    numbers = tuple(machine.components[c].spatial.index(d) for c, d in places)
    found = np.ones((1, len(places), 0))
    for rank in einsum.ranks:
        every = list(dict.fromkeys(rank_factors(einsum, rank, places, imperfect)))
        rows = np.array(every, float).reshape(len(every), len(places))
        used = found.prod(axis=2)
        fits = (used[:, None, :] * rows[None] <= rooms * (1 + _SLACK)).all(axis=2)
        old, new = np.nonzero(fits)
        if len(old) > most:
            if random is None:
                return None
            some = random.choice(len(old), most, replace=False)
            old, new = old[some], new[some]
        found = np.concatenate([found[old], rows[new][:, :, None]], axis=2)
    kept = _kept(found, einsum, machine, places, imperfect)
    return Spreads(found[kept], tuple(c for c, _ in places), numbers)


def _kept(
    found: np.ndarray, einsum: Einsum, machine: TreeMachine, places: tuple[Place, ...], imperfect: bool
) -> np.ndarray:
    """Which ways keep bounds on products of loops, and the wanted usage."""
    kept = np.ones(len(found), bool)
    for d, (_, dimension) in enumerate(places):
        for comparison in dimension.loop_bounds:
            if comparison.operator.startswith("product"):
                ranks = [r for r, rank in enumerate(einsum.ranks) if rank in comparison.ranks]
                kept &= np.array([satisfies(x, comparison) for x in found[:, d, ranks].prod(axis=1)], bool)
    admitted = admitted_usages(einsum, machine, imperfect)
    if admitted is not None:
        wanted = [places.index(place) for place in constrained_places(machine)]
        used = found.prod(axis=2)[:, wanted].astype(int)
        kept &= np.array([tuple(row) in admitted for row in used.tolist()], bool)
    return kept
