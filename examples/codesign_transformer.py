"""Choose both memories of the Gemmini-like machine for a small transformer, within an area.

python examples/codesign_transformer.py [SECONDS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import accelax as ax
from accelax.workloads import read_transformer

CONFIGS = Path(__file__).parent.parent / "configs"
TRANSFORMER = {"hidden_size": 256, "num_attention_heads": 4, "num_hidden_layers": 6, "sequence": 128}
KNOBS = {"variables.spad_depth": (512, 16384, 512), "variables.acc_depth": (32, 1024, 32)}


def main() -> None:
    """Print the machine, how good it is at most, what smaller ones reach, and which numbers matter."""
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "gemmini_like.yaml", CONFIGS / "workload" / "gemmini_layer.yaml"
    )
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    found = ax.codesign(
        spec, read_transformer(TRANSFORMER), knobs=KNOBS, constraints={"area_um2": 3e5}, seconds=seconds, tolerance=0.01
    )
    assert found.knobs is not None
    print(f"{found.designs} designs: " + ", ".join(f"{path} {value:g}" for path, value in found.knobs.items()))
    print(f"EDP {found.value:.4g} pJ cycles, at most {found.gap:.2%} above the best design's")
    for design in found.front:
        print(f"  {design.area_um2 * 1e-6:.3f} mm2: EDP {design.value:.4g}")
    for slope in found.sensitivity[:4]:
        print(f"  1 % more {slope.name}: EDP {slope.slope:+.2f} %")


if __name__ == "__main__":
    main()
