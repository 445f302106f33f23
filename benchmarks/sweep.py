"""How fast sweeps are: (a) fixed mappings, many points of four hardware numbers; (b) a mapping search at every point.

    python benchmarks/sweep.py [--part a|b|both] [--points N] [--searched N] [--workers N] [--json] [--out FILE]

ResNet-18 (21 layers, 12 of them different) on configs/arch/eyeriss_like.yaml. Part (a) prices 10,000 points and counts
evaluations of different layers; times of preparation, compilation, the first and later calls stand apart. Part (b) maps
the 12 different layers at each of 100 points to within 5 % of their optima, by two processes. Seconds of processors are
given beside those of the clock, for machines that have other work.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import accelax as ax
from accelax.sweeps.axes import lay_out, read_axes
from accelax.sweeps.pricing import compilations, price, priced_layer

CONFIGS = Path(__file__).parent.parent / "configs"
BUFFER = "architecture.shared_glb.attributes."
AXES = {
    f"{BUFFER}depth": (8192, 32768),
    f"{BUFFER}read_bandwidth": (4, 32),
    "architecture.DRAM.attributes.read_bandwidth": (1, 8),
    "architecture.weights_spad.attributes.depth": (96, 384),
}
CHUNK = 1024
TOLERANCE = 0.05
SECONDS = 20.0
"""By the clock, so ample: a layer takes about a third of a second of a processor."""


class Stopwatch:
    """Seconds by the clock, and of all processors that this process and its children used."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), _cpu()

    def read(self, name: str) -> dict[str, float]:
        """The seconds so far, under the names ``NAME_s`` and ``NAME_cpu_s``."""
        wall, cpu = time.perf_counter() - self.wall, _cpu() - self.cpu
        return {f"{name}_s": round(wall, 4), f"{name}_cpu_s": round(cpu, 4)}


def _cpu() -> float:
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def network() -> list[ax.Layer]:
    """ResNet-18 on the machine of the sweep."""
    return list(ax.read_layers(CONFIGS / "arch" / "eyeriss_like.yaml", CONFIGS / "workload" / "resnet18"))


def fixed_mappings(points: int) -> dict[str, Any]:
    """Part (a)."""
    layers = network()
    found = ax.map(layers, seconds=SECONDS, tolerance=0.2)
    mapped = [
        ax.Layer(layer.specification.with_mapping(one.found.mapping), layer.name, layer.count)
        for layer, one in zip(layers, found.layers, strict=True)
    ]
    table = np.array(lay_out(read_axes(AXES), "sobol", points, 0), dtype=float)
    watch = Stopwatch()
    priced = [priced_layer(layer.specification, tuple(AXES)) for layer in mapped]
    times = watch.read("prepare")
    chunks = [np.resize(table[begin : begin + CHUNK], (CHUNK, len(AXES))) for begin in range(0, points, CHUNK)]
    before, watch = compilations(), Stopwatch()
    price(priced, chunks[0])
    times |= watch.read("compile_and_first")
    watch = Stopwatch()
    price(priced, chunks[0])
    times |= watch.read("first")
    watch, rounds = Stopwatch(), 5
    for _ in range(rounds):
        for chunk in chunks:
            price(priced, chunk)
    steady = watch.read("steady")
    compiled, work = compilations() - before, rounds * points * len(priced)
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        whole = ax.sweep(mapped, AXES, "sobol", points=points, output=Path(folder) / "sweep.jsonl")
    return {
        "points": points,
        "layers": sum(layer.count for layer in layers),
        "different_layers": len(priced),
        "compilations": compiled,
        **times,
        "steady_s": round(steady["steady_s"] / rounds, 4),
        "steady_cpu_s": round(steady["steady_cpu_s"] / rounds, 4),
        "evaluations_per_s": round(work / steady["steady_s"]),
        "evaluations_per_cpu_s": round(work / steady["steady_cpu_s"]),
        "target_evaluations_per_s": 1_000_000,
        **watch.read("whole_sweep_with_file"),
        "valid_points": sum(row["valid"] for row in whole.points),
    }


def searched_mappings(points: int, workers: int) -> dict[str, Any]:
    """Part (b)."""
    layers = network()
    watch = Stopwatch()

    def show(progress: Any) -> None:
        print(f"{progress.done}/{progress.total} points, {progress.seconds:.0f} s", file=sys.stderr)

    options: dict[str, Any] = {"map": True, "tolerance": TOLERANCE, "seconds": SECONDS, "progress": show}
    if workers:
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as executor:
            found = ax.sweep(layers, AXES, "sobol", points=points, executor=executor, **options)
    else:
        found = ax.sweep(layers, AXES, "sobol", points=points, **options)
    times = watch.read("search")
    gaps = [row["gap"] for row in found.points]
    return {
        "points": points,
        "layers": sum(layer.count for layer in layers),
        "workers": workers,
        "tolerance": TOLERANCE,
        **times,
        "cpu_s_per_point": round(times["search_cpu_s"] / points, 3),
        "target_s_for_100_points": 600,
        "valid_points": sum(row["valid"] for row in found.points),
        "points_within_tolerance": sum(gap <= TOLERANCE + 1e-9 for gap in gaps),
        "largest_gap": max(gaps),
    }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("a", "b", "both"), default="both")
    parser.add_argument("--points", type=int, default=10_000, help="of part (a)")
    parser.add_argument("--searched", type=int, default=100, help="points of part (b)")
    parser.add_argument("--workers", type=int, default=2, help="processes of part (b); 0: this one")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--out", type=Path, help="also write the figures as JSON, such as benchmarks/results/sweep.json"
    )
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"processors": os.cpu_count(), "load": os.getloadavg()[0]}
    if arguments.part in ("a", "both"):
        figures["fixed_mappings"] = fixed_mappings(arguments.points)
    if arguments.part in ("b", "both"):
        figures["searched_mappings"] = searched_mappings(arguments.searched, arguments.workers)
    text = json.dumps(figures, indent=1)
    if arguments.out is not None:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text if arguments.json or arguments.out is None else f"written to {arguments.out}")


if __name__ == "__main__":
    main()
