"""The study: every layer of some networks on the architectures, each with its best mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from accelax.encode.level_mapping import decode_mapping
from accelax.ir import Mapping as LoopTree
from accelax.spec.specification import Specification
from accelax.studies.raella.layers import Layer
from accelax.studies.raella.leftovers import ALL_PLACES, Unit
from accelax.studies.raella.machines import ARCHITECTURES, BATCH, TILES, Architecture, Machine
from accelax.studies.raella.networks import NETWORKS, layers_of
from accelax.studies.raella.openings import Openings
from accelax.studies.raella.search import Solution, Task, solve
from accelax.studies.raella.statistics import Key, Statistics, read_statistics, statistics_of
from accelax.studies.raella.throughput import AGGREGATE_TILES, batches_per_second

GROUPS: dict[str, tuple[str, ...]] = {
    "ADC": ("column_readout", "shift_add", "timely_psubbuf"),
    "Crossbar": ("pim_cell",),
    "Input Drivers/DAC": ("input_drivers",),
    "Input Buf.": ("input_buffer",),
    "Output Buf.": ("output_register", "output_center_offset_correct"),
    "Quantization": ("output_quantize",),
    "Global Data Movement": ("on_chip_network", "eDRAM_buf", "inter_tile_network"),
}
"""Components by what they are for; any other one counts as ``Other``."""
OTHER = "Other"
UM2_PER_MM2 = 1e6

Progress = Callable[[str, int], None]
"""Told the architecture that is being mapped and how many mappings were counted."""


def grouped(components: Mapping[str, float]) -> dict[str, float]:
    """Add up a figure of components by group, in the order of ``GROUPS``.

    >>> grouped({"shift_add": 1.0, "column_readout": 2.0, "dff": 0.5})["ADC"]
    3.0
    """
    sums = dict.fromkeys((*GROUPS, OTHER), 0.0)
    group_of = {component: group for group, members in GROUPS.items() for component in members}
    for component, value in components.items():
        sums[group_of.get(component, OTHER)] += value
    return sums


@dataclass(frozen=True)
class LayerResult:
    """One layer on one architecture, for one batch."""

    architecture: str
    layer: Layer
    statistics: Statistics
    solution: Solution
    cycle_seconds: float

    @property
    def energy_J(self) -> float:
        """Energy of the batch."""
        return self.solution.total_pJ * 1e-12

    @property
    def seconds(self) -> float:
        """Time of the batch."""
        return self.solution.cycles * self.cycle_seconds

    @property
    def groups_J(self) -> dict[str, float]:
        """Energy by group."""
        return {group: energy * 1e-12 for group, energy in grouped(self.solution.energy_pJ).items()}


@dataclass(frozen=True)
class StudyResult:
    """All results, by architecture and layer.

    areas_mm2
        Architecture to group to the area of all its tiles.
    interrupted
        Whether architectures are missing because the run was broken off.
    """

    layers: tuple[LayerResult, ...]
    areas_mm2: Mapping[str, Mapping[str, float]]
    batch: int = BATCH
    tiles: int = TILES
    interrupted: bool = False
    _by: dict[tuple[str, str], list[LayerResult]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _rates: dict[tuple[str, str], float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for result in self.layers:
            self._by.setdefault((result.architecture, result.layer.network), []).append(result)

    @property
    def architectures(self) -> tuple[str, ...]:
        """The architectures that were run, the baseline first."""
        return tuple(dict.fromkeys(name for name, _ in self._by))

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that were run."""
        return tuple(dict.fromkeys(network for _, network in self._by))

    def of(self, architecture: str, network: str) -> list[LayerResult]:
        """The layers of a network on an architecture, in order."""
        return self._by[architecture, network]

    def ends(self, architecture: str, network: str) -> list[LayerResult]:
        """The first, the middle and the last layer."""
        layers = self.of(architecture, network)
        return [layers[0], layers[len(layers) // 2], layers[-1]]

    def groups_J(self, architecture: str, network: str) -> dict[str, float]:
        """Energy of one batch through the network, by group."""
        sums = dict.fromkeys((*GROUPS, OTHER), 0.0)
        for result in self.of(architecture, network):
            for group, energy in result.groups_J.items():
                sums[group] += energy
        return sums

    def energy_J(self, architecture: str, network: str) -> float:
        """Energy of one batch through the network."""
        return sum(result.energy_J for result in self.of(architecture, network))

    def area_mm2(self, architecture: str) -> float:
        """Area of all tiles."""
        return sum(self.areas_mm2[architecture].values())

    def batches_per_second(self, architecture: str, network: str) -> float:
        """Throughput on the area of ``AGGREGATE_TILES`` tiles of the baseline; see :mod:`throughput`."""
        if (architecture, network) not in self._rates:
            share = self.area_mm2(architecture) / self.area_mm2(self.architectures[0])
            seconds = [result.seconds for result in self.of(architecture, network)]
            self._rates[architecture, network] = batches_per_second(seconds, self.tiles, AGGREGATE_TILES / share)
        return self._rates[architecture, network]

    def efficiency(self, architecture: str, network: str) -> float:
        """How many times less energy the architecture takes than the baseline."""
        return self.energy_J(self.architectures[0], network) / self.energy_J(architecture, network)

    def speedup(self, architecture: str, network: str) -> float:
        """Throughput over that of the baseline, at equal area."""
        base = self.batches_per_second(self.architectures[0], network)
        return self.batches_per_second(architecture, network) / base


def run_study(
    networks: Sequence[str] = NETWORKS,
    statistics: str | Path | Mapping[Key, Statistics] | None = None,
    architectures: Sequence[Architecture] = ARCHITECTURES,
    batch: int = BATCH,
    tiles: int = TILES,
    progress: Progress = lambda architecture, counted: None,
) -> StudyResult:
    """Map every layer of the networks on the architectures.

    Args:
        networks: some of ``NETWORKS``.
        statistics: recorded ones, or a file of them; typical ones by default.
        architectures: the first is the baseline of all comparisons.
        batch: images (or tokens) that pass together.
        tiles: tiles of each architecture that one layer has.
        progress: told what is being mapped, and how many mappings were counted.

    A KeyboardInterrupt leaves the results of the architectures that are done; before that it passes through.

    Raises:
        SpecError: an unknown network, statistics with mistakes, or a layer that the tiles have no room for.
    """
    layers = [layer for network in networks for layer in layers_of(network)]
    recorded = read_statistics(statistics) if isinstance(statistics, (str, Path)) else statistics
    known = statistics_of(layers, None if recorded is None else dict(recorded))
    data = [known[layer.network, layer.index] for layer in layers]
    results: list[LayerResult] = []
    machines: list[Machine] = []
    interrupted = False
    try:
        for group in _alike([_machine(architecture, batch, tiles) for architecture in architectures]):
            progress(group[0].architecture.directory, 0)
            results += _map_layers(group, layers, data, progress)
            machines += group
    except KeyboardInterrupt:
        if not results:
            raise
        interrupted = True
    areas = {
        machine.architecture.name: {g: area / UM2_PER_MM2 for g, area in grouped(machine.area_um2).items()}
        for machine in machines
    }
    order = {architecture.name: place for place, architecture in enumerate(architectures)}
    return StudyResult(
        tuple(sorted(results, key=lambda result: order[result.architecture])), areas, batch, tiles, interrupted
    )


@lru_cache(maxsize=16)
def _machine(architecture: Architecture, batch: int, tiles: int) -> Machine:
    """Machines do not change, so that a second study need not read them again."""
    return Machine(architecture, batch, tiles)


def _alike(machines: Sequence[Machine]) -> list[list[Machine]]:
    """Machines by what is the same but for prices and bandwidths, which is mapped together."""
    groups: dict[object, list[Machine]] = {}
    for machine in machines:
        hardware = machine.problem.hardware
        key = (machine.problem.structure, hardware.size, hardware.block_size, hardware.mesh_x, hardware.mesh_y)
        groups.setdefault(key, []).append(machine)
    return list(groups.values())


def _map_layers(
    group: Sequence[Machine], layers: Sequence[Layer], data: Sequence[Statistics], progress: Progress
) -> list[LayerResult]:
    """The best mapping of every layer on machines that are mapped together."""
    tasks, about = [], []
    for machine in group:
        for layer, statistics, prices in zip(layers, data, machine.prices(layers, data), strict=True):
            unit = Unit(layer.shape, machine.slices(statistics), machine.batch)
            tasks.append(Task(unit, prices, f"layer {layer.index} of {layer.network}"))
            about.append((machine, layer, statistics))
    counted = 0

    def advance(done: int) -> None:
        nonlocal counted
        counted += done
        progress(group[0].architecture.directory, counted)

    return [
        LayerResult(machine.architecture.name, layer, statistics, solution, machine.cycle_seconds)
        for (machine, layer, statistics), solution in zip(about, solve(group[0], tasks, advance), strict=True)
    ]


def mapping_of(result: LayerResult, batch: int = BATCH, tiles: int = TILES) -> tuple[Specification, LoopTree]:
    """The specification of a result's layer, and its mapping as an object that prints, evaluates and writes YAML."""
    architecture = next(entry for entry in ARCHITECTURES if entry.name == result.architecture)
    machine = _machine(architecture, batch, tiles)
    spec = machine.layer_specification(result.layer, result.statistics)
    openings = Openings(machine.problem, machine.lanes, ALL_PLACES)
    factors = {openings.slot(*place): float(factor) for place, factor in result.solution.factors.items()}
    lowered = spec.lowered()
    return spec, decode_mapping(machine.problem.structure, lowered, openings.mapping(factors))  # type: ignore[arg-type]
