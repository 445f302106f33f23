"""The study's figures as rows, which become files and tables, next to those of the paper."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelax.studies.raella.layers import RANKS
from accelax.studies.raella.study import LayerResult, StudyResult

Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """What a paper reports against ISAAC over its networks: the geometric mean, and the range where it gives one."""

    mean: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        return f"{self.mean:g}" + ("" if self.low is None else f" ({self.low:g} to {self.high:g})")


PAPER = {
    "raella": {"efficiency": Published(3.9, 2.9, 4.9), "speedup": Published(2.0, 0.7, 3.3)},
    "raella_no_speculation": {"efficiency": Published(2.8), "speedup": Published(2.7)},
}
"""Andrulis, Emer, Sze, "RAELLA", ISCA 2023, section 6: energy and throughput over ISAAC with 8 bits at equal area."""


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive numbers.

    >>> round(geometric_mean([1.0, 4.0]), 9)
    2.0
    """
    return math.exp(sum(math.log(value) for value in values) / len(values))


def layer_row(result: LayerResult) -> Row:
    """One layer on one architecture: its shape, figures, energy by group and component, and the mapping."""
    layer, solution = result.layer, result.solution
    return {
        "architecture": result.architecture,
        "dnn": layer.network,
        "layer": layer.index,
        "name": layer.name,
        **{rank: getattr(layer, rank) for rank in (*RANKS, "Wstride", "Hstride")},
        "energy_uJ": result.energy_J * 1e6,
        "time_us": result.seconds * 1e6,
        "cycles": solution.cycles,
        **{f"{group} uJ": energy * 1e6 for group, energy in result.groups_J.items()},
        "mapping": mapping_text(solution.factors),
    }


def mapping_text(factors: Mapping[tuple[str, str], int]) -> str:
    """The factors above 1 by level, outermost first.

    >>> mapping_text({("chip", "Q"): 7, ("chip", "N"): 2, ("tile", "G"): 4})
    'chip Q7 N2; tile G4'
    """
    levels: dict[str, list[str]] = {}
    for (level, rank), factor in factors.items():
        levels.setdefault(level, []).append(f"{rank}{factor}")
    return "; ".join(" ".join((level, *parts)) for level, parts in levels.items())


def network_rows(study: StudyResult) -> list[Row]:
    """Every network on every architecture: one batch, against the baseline."""
    return [
        {
            "dnn": network,
            "architecture": name,
            "energy_uJ": study.energy_J(name, network) * 1e6,
            "efficiency": study.efficiency(name, network),
            "batches_per_second": study.batches_per_second(name, network),
            "speedup": study.speedup(name, network),
            "area_mm2": study.area_mm2(name),
            **{f"{group} uJ": energy * 1e6 for group, energy in study.groups_J(name, network).items()},
        }
        for network in study.networks
        for name in study.architectures
    ]


def area_rows(study: StudyResult) -> list[Row]:
    """The area of every architecture by group."""
    return [{"architecture": name, **study.areas_mm2[name]} for name in study.architectures]


def ablation_rows(study: StudyResult, network: str) -> list[Row]:
    """The first, the middle and the last layer of a network on every architecture."""
    rows = []
    for places in zip(*(study.ends(name, network) for name in study.architectures), strict=True):
        for result in places:
            rows.append(
                {
                    "layer": result.layer.index,
                    "name": result.layer.name,
                    "architecture": result.architecture,
                    "energy_uJ": result.energy_J * 1e6,
                    "efficiency": places[0].energy_J / result.energy_J,
                    "time_us": result.seconds * 1e6,
                }
            )
    return rows


def mean_rows(study: StudyResult) -> list[Row]:
    """Per architecture the geometric means over the networks, and what the paper reports."""
    figures: dict[str, Callable[[str, str], float]] = {"efficiency": study.efficiency, "speedup": study.speedup}
    rows = []
    for name in study.architectures:
        row: Row = {"architecture": name}
        for figure, value in figures.items():
            row[figure] = geometric_mean([value(name, network) for network in study.networks])
            row[f"{figure}_paper"] = PAPER[name][figure] if name in PAPER else None
        rows.append(row)
    return rows


def write_tables(study: StudyResult, directory: Path) -> list[Path]:
    """Write ``layers.csv``, ``networks.csv`` and ``areas.csv``; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = {
        "layers": [layer_row(result) for result in study.layers],
        "networks": network_rows(study),
        "areas": area_rows(study),
    }
    return [_write(directory / f"{name}.csv", rows) for name, rows in tables.items()]


def _write(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_dictionary(study: StudyResult) -> dict[str, Any]:
    """Everything as plain data, for JSON."""
    means = [{key: _plain(value) for key, value in row.items()} for row in mean_rows(study)]
    return {
        "batch": study.batch,
        "tiles": study.tiles,
        "interrupted": study.interrupted,
        "geometric_means": means,
        "networks": network_rows(study),
        "areas_mm2": area_rows(study),
        "layers": [layer_row(result) for result in study.layers],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Published):
        return {"mean": value.mean, "low": value.low, "high": value.high}
    return value
