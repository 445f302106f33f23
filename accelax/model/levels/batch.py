"""A batch of mappings of a chain of levels."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from accelax.model.cost import Cost
from accelax.model.levels.arrays import LevelMapping
from accelax.model.levels.evaluate import evaluate_levels


def evaluate_levels_batch(problem: Any, batch: LevelMapping) -> Cost:
    """Evaluate every mapping of ``batch`` (leaves ``[n]``) on one problem."""

    def one(mapping: LevelMapping) -> Cost:
        cost = evaluate_levels(problem.structure, problem.workload, problem.hardware, mapping)
        energy, cycles = jnp.asarray(cost.energy), jnp.asarray(cost.cycles)
        return Cost(
            energy_pJ=energy,
            cycles=cycles,
            latency_s=cycles * problem.cycle_seconds,
            edp=energy * 1e-12 * cycles,
            violation=jnp.asarray(cost.violation, energy.dtype),
        )

    return jax.vmap(one)(jax.tree.map(jnp.asarray, batch))
