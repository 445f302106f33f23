"""A machine and layers small enough to try everything."""

from __future__ import annotations

from typing import Any

import accelax as ax

ENERGY = "10 + buffer_depth / 4"


def specification(m: int = 4, n: int = 4, k: int = 4, lanes: int = 2, clock: float | None = None) -> ax.Specification:
    """A matrix product on DRAM, a buffer whose energy grows with its depth, and ``lanes`` multipliers."""
    tables = [{"name": "system.MAC[1..64]", "actions": [{"name": "compute", "arguments": {}, "energy": 1.0}]}]
    data: dict[str, Any] = {
        "variables": {"version": 0.4, "buffer_depth": 16, "lanes": lanes, "bandwidth": 4},
        "architecture": {
            "version": 0.4,
            "nodes": [
                {"tag": "Container", "name": "system"},
                {
                    "tag": "Component",
                    "name": "DRAM",
                    "class": "DRAM",
                    "attributes": {
                        "datawidth": 8, "width": 8, "shared_bandwidth": "bandwidth", "vector_access_energy": 100.0,
                    },
                },
                {
                    "tag": "Component",
                    "name": "Buffer",
                    "class": "SRAM",
                    "attributes": {
                        "datawidth": 8,
                        "width": 8,
                        "depth": "buffer_depth",
                        "vector_access_energy": ENERGY,
                        "cluster_area": "100 * buffer_depth",
                    },
                },
                {"tag": "Container", "name": "Lanes", "spatial": {"meshX": "lanes"}},
                {"tag": "Component", "name": "MAC", "class": "intmac", "attributes": {"datawidth": 8}},
            ],
        },
        "problem": {
            "version": 0.4,
            "shape": {
                "name": "gemm",
                "dimensions": ["M", "N", "K"],
                "data_spaces": [
                    {"name": "A", "projection": [[["M"]], [["K"]]]},
                    {"name": "B", "projection": [[["K"]], [["N"]]]},
                    {"name": "Z", "projection": [[["M"]], [["N"]]], "read_write": True},
                ],
            },
            "instance": {"M": m, "N": n, "K": k},
        },
        "ERT": {"version": 0.4, "tables": tables},
    }  # fmt: skip
    if clock is not None:
        data["variables"]["global_cycle_seconds"] = clock
    spec = ax.Specification.from_dict(data)
    spec.set("rules.link_transfers", "off")
    return spec


KNOBS = {"variables.buffer_depth": (8, 40, 8)}
