"""Read files in the AccelForge dialect, and see what a wider memory changes.

python examples/read_accelforge.py
"""

from __future__ import annotations

from pathlib import Path

import accelax as ax

CONFIGS = Path(__file__).parent.parent / "configs"


def main() -> None:
    """Print energy by component and the component that sets the pace, for two memory throughputs."""
    spec = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "accelforge_array.yaml",
        CONFIGS / "workload" / "accelforge_matmul.yaml",
        CONFIGS / "mapping" / "accelforge_array_matmul.yaml",
    )
    for throughput in (256e9, 32e9):
        for action in ("read", "write"):
            spec.set(f"arch.DRAM.actions.{action}.throughput", throughput)
        result = ax.evaluate(spec).to_dict()
        slowest = max(result["latency_per_component"], key=result["latency_per_component"].get)
        print(f"DRAM at {throughput / 1e9:.0f} Gbit/s: {result['latency'] * 1e3:.2f} ms, bound by {slowest}")
        for component, joules in result["energy_per_component"].items():
            print(f"  {component:16} {joules * 1e6:10.1f} uJ")


if __name__ == "__main__":
    main()
