"""The layers and machines of the mapper benchmark, and what is measured for one pair of them."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import accelax as ax
from accelax.ir import LoweredLevels
from accelax.search.judge import count_of
from accelax.search.objective import UNFIT, Objective
from accelax.search.protocol import SearchState
from accelax.search.record import Progress
from accelax.search.sampling import Sampling

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
MACHINES = ("eyeriss_like", "simba_like", "weight_stationary", "output_stationary", "tpu_like", "two_level")
NETWORKS = ("resnet18", "mobilenet_v2", "bert_base", "gpt2")
CONVOLUTIONS_ONLY = ("eyeriss_like",)
"""Machines whose constraints name the ranks of a convolution."""
POINTWISE = CONFIGS / "workload/resnet18/layer_02.yaml"
"""A convolution of stride 1, whose bounds become those of a matrix product."""
FOREVER = 1e6
AGREE = 1e-9
"""Values this close are equal: two mappings of one cost may be added up in another order."""
AGREE_SINGLE = 1e-4
"""The same where one value is the exponential of a score in single precision."""


@dataclass(frozen=True)
class Pair:
    """One distinct layer of a network on one machine."""

    network: str
    layer: str
    machine: str
    specification: ax.Specification
    count: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the pair in the results."""
        return self.network, self.layer, self.machine


def as_convolution(extents: dict[str, int]) -> dict[str, int]:
    """A matrix product as a 1 x 1 convolution, each tensor in its role.

    Of ``Outputs[m, n] += Inputs[m, k] Weights[k, n]`` the features n become output channels, k input channels and the
    rows m output rows, which an Eyeriss-like machine distributes over its columns.

    >>> as_convolution({"M": 512, "N": 3072, "K": 768})
    {'M': 3072, 'C': 768, 'Q': 512, 'P': 1, 'R': 1, 'S': 1, 'N': 1}
    """
    return {"M": extents["N"], "C": extents["K"], "Q": extents["M"], "P": 1, "R": 1, "S": 1, "N": 1}


def machine_file(machine: str) -> Path:
    return CONFIGS / "arch" / f"{machine}.yaml"


def matrix_product(machine: str, extents: dict[str, int]) -> ax.Specification:
    """A product of an M x K and a K x N matrix on ``machine``."""
    if machine in CONVOLUTIONS_ONLY:
        base, bounds = POINTWISE, as_convolution(extents)
    else:
        base, bounds = CONFIGS / "workload/bert_base/layer_01.yaml", extents
    spec = ax.Specification.from_yaml_files(machine_file(machine), base)
    for rank, bound in bounds.items():
        spec.set(f"problem.instance.{rank}", bound)
    return spec


def network_layers(network: str, machine: str) -> list[tuple[str, ax.Layer]]:
    """The distinct layers of a network on a machine, with the names of their files."""
    found = []
    for file in sorted((CONFIGS / "workload" / network).glob("layer_*.yaml")):
        extents = extents_of(file)
        products = machine in CONVOLUTIONS_ONLY and set(extents) == {"M", "N", "K"}
        (layer,) = ax.read_layers(machine_file("two_level" if products else machine), file)
        if products:
            layer = replace(layer, specification=matrix_product(machine, extents))
        found.append((file.stem, layer))
    return found


def extents_of(file: Path) -> dict[str, int]:
    """The ranks of a layer file and their extents."""
    lowered = ax.Specification.from_yaml_files(machine_file("two_level"), file).lowered()
    assert isinstance(lowered, LoweredLevels)
    return dict(lowered.einsum.bounds)


def pairs(networks: Sequence[str], machines: Sequence[str], limit: int | None = None) -> list[Pair]:
    """Every distinct layer of ``networks`` (at most ``limit`` of each) on every machine; one machine after another."""
    return [
        Pair(network, file, machine, layer.specification, layer.count)
        for machine in machines
        for network in networks
        for file, layer in network_layers(network, machine)[:limit]
    ]


