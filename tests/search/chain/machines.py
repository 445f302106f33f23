"""Small Timeloop specifications for the walk: one buffer below a memory, with or without lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import accelax as ax
from tests.search.cases import component, data


def conv1d(stride: int = 1, depth: int = 64, **sizes: int) -> ax.Specification:
    """``O[p, k] += I[s p + r] W[r, k]``; the ranks are P, R, K in this order."""
    source = data(depth)
    source["problem"] = {
        "version": 0.4,
        "shape": {
            "name": "conv1d",
            "dimensions": ["P", "R", "K"],
            "coefficients": [{"name": "stride", "default": stride}],
            "data_spaces": [
                {"name": "I", "projection": [[["P", "stride"], ["R"]]]},
                {"name": "W", "projection": [[["R"]], [["K"]]]},
                {"name": "O", "projection": [[["P"]], [["K"]]], "read_write": True},
            ],
        },
        "instance": {**sizes, "stride": stride},
    }
    return ax.Specification.from_dict(source)


def gemm(depth: int = 64, sizes: dict[str, int] | None = None, links: bool = False, **changes: Any) -> ax.Specification:
    """``Z[m, n] += A[m, k] B[k, n]`` on DRAM, a buffer and four multipliers; link transfers only if asked for."""
    source = data(depth, **changes)
    source["problem"]["instance"] = dict(sizes or source["problem"]["instance"])
    spec = ax.Specification.from_dict(source)
    spec.rules = replace(spec.rules, link_transfers="mesh" if links else "off")
    return spec


def clustered(sizes: dict[str, int], keep: Sequence[str] = ("A", "B", "Z"), **changes: Any) -> ax.Specification:
    """A matrix product on DRAM, a buffer and four elements, of which two share a register file that sums up Z.

    The buffer has room for ``keep`` only; ``changes`` are attributes of the register file.
    """
    bypass = [name for name in "ABZ" if name not in keep]
    source = data(64, BUF={"dataspace": {"keep": list(keep), "bypass": bypass}})
    source["problem"]["instance"] = dict(sizes)
    nodes = source["architecture"]["nodes"]
    registers = {"datawidth": 8, "width": 16, "depth": 2, "cluster_size": 2, **changes}
    only_sums = {"dataspace": {"keep": ["Z"], "bypass": ["A", "B"]}}
    nodes[3:] = [
        component("REG", "regfile", attributes=registers, spatial={"meshX": 4}, constraints=only_sums),
        component("MAC", "intmac", attributes={"datawidth": 8}),
    ]
    lines = [{"name": name, "arguments": {}, "energy": 6.0} for name in ("read", "write", "update")]
    leak = {"name": "leak", "arguments": {}, "energy": 0.0}
    source["ERT"]["tables"] += [{"name": "system.REG[1..4]", "actions": [*lines, leak]}]
    source["ERT"]["tables"][2]["name"] = "system.MAC[1..4]"
    spec = ax.Specification.from_dict(source)
    spec.rules = replace(spec.rules, link_transfers="off")
    return spec
