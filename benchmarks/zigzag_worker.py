"""Runs in an environment that has ZigZag: searches the layers on standard input and prints the mappings found.

Input: ``{"accelerator", "mapping", "layers": [...], "kinds": ["even", "uneven"], "lpf_limit", "keep"}``, the first
three as in ZigZag's own files. Output: one JSON line per mapping, the ``keep`` best by energy-delay product of each
layer and kind: ``{"layer", "kind", "energy", "cycles", "seconds", "searched", "spatial", "temporal"}``, loops innermost
first.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from zigzag.mapping.temporal_mapping import TemporalMappingType
from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
from zigzag.stages.main import MainStage
from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.stages.parser.workload_parser import WorkloadParserStage
from zigzag.stages.workload_iterator import WorkloadStage


def loops(pairs: Any) -> list[list[Any]]:
    """``(rank, factor)`` pairs as plain lists."""
    return [[str(rank), float(factor)] for rank, factor in pairs]


def found(job: dict[str, Any], layer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The best mappings of one layer."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name, content in (
            ("workload", [layer]),
            ("accelerator", job["accelerator"]),
            ("mapping", job["mapping"]),
        ):
            files[name] = str(Path(folder) / f"{name}.yaml")
            Path(files[name]).write_text(json.dumps(content))
        stage = MainStage(
            [
                WorkloadParserStage,
                AcceleratorParserStage,
                WorkloadStage,
                SpatialMappingGeneratorStage,
                TemporalMappingGeneratorStage,
                CostModelStage,
            ],
            **files,
            dump_folder=folder,
            loma_lpf_limit=job["lpf_limit"],
            loma_show_progress_bar=False,
            nb_mappings_generated=3,
            enable_mix_spatial_mapping_generation=False,
            access_same_data_considered_as_no_access=True,
            temporal_mapping_type=TemporalMappingType(kind),
        )
        ranked: list[tuple[float, int, Any]] = []
        searched = 0
        for searched, (cost, _) in enumerate(stage.run(), 1):
            entry = (-cost.energy_total * cost.latency_total2, -searched, cost)
            heapq.heappushpop(ranked, entry) if len(ranked) >= job["keep"] else heapq.heappush(ranked, entry)
    seconds = time.perf_counter() - begin
    return [
        {
            "layer": layer["name"],
            "kind": kind,
            "energy": cost.energy_total,
            "cycles": cost.latency_total2,
            "seconds": seconds,
            "searched": searched,
            "spatial": {str(axis): loops(factors.items()) for axis, factors in cost.layer.spatial_mapping.items()},
            "temporal": {
                str(operand): [loops(level) for level in levels]
                for operand, levels in cost.temporal_mapping.mapping_dic_origin.items()
            },
        }
        for _, _, cost in sorted(ranked, reverse=True)
    ]


def main() -> None:
    """Read the job, search, print."""
    logging.disable(logging.CRITICAL)
    job = json.load(sys.stdin)
    for layer in job["layers"]:
        for kind in job["kinds"]:
            with contextlib.redirect_stdout(sys.stderr):
                mappings = found(job, layer, kind)
            for mapping in mappings:
                print(json.dumps(mapping), flush=True)


if __name__ == "__main__":
    main()
