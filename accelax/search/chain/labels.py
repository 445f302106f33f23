"""Labels: partial mappings at one boundary, and which of them another makes useless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from accelax.search.chain.patterns import hashed

Array = np.ndarray
ROUNDS = 12
"""Labels per tile and pattern that others are compared with."""


@dataclass
class Labels:
    """Partial mappings at one boundary; every array has a row per label.

    ``index`` ``[n, R]`` divisor indices; ``pattern`` a row of the boundary's pattern table; ``energy`` in pJ; ``lanes``
    computations per cycle, less where a bandwidth throttles; ``units`` compute units in use; ``pending``, ``credit``
    ``[n, T]``: words settled but not yet read from a parent, and the part of ``energy`` they have already cost;
    ``parent``, ``choice``: the label below, and how the step was taken.

    Three things are only known further out. ``elided`` ``[n, T]``: pJ that first visits leave out of ``energy``, as
    often as lanes outside reduce. ``clustered`` ``[n, C]``: pJ of reads from clustered memories, one for every
    instance; ``spread`` ``[n, C]`` of these are in use. ``sustained``, ``copied`` ``[n, T]``: of the level whose fills
    of an output are still to come, the computations per cycle that its updates alone leave (infinite where there is no
    such level), and the instances of it.
    """

    index: Array
    pattern: Array
    energy: Array
    lanes: Array
    units: Array
    pending: Array
    credit: Array
    elided: Array
    clustered: Array
    spread: Array
    sustained: Array
    copied: Array
    parent: Array
    choice: Array

    def take(self, rows: Array) -> Labels:
        """Some of the labels."""
        return Labels(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.energy)


def join(parts: list[Labels]) -> Labels:
    """Several sets of labels as one."""
    return Labels(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Labels)))


def unique_tiles(index: Array) -> tuple[Array, Array]:
    """Distinct rows of a table of divisor indices, and where each row went."""
    key = hashed(index.astype(np.uint64))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return index[first], inverse.reshape(-1)


def portions(counts: Array, most: int) -> list[Array]:
    """Consecutive rows whose counts add up to about ``most``."""
    if not len(counts):
        return []
    edges = np.flatnonzero(np.diff(np.cumsum(counts) // most)) + 1
    return np.split(np.arange(len(counts)), edges)


def pairs_of(owner: Array, count: Array, start: Array) -> tuple[Array, Array]:
    """Pair every entry with all members of its group: ``(entry, position among all members sorted by group)``.

    >>> pairs_of(np.array([1, 0]), np.array([2, 1]), np.array([0, 2]))
    (array([0, 1, 1]), array([2, 0, 1]))
    """
    repeat = count[owner]
    entry = np.repeat(np.arange(len(owner)), repeat)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    return entry, start[owner][entry] + within


def undominated(labels: Labels, promise: Array, rivals: list[Array], excess: Callable[[Array, Array], Array]) -> Array:
    """Rows that no other row with the same tile and pattern makes useless.

    A row is useless when another one costs no more energy, whatever follows (``excess(these, those)`` are the pJ that
    some rows may cost more than others at most), and is no smaller in any of ``rivals``. Rows of a group are compared
    with the ``ROUNDS`` most promising ones only: keeping a useless label costs time, never truth.
    """
    parts = [labels.index.astype(np.uint64), labels.pattern[:, None].astype(np.uint64)]
    key = hashed(np.concatenate(parts, axis=1))
    order = np.lexsort((labels.energy, promise, key))
    group = np.concatenate([[0], np.cumsum(np.diff(key[order].view(np.int64)) != 0)])
    rivals = [rival[order] for rival in rivals]
    alive, chosen = np.ones(len(order), dtype=bool), np.zeros(len(order), dtype=bool)
    for _ in range(ROUNDS):
        waiting = np.flatnonzero(alive & ~chosen)
        if not len(waiting):
            break
        head = waiting[np.concatenate([[True], np.diff(group[waiting]) != 0])]
        chosen[head] = True
        best = np.full(group[-1] + 1, -1)
        best[group[head]] = head
        judge = best[group[waiting]]
        beaten = judge != waiting
        for rival in rivals:
            beaten &= rival[judge] >= rival[waiting]
        waiting, judge = waiting[beaten], judge[beaten]
        alive[waiting[excess(order[judge], order[waiting]) <= 0]] = False
    return np.sort(order[alive])
