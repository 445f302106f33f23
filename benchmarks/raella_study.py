"""The mappings that the RAELLA study finds against those of recorded runs, and how long the whole study takes."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelax.studies.raella.leftovers import forget_packing
from accelax.studies.raella.networks import NETWORKS, layers_of
from accelax.studies.raella.study import LayerResult, StudyResult, run_study
from accelax.studies.raella.tables import mean_rows, network_rows

Run = Mapping[str, Any]
REPEATS = 3
BITS = 8
LIMITS = {
    "isaac": {"input_buffer": 8192, "output_register": 2048, "eDRAM": 524288, "quantize": 524288, "rows": 128},
    "raella": {"input_buffer": 16384, "output_register": 2048, "eDRAM": 524288, "quantize": 524288, "rows": 512},
}
"""Bits that the buffers of one macro, crossbar or tile hold, and the rows of a crossbar."""
FANOUTS = {
    "isaac": {"tile": 16, "macro": 12, "crossbar": 8, "column": 128, "cim_unit": 128},
    "raella": {"tile": 16, "macro": 8, "crossbar": 4, "column": 512, "cim_unit": 512},
}


def measure(runs: Sequence[Run], statistics: Path) -> dict[str, Any]:
    """``own``: per architecture the largest EDP over a run's and mappings that break a limit; ``warm_s``, ``cold_s``.

    ``cold_s`` is a new process from its start, without compiled programs of earlier ones; ``warm_s`` the fastest of
    three further studies in this process, packing included.
    """
    cold = cold_seconds(statistics)
    own = compare_own(runs, statistics)
    warm = min(warm_seconds(statistics) for _ in range(REPEATS))
    return {"own": own, "warm_s": warm, "cold_s": cold}


def compare_own(runs: Sequence[Run], statistics: Path) -> dict[str, dict[str, float]]:
    """The energy-delay product of own mappings over that of each run's, at most, and how many break a limit."""
    found: dict[tuple[Any, ...], LayerResult] = {}
    for batch, tiles in {(run["batch"], run["tiles"]) for run in runs}:
        networks = {run["dnn"] for run in runs if (run["batch"], run["tiles"]) == (batch, tiles)}
        study = run_study([name for name in NETWORKS if name in networks], statistics, batch=batch, tiles=tiles)
        for result in study.layers:
            found[batch, tiles, result.architecture, result.layer.network, result.layer.index] = result
    own: dict[str, dict[str, float]] = {}
    for run in runs:
        result = found[run["batch"], run["tiles"], run["arch"], run["dnn"], run["layer"]]
        ratio = result.solution.total_pJ * result.solution.cycles / (run["energy_pJ"]["Total"] * run["cycles"])
        entry = own.setdefault(run["arch"], {"edp_ratio_max": 0.0, "capacity_violations": 0})
        entry["edp_ratio_max"] = max(entry["edp_ratio_max"], ratio)
        entry["capacity_violations"] += bool(violations(result, run["batch"], run["tiles"]))
    return own


def violations(result: LayerResult, batch: int, tiles: int) -> list[str]:
    """The limits that a mapping breaks, and whether it does all of the layer; counted here by hand, in bits."""
    machine = "isaac" if result.architecture.startswith("isaac") else "raella"
    limits, factors, layer = LIMITS[machine], result.solution.factors, result.layer
    levels = ["chip", "tile", "eDRAM_buf", "macro", "input_buffer", "crossbar", "column", "cim_unit"]

    def inside(level: str) -> dict[str, int]:
        below = levels[levels.index(level) :]
        return {rank: math.prod(factors.get((name, rank), 1) for name in below) for rank in "CMRSPQNG"}

    def inputs(size: dict[str, int]) -> int:
        width = (size["P"] - 1) * layer.Wstride + size["R"]
        return size["N"] * size["C"] * size["G"] * width * ((size["Q"] - 1) * layer.Hstride + size["S"])

    def outputs(size: dict[str, int]) -> int:
        return size["N"] * size["M"] * size["G"] * size["P"] * size["Q"]

    summed = inside("crossbar" if machine == "isaac" else "column")
    used = {
        "rows": inputs(inside("column")),
        "output_register": BITS * outputs(summed),
        "input_buffer": BITS * inputs(inside("input_buffer")),
        "eDRAM": BITS * (inputs(inside("eDRAM_buf")) + outputs(inside("eDRAM_buf"))),
        "quantize": BITS * outputs(inside("macro")),
    }
    broken = [name for name, bits in used.items() if bits > limits[name]]
    for name, lanes in {**FANOUTS[machine], "tile": tiles}.items():
        if math.prod(factor for (level, _), factor in factors.items() if level == name) > lanes:
            broken.append(name)
    whole = {**layer.bounds, "N": batch}
    return broken + [rank for rank, extent in inside("chip").items() if extent != whole[rank]]


def totals(study: StudyResult) -> list[dict[str, Any]]:
    """What the study is for: every network's energy and throughput, and the means."""
    return network_rows(study) + mean_rows(study)


def warm_seconds(statistics: Path) -> float:
    """Seconds of one more study of all networks in this process; what packing remembers is forgotten first."""
    forget_packing()
    begin = time.perf_counter()
    totals(run_study(NETWORKS, statistics))
    return time.perf_counter() - begin


def cold_seconds(statistics: Path) -> float:
    """Seconds of the study of all networks in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION_CACHE")}
    environment |= {"JAX_ENABLE_COMPILATION_CACHE": "false", "PYTHONPATH": os.pathsep.join(sys.path)}
    begin = time.perf_counter()
    subprocess.run([sys.executable, __file__, str(statistics)], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> None:
    """Run the study of all networks once and print what it is for."""
    study = run_study(NETWORKS, Path(sys.argv[1]))
    for row in totals(study):
        print(row)
    assert len(study.layers) == len(study.architectures) * sum(len(layers_of(network)) for network in NETWORKS)


if __name__ == "__main__":
    main()
