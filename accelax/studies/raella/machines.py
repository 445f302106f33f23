"""The architectures of the study: their specifications, and the numbers that the data of a layer change in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from accelax.encode.knobs import at_values
from accelax.encode.level_problem import LevelProblem, encode_levels
from accelax.errors import SpecError, did_you_mean
from accelax.model.levels.arrays import LevelHardware
from accelax.spec.specification import Specification
from accelax.studies.raella.layers import Layer
from accelax.studies.raella.statistics import Statistics

BATCH = 32
TILES = 16
_PLACES = (Path(__file__).parents[2] / "configs", Path(__file__).parents[3] / "configs")


def config_directory() -> Path:
    """Where the specifications of compute-in-memory machines are: in the installed package, or in its repository.

    Raises SpecError where they are in neither.
    """
    for place in _PLACES:
        if (place / "cim").is_dir():
            return place / "cim"
    raise SpecError("the specifications of ISAAC and RAELLA (configs/cim) were not installed")


@dataclass(frozen=True)
class Architecture:
    """One architecture of the study: its name, the directory of its files, and the variant of them."""

    name: str
    directory: str
    variant: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of its specification, with some layer as the problem."""
        root = config_directory()
        parts = [root / "problem.yaml", root / "workload" / "resnet18_layer3_0_conv1.yaml", root / "chip.yaml"]
        parts += [root / self.directory / f"{part}.yaml" for part in ("variables", "tile", "macro")]
        if self.variant:
            parts.append(root / self.directory / "variants" / f"{self.variant}.yaml")
        return tuple(parts)

    @property
    def is_raella(self) -> bool:
        """Whether weights are spread over pairs of cells, as all versions of RAELLA do."""
        return self.directory == "raella"

    def slices(self, statistics: Statistics) -> int | None:
        """Columns that RAELLA spreads a weight over; None where the architecture fixes their number."""
        if not self.is_raella:
            return None
        return statistics.slices_narrow if self.variant.endswith("2b_cells") else statistics.slices

    def variables(self, layer: Layer, statistics: Statistics) -> dict[str, float]:
        """The variables of the specification that the data of a layer set, but for the number of slices.

        RAELLA takes the signed inputs of BERT in two passes.
        """
        if not self.is_raella:
            return {"INPUT_VALUE": statistics.input_isaac, "WEIGHT_VALUE": statistics.weight_isaac}
        speculative = self.name == "raella"
        return {
            "INPUT_VALUE": statistics.input_speculative if speculative else statistics.input_plain,
            "WEIGHT_VALUE": statistics.weight_raella,
            "ADC_SHARE": statistics.adc_share if speculative else 1.0,
            "INPUT_PASSES": 2.0 if "bert" in layer.network else 1.0,
        }


ARCHITECTURES = (
    Architecture("isaac_like", "isaac"),
    Architecture("raella_no_speculation_2b_cells", "raella", "raella_no_speculation_2b_cells"),
    Architecture("raella_no_speculation", "raella", "raella_no_speculation"),
    Architecture("raella", "raella", "raella"),
)
"""The baseline first, then RAELLA with one thing after another put back."""


def architecture_of(name: str) -> Architecture:
    """The architecture of a name. Raises SpecError for none of them."""
    for architecture in ARCHITECTURES:
        if architecture.name == name:
            return architecture
    names = [architecture.name for architecture in ARCHITECTURES]
    raise SpecError(f"unknown architecture {name!r}{did_you_mean(name, names)}")


SPEEDS = ("read_bandwidth", "write_bandwidth", "shared_bandwidth", "network_latency", "bandwidth_scale")
"""The numbers of the hardware that cycles depend on."""


@dataclass(frozen=True, eq=False)
class Prices:
    """A machine as the data of one layer make it.

    energies
        ``[actions, levels]``: pJ of a line read, filled and updated.
    leaks
        ``[levels]``: pJ of an instance in a cycle.
    hardware
        Hardware of the same speed; other layers may share it.
    """

    energies: np.ndarray
    leaks: np.ndarray
    hardware: LevelHardware


