"""A matrix multiplication on a machine with a memory, a buffer, a fan-out and registers, as plain Python data."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from accelax.spec.accelforge import AccelForgeSpecification


def _memory(name: str, size: object, **fields: object) -> dict[str, Any]:
    return {
        "tag": "Memory",
        "name": name,
        "size": size,
        "area": 2,
        "leak_power": 0.5,
        "actions": [
            {"name": "read", "energy": 10, "throughput": 64},
            {"name": "write", "energy": 12, "throughput": 32},
        ],
        **fields,
    }


MATMUL: dict[str, Any] = {
    "arch": {
        "nodes": [
            _memory("DRAM", "inf", tensors={"keep": "~Intermediates", "may_keep": "All"}),
            _memory("GLB", "8*1024", tensors={"keep": "~DRAM", "may_keep": "All"}),
            {
                "tag": "Container",
                "name": "PE",
                "spatial": [{"name": "x", "fanout": 4, "reuse": "input"}, {"name": "y", "fanout": 2}],
            },
            _memory("REG", 64, tensors={"keep": "weight"}, spatial=[{"name": "z", "fanout": 3}]),
            {
                "tag": "Compute",
                "name": "MAC",
                "area": 1,
                "leak_power": 0.25,
                "actions": [{"name": "compute", "energy": 0.5, "throughput": 4}],
            },
        ]
    },
    "workload": {
        "rank_sizes": {"M": 16, "K": 24, "N": 32},
        "bits_per_value": {"All": 8},
        "einsums": [{"einsum": "Z[m, n] = A[m, k] * W[k, n]", "renames": {"input": "A", "weight": "W", "output": "Z"}}],
    },
}

MAPPING: list[dict[str, Any]] = [
    {"tag": "Storage", "component": "DRAM", "tensors": ["A", "W", "Z"]},
    {"tag": "Temporal", "rank_variable": "m", "tile_shape": 4},
    {"tag": "Storage", "component": "GLB", "tensors": ["A", "Z"]},
    {"tag": "Temporal", "rank_variable": "k", "tile_shape": 6},
    {"tag": "Spatial", "rank_variable": "n", "tile_shape": 8, "component": "PE", "name": "x"},
    {"tag": "Spatial", "rank_variable": "k", "tile_shape": 3, "component": "PE", "name": "y"},
    {"tag": "Storage", "component": "REG", "tensors": ["W"]},
    {"tag": "Temporal", "rank_variable": "m", "tile_shape": 1},
    {"tag": "Temporal", "rank_variable": "n", "tile_shape": 1},
    {"tag": "Temporal", "rank_variable": "k", "tile_shape": 1},
    {"tag": "Compute", "einsum": "Z", "component": "MAC"},
]

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def matmul() -> Callable[..., AccelForgeSpecification]:
    """Build the specification after ``change`` has edited its data; ``mapped`` adds the mapping."""

    def build(change: Change | None = None, mapped: bool = False) -> AccelForgeSpecification:
        data = copy.deepcopy(MATMUL)
        if mapped:
            data["mapping"] = {"nodes": copy.deepcopy(MAPPING)}
        if change is not None:
            change(data)
        return AccelForgeSpecification([data])

    return build
