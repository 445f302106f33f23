"""Which hardware number matters? The gradient of a mapping's energy with respect to all of them at once.

python examples/energy_gradient.py
"""

from __future__ import annotations

from pathlib import Path

import jax

import accelax as ax

CONFIGS = Path(__file__).parent.parent / "configs"


def main() -> None:
    """Print, per level, the share of the energy that its read, fill and update energies account for."""
    files = [CONFIGS / "arch" / "eyeriss_like.yaml", CONFIGS / "workload" / "resnet18" / "layer_05.yaml"]
    spec = ax.Specification.from_yaml_files(*files, CONFIGS / "mapping" / "eyeriss_like_resnet18.yaml")
    problem = ax.encode(ax.Specification.from_yaml_files(*files))  # without the mapping, constraints settle more
    batch = problem.encode_mappings([spec.mapping])

    def energy(hardware: object) -> jax.Array:
        return ax.evaluate_batch(problem.replace(hardware=hardware), batch).energy_pJ[0]

    total, slope = jax.jit(jax.value_and_grad(energy))(problem.hardware)
    print(f"energy {total / 1e6:.1f} uJ; shares:")
    hardware = problem.hardware
    for position, name in enumerate(problem.structure.level_names):
        shares = {
            action: getattr(hardware, field)[position] * float(getattr(slope, field)[position] / total)
            for action, field in (("read", "read_energy"), ("fill", "fill_energy"), ("update", "update_energy"))
        }
        if any(shares.values()):
            print(f"  {name:14}", "  ".join(f"{action} {share:6.2%}" for action, share in shares.items()))
    print(f"  {'mac':14} {hardware.compute_energy * float(slope.compute_energy / total):11.2%}")


if __name__ == "__main__":
    main()
