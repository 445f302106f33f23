"""What is still owed when a walk has passed some levels: deliveries whose count outer loops will decide.

A tile that no loop has moved yet stays put through every level without a relevant loop; all tiles of a tensor that are
still unmoved are delivered equally often, once the first moving loop is known. A pattern holds, per tensor, what one
such delivery of the tile at the current boundary costs:

``fixed``
    pJ per word: fills of the unmoved tiles, and reads of the parents passed. Copies in space multiply it.
``mc``
    words that the next parent outward hands out per word of the tile: multicast keeps it from growing.
``offset``
    pJ per word of the whole tensor that first visits of partial sums leave out. Copies in space multiply it.
``busy``
    cycles per word that the innermost of the unmoved tiles keeps its level writing, where that may throttle, times the
    copies in space (:attr:`~accelax.search.chain.placement.Placement.writing`).

``fixed`` and ``mc`` have an entry per way to move: ``K`` for the steps of a sweep (entry 0: whole tiles), ``K - 1`` for
the first steps of sweeps along each sliding rank, and ``K - 1`` for those first steps that are fresh in any case.
Where neighbours may hand words on, only fresh first steps count: the entries of first steps are then 0. Until a parent
is reached, ``mc`` holds both (:func:`settled` chooses).
"""

from __future__ import annotations

import numpy as np

from accelax.search.chain.tables import ChainTables

Array = np.ndarray


class Layout:
    """Where the entries of each tensor stand in a row of a pattern table."""

    def __init__(self, tables: ChainTables):
        self.fixed: list[slice] = []
        self.mc: list[slice] = []
        self.offset: list[int] = []
        self.busy: list[int] = []
        width = 0
        for shape in tables.tensors:
            entries = 3 * shape.kinds - 2
            self.fixed.append(slice(width, width + entries))
            self.mc.append(slice(width + entries, width + 2 * entries))
            self.offset.append(width + 2 * entries)
            self.busy.append(width + 2 * entries + 1)
            width += 2 * entries + 2
        self.width = width


def settled(words: Array, kinds: int) -> Array:
    """Rows of ``mc`` as they are charged: fresh first steps only where first steps do not count."""
    result = words.copy()
    first, fresh = words[:, kinds : 2 * kinds - 1], words[:, 2 * kinds - 1 :]
    result[:, 2 * kinds - 1 :] = np.where(first > 0, 0.0, fresh)
    return result


def unique_rows(rows: Array) -> tuple[Array, Array]:
    """Distinct rows of a float table, and where each row went. Rows are told apart by a 64-bit hash of their bits."""
    bits = np.ascontiguousarray(rows + 0.0).view(np.uint64)
    return _by_hash(rows, hashed(bits))


def _by_hash(rows: Array, key: Array) -> tuple[Array, Array]:
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return rows[first], inverse.reshape(-1)


def hashed(bits: Array) -> Array:
    """``[n]``: one 64-bit number per row of unsigned integers (multiply, add and mix; collisions have odds 2^-64)."""
    key = np.full(len(bits), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for column in range(bits.shape[1]):
        key = (key ^ bits[:, column]) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(29)
        key = key * np.uint64(0x94D049BB133111EB)
        key ^= key >> np.uint64(32)
    return key
