"""Score ten thousand random mappings in one call and write out the best.

python examples/score_many_mappings.py
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp

import accelax as ax

CONFIGS = Path(__file__).parent.parent / "configs"


def main() -> None:
    """Sample, score in float32, evaluate the best again in float64."""
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "weight_stationary.yaml", CONFIGS / "workload" / "bert_base" / "layer_01.yaml"
    )
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.key(0), 10_000)
    cost = jax.jit(ax.evaluate_batch)(problem, batch)

    fits = cost.violation <= 0
    best = int(jnp.argmin(jnp.where(fits, cost.edp, jnp.inf)))
    mapping = problem.decode(batch, best)
    result = ax.evaluate(spec.with_mapping(mapping)).to_dict()
    print(f"{int(fits.sum())} of 10000 fit")
    print(f"best: {result['energy_pJ'] / 1e6:.1f} uJ, {result['cycles']} cycles")
    print(mapping.to_yaml())


if __name__ == "__main__":
    main()
