"""Random small mapping problems in Timeloop's dialect, as plain data: each is a file that a person could have written.

Sizes, shapes and constraints are drawn so that complete enumeration stays cheap while every rule of the model that a
bound has to respect appears: halos, strides above and below the window, free and fixed bypass, elision, multicast and
spatial reduction, links between multipliers, bandwidths, leakage, networks, lines of several words and tight buffers.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

Data = dict[str, Any]

ENERGIES = {"DRAM": (20.0, 200.0), "GLB": (3.0, 12.0), "BUF": (1.0, 6.0), "RF": (0.2, 1.5)}
KINDS = (
    "gemm",
    "gemm",
    "gemv",
    "bgemm",
    "conv1d",
    "conv1d",
    "conv1d_pointwise",
    "depthwise",
    "conv2d",
    "sddmm",
    "mttkrp",
)
SIZES = (2, 3, 4, 4, 5, 6, 6, 8, 9, 12)


def document(random: Random) -> Data:
    """One specification: architecture with constraints, problem and energies."""
    shape, instance = _problem(random)
    ranks = shape["dimensions"]
    tensors = [space["name"] for space in shape["data_spaces"]]
    words = _volumes(shape, instance)
    nodes, instances = _architecture(random, words)
    _constrain(random, nodes, ranks, tensors, instance)
    data: Data = {
        "architecture": {"version": 0.4, "nodes": [{"tag": "Container", "name": "system"}, *nodes]},
        "problem": {"version": 0.4, "shape": shape, "instance": instance},
        "ERT": {"version": 0.4, "tables": _energies(random, nodes, instances)},
        "mapper": {"version": 0.4, "algorithm": "exhaustive", "optimization_metrics": ["edp"]},
    }
    environment = _environment(random)
    if environment:
        data["globals"] = {"version": 0.4, "environment_variables": environment}
    _add_rarity(Random(str(data)), data)
    return data


def _add_rarity(random: Random, data: Data) -> None:
    """To one problem in ten, something that few specifications have."""
    nodes = data["architecture"]["nodes"][2:]
    storage = next(node for node in nodes if "depth" in node.get("attributes", {}))
    fanouts = [node for node in nodes if "spatial" in node]
    kind = random.randrange(80)
    if kind == 0:
        storage["attributes"]["min_utilization"] = 0.3
    elif kind == 1:
        storage["attributes"]["has_power_gating"] = True
    elif kind == 2:
        storage["attributes"]["per_dataspace_bandwidth_consumption_scale"] = {"Z": 2.0}
    elif kind == 3:
        storage["attributes"]["reduction_supported"] = False
    elif kind == 4:
        storage.setdefault("constraints", {}).setdefault("dataspace", {})["no_coalesce"] = ["Z"]
    elif kind == 5 and fanouts:
        fanouts[0].setdefault("constraints", {})["utilization"] = {"min": 0.5}
    elif kind == 6:
        storage["attributes"]["cluster_size"] = 1 if not fanouts else 2
        storage["attributes"]["width"] *= storage["attributes"]["cluster_size"]
    elif kind == 7:
        data["globals"] = {"version": 0.4, "environment_variables": {"TIMELOOP_ENABLE_TOROIDAL_LINKS": 1}}


def _environment(random: Random) -> Data:
    """Timeloop's switches; mostly none is set."""
    found: Data = {}
    if random.random() < 0.25:
        found["TIMELOOP_ENABLE_FIRST_READ_ELISION"] = 0
    if random.random() < 0.2:
        found["TIMELOOP_DISABLE_LINK_TRANSFERS"] = 1
    return found


