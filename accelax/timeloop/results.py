"""What a run leaves: its statistics, and the texts of its files."""

from __future__ import annotations

from typing import Any

from accelax.encode import encode
from accelax.report.energy_tables import art_yaml, ert_yaml
from accelax.report.level_result import LevelResult
from accelax.timeloop.mapping_files import map_text, map_yaml
from accelax.timeloop.output import OutputStats
from accelax.timeloop.specification import Specification
from accelax.timeloop.stats_text import part_energies, stats_text
from accelax.timeloop.table_files import art_summary, ert_summary

CLOCK = 1e-9
"""The seconds of a cycle where the specification gives no clock: what TimeloopFE takes."""


def table_texts(spec: Specification, prefix: str) -> dict[str, str]:
    """The tables of energies and areas with their summaries, by name of file. Raises SpecError."""
    tables = spec.energy_tables()
    return {
        f"{prefix}ERT.yaml": ert_yaml(tables),
        f"{prefix}ART.yaml": art_yaml(tables),
        f"{prefix}ERT_summary.yaml": ert_summary(tables),
        f"{prefix}ART_summary.yaml": art_summary(tables),
    }


def result_texts(spec: Specification, result: LevelResult, prefix: str) -> dict[str, str]:
    """Every file of a result by its name."""
    hardware = encode(spec.with_mapping(result.mapping)).hardware
    storages = [leaf for leaf in spec.architecture.leaves() if leaf["kind"] == "storage"]
    technologies = {leaf["name"]: _technology(leaf) for leaf in storages}
    compute = spec.architecture.find(result.lowered.machine.compute.name)
    bits = compute.attributes.get("datawidth")
    return {
        f"{prefix}stats.txt": stats_text(result, hardware, technologies, bits if isinstance(bits, int) else None),
        f"{prefix}map.txt": map_text(result),
        f"{prefix}map.yaml": map_yaml(result),
        f"{prefix}mapping.yaml": result.mapping.to_yaml(),
        **table_texts(spec, prefix),
    }


def _technology(leaf: Any) -> str:
    """What Timeloop calls the technology of a storage."""
    dram = "DRAM" in str(leaf["class"]) or str(leaf["attributes"].get("technology")) == "DRAM"
    return "DRAM" if dram else "SRAM"


def stats_of(spec: Specification, result: LevelResult, mapping: str, **searched: Any) -> OutputStats:
    """The statistics of a result."""
    figures, machine = result.to_dict(), result.lowered.machine
    energies = {name: energy * 1e-12 for name, energy in part_energies(result).items()}
    areas = {
        level.name: level.area_um2 * level.mesh_x * level.mesh_y * 1e-12
        for level in reversed(machine.levels)
        if not level.is_fanout
    }
    compute = machine.compute
    areas[compute.name] = compute.area_um2 * compute.mesh_x * compute.mesh_y * 1e-12
    names = [*areas, *(name for name in energies if name not in areas)]
    return OutputStats(
        percent_utilization=figures["utilization"],
        computes=figures["computes"],
        cycles=figures["cycles"],
        cycle_seconds=_clock(spec, machine.cycle_seconds),
        per_component_energy={name: energies.get(name, 0.0) for name in names},
        per_component_area={name: areas.get(name, 0.0) for name in names},
        variables=spec.variables.to_dict(),
        accesses={name: _accesses(level) for name, level in figures["levels"].items()},
        mapping=mapping,
        edp=figures["edp"],
        **searched,
    )


def _clock(spec: Specification, known: float | None) -> float:
    """The seconds of a cycle: ``global_cycle_seconds``, in capitals too, or 1 ns."""
    if known is not None:
        return known
    given = spec.variables.get("GLOBAL_CYCLE_SECONDS")
    return float(given) if isinstance(given, (int, float)) else CLOCK


def _accesses(level: dict[str, Any]) -> dict[str, float]:
    """Words of all tensors that one instance of a level reads and writes."""
    tensors = level["tensors"].values()
    return {what: sum(tensor[what] for tensor in tensors) for what in ("reads", "fills", "updates")}
