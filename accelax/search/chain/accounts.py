"""What labels have spent at a storage level: in one order of its loops, and in the best of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from accelax.search.chain.labels import Labels

Array = np.ndarray


@dataclass
class Account:
    """What labels have spent after the loops of a level; the arrays of :class:`~accelax.search.chain.labels.Labels`."""

    energy: Array
    lanes: Array
    pending: Array
    credit: Array
    elided: Array
    clustered: Array
    spread: Array
    sustained: Array
    copied: Array

    @staticmethod
    def of(labels: Labels, rows: Array) -> Account:
        """A copy of what some labels have spent."""
        return Account(*(getattr(labels, field.name)[rows] for field in fields(Account)))


@dataclass(frozen=True)
class Owed:
    """What one pass of a tensor costs, by the rank that moves innermost, and what first visits leave out.

    ``energy`` pJ and ``words`` ``[kinds, n]``; ``left_out`` ``[n]`` pJ per word of the tensor; ``moved`` ``[n]`` words
    of a pass of whole tiles, ``busy`` ``[n]`` cycles that each of them keeps an inner level writing.
    """

    energy: Array
    words: Array
    left_out: Array
    moved: Array
    busy: Array


def least(costs: Array, kinds: Array, pair: Array) -> Array:
    """``[n]``: the least of what a pass costs over the ways in which the tensor may move first; 0 where it does not."""
    if len(costs) == 1:
        return costs[0]
    barred = np.where(kinds, 0.0, np.inf)
    best = costs[0] + barred[pair, 0]
    for kind in range(1, len(costs)):
        best = np.minimum(best, costs[kind] + barred[pair, kind])
    return np.where(np.isfinite(best), best, 0.0)


def picked(columns: list[Array], row: Array, number: Array) -> Array:
    """Entries of arrays ``[n]`` or ``[n, m]``: row ``row`` of array ``number``."""
    return columns[0][row] if len(columns) == 1 else np.stack(columns)[number, row]


def distinct_orders(tried: list[Account]) -> tuple[Array, Array]:
    """``(row, order)`` of the orders worth a label: the cheapest, and those that are better than it in another way."""
    everything = np.arange(len(tried[0].energy))
    if len(tried) == 1:
        return everything, np.zeros_like(everything)
    cheapest = np.argmin(np.stack([t.energy for t in tried]), axis=0)
    better = np.zeros((len(tried), len(everything)), dtype=bool)
    for name, sign in (("lanes", 1), ("pending", -1), ("elided", 1), ("clustered", -1), ("sustained", 1)):
        values = np.stack([getattr(t, name) for t in tried])
        more = sign * values > sign * values[cheapest, everything]
        better |= more if more.ndim == 2 else more.any(axis=2)
    better[cheapest, everything] = True
    order, row = np.nonzero(better)
    return row, order
