"""Runs of RAELLA's artifact, counted again by the general model on the specifications in ``configs/cim``.

A run names an architecture, a layer, a mapping, and the energies and cycles that the artifact printed. The shape and
the recorded statistics of the layer come from a table; the specification gets them as variables.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import accelax as ax
from accelax.ir import Compute, LoweredLevels, Spatial, Storage, Temporal
from accelax.spec.combine import copy_tree
from accelax.spec.specification import specification_of
from accelax.spec.text import load_documents

CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "cim"
ARCHITECTURES = ("isaac_like", "raella", "raella_no_speculation", "raella_no_speculation_2b_cells")
SHAPE = ("C", "M", "R", "S", "P", "Q", "G", "Wstride", "Hstride")
FANOUT = ("inter_", "_spatial_dummy")
"""Around the name of a node, as the artifact names the level above its fan-out."""
TOTAL = "Total"

Row = Mapping[str, str]
"""One layer of the table of shapes and statistics."""


def read_rows(path: Path) -> dict[tuple[str, int], Row]:
    """The table by network and number of the layer."""
    with path.open(newline="") as stream:
        return {(row["dnn"], int(row["layer"])): row for row in csv.DictReader(stream)}


def files(architecture: str, packing: bool = False) -> list[Path]:
    """The files that describe an architecture; with ``packing`` those that leave little to search as well."""
    folder = CONFIGS / ("isaac" if architecture == "isaac_like" else "raella")
    found = [
        CONFIGS / "problem.yaml",
        CONFIGS / "chip.yaml",
        *(folder / f"{n}.yaml" for n in ("variables", "tile", "macro")),
    ]
    if architecture != "isaac_like":
        found.append(folder / "variants" / f"{architecture}.yaml")
    return found + ([CONFIGS / "packing" / f"{n}.yaml" for n in ("macro", "tile", "chip")] if packing else [])


def statistics(architecture: str, row: Row) -> dict[str, float]:
    """The variables that hold a layer's recorded statistics, as the artifact sets them.

    The artifact computes ISAAC's weights anew, from the probabilities of their bits (column ``w_isaac_artifact``). The
    inputs of BERT are signed: RAELLA takes them in two passes.
    """
    if architecture == "isaac_like":
        return {"INPUT_VALUE": float(row["in_isaac"]), "WEIGHT_VALUE": float(row["w_isaac_artifact"])}
    speculates, wide = architecture == "raella", architecture.endswith("2b_cells")
    return {
        "INPUT_VALUE": float(row["in_raella" if speculates else "in_raella_nospec"]),
        "WEIGHT_VALUE": float(row["w_raella"]),
        "ADC_SHARE": float(row["adc_share_raella"]) if speculates else 1.0,
        "CIM_UNITS_PER_WEIGHT": int(row["units_per_weight_2b" if wide else "units_per_weight"]),
        "INPUT_PASSES": 2 if "bert" in row["dnn"].lower() else 1,
    }


@cache
def _documents(architecture: str, packing: bool) -> tuple[Any, ...]:
    """The files of an architecture, read once."""
    return tuple(load_documents(files(architecture, packing), None))


def specification(
    architecture: str, row: Row, batch: int = 32, tiles: int = 16, packing: bool = False
) -> ax.Specification:
    """A layer on an architecture, with its recorded statistics and the artifact's prices."""
    values = statistics(architecture, row)
    values |= {"BATCH_SIZE": batch, "TILES_PER_ARCH": tiles, "ARTIFACT_QUIRKS": True}
    documents: list[Any] = [copy_tree(document) for document in _documents(architecture, packing)]
    for variables in (document["variables"] for document in documents if "variables" in document):
        for name in values.keys() & variables.keys():
            variables[name] = values[name]
    documents.append({"problem": {"instance": {rank: int(row[rank]) for rank in SHAPE}}})
    return specification_of(documents)


def mapping_of(lowered: LoweredLevels, loops: Mapping[str, Sequence[str]]) -> ax.Mapping:
    """The mapping of a run: per level its loops from the outermost inwards, ``N16s`` being 16 of N in space.

    Raises:
        ValueError: a level that the machine does not have, or factors that do not make the sizes of the layer.
    """
    left = dict(loops)
    extent = dict(lowered.einsum.bounds)
    nodes: list[Any] = []
    for level, constraints in zip(lowered.machine.levels, lowered.constraints, strict=True):
        if not level.is_fanout:
            kept = tuple(name for name in lowered.einsum.tensor_names if name not in constraints.bypass)
            nodes.append(Storage(level.name, kept))
        for loop in left.pop(level.name.join(FANOUT) if level.is_fanout else level.name, ()):
            rank, factor = loop[0], int(loop[1:-1])
            extent[rank] = extent[rank] // factor if extent[rank] % factor == 0 else 0
            spatial = Spatial(rank, extent[rank], level.name, "X")
            nodes.append(spatial if level.is_fanout else Temporal(rank, extent[rank]))
    if left or set(extent.values()) != {1}:
        raise ValueError(f"a mapping that does not fit: levels {sorted(left)} are unknown, {extent} is left")
    return ax.Mapping(
        (*nodes, Compute(lowered.einsum.name, lowered.machine.compute.name)), bounds=lowered.einsum.bounds
    )


def evaluated(run: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The result of a run's mapping on the general model, as ``to_dict`` gives it."""
    spec = specification(run["arch"], row, run.get("batch", 32), run.get("tiles", 16))
    lowered = spec.lowered()
    assert isinstance(lowered, LoweredLevels)
    return ax.evaluate(spec.with_mapping(mapping_of(lowered, run["mapping"]))).to_dict()


def energies(result: Mapping[str, Any]) -> dict[str, float]:
    """pJ of every component, and of all."""
    found = {
        name: math.fsum(tensor["energy_pJ"] for tensor in level["tensors"].values())
        for name, level in result["levels"].items()
    }
    return found | {TOTAL: result["energy_pJ"]}


def errors(run: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The relative error of every energy that the run has."""
    found = energies(result)
    for name, expected in run["energy_pJ"].items():
        error = abs(found.get(name, math.inf) - expected)
        yield name, error / abs(expected) if expected else (0.0 if error == 0 else math.inf)


def compare(runs: Sequence[Mapping[str, Any]], rows: Mapping[tuple[str, int], Row]) -> list[dict[str, Any]]:
    """One line per run: its energy here, the largest error of a component and which, and whether the cycles agree."""
    lines = []
    for run in runs:
        result = evaluated(run, rows[run["dnn"], int(run["layer"])])
        component, error = max(errors(run, result), key=lambda pair: pair[1])
        lines.append(
            {
                "arch": run["arch"],
                "dnn": run["dnn"],
                "layer": run["layer"],
                "energy_pJ": result["energy_pJ"],
                "component": component,
                "error": error,
                "cycles_agree": result["cycles"] == run["cycles"],
                "valid": result["valid"],
            }
        )
    return lines


def summary(lines: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Per architecture the largest relative error of a component's energy, and how many runs differ in cycles."""
    found: dict[str, dict[str, float]] = {}
    for architecture in dict.fromkeys(line["arch"] for line in lines):
        mine = [line for line in lines if line["arch"] == architecture]
        found[architecture] = {
            "component_energy_max_rel": max(line["error"] for line in mine),
            "cycles_wrong": sum(not line["cycles_agree"] for line in mine),
        }
    return found
