"""Random small mapping problems in AccelForge's dialect, as plain data.

Uneven storage, tolls, free and fixed keeping, fan-outs that must or may reuse, least usage, bounds on loops, leakage,
power gating, windows with strides, and buffers that are too small for most tiles.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

Data = dict[str, Any]

EINSUMS = {
    "gemm": ("Z[m, n] = A[m, k] * B[k, n]", "mnk"),
    "gemv": ("Z[m] = A[m, k] * B[k]", "mk"),
    "bgemm": ("Z[h, m, n] = A[h, m, k] * B[h, k, n]", "hmnk"),
    "sddmm": ("Z[m, n] = A[m, k] * B[k, n] * C[m, n]", "mnk"),
    "conv1d": ("Z[m, p] = A[X: {0}p + {1}r] * B[m, r]", "mpr"),
    "conv1d_deep": ("Z[p] = A[c, X: {0}p + {1}r] * B[c, r]", "cpr"),
    "depthwise": ("Z[c, p] = A[c, X: {0}p + {1}r] * B[c, r]", "cpr"),
    "conv2d": ("Z[p, q] = A[X: {0}p + r, Y: {0}q + s] * B[r, s]", "pqrs"),
}
KINDS = ("gemm", "gemm", "gemv", "bgemm", "sddmm", "conv1d", "conv1d_deep", "depthwise", "conv2d")
SETS = ("input", "weight", "output", "input | weight", "input | output", "weight | output", "All", "Nothing")


def document(random: Random, imperfect: bool = False) -> Data:
    """One specification: architecture, workload and mapper; ``imperfect`` explores tiles that do not divide."""
    kind = random.choice(KINDS)
    text, ranks = EINSUMS[kind]
    sizes = {rank: random.choice((2, 3, 4, 4, 5, 6, 7, 8, 9)) for rank in ranks}
    if len(ranks) == 4:
        sizes = {rank: random.choice((1, 2, 2, 3, 4)) for rank in ranks}
    for rank in "rs":
        if rank in sizes:
            sizes[rank] = random.choice((1, 2, 3))
    factors = [f"{n}*" if n > 1 else "" for n in (random.choice((1, 1, 2, 3)), random.choice((1, 1, 1, 2)))]
    einsum = {
        "einsum": text.format(*factors),
        "renames": {"input": "A", "weight": "B", "output": "Z"},
        "iteration_space_shape": [f"0 <= {rank} < {size}" for rank, size in sizes.items()],
    }
    mapper: Data = {"metrics": 128}
    if imperfect:
        mapper |= {"explore_imperfect_spatial_loops": True, "explore_imperfect_temporal_loops": True}
    return {
        "arch": {"nodes": _nodes(random, math.prod(sizes.values()), list(ranks))},
        "workload": {"bits_per_value": {"All": 8}, "einsums": [einsum]},
        "mapper": mapper,
    }


def _nodes(random: Random, points: int, ranks: list[str]) -> list[Data]:
    """DRAM, one to three components that hold or pass tensors, a fan-out somewhere, and the compute unit."""
    leaky = random.random() < 0.4
    inner = random.choice((("GLB",), ("GLB",), ("GLB", "REG"), ("GLB", "REG"), ("GLB", "NoC"), ("GLB", "NoC", "REG")))
    fanout_at = random.choice((None, *inner, "MAC", "MAC", *inner))
    words = 3 * points ** (2 / 3)
    nodes = [
        _memory(random, "DRAM", 100.0, math.inf, leaky) | {"tensors": {"keep": "~Intermediates", "may_keep": "All"}}
    ]
    for depth, name in enumerate(inner):
        energy = 6.0 / 8**depth
        spatial: list[Data] = []
        if fanout_at == name:
            spatial = _spatial(random, ranks)
            if random.random() < 0.6:
                nodes.append({"tag": "Container", "name": "PE", "spatial": spatial})
                spatial = []
        if name == "NoC":
            node = _toll(random, energy, leaky)
        else:
            size = max(4, round(words / 3.0 ** (depth + random.uniform(0.0, 1.5)))) * 8
            node = _memory(random, name, energy, size, leaky)
            node["tensors"] = _tensors(random)
        nodes.append(node | ({"spatial": spatial} if spatial else {}))
    unit: Data = {"tag": "Compute", "name": "MAC", "area": 1e-10, "leak_power": 1e-4 if leaky else 0.0}
    unit["actions"] = [{"name": "compute", "energy": 0.2e-12, "throughput": 1e9}]
    if random.random() < 0.1:
        unit["skip_initial_output_write"] = False
    if fanout_at == "MAC":
        unit["spatial"] = _spatial(random, ranks)
    return [*nodes, unit]


def _memory(random: Random, name: str, energy: float, size: float, leaky: bool) -> Data:
    """A memory; its throughput is that of some values per compute cycle."""
    node: Data = {"tag": "Memory", "name": name, "size": size if math.isfinite(size) else "inf", "area": 1e-6}
    node["leak_power"] = round(random.uniform(0.0, 2e-3), 6) if leaky else 0.0
    speed = random.choice((math.inf, 4e9, 16e9, 64e9))
    node["actions"] = [
        {
            "name": action,
            "energy": round(energy * random.uniform(0.7, 1.3), 4) * 1e-12 / 8,
            "throughput": speed * random.choice((1.0, 0.5)) if math.isfinite(speed) else "inf",
        }
        for action in ("read", "write")
    ]
    if random.random() < 0.2:
        node["total_latency"] = "max(a.n_calls / a.throughput for a in actions)"
    if random.random() < 0.1:
        node["skip_initial_output_write"] = False
    if random.random() < 0.1:
        node["bits_per_value"] = {random.choice(("input", "output")): 16}
    return node


def _toll(random: Random, energy: float, leaky: bool) -> Data:
    """A toll that some tensors pay in some direction."""
    ways = ("down", "up", "up_and_down")
    return {
        "tag": "Toll",
        "name": "NoC",
        "area": 0,
        "leak_power": 1e-4 if leaky else 0.0,
        "direction": {"~output": random.choice(ways), "output": random.choice(ways)},
        "tensors": {"keep": random.choice(SETS)},
        "actions": [
            {"name": "read", "energy": round(energy, 4) * 1e-12 / 8, "throughput": random.choice(("inf", 16e9))}
        ],
    }


def _tensors(random: Random) -> Data:
    """What a memory keeps: a fixed set, or one that the mapper may extend."""
    found: Data = {"keep": random.choice(SETS)}
    if random.random() < 0.5:
        found["may_keep"] = random.choice(SETS)
    return found


def _spatial(random: Random, ranks: list[str]) -> list[Data]:
    """One or two dimensions of a fan-out."""
    names = random.choice((("X",), ("X",), ("X", "Y")))
    least_at = random.choice((None, None, *names))
    found = []
    for name in names:
        dimension: Data = {"name": name, "fanout": random.choice((2, 3, 4, 4, 6, 8))}
        if random.random() < 0.3:
            dimension["reuse"] = random.choice(("input", "weight", "output", "Nothing"))
        if random.random() < 0.4:
            dimension["may_reuse"] = random.choice(SETS)
        if random.random() < 0.3:
            dimension["loop_bounds"] = [
                {
                    "expression": random.choice(ranks),
                    "operator": random.choice(("==", "<=", "<=", "product<=")),
                    "value": random.choice((1, 1, 2)),
                }
            ]
            if dimension["loop_bounds"][0]["operator"] == "==":
                dimension["loop_bounds"][0]["value"] = 1
        if name == least_at:
            dimension["min_usage"] = random.choice((0.5, 1))
        if random.random() < 0.15:
            dimension["power_gateable"] = True
        found.append(dimension)
    return found
