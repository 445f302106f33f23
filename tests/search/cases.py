"""Small Timeloop specifications for the search: a matrix product on one buffer and a row of multipliers."""

from __future__ import annotations

import copy
from typing import Any

import accelax as ax

SIZES = {"M": 12, "N": 8, "K": 6}


def component(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    """A node of the architecture, without a tag."""
    return {"tag": "Component", "name": name, "class": kind, **fields}


def data(depth: int = 64, **changes: Any) -> dict[str, Any]:
    """DRAM, a buffer of ``depth`` words and four multipliers; ``changes`` are constraints by component."""
    words = {"datawidth": 8, "width": 8}
    nodes = [
        component("DRAM", "DRAM", attributes={**words, "read_bandwidth": 2, "write_bandwidth": 2}),
        component("BUF", "SRAM", attributes={**words, "depth": depth}),
        component("MAC", "intmac", attributes={"datawidth": 8}, spatial={"meshX": 4}),
    ]
    for node in nodes:
        if node["name"] in changes:
            node["constraints"] = copy.deepcopy(changes[node["name"]])
    rows = {"DRAM": ("read", 64.0), "BUF": ("read", 4.0), "MAC": ("compute", 0.5)}
    tables = []
    for name, (action, energy) in rows.items():
        actions = [{"name": action, "arguments": {}, "energy": energy}]
        if action == "read":
            actions += [{"name": other, "arguments": {}, "energy": energy + 1} for other in ("write", "update")]
        actions.append({"name": "leak", "arguments": {}, "energy": 0.0})
        tables.append({"name": f"system.{name}[1..1]", "actions": actions})
    spaces = [("A", "M", "K"), ("B", "K", "N"), ("Z", "M", "N")]
    return {
        "architecture": {"version": 0.4, "nodes": [{"tag": "Container", "name": "system"}, *nodes]},
        "problem": {
            "version": 0.4,
            "shape": {
                "name": "gemm",
                "dimensions": list(SIZES),
                "data_spaces": [
                    {"name": name, "projection": [[[a]], [[b]]], **({"read_write": True} if name == "Z" else {})}
                    for name, a, b in spaces
                ],
            },
            "instance": dict(SIZES),
        },
        "ERT": {"version": 0.4, "tables": tables},
    }


def specification(depth: int = 64, **changes: Any) -> ax.Specification:
    """The same as a specification."""
    return ax.Specification.from_dict(data(depth, **changes))


def imperfect_specification(sizes: dict[str, int], template: str = "ruby", depth: int = 64, **changes: Any) -> Any:
    """The same with other sizes of the problem and another mapspace."""
    given = data(depth, **changes)
    given["problem"]["instance"] = dict(sizes)
    given["mapspace"] = {"version": 0.4, "template": template}
    return ax.Specification.from_dict(given)
