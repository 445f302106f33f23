"""Evaluate a batch of mappings: the one-mapping model under ``vmap``."""

from __future__ import annotations

from typing import Any

from accelax.model.cost import Cost
from accelax.model.levels.arrays import LevelStructure


def evaluate_batch(problem: Any, batch: Any) -> Cost:
    """Energy, time and fit of every mapping of a batch; each field of the result has shape ``[n]``.

    Safe under ``jit``, ``vmap`` and ``grad``; not compiled here, so wrap it in ``jax.jit``. The precision is that of
    the caller's jax: float32 by default, float64 inside ``jax.enable_x64()``.
    """
    if isinstance(problem.structure, LevelStructure):
        from accelax.model.levels.batch import evaluate_levels_batch

        return evaluate_levels_batch(problem, batch)
    from accelax.model.tree_batch import evaluate_tree_batch

    return evaluate_tree_batch(problem, batch)
