"""The model of a LoopTree over many mappings at once, in float64 numpy and without compiling anything."""

from __future__ import annotations

from typing import Any

import numpy as np

from accelax.model.tree import evaluate_tree
from accelax.model.tree_types import EinsumMapping, TreeMapping


class _Slots:
    """A batch ``[n, slots]`` that looks like one mapping's row ``[slots]`` whose entries are arrays ``[n]``."""

    def __init__(self, values: np.ndarray):
        self.columns = [np.ascontiguousarray(column) for column in values.T]
        self.shape = (len(self.columns),)

    def __getitem__(self, slot: int) -> np.ndarray:
        return self.columns[slot]


def costs(problem: Any, batch: TreeMapping) -> tuple[np.ndarray, np.ndarray]:
    """Energy (J) and seconds of every mapping of a batch, ``[n]``; infinite where it does not fit."""
    n = len(batch.einsums[0].rank)
    rows = tuple(
        EinsumMapping(
            rank=_Slots(row.rank),
            tile=_Slots(row.tile),
            dimension=_Slots(row.dimension),
            above=np.moveaxis(row.above, 0, -1),
            reach=np.moveaxis(row.reach, 0, -1),
            order=np.moveaxis(row.order, 0, -1),
            persistent=np.moveaxis(row.persistent, 0, -1),
        )
        for row in batch.einsums
    )
    with np.errstate(all="ignore"):
        cost = evaluate_tree(problem.structure, problem.workload, problem.hardware, TreeMapping(rows))
    fits = np.broadcast_to(cost.violation <= 0, (n,))
    return np.where(fits, cost.energy, np.inf), np.where(fits, cost.latency, np.inf)
