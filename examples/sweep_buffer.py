"""Sweep the depth of the shared buffer over a hundred values with one compilation.

python examples/sweep_buffer.py
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp

import accelax as ax

CONFIGS = Path(__file__).parent.parent / "configs"
WORDS_PER_LINE = 4


def main() -> None:
    """Print the best energy-delay product of a thousand random mappings for ten of the hundred depths."""
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "eyeriss_like.yaml", CONFIGS / "workload" / "resnet18" / "layer_05.yaml"
    )
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.key(0), 1000)
    buffer = problem.structure.level_names.index("shared_glb")

    def best(lines: jax.Array) -> jax.Array:
        size = list(problem.hardware.size)
        size[buffer] = lines * WORDS_PER_LINE
        hardware = problem.hardware.replace(size=tuple(size))
        cost = ax.evaluate_batch(problem.replace(hardware=hardware), batch)
        return jnp.min(jnp.where(cost.violation <= 0, cost.edp, jnp.inf))

    depths = jnp.linspace(256, 16384, 100)
    for lines, edp in list(zip(depths, jax.jit(jax.vmap(best))(depths), strict=True))[::11]:
        print(f"{int(lines):6} lines: best EDP {edp:.4g}")


if __name__ == "__main__":
    main()
