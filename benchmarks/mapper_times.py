"""What a user waits for: a call of ``ax.map`` on a warm process, and a first call of the command line.

Every row is one question: ``first_s`` the first call in this process and ``compile_s`` what of it was spent on
compilation, ``steady_s`` the call after that, each from the specification to the result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mapper_pairs import CONFIGS, machine_file, matrix_product, network_layers

import accelax as ax

SQUARES = (512, 4096)
CONVOLUTION_MACHINE = "eyeriss_like"
COMMAND = "from accelax.cli import main; main()"


def measure_times(machines: Sequence[str], seconds: float) -> list[dict[str, Any]]:
    """Every row. ``seconds`` is the budget of one layer."""
    rows = []
    for machine in machines:
        for size in SQUARES:
            spec = matrix_product(machine, {"M": size, "N": size, "K": size})
            rows.append(one_layer(f"matrix product {size}^3", machine, spec, 0.01, seconds, target_s=1.0))
    for name, layer in network_layers("resnet18", CONVOLUTION_MACHINE):
        spec = layer.specification
        rows.append(one_layer(f"resnet18 {name}", CONVOLUTION_MACHINE, spec, 0.05, seconds, target_s=5.0))
    rows.append(whole_network("resnet18", CONVOLUTION_MACHINE, 0.05, seconds, target_s=30.0))
    rows.append(command_line(CONVOLUTION_MACHINE, "resnet18/layer_02", 0.05, seconds, target_s=15.0))
    return rows


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """``(seconds, result)`` of a call."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def one_layer(
    question: str, machine: str, spec: ax.Specification, tolerance: float, seconds: float, target_s: float
) -> dict[str, Any]:
    """Map one layer to a gap of ``tolerance``, twice."""

    def call() -> Any:
        return ax.map(spec, objective="edp", seconds=seconds, tolerance=tolerance)

    first, found = timed(call)
    steady, again = timed(call)
    return {
        "question": question,
        "machine": machine,
        "tolerance": tolerance,
        "compile_s": found.startup_seconds,
        "first_s": first,
        "steady_s": steady,
        "gap": again.gap,
        "target_s": target_s,
        "met": steady <= target_s and again.gap <= tolerance,
        "load": os.getloadavg()[0],
    }


def whole_network(network: str, machine: str, tolerance: float, seconds: float, target_s: float) -> dict[str, Any]:
    """Map all layers of a network in one call, each as often as it occurs."""
    layers = [layer.specification for _, layer in network_layers(network, machine) for _ in range(layer.count)]

    def call() -> Any:
        return ax.map(layers, objective="edp", seconds=seconds, tolerance=tolerance)

    first, found = timed(call)
    steady, again = timed(call)
    return {
        "question": f"{network}, {len(layers)} layers",
        "machine": machine,
        "tolerance": tolerance,
        "compile_s": sum(layer.found.startup_seconds for layer in found.layers if layer.same_as is None),
        "first_s": first,
        "steady_s": steady,
        "gap": again.gap,
        "target_s": target_s,
        "met": steady <= target_s and again.gap <= tolerance,
        "load": os.getloadavg()[0],
    }


def command_line(machine: str, layer: str, tolerance: float, seconds: float, target_s: float) -> dict[str, Any]:
    """Two processes that map one layer: the first with an empty cache of compiled programs.

    The target is for the difference, which is what a cold start adds.
    """
    files = (str(machine_file(machine)), str(CONFIGS / f"workload/{layer}.yaml"))
    options = ("--objective", "edp", "--seconds", str(seconds), "--tolerance", str(tolerance), "--json")

    def call() -> dict[str, Any]:
        command = [sys.executable, "-c", COMMAND, "map", *files, *options]
        done = subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    with tempfile.TemporaryDirectory() as cache:
        here = str(Path(ax.__file__).resolve().parent.parent)
        surroundings = {**os.environ, "JAX_COMPILATION_CACHE_DIR": cache, "PYTHONPATH": here}
        cold, found = timed(call)
        warm, again = timed(call)
    return {
        "question": f"command line, {layer}: cold over warm",
        "machine": machine,
        "tolerance": tolerance,
        "compile_s": found["startup_seconds"],
        "first_s": cold,
        "steady_s": warm,
        "gap": again["gap"],
        "target_s": target_s,
        "met": cold - warm <= target_s,
        "load": os.getloadavg()[0],
    }
