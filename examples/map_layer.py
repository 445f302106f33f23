"""Find a good mapping of a layer within a few seconds.

python examples/map_layer.py [seconds]
"""

from __future__ import annotations

import sys
from pathlib import Path

import accelax as ax

CONFIGS = Path(__file__).parent.parent / "configs"


def main(seconds: float) -> None:
    """Search, and print the mapping found with its cost."""
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "eyeriss_like.yaml", CONFIGS / "workload" / "resnet18" / "layer_05.yaml"
    )
    found = ax.map(spec, objective="edp", seconds=seconds, seed=0)
    print(f"{found.evaluated} mappings in {found.seconds:.1f} s")
    if found.mapping is None:
        sys.exit(found.reason)
    result = found.result.to_dict()
    print(f"{result['energy_pJ'] / 1e6:.1f} uJ, {result['cycles']} cycles, {result['utilization']:.0%} busy")
    print(found.mapping.to_yaml())


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