def _problem(random: Random) -> tuple[Data, dict[str, int]]:
    """A shape, and its sizes and coefficients."""
    kind = random.choice(KINDS)
    window = [["P", "stride"]], [["R", "dilation"]]
    slide = [*window[0], *window[1]]
    tables: dict[str, tuple[str, dict[str, list[Any]]]] = {
        "gemm": ("MNK", {"A": ["M", "K"], "B": ["K", "N"], "Z": ["M", "N"]}),
        "gemv": ("MK", {"A": ["M", "K"], "B": ["K"], "Z": ["M"]}),
        "bgemm": ("HMNK", {"A": ["H", "M", "K"], "B": ["H", "K", "N"], "Z": ["H", "M", "N"]}),
        "sddmm": ("MNK", {"A": ["M", "K"], "B": ["K", "N"], "C": ["M", "N"], "Z": ["M", "N"]}),
        "mttkrp": ("IJKL", {"T": ["I", "K", "L"], "B": ["K", "J"], "C": ["L", "J"], "Z": ["I", "J"]}),
        "conv1d": ("MPR", {"W": ["M", "R"], "I": [slide], "Z": ["M", "P"]}),
        "conv1d_pointwise": ("CPR", {"W": ["C", "R"], "I": ["C", slide], "Z": ["P"]}),
        "depthwise": ("CPR", {"W": ["C", "R"], "I": ["C", slide], "Z": ["C", "P"]}),
        "conv2d": ("PQRS", {"W": ["R", "S"], "I": [slide, [["Q", "stride"], ["S", "dilation"]]], "Z": ["P", "Q"]}),
    }
    names, spaces = tables[kind]
    sizes = {name: random.choice(SIZES) for name in names}
    if len(names) == 4:
        sizes = {name: random.choice((1, 2, 2, 3, 4)) for name in names}
    for name in ("R", "S"):
        if name in sizes:
            sizes[name] = random.choice((1, 2, 3, 3, 4) if kind != "conv2d" else (1, 2, 3))
    shape: Data = {"name": kind, "dimensions": list(names), "data_spaces": []}
    if "R" in names:
        sizes |= {"stride": random.choice((1, 1, 2, 3)), "dilation": random.choice((1, 1, 1, 2))}
        shape["coefficients"] = [{"name": name, "default": 1} for name in ("stride", "dilation")]
    for name, axes in spaces.items():
        projection = [[[axis]] if isinstance(axis, str) else axis for axis in axes]
        shape["data_spaces"].append(
            {"name": name, "projection": projection} | ({"read_write": True} if name == "Z" else {})
        )
    return shape, sizes


def _volumes(shape: Data, instance: dict[str, int]) -> dict[str, int]:
    """Words of each tensor."""

    def extent(terms: list[Any]) -> int:
        return 1 + sum((instance[t[0]] - 1) * (instance[t[1]] if len(t) > 1 else 1) for t in terms)

    return {s["name"]: math.prod(extent(axis) for axis in s["projection"]) for s in shape["data_spaces"]}


def _architecture(random: Random, words: dict[str, int]) -> tuple[list[Data], dict[str, int]]:
    """The nodes below the root, and how many instances of each there are."""
    whole = sum(words.values())
    inner = random.choice((("BUF",), ("BUF",), ("GLB", "RF"), ("GLB", "RF"), ("GLB", "BUF", "RF")))
    block = random.choice((1, 1, 1, 2, 4))
    nodes: list[Data] = [_storage(random, "DRAM", "DRAM", block, None)]
    instances = {"DRAM": 1}
    lanes = 1
    fanout_at = random.choice((None, *inner, "MAC"))
    for depth, name in enumerate(inner):
        share = whole / 3.0 ** (depth + random.uniform(0.0, 1.5)) / (lanes**0.5)
        if fanout_at == name:
            mesh = _mesh(random)
            lanes *= mesh["meshX"] * mesh["meshY"]
            container: Data = {"tag": "Container", "name": "PE", "spatial": mesh}
            if random.random() < 0.2:
                container["attributes"] = _network(random)
            nodes.append(container)
        nodes.append(
            _storage(random, name, "SRAM" if name != "RF" else "regfile", 1, max(len(words) + 1, round(share)))
        )
        instances[name] = lanes
    unit: Data = {"tag": "Component", "name": "MAC", "class": "intmac", "attributes": {"datawidth": 8}}
    if fanout_at == "MAC":
        unit["spatial"] = _mesh(random)
        lanes *= unit["spatial"]["meshX"] * unit["spatial"]["meshY"]
    instances["MAC"] = lanes
    return [*nodes, unit], instances


def _mesh(random: Random) -> dict[str, int]:
    """A line or a small grid."""
    x, y = random.choice(((2, 1), (3, 1), (4, 1), (4, 1), (8, 1), (2, 2), (3, 2), (2, 4), (4, 2), (1, 4)))
    return {"meshX": x, "meshY": y}


def _network(random: Random) -> Data:
    """Energies of the network below the levels that follow."""
    return {
        "energy_per_hop": round(random.uniform(0.0, 2.0), 2),
        "router_energy": random.choice((0.0, 0.5)),
        "energy_per_ingress": random.choice((0.0, 0.3)),
    }


