"""Labels: what the inner part of a nest costs, one row per choice, and which of them are worth keeping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WINDOW = 12
"""With how many neighbours a label is compared where no single comparison decides."""


@dataclass(frozen=True)
class Labels:
    """Partial nests that share a state, by row.

    ``tile`` is the number of the outermost tile so far, ``spent[resource, row]`` what it costs, ``used`` the bits taken
    in the memory at hand. ``state``, ``row`` and ``step`` say which label each came from (-1 at the start).
    """

    tile: np.ndarray
    spent: np.ndarray
    used: np.ndarray
    state: np.ndarray
    row: np.ndarray
    step: np.ndarray

    def __len__(self) -> int:
        return len(self.tile)

    def take(self, rows: np.ndarray) -> Labels:
        """Some of the rows."""
        return Labels(
            self.tile[rows], self.spent[:, rows], self.used[rows], self.state[rows], self.row[rows], self.step[rows]
        )


def joined(parts: list[Labels]) -> Labels:
    """All rows of several tables."""
    if len(parts) == 1:
        return parts[0]
    return Labels(
        np.concatenate([p.tile for p in parts]),
        np.concatenate([p.spent for p in parts], axis=1),
        np.concatenate([p.used for p in parts]),
        np.concatenate([p.state for p in parts]),
        np.concatenate([p.row for p in parts]),
        np.concatenate([p.step for p in parts]),
    )


def undominated(labels: Labels) -> Labels:
    """Drop labels at the same tile that cost and take at least as much as another; with one resource, all of them."""
    criteria = np.concatenate([labels.spent, labels.used[None]])
    varying = [row for row in criteria if len(row) and row.min() < row.max()]
    order = np.lexsort((*reversed(varying), labels.tile)) if varying else np.argsort(labels.tile, kind="stable")
    labels = labels.take(order)
    varying = [row[order] for row in varying]
    fresh = np.ones(len(labels), bool)
    fresh[1:] = labels.tile[1:] != labels.tile[:-1]
    if not varying:
        return labels.take(np.flatnonzero(fresh))
    if len(varying) == 1:
        return labels.take(np.flatnonzero(fresh))
    if len(varying) == 2:
        return labels.take(np.flatnonzero(_falling(varying[1], fresh)))
    return labels.take(np.flatnonzero(~_beaten(labels.tile, varying)))


def _falling(values: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Which entries are below all earlier ones of their group; ``fresh`` marks where groups begin."""
    group = np.cumsum(fresh) - 1
    rank = np.unique(values, return_inverse=True)[1].astype(np.int64)
    shifted = rank - group * (int(rank.max()) + 1)
    least = np.minimum.accumulate(shifted)
    found = fresh.copy()
    found[1:] |= shifted[1:] < least[:-1]
    return found


def _beaten(tile: np.ndarray, criteria: list[np.ndarray]) -> np.ndarray:
    """Which rows are no better in any criterion than one of the rows before them in the same group."""
    beaten = np.zeros(len(tile), bool)
    table = np.stack(criteria)
    for shift in range(1, min(WINDOW, len(tile) - 1) + 1):
        same = tile[shift:] == tile[:-shift]
        beaten[shift:] |= same & (table[:, :-shift] <= table[:, shift:]).all(axis=0)
    return beaten
