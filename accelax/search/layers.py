"""Map the layers of a network: identical ones once, different ones with shared compilations."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from accelax.errors import Problem, SpecError, UnsupportedError
from accelax.ir import LoweredLevels
from accelax.search.driver import Goal, search
from accelax.search.protocol import Searcher
from accelax.search.record import Progress, gap_of
from accelax.search.result import SearchResult

if TYPE_CHECKING:
    from accelax.spec.layers import Layer
    from accelax.spec.specification import Specification

SUMS = ("energy", "delay", "last_level_accesses")
"""Objectives whose values add up over layers that run one after the other."""


@dataclass(frozen=True)
class LayerResult:
    """What was found for one layer. ``same_as`` names the first of the layers that it is identical to."""

    name: str
    count: int
    found: SearchResult
    same_as: str | None = None


@dataclass(frozen=True)
class WorkloadResult:
    """What was found for the layers of a network, in their order; those after an interruption are missing."""

    layers: tuple[LayerResult, ...]
    seconds: float
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether every layer was searched and has a mapping."""
        return not self.interrupted and all(layer.found.mapping is not None for layer in self.layers)

    @property
    def gap(self) -> float:
        """The largest gap of a layer."""
        return max((layer.found.gap for layer in self.layers), default=1.0)

    @property
    def total(self) -> dict[str, float | None] | None:
        """The network, its layers one after the other, each as often as it occurs; None unless all have a mapping.

        ``energy_pJ``, ``energy`` (J), ``cycles`` and ``latency`` (s) add up; ``edp`` is the product of the sums.
        ``value`` and ``lower_bound`` are given for objectives that add up.
        """
        if not self.complete:
            return None
        figures = [(layer.count, layer.found.result.to_dict()) for layer in self.layers]
        total: dict[str, float | None] = {}
        for name in ("energy_pJ", "energy", "cycles", "latency", "computes"):
            values = [count * one[name] for count, one in figures if one[name] is not None]
            total[name] = sum(values) if len(values) == len(figures) else None
        energy, delay = total["energy"], total["latency"] if total["cycles"] is None else total["cycles"]
        total["edp"] = None if energy is None or delay is None else energy * delay
        found = [(layer.count, layer.found) for layer in self.layers]
        adds_up = all(one.objective.split(",")[0] in SUMS for _, one in found)
        value = sum(count * one.value for count, one in found) if adds_up else None
        bound = sum(count * one.lower_bound for count, one in found) if adds_up else None
        gap = None if value is None or bound is None else gap_of(value, bound)
        return {**total, "value": value, "lower_bound": bound, "gap": gap}

    def to_dict(self) -> dict[str, Any]:
        """Everything by name as plain numbers and text."""
        layers = [
            {"name": layer.name, "count": layer.count, "same_as": layer.same_as, **layer.found.to_dict()}
            for layer in self.layers
        ]
        facts = {"complete": self.complete, "interrupted": self.interrupted, "seconds": self.seconds}
        return {**facts, "largest_gap": self.gap, "total": self.total, "layers": layers}


def map_layers(
    layers: Sequence[Layer | Specification],
    objective: Goal | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> WorkloadResult:
    """Search a mapping of every layer, ``seconds`` for each that differs from all before.

    Layers of one structure (see ``accelax.encode``) share their compilations. Ctrl-C ends the whole.

    Raises SpecError and UnsupportedError as :func:`accelax.search.map_spec`, before anything is searched, for all
    layers at once.
    """
    begin = time.perf_counter()
    entries = [_entry(layer, place) for place, layer in enumerate(layers, 1)]
    groups = _groups(entries)
    firsts = {group: groups.index(group) for group in groups}
    done: list[LayerResult] = []
    for place, (spec, name, count) in enumerate(entries):
        first = firsts[groups[place]]
        if first < place:
            done.append(LayerResult(name, count, done[first].found, done[first].name))
            continue
        label = f"{list(firsts).index(groups[place]) + 1}/{len(firsts)} {name}"
        shown = _labelled(progress, label)
        found = search(spec, objective, seconds, seed, tolerance=tolerance, searcher=searcher, progress=shown)
        done.append(LayerResult(name, count, found))
        if found.interrupted:
            return WorkloadResult(tuple(done), time.perf_counter() - begin, interrupted=True)
    return WorkloadResult(tuple(done), time.perf_counter() - begin)


def _entry(layer: Layer | Specification, place: int) -> tuple[Specification, str, int]:
    """Specification, name and count of a layer; a bare specification is called by its place."""
    if isinstance(getattr(layer, "count", None), int):
        return layer.specification, layer.name, layer.count  # type: ignore[union-attr]
    return layer, f"layer {place}", 1  # type: ignore[return-value]


def _groups(entries: Sequence[tuple[Specification, str, int]]) -> list[int]:
    """For each layer the number of the group of identical problems that it belongs to, in order of appearance.

    Raises SpecError or UnsupportedError where a layer cannot be searched, with its name.
    """
    known: list[tuple[Any, ...]] = []
    groups: list[int] = []
    problems: list[Problem] = []
    for spec, name, _ in entries:
        try:
            lowered = spec.lowered()
        except SpecError as error:
            problems += [Problem(f"{name}: {one.message}", one.location, one.path) for one in error.problems]
            continue
        except UnsupportedError as error:
            raise UnsupportedError(f"{name}: {error.feature}", error.location, error.path) from error
        if isinstance(lowered, LoweredLevels):
            lowered = replace(lowered, einsum=replace(lowered.einsum, name=""))
        key = (lowered, spec.objectives, spec.search_settings)
        if key not in known:
            known.append(key)
        groups.append(known.index(key))
    if problems:
        raise SpecError(problems)
    if not groups:
        raise SpecError("no layers")
    return groups


def _labelled(progress: Callable[[Progress], None] | None, label: str) -> Callable[[Progress], None] | None:
    """``progress``, told which layer it is about."""
    return None if progress is None else lambda figures: progress(figures._replace(layer=label))
