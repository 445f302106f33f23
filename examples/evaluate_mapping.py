"""Evaluate a mapping, then shrink a buffer until the mapping no longer fits.

python examples/evaluate_mapping.py
"""

from __future__ import annotations

from pathlib import Path

import accelax as ax

CONFIGS = Path(__file__).parent.parent / "configs"


def main() -> None:
    """Print energy, time and utilization for three sizes of the shared buffer."""
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "eyeriss_like.yaml",
        CONFIGS / "workload" / "resnet18" / "layer_05.yaml",
        CONFIGS / "mapping" / "eyeriss_like_resnet18.yaml",
    )
    for lines in (16384, 14000, 12000):
        spec.architecture.find("shared_glb").attributes.depth = lines
        result = ax.evaluate(spec).to_dict()
        print(f"shared_glb of {lines} lines: ", end="")
        if not result["valid"]:
            print(result["reason_if_invalid"])
            continue
        print(f"{result['energy_pJ'] / 1e6:.1f} uJ, {result['cycles']} cycles, {result['utilization']:.0%} busy")


if __name__ == "__main__":
    main()