class Machine:
    """An architecture read from its files, with a problem of the study's kind.

    ``settings`` are values for paths of the specification, put there before anything is read off.
    """

    def __init__(
        self,
        architecture: Architecture,
        batch: int = BATCH,
        tiles: int = TILES,
        settings: Mapping[str, Any] | None = None,
    ):
        self.architecture, self.batch, self.tiles = architecture, batch, tiles
        spec: Any = Specification.from_yaml_files(*architecture.files)
        sizes = {"variables.BATCH_SIZE": batch, "variables.TILES_PER_ARCH": tiles}
        self.spec = spec.with_values({**sizes, **(settings or {})})
        self.lowered = self.spec.lowered()
        self.problem: LevelProblem = encode_levels(self.lowered)
        names, fanout = self.problem.structure.level_names, self.problem.structure.is_fanout
        self.lanes = {name: self._lanes(level) for level, name in enumerate(names) if fanout[level]}
        """Fan-outs, outermost first, and how many children each has."""
        self._constant: list[float | None] = []
        self._tree: Any = None
        self._priced = jax.jit(jax.vmap(self._varying))

    def _lanes(self, level: int) -> int:
        x, y = self.problem.structure.physical_mesh[level]
        return x * y

    @cached_property
    def bits_per_unit(self) -> int:
        """Bits of a weight that one unit of cells holds."""
        return round(float(self.spec.value_at(("variables", "BITS_PER_UNIT"))))

    def slices(self, statistics: Statistics) -> int:
        """Columns that one weight takes."""
        adaptive = self.architecture.slices(statistics)
        return self.lowered.einsum.bound("L") // self.bits_per_unit if adaptive is None else adaptive

    @property
    def cycle_seconds(self) -> float:
        """The length of a cycle."""
        return self.problem.cycle_seconds

    def layer_specification(self, layer: Layer, statistics: Statistics) -> Specification:
        """The specification of one layer, to evaluate single mappings or to print."""
        instance: dict[str, Any] = {**layer.bounds, "Wstride": layer.Wstride, "Hstride": layer.Hstride}
        values: dict[str, Any] = {f"problem.instance.{rank}": extent for rank, extent in instance.items()}
        for name, value in self.architecture.variables(layer, statistics).items():
            values[f"variables.{name}"] = value
        slices = self.architecture.slices(statistics)
        if slices is not None:
            values["variables.CIM_UNITS_PER_WEIGHT"] = slices
        return self.spec.with_values(values)

    def _varying(self, values: dict[str, Any]) -> list[jax.Array]:
        """The numbers of the hardware that depend on ``values``; what the others are is kept in ``_constant``."""
        leaves, self._tree = jax.tree.flatten(at_values(self.spec, self.problem, values).hardware)
        self._constant = [None if isinstance(leaf, jax.Array) else float(leaf) for leaf in leaves]
        return [leaf for leaf in leaves if isinstance(leaf, jax.Array)]

    def prices(self, layers: Sequence[Layer], statistics: Sequence[Statistics]) -> list[Prices]:
        """What the data of each layer make of the machine, in plain numbers.

        Raises as :func:`~accelax.encode.knobs.at_values`.
        """
        rows = [self.architecture.variables(*pair) for pair in zip(layers, statistics, strict=True)]
        with jax.enable_x64(True):
            values = {f"variables.{name}": np.array([row[name] for row in rows]) for name in rows[0]}
            varying = iter(jax.device_get(self._priced(values)))
        columns = [next(varying) if leaf is None else np.full(len(rows), leaf) for leaf in self._constant]
        hardware: LevelHardware = self._tree.unflatten(columns)
        energies = np.array([hardware.read_energy, hardware.fill_energy, hardware.update_energy])
        leaks = np.array(hardware.leak_energy)
        speeds = np.stack(jax.tree.leaves([getattr(hardware, name) for name in SPEEDS]), axis=1)
        _, first, variant = np.unique(speeds, axis=0, return_index=True, return_inverse=True)
        variants = [jax.tree.map(lambda leaf, row=row: float(leaf[row]), hardware) for row in first.tolist()]
        of_layer = variant.reshape(-1).tolist()
        return [Prices(energies[..., row], leaks[:, row], variants[of_layer[row]]) for row in range(len(rows))]

    @cached_property
    def area_um2(self) -> dict[str, float]:
        """The area of each component over all its instances."""
        levels = self.lowered.machine.levels
        return {level.name: level.area_um2 * level.mesh_x * level.mesh_y for level in levels if level.area_um2}
