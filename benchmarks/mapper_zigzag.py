"""ZigZag's mappings of some layers, scored by this model.

Two machines are described to ZigZag: ``two_level``, and ``weight_stationary``, whose array it is told to unroll output
channels along one side and what is summed along the other, as the constraints demand. It searches with its own model
(loop orders by LOMA, energy-delay product), for even and for uneven mappings. A mapping that our mapspace can represent
is translated, evaluated, and compared with what ``ax.map`` finds; the others are counted with the reason.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from mapper_pairs import network_layers, verdict

import accelax as ax
from accelax.ir import Compute, LoweredLevels, Spatial, Storage, Temporal
from accelax.ir.level_machine import Level
from accelax.ir.mapping import Node

PACKAGES = ("zigzag-dse==3.9.1", "six")
WORKER = Path(__file__).resolve().parent / "zigzag_worker.py"
RANKS = {"B": "N", "K": "M", "C": "C", "OX": "P", "OY": "Q", "FX": "R", "FY": "S"}
OPERANDS = {"W": "Weights", "I": "Inputs", "O": "Outputs"}
PORTS = {"W": "I2", "I": "I1", "O": "O"}
IRRELEVANT = {"Weights": {"N", "P", "Q"}, "Inputs": {"M"}, "Outputs": {"C", "R", "S"}}
AXES = {"D1": "X", "D2": "Y"}
LAYERS = ("layer_02", "layer_05", "layer_07", "layer_11")
"""Of ResNet-18: 3 x 3 windows of stride 1 and 2, and 1 x 1 windows."""
LPF_LIMIT = 6
"""Loops that ZigZag puts into every order; one less is some seven times faster, and ZigZag's results hardly change."""
KEEP = 8
"""Mappings of each layer and kind, the best in ZigZag's model."""

Loop = tuple[str, int]


class Unrepresentable(Exception):
    """A mapping that is not in the mapspace; the message says why, in a few words that can be counted."""


@dataclass(frozen=True)
class Array:
    """A machine of ours as ZigZag sees it.

    ``fanouts`` are the names of our fan-out levels for each side of the array, ``hints`` the ranks that ZigZag may
    unroll there.
    """

    machine: str
    sizes: tuple[int, ...]
    fanouts: tuple[str, ...] = ()
    hints: tuple[tuple[str, ...], ...] = ()


ARRAYS = (
    Array("two_level", (1,)),
    Array("weight_stationary", (16, 16), ("PE_column", "PE"), (("K",), ("C", "FX", "FY"))),
)


def accelerator(array: Array, lowered: LoweredLevels) -> dict[str, Any]:
    """ZigZag's description of a machine: its storage levels innermost first, and the array of its compute units."""
    levels = [level for level in lowered.machine.levels if not level.is_fanout]
    sides = [f"D{number}" for number in range(1, len(array.sizes) + 1)]
    memories = {}
    for level, kept in zip(reversed(levels), reversed(kept_of(lowered)), strict=True):
        inside = level.mesh_x * level.mesh_y > 1
        memories[level.name] = memory(level, kept, [] if inside else sides)
    return {
        "name": array.machine,
        "memories": memories,
        "operational_array": {
            "unit_energy": lowered.machine.compute.energy,
            "unit_area": 1.0,
            "dimensions": sides,
            "sizes": list(array.sizes),
        },
    }


def kept_of(lowered: LoweredLevels) -> list[tuple[str, ...]]:
    """The tensors of every storage level, outermost first: all that the constraints do not keep out."""
    return [
        tuple(name for name in lowered.einsum.tensor_names if name not in limits.bypass)
        for level, limits in zip(lowered.machine.levels, lowered.constraints, strict=True)
        if not level.is_fanout
    ]


def memory(level: Level, kept: Sequence[str], sides: list[str]) -> dict[str, Any]:
    """One memory. Bits are those of a level's words; a cost is that of an access of the full bandwidth."""
    operands = [operand for operand, tensor in OPERANDS.items() if tensor in kept]
    unlimited = 1 << 10

    def port(kind: str, bandwidth: float, moves: list[str]) -> dict[str, Any]:
        words = int(bandwidth) if math.isfinite(bandwidth) else unlimited
        bits = {"bandwidth_min": level.word_bits, "bandwidth_max": level.word_bits * words}
        return {"name": f"{kind[0]}_port_1", "type": kind, **bits, "allocation": moves}

    def cost(energy: float | None, bandwidth: float) -> float:
        words = int(bandwidth) if math.isfinite(bandwidth) else unlimited
        return (energy or 0.0) / level.block_size * words

    reads = [f"{PORTS[o]}, {way}" for o in operands for way in (("tl", "th") if o == "O" else ("tl",))]
    writes = [f"{PORTS[o]}, {way}" for o in operands for way in (("fh", "fl") if o == "O" else ("fh",))]
    size = level.size_words * level.word_bits
    return {
        "size": int(size) if math.isfinite(size) else 10**13,
        "r_cost": cost(level.read_energy, level.read_bandwidth),
        "w_cost": cost(level.fill_energy, level.write_bandwidth),
        "area": 0.0,
        "latency": 1,
        "operands": [PORTS[o] for o in operands],
        "ports": [port("read", level.read_bandwidth, reads), port("write", level.write_bandwidth, writes)],
        "served_dimensions": sides,
    }


