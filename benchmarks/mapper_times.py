"""What a user waits for: a call of ``ax.map`` on a warm process, and a first call of the command line.

Every row is one question: ``first_s`` the first call in this process and ``compile_s`` what of it was spent on
compilation, ``steady_s`` the call after that, each from the specification to the result. ``steady_cpu_s`` are seconds
of the processors, which other work on the machine does not stretch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mapper_pairs import CONFIGS, machine_file, matrix_product, network_layers

import accelax as ax

SQUARES = (512, 4096)
CONVOLUTION_MACHINE = "eyeriss_like"
COMMAND = "from accelax.cli import main; main()"


def questions(machines: Sequence[str], seconds: float) -> dict[str, Callable[[], dict[str, Any]]]:
    """What is asked, and how to answer it with a row; ``seconds`` is the budget of one layer."""
    asked: dict[str, Callable[[], dict[str, Any]]] = {}
    for machine in machines:
        for size in SQUARES:
            asked[f"matrix product {size}^3 on {machine}"] = partial(square, machine, size, seconds)
    for name, layer in network_layers("resnet18", CONVOLUTION_MACHINE):
        call = partial(one_layer, CONVOLUTION_MACHINE, layer.specification, 0.05, seconds, target_s=5.0)
        asked[f"resnet18 {name}"] = call
    asked["resnet18, all layers"] = partial(whole_network, "resnet18", CONVOLUTION_MACHINE, 0.05, seconds, 30.0)
    command = partial(command_line, CONVOLUTION_MACHINE, "resnet18/layer_02", 0.05, seconds, 15.0)
    asked["command line, cold over warm"] = command
    return asked


def square(machine: str, size: int, seconds: float) -> dict[str, Any]:
    """A product of two square matrices, to a gap of 1 %."""
    spec = matrix_product(machine, {"M": size, "N": size, "K": size})
    return one_layer(machine, spec, 0.01, seconds, target_s=1.0)


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """``(seconds, seconds of the processors, result)`` of a call, with those of the processes that it starts."""
    begin, cpu = time.perf_counter(), sum(os.times()[:4])
    result = call()
    return time.perf_counter() - begin, sum(os.times()[:4]) - cpu, result


def row_of(machine: str, tolerance: float, target_s: float, **figures: Any) -> dict[str, Any]:
    """A row, with the gap that was asked for and whether the target was met."""
    met = figures["steady_s"] <= target_s and figures["gap"] <= tolerance
    head = {"machine": machine, "tolerance": tolerance, **figures}
    return {**head, "target_s": target_s, "met": met, "load": os.getloadavg()[0]}


def one_layer(
    machine: str, spec: ax.Specification, tolerance: float, seconds: float, target_s: float
) -> dict[str, Any]:
    """Map one layer to a gap of ``tolerance``, twice."""

    def call() -> Any:
        return ax.map(spec, objective="edp", seconds=seconds, tolerance=tolerance)

    first, _, found = timed(call)
    steady, cpu, again = timed(call)
    figures = {"compile_s": found.startup_seconds, "first_s": first, "steady_s": steady, "steady_cpu_s": cpu}
    return row_of(machine, tolerance, target_s, **figures, gap=again.gap)


def whole_network(network: str, machine: str, tolerance: float, seconds: float, target_s: float) -> dict[str, Any]:
    """Map all layers of a network in one call, each as often as it occurs."""
    layers = [layer.specification for _, layer in network_layers(network, machine) for _ in range(layer.count)]

    def call() -> Any:
        return ax.map(layers, objective="edp", seconds=seconds, tolerance=tolerance)

    first, _, found = timed(call)
    steady, cpu, again = timed(call)
    compile_s = sum(layer.found.startup_seconds for layer in found.layers if layer.same_as is None)
    figures = {"compile_s": compile_s, "first_s": first, "steady_s": steady, "steady_cpu_s": cpu}
    return row_of(machine, tolerance, target_s, **figures, gap=again.gap)


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
        cold, _, found = timed(call)
        warm, cpu, again = timed(call)
    figures = {"compile_s": found["startup_seconds"], "first_s": cold, "steady_s": warm, "steady_cpu_s": cpu}
    row = row_of(machine, tolerance, target_s, **figures, gap=again["gap"])
    return {**row, "met": cold - warm <= target_s}