def measure_gap(pair: Pair, seconds: float, tolerance: float, seed: int) -> dict[str, Any]:
    """Search one pair for the least energy-delay product.

    ``evaluated`` are the mappings whose cost was computed, exactly or in batches; partial mappings that the search
    prunes by its bounds are not. ``seconds`` are those of the search, ``startup_s`` those of compilation besides,
    ``wall_s`` and ``cpu_s`` all from the specification to the result, by the clock and by the processors.
    ``to_5_percent_s`` and ``to_1_percent_s`` tell when the gap was closed that far, None if it never was; ``_cpu_s`` is
    the same in seconds of the processors, which other work on the machine does not stretch.
    """
    begin, cpu = time.perf_counter(), ProcessorClock()
    found = ax.map(pair.specification, "edp", seconds, seed, tolerance=tolerance, progress=cpu)
    wall = time.perf_counter() - begin
    return {
        "network": pair.network,
        "layer": pair.layer,
        "machine": pair.machine,
        "value": found.value,
        "lower_bound": found.lower_bound,
        "gap": found.gap,
        "seconds": found.seconds,
        "to_5_percent_s": reached(found.history, 0.05),
        "to_1_percent_s": reached(found.history, 0.01),
        "startup_s": found.startup_seconds,
        "to_5_percent_cpu_s": reached(cpu.history, 0.05),
        "to_1_percent_cpu_s": reached(cpu.history, 0.01),
        "wall_s": wall,
        "cpu_s": cpu.elapsed(),
        "evaluated": found.evaluated,
        "reason": found.reason,
        "load": os.getloadavg()[0],
    }


class ProcessorClock:
    """Enters value and bound of a search into a history by the seconds of the processors."""

    def __init__(self) -> None:
        self.begin = time.process_time()
        self.history: list[tuple[float, float, float]] = []

    def elapsed(self) -> float:
        """Seconds that this process had, all threads together."""
        return time.process_time() - self.begin

    def __call__(self, progress: Progress) -> None:
        """Enter what ``ax.map`` reports, once there is a mapping."""
        if progress.value is not None:
            self.history.append((self.elapsed(), progress.value, progress.lower_bound))


def reached(history: Sequence[tuple[float, float, float]], gap: float) -> float | None:
    """When a search was first proved to be within ``gap``.

    >>> reached([(0.1, 4.0, 2.0), (0.5, 2.5, 2.4)], 0.05), reached([(0.1, 4.0, 2.0)], 0.05)
    (0.5, None)
    """
    return next((seconds for seconds, value, bound in history if bound >= (1 - gap) * value), None)


@dataclass
class Drawn(SearchState):
    """A sampling under way, and how many mappings it has drawn."""

    sampling: Any = None
    drawn: int = 0


@dataclass
class LimitedSampling:
    """The searcher ``random`` until it has drawn ``limit`` mappings, valid or not.

    ``early_value`` is the best value of the first ``early`` of them, infinite without one, in single precision.
    """

    early: int
    limit: int
    early_value: float = math.inf

    def init(self, problem: Any, objective: Objective, seed: int) -> Drawn:
        """Start sampling."""
        sampling = Sampling().init(problem, objective, seed)
        return Drawn(sampling=sampling, startup_seconds=sampling.startup_seconds)

    def ask(self, state: Drawn, incumbent: float, seconds: float) -> tuple[Drawn, Any]:
        """The next batch."""
        state.sampling, batch = Sampling().ask(state.sampling, incumbent, seconds)
        return state, batch

    def tell(self, state: Drawn, candidates: Any, scores: Any) -> Drawn:
        """Count what was drawn."""
        first = np.asarray(scores)[0, : max(self.early - state.drawn, 0)]
        if first.size and first.min() < UNFIT:
            self.early_value = min(self.early_value, math.exp(float(first.min())))
        state.drawn += count_of(candidates)
        state.done = state.drawn >= self.limit
        return state


def measure_random(pair: Pair, row: dict[str, Any], times: float, least: int, most: int, seed: int) -> dict[str, Any]:
    """Random search with ``times`` the evaluations of ``row``, and then on until it had ``least`` of them.

    It never has more than ``most``, and draws whole batches. ``early_verdict`` compares with the best of the first
    ``times`` the evaluations, ``random_verdict`` with that of all, where both sides are judged exactly.
    """
    early = min(int(times * row["evaluated"]), most)
    rival = LimitedSampling(early, max(early, min(least, most)))
    found = ax.map(pair.specification, objective="edp", seconds=FOREVER, seed=seed, searcher=rival)
    return {
        "random_value": None if found.mapping is None else found.value,
        "random_evaluated": found.evaluated,
        "random_seconds": found.seconds,
        "random_verdict": verdict(row["value"], found.value),
        "early_value": None if math.isinf(rival.early_value) else rival.early_value,
        "early_verdict": verdict(row["value"], rival.early_value, AGREE_SINGLE),
    }


def verdict(ours: float, theirs: float, agree: float = AGREE) -> str:
    """``better``, ``equal`` or ``worse``: our value against another.

    >>> verdict(1.0, 2.0), verdict(2.0, 2.0 * (1 + 1e-12)), verdict(2.0, 1.0)
    ('better', 'equal', 'worse')
    """
    if ours < theirs * (1 - agree):
        return "better"
    return "equal" if ours <= theirs * (1 + agree) or ours == theirs else "worse"
