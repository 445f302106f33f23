"""A small GEMM on DRAM, a buffer, eight PEs with a register file each, and MACs; tests change one thing of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from accelax.spec.timeloop.specification import TimeloopSpecification

GEMM: dict[str, Any] = {
    "architecture": {
        "version": 0.4,
        "nodes": [
            {"tag": "Container", "name": "system"},
            {"tag": "Component", "name": "DRAM", "class": "DRAM", "attributes": {"datawidth": 16, "width": 64}},
            {
                "tag": "Component",
                "name": "GLB",
                "class": "SRAM",
                "attributes": {"datawidth": 16, "width": 64, "depth": 1024},
            },
            {"tag": "Container", "name": "PE", "spatial": {"meshX": 4, "meshY": 2}},
            {
                "tag": "Component",
                "name": "RF",
                "class": "regfile",
                "attributes": {"datawidth": 16, "width": 16, "depth": 64},
            },
            {"tag": "Component", "name": "MAC", "class": "intmac", "attributes": {"datawidth": 16}},
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
        "instance": {"M": 16, "N": 12, "K": 20},
    },
    "mapping": [
        {"target": "DRAM", "type": "temporal", "factors": ["M=1", "N=3", "K=5"], "permutation": ["K", "N", "M"]},
        {"target": "GLB", "type": "temporal", "factors": ["M=2", "N=1", "K=2"], "permutation": ["M", "K", "N"]},
        {
            "target": "PE",
            "type": "spatial",
            "factors": ["M=4", "N=2", "K=1"],
            "permutation": ["M", "N", "K"],
            "split": 1,
        },
        {"target": "RF", "type": "temporal", "factors": ["M=2", "N=2", "K=2"], "permutation": ["K", "M", "N"]},
    ],
    "ERT": {
        "version": 0.4,
        "tables": [
            {"name": "system.DRAM[1..1]", "actions": [{"name": "read", "energy": 64}, {"name": "write", "energy": 70}]},
            {
                "name": "system.GLB[1..1]",
                "actions": [
                    {"name": "read", "energy": 6},
                    {"name": "write", "energy": 7},
                    {"name": "update", "energy": 6.5},
                    {"name": "leak", "energy": 0.25},
                ],
            },
            {"name": "system.RF[1..8]", "actions": [{"name": "read", "energy": 0.8}, {"name": "write", "energy": 0.9}]},
            {"name": "system.MAC[1..8]", "actions": [{"name": "compute", "energy": 1.5}]},
        ],
    },
    "ART": {"version": 0.4, "tables": [{"name": "system.GLB[1..1]", "area": 500}]},
}


@pytest.fixture
def gemm() -> dict[str, Any]:
    """The data of the specification, free to be changed."""
    return copy.deepcopy(GEMM)


@pytest.fixture
def build() -> Callable[[dict[str, Any]], TimeloopSpecification]:
    """Data to specification."""
    return lambda data: TimeloopSpecification([data])


def node(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The node called ``name`` at the top of the architecture."""
    return next(n for n in data["architecture"]["nodes"] if n.get("name") == name)


def attributes(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The attributes of a node."""
    return node(data, name).setdefault("attributes", {})