def _storage(random: Random, name: str, kind: str, block: int, depth: int | None) -> Data:
    """One storage; ``depth`` in words, of which each line holds ``block``."""
    attributes: Data = {"datawidth": 8, "width": 8 * block}
    if depth is not None:
        block = random.choice((1, 1, 1, 1, 2, 4))
        attributes |= {"width": 8 * block, "depth": max(1, depth // block)}
        if random.random() < 0.08:
            attributes["multiple_buffering"] = 2
    chance = random.random()
    scale = 8 if name != "DRAM" else 4
    if chance < 0.35:
        attributes["read_bandwidth"] = round(random.uniform(0.2, scale), 2)
    if chance < 0.25 or chance > 0.9:
        attributes["write_bandwidth"] = round(random.uniform(0.2, scale), 2)
    if 0.3 < chance < 0.45:
        attributes["shared_bandwidth"] = round(random.uniform(0.2, scale), 2)
    if chance < 0.04:
        attributes["network_fill_latency"] = random.choice((3, 20))
    return {"tag": "Component", "name": name, "class": kind, "attributes": attributes}


def _energies(random: Random, nodes: list[Data], instances: dict[str, int]) -> list[Data]:
    """The energy reference table; sometimes levels leak."""
    leaky = random.random() < 0.35
    tables = []
    for node in nodes:
        if node["tag"] != "Component":
            continue
        name = node["name"]
        if name == "MAC":
            actions = {"compute": random.uniform(0.1, 1.0), "leak": 0.0}
        else:
            read = random.uniform(*ENERGIES[name])
            actions = {
                "read": read,
                "write": read * random.uniform(0.8, 1.3),
                "update": read * random.uniform(0.8, 1.3),
            }
            actions["leak"] = random.uniform(0.0, 0.4 * read) if leaky else 0.0
        rows = [{"name": key, "arguments": {}, "energy": round(value, 3)} for key, value in actions.items()]
        tables.append({"name": f"system.{name}[1..{instances[name]}]", "actions": rows})
    return tables


def _constrain(
    random: Random, nodes: list[Data], ranks: list[str], tensors: list[str], instance: dict[str, int]
) -> None:
    """Put constraints on the nodes: what they keep, factors, orders, splits."""
    strict = random.choice((0.0, 0.2, 0.5))
    for node in nodes:
        limits: Data = {}
        name = node["name"]
        if name not in ("PE", "MAC"):
            residence = _residence(random, name, tensors)
            if residence:
                limits["dataspace"] = residence
            temporal = _loops(random, ranks, instance, strict)
            if random.random() < 0.04:
                temporal["no_reuse"] = [random.choice(tensors)]
            if random.random() < 0.04:
                temporal["rmw_first_update"] = ["Z"]
            if temporal:
                limits["temporal"] = temporal
        elif "spatial" in node:
            spatial = _loops(random, ranks, instance, strict, order=min(node["spatial"].values()) > 1)
            if random.random() < 0.06:
                spatial["no_reuse"] = [random.choice(tensors)]
            if random.random() < 0.1:
                spatial["no_link_transfer"] = [random.choice(tensors)]
            if random.random() < 0.25:
                spatial["split"] = random.randint(0, len(ranks))
            if spatial:
                limits["spatial"] = spatial
        if limits:
            node["constraints"] = limits


def _residence(random: Random, name: str, tensors: list[str]) -> Data:
    """What a level keeps: all, or each tensor fixed or free."""
    if name == "DRAM" or random.random() < 0.45:
        return {"keep": list(tensors)}
    found: dict[str, list[str]] = {"keep": [], "bypass": []}
    for tensor in tensors:
        choice = random.choice(("keep", "bypass", "free", "free"))
        if choice != "free":
            found[choice].append(tensor)
    return {key: names for key, names in found.items() if names}


def _loops(random: Random, ranks: list[str], instance: dict[str, int], strict: float, order: bool = True) -> Data:
    """Factors and orders of one level's loops."""
    found: Data = {}
    factors = []
    for rank in ranks:
        if random.random() >= strict:
            continue
        divisors = [d for d in range(1, instance[rank] + 1) if instance[rank] % d == 0]
        kind = random.random()
        if kind < 0.6:
            factors.append(f"{rank}={random.choice((1, 1, 1, random.choice(divisors)))}")
        elif kind < 0.85:
            factors.append(f"{rank}<={random.choice(divisors)}")
        elif kind < 0.93:
            factors.append(f"{rank}>={random.choice(divisors[:2])}")
        else:
            factors.append(f"{rank}=0")
    if factors:
        found["factors"] = factors
    if random.random() < 0.08:
        found["default_max_factor"] = random.choice((2, 3, 4))
    if order and random.random() < strict + 0.1:
        given = random.sample(ranks, len(ranks))
        kind = random.random()
        if kind < 0.5:
            found["permutation"] = given
        elif kind < 0.75:
            found["permutation"] = given[:1]
        else:
            found["permutation"] = [given[0], "_", *given[1 : random.randint(1, 2)]]
    return found
