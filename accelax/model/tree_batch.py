"""Batches of AccelForge mappings: the one-mapping model under ``vmap``."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from accelax.model.cost import Cost
from accelax.model.tree import evaluate_tree
from accelax.model.tree_types import TreeHardware, TreeMapping, TreeStructure, TreeWorkload


def tree_cost(structure: TreeStructure, workload: TreeWorkload, hardware: TreeHardware, mapping: TreeMapping) -> Cost:
    """The five numbers of :class:`Cost` for one mapping. ``cycles`` is NaN: AccelForge measures time in seconds."""
    cost = evaluate_tree(structure, workload, hardware, mapping)
    return Cost(
        energy_pJ=cost.energy * 1e12,
        cycles=jnp.full_like(cost.latency, jnp.nan),
        latency_s=cost.latency,
        edp=cost.edp,
        violation=cost.violation,
    )


def evaluate_tree_batch(problem: Any, batch: TreeMapping) -> Cost:
    """Evaluate ``n`` mappings of a tree problem, each field of the result ``[n]``. Safe under jit, vmap and grad."""

    def one(mapping: TreeMapping) -> Cost:
        return tree_cost(problem.structure, problem.workload, problem.hardware, mapping)

    return jax.vmap(one)(batch)