def layer_of(name: str, lowered: LoweredLevels, bits: int) -> dict[str, Any]:
    """A convolution in ZigZag's words."""
    sizes = dict(lowered.einsum.bounds)
    inputs = next(t for t in lowered.einsum.tensors if t.name == "Inputs")
    factor = {rank: int(c) for axis in inputs.projection for rank, c in axis}
    return {
        "id": 0,
        "name": name,
        "operator_type": "Conv",
        "equation": "O[b][k][ox][oy]+=W[k][c][fx][fy]*I[b][c][ix][iy]",
        "dimension_relations": [
            f"ix={factor['P']}*ox+{factor['R']}*fx",
            f"iy={factor['Q']}*oy+{factor['S']}*fy",
        ],
        "loop_dims": list(RANKS),
        "loop_sizes": [sizes[rank] for rank in RANKS.values()],
        "operand_precision": {"W": bits, "I": bits, "O": bits, "O_final": bits},
        "operand_source": {"W": 0, "I": 0},
    }


def unrolling(array: Array) -> list[dict[str, Any]]:
    """ZigZag's mapping file: what it may unroll where."""
    entry: dict[str, Any] = {"name": "default", "memory_operand_links": PORTS}
    if array.hints:
        entry["spatial_mapping_hint"] = {f"D{i}": list(ranks) for i, ranks in enumerate(array.hints, 1)}
    else:
        entry["spatial_mapping"] = {"D1": ["K, 1"]}
    return [entry]


def translate(found: Mapping[str, Any], array: Array, lowered: LoweredLevels) -> ax.Mapping:
    """A mapping of ZigZag as one of ours. Raises Unrepresentable where our mapspace has none that means the same."""
    storages = [level.name for level in lowered.machine.levels if not level.is_fanout]
    kept = kept_of(lowered)
    temporal = {OPERANDS[operand]: [_loops(level) for level in levels] for operand, levels in found["temporal"].items()}
    order = [loop for level in temporal["Outputs"] for loop in level]
    if any([loop for level in levels for loop in level] != order for levels in temporal.values()):
        raise Unrepresentable("operands with different loop orders")
    edges = boundaries(order, temporal, list(reversed(kept)))
    inside = dict(zip(reversed(storages), (order[a:b] for a, b in pairwise(edges)), strict=True))
    inside |= {
        fanout: _loops(found["spatial"].get(side, [])) for side, fanout in zip(AXES, array.fanouts, strict=False)
    }
    inside = {name: merged(loops) for name, loops in inside.items()}
    return _mapping(lowered, inside, dict(zip(storages, kept, strict=True)), array)


def _loops(pairs: Iterable[Sequence[Any]]) -> list[Loop]:
    """ZigZag's loops with our ranks, without those of one trip."""
    result = []
    for rank, factor in pairs:
        if factor != round(factor):
            raise Unrepresentable("a factor that is no whole number")
        if factor != 1:
            result.append((RANKS[rank], round(factor)))
    return result


def boundaries(
    order: Sequence[Loop], temporal: Mapping[str, Sequence[Sequence[Loop]]], kept: Sequence[Sequence[str]]
) -> list[int]:
    """After how many loops of ``order`` (innermost first) each level ends, innermost level first, 0 before them.

    ``kept`` are the tensors of each level. A tensor's own boundary may move over loops that do not index it: its tile
    and what moves stay the same. Raises Unrepresentable where the boundaries of a level's tensors do not meet.

    >>> one = [("M", 2), ("P", 4)]
    >>> tile = {"Weights": [one[:1], one[1:]], "Inputs": [one, []], "Outputs": [one, []]}
    >>> boundaries(one, tile, [("Weights", "Inputs", "Outputs")] * 2)
    [0, 2, 2]
    """
    edges = [0]
    depth = dict.fromkeys(temporal, 0)
    for tensors in kept[:-1]:
        least, most = edges[-1], len(order)
        for tensor in tensors:
            depth[tensor] += 1
            own = sum(len(level) for level in temporal[tensor][: depth[tensor]])
            low, high = own, own
            while low > 0 and order[low - 1][0] in IRRELEVANT[tensor]:
                low -= 1
            while high < len(order) and order[high][0] in IRRELEVANT[tensor]:
                high += 1
            least, most = max(least, low), min(most, high)
        if least > most:
            raise Unrepresentable("uneven")
        edges.append(least)
    return [*edges, len(order)]


