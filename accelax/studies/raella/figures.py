"""The study's plots: bars stacked by what the energy, the area or the time is for. They need matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelax.errors import AccelaxError
from accelax.studies.raella.study import GROUPS, OTHER, LayerResult, StudyResult

TITLES = {
    "isaac_like": "ISAAC",
    "raella_no_speculation_2b_cells": "RAELLA\n2b, no spec.",
    "raella_no_speculation": "RAELLA\nno spec.",
    "raella": "RAELLA",
}
Stack = Mapping[str, float]
"""The height of each group of one bar."""


def draw_study(study: StudyResult, directory: Path) -> list[Path]:
    """Draw, for every network, one layer, three layers and the whole; and all networks side by side.

    Returns the files. Raises AccelaxError without matplotlib.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for network in study.networks:
        middle = [study.ends(name, network)[1] for name in study.architectures]
        files.append(draw_layer(study, middle, directory / f"{network}_layer.png"))
        files.append(draw_ends(study, network, directory / f"{network}_first_middle_last.png"))
        files.append(draw_network(study, network, directory / f"{network}.png"))
    return [*files, draw_networks(study, directory / "networks.png")]


def draw_layer(study: StudyResult, results: Sequence[LayerResult], path: Path) -> Path:
    """One layer on every architecture: energy, area and time of one batch."""
    figure, (energy, area, time) = _figure(1, 3)
    names = [result.architecture for result in results]
    _stacked(energy, names, [_scaled(result.groups_J, 1e6) for result in results], "energy of a batch (µJ)")
    _stacked(area, names, [study.areas_mm2[name] for name in names], "area (mm²)")
    _bars(time, names, [result.seconds * 1e6 for result in results], "time of a batch (µs)")
    layer = results[0].layer
    return _save(figure, f"{layer.network}, layer {layer.index} ({layer.name})", path)


def draw_ends(study: StudyResult, network: str, path: Path) -> Path:
    """The energy of the first, the middle and the last layer on every architecture."""
    figure, panels = _figure(1, 3)
    columns = zip(*(study.ends(name, network) for name in study.architectures), strict=True)
    for axes, results in zip(panels, columns, strict=True):
        stacks = [_scaled(result.groups_J, 1e6) for result in results]
        _stacked(axes, study.architectures, stacks, "energy of a batch (µJ)")
        axes.set_title(f"layer {results[0].layer.index}: {results[0].layer.name}", fontsize=8)
    return _save(figure, f"{network}: first, middle and last layer", path)


def draw_network(study: StudyResult, network: str, path: Path) -> Path:
    """A whole network on every architecture: energy, area, and throughput at equal area."""
    figure, (energy, area, throughput) = _figure(1, 3)
    names = study.architectures
    _stacked(energy, names, [_scaled(study.groups_J(name, network), 1e3) for name in names], "energy of a batch (mJ)")
    _stacked(area, names, [study.areas_mm2[name] for name in names], "area (mm²)")
    rates = [study.batches_per_second(name, network) / 1e6 for name in names]
    _bars(throughput, names, rates, "million batches/s at equal area")
    return _save(figure, network, path)


def draw_networks(study: StudyResult, path: Path) -> Path:
    """Efficiency and throughput of every network over the baseline."""
    figure, panels = _figure(2, 1)
    figures = (("efficiency over", study.efficiency), ("throughput at equal area over", study.speedup))
    width = 0.8 / max(len(study.architectures), 1)
    for axes, (label, value) in zip(panels, figures, strict=True):
        for place, name in enumerate(study.architectures):
            heights = [value(name, network) for network in study.networks]
            places = [position + place * width for position in range(len(heights))]
            axes.bar(places, heights, width, label=TITLES.get(name, name).replace("\n", " "))
        axes.set_xticks([position + 0.4 - width / 2 for position in range(len(study.networks))], study.networks)
        axes.set_ylabel(f"{label} {TITLES.get(study.architectures[0], study.architectures[0])}", fontsize=8)
    return _save(figure, "all networks", path)


def _figure(rows: int, columns: int) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise AccelaxError("plots need matplotlib: pip install 'accelax[plot]'") from None
    figure = Figure(figsize=(10, 4 * rows if rows > 1 else 4.5), layout="constrained")
    return figure, figure.subplots(rows, columns)


def _stacked(axes: Any, names: Sequence[str], stacks: Sequence[Stack], label: str) -> None:
    """One bar for each name, with a part for each group that any bar has."""
    bottom = [0.0] * len(names)
    for number, group in enumerate((*GROUPS, OTHER)):
        heights = [stack.get(group, 0.0) for stack in stacks]
        if any(heights):
            axes.bar(range(len(names)), heights, 0.6, bottom=bottom, label=group, color=f"C{number}")
            bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    _finish(axes, names, label)


def _bars(axes: Any, names: Sequence[str], heights: Sequence[float], label: str) -> None:
    axes.bar(range(len(names)), heights, 0.6, color="0.5")
    _finish(axes, names, label)


def _finish(axes: Any, names: Sequence[str], label: str) -> None:
    axes.set_xticks(range(len(names)), [TITLES.get(name, name) for name in names], fontsize=7)
    axes.set_ylabel(label, fontsize=8)


def _scaled(stack: Stack, factor: float) -> dict[str, float]:
    return {group: value * factor for group, value in stack.items()}


def _save(figure: Any, title: str, path: Path) -> Path:
    """Write a figure with one legend for all its panels."""
    parts = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        parts |= dict(zip(labels, handles, strict=True))
    figure.legend(list(parts.values()), list(parts), loc="outside right center", fontsize=7)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=120)
    return path