def merged(loops: Sequence[Loop]) -> list[Loop]:
    """Loops of one level, neighbours over one rank as one.

    >>> merged([("M", 2), ("M", 3), ("P", 2)])
    [('M', 6), ('P', 2)]
    """
    result: list[Loop] = []
    for rank, factor in loops:
        if result and result[-1][0] == rank:
            result[-1] = (rank, result[-1][1] * factor)
        elif any(rank == other for other, _ in result):
            raise Unrepresentable("a rank twice at one level")
        else:
            result.append((rank, factor))
    return result


def _mapping(
    lowered: LoweredLevels, inside: Mapping[str, list[Loop]], kept: Mapping[str, tuple[str, ...]], array: Array
) -> ax.Mapping:
    """The LoopTree of loops per level, innermost first. Raises Unrepresentable where they do not fill a bound."""
    extent = dict.fromkeys(lowered.einsum.ranks, 1)
    nodes: list[Node] = [Compute(lowered.einsum.name, lowered.machine.compute.name)]
    for level in reversed(lowered.machine.levels):
        for rank, factor in inside[level.name]:
            if level.is_fanout:
                side = list(AXES.values())[array.fanouts.index(level.name)]
                nodes.append(Spatial(rank, extent[rank], level.name, side))
            else:
                nodes.append(Temporal(rank, extent[rank]))
            extent[rank] *= factor
        if not level.is_fanout:
            nodes.append(Storage(level.name, kept[level.name]))
    if extent != dict(lowered.einsum.bounds):
        raise Unrepresentable("loops that do not fill a bound")
    return ax.Mapping(tuple(reversed(nodes)), "timeloop", lowered.einsum.bounds)


def interpreter(given: Path | None) -> Path:
    """The interpreter with ZigZag: as given, or of an environment in the user's cache, which is made when missing."""
    if given is not None:
        return given
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(cache).expanduser() / "accelax" / PACKAGES[0].replace("==", "-")
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    present = subprocess.run([str(python), "-c", "import zigzag.api"], capture_output=True)
    if present.returncode:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def measure_zigzag(python: Path | None, layers: Sequence[str], loops: int, seconds: float) -> list[dict[str, Any]]:
    """One row per different mapping of ZigZag, for ``layers`` of ResNet-18 on every machine of ``ARRAYS``."""
    zigzag = interpreter(python)
    rows: list[dict[str, Any]] = []
    for array in ARRAYS:
        specs = {n: layer.specification for n, layer in network_layers("resnet18", array.machine) if n in layers}
        ours = {name: ax.map(spec, objective="edp", seconds=seconds).value for name, spec in specs.items()}
        for found in different(search(zigzag, array, specs, loops)):
            row = judged(found, array, specs[found["layer"]], ours[found["layer"]])
            rows.append({"machine": array.machine, **row})
    return rows


def different(mappings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of those that are the same loops of the same layer."""
    known = {json.dumps([m["layer"], m["spatial"], m["temporal"]]): m for m in reversed(mappings)}
    return list(reversed(known.values()))


def search(zigzag: Path, array: Array, layers: Mapping[str, ax.Specification], loops: int) -> list[dict[str, Any]]:
    """What ZigZag finds with orders of ``loops`` loops."""
    lowered = {name: _lowered(spec) for name, spec in layers.items()}
    first = next(iter(lowered.values()))
    job = {
        "accelerator": accelerator(array, first),
        "mapping": unrolling(array),
        "layers": [layer_of(name, one, first.machine.levels[0].word_bits) for name, one in lowered.items()],
        "kinds": ["even", "uneven"],
        "lpf_limit": loops,
        "keep": KEEP,
    }
    done = subprocess.run(
        [str(zigzag), str(WORKER)], input=json.dumps(job), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"ZigZag failed:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def judged(found: dict[str, Any], array: Array, spec: ax.Specification, ours: float) -> dict[str, Any]:
    """The row of one mapping: its value in this model beside ours, or why it was skipped."""
    row = {key: found[key] for key in ("layer", "kind", "seconds", "searched")}
    row |= {"zigzag_own_value": found["energy"] * found["cycles"], "value": ours}
    try:
        mapping = translate(found, array, _lowered(spec))
    except Unrepresentable as reason:
        return {**row, "skipped": str(reason)}
    if not spec.mapspace.contains(mapping):
        return {**row, "skipped": "outside the constraints"}
    result = ax.evaluate(spec.with_mapping(mapping)).to_dict()
    if not result["valid"]:
        return {**row, "skipped": "does not fit"}
    theirs = result["energy_pJ"] * result["cycles"]
    return {**row, "zigzag_value": theirs, "verdict": verdict(ours, theirs)}


def _lowered(spec: ax.Specification) -> LoweredLevels:
    lowered = spec.lowered()
    assert isinstance(lowered, LoweredLevels)
    return lowered
