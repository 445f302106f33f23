"""A result of any command as pictures and pages need it, from the JSON that the command prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelax.errors import Location, Problem, SpecError
from accelax.report.units import metric_units

Figures = Mapping[str, Any]

KINDS = {
    "evaluation": "evaluation of a mapping",
    "search": "search for a mapping",
    "network": "search for the layers of a network",
    "front": "search for a Pareto front",
    "codesign": "co-design of hardware and mappings",
    "sweep": "sweep",
}


@dataclass(frozen=True)
class Part:
    """A layer (or the only problem): how often it occurs, its evaluation, and its search where there was one."""

    name: str
    count: int
    result: Figures | None
    search: Figures | None = None
    names: tuple[str, ...] = ()
    """Those that are the same."""


@dataclass(frozen=True)
class Points:
    """Points to draw in planes: metrics, their values, which pairs belong together, and proved bounds (0: none)."""

    metrics: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    bounds: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    all_optimal: bool = True
    """Whether the points are a front already; otherwise the front is among them."""


@dataclass(frozen=True)
class Results:
    """A result file: what it is about (a key of ``KINDS``), its parts, its points, and the whole as it was read."""

    kind: str
    figures: Figures
    source: str = ""
    parts: tuple[Part, ...] = ()
    points: Points | None = None

    @property
    def evaluated(self) -> tuple[Part, ...]:
        """The parts that have an evaluation."""
        return tuple(part for part in self.parts if part.result is not None)

    @property
    def why_no_evaluation(self) -> str:
        """What a picture of an evaluation lacks where there is none."""
        if self.kind in ("front", "sweep"):
            return "the file gives totals of its points alone: evaluate one of them to see more"
        return "no valid mapping was found"

    @property
    def searches(self) -> tuple[tuple[str, Figures], ...]:
        """Name and figures of every search with a history."""
        if self.kind == "codesign":
            return (("co-design", self.figures),) if self.figures.get("history") else ()
        return tuple((part.name, part.search) for part in self.parts if part.search and part.search.get("history"))


def read_results(path: str | Path) -> Results:
    """Read what ``accelax evaluate``, ``map`` or ``codesign`` wrote or printed with ``--json``.

    Raises:
        SpecError: the file cannot be read, is no JSON, or no result that accelax knows; with the place.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise _wrong(f"cannot be read: {error.strerror or error}", path) from None
    except UnicodeDecodeError:
        raise _wrong("expected JSON, got bytes that are no text", path) from None
    return parse_results(text, str(path))


def parse_results(text: str, source: str = "") -> Results:
    """The same from the text of a file. Raises SpecError."""
    try:
        figures = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"expected the JSON that accelax prints with --json: {error.msg}"
        raise _wrong(message, source, error.lineno, error.colno) from None
    except (RecursionError, ValueError) as error:
        raise _wrong(f"expected a result, got JSON that cannot be read: {error}", source) from None
    return results_of(figures, source)


def results_of(figures: Any, source: str = "") -> Results:
    """The same from a dictionary, as ``to_dict()`` of every result gives it.

    Raises:
        SpecError: it is not a result that accelax knows, or one with parts missing or of the wrong type.
    """
    if not isinstance(figures, Mapping):
        raise _wrong(f"expected a result, a JSON object; got {_type(figures)}", source)
    kind = _kind(figures)
    if kind is None:
        keys = ", ".join(list(map(str, figures))[:8]) or "nothing"
        raise _wrong(f"not a result of evaluate, map, codesign or sweep: it holds {keys}", source)
    problems: list[Problem] = []
    try:
        found = _READERS[kind](figures, source, problems)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(f"a damaged result: {type(error).__name__} {error}", source) from None
    if problems:
        raise SpecError(problems)
    return found


def _kind(figures: Figures) -> str | None:
    if "sensitivity" in figures and "knobs" in figures:
        return "codesign"
    if "front" in figures and "metrics" in figures:
        return "front"
    if "layers" in figures and "total" in figures:
        return "network"
    if "result" in figures and "lower_bound" in figures:
        return "search"
    if "points" in figures and isinstance(figures["points"], Sequence):
        return "sweep"
    if {"levels", "compute_unit"} <= figures.keys() or {"energy_per_component", "actions"} <= figures.keys():
        return "evaluation"
    return None


def _evaluation(figures: Figures, source: str, problems: list[Problem]) -> Results:
    _check(figures, "", source, problems)
    return Results("evaluation", figures, source, (Part(_workload(figures), 1, figures),))


def _search(figures: Figures, source: str, problems: list[Problem]) -> Results:
    result = figures["result"]
    if result is not None:
        _check(result, "result", source, problems)
    _check_history(figures, "", source, problems)
    name = _workload(result) if isinstance(result, Mapping) else ""
    return Results("search", figures, source, (Part(name, 1, result, figures),))


def _network(figures: Figures, source: str, problems: list[Problem]) -> Results:
    parts: dict[str, Part] = {}
    for place, layer in enumerate(figures["layers"]):
        first = parts.get(layer.get("same_as") or "")
        if first is not None:
            names = (*first.names, layer["name"])
            parts[first.name] = Part(first.name, first.count + layer["count"], first.result, first.search, names)
            continue
        if layer["result"] is not None:
            _check(layer["result"], f"layers[{place}].result", source, problems)
        _check_history(layer, f"layers[{place}].", source, problems)
        name = layer["name"] if layer["name"] not in parts else f"{layer['name']} ({place + 1})"
        parts[name] = Part(name, layer["count"], layer["result"], layer, (layer["name"],))
    return Results("network", figures, source, tuple(parts.values()))


def _front(figures: Figures, source: str, problems: list[Problem]) -> Results:
    metrics = tuple(figures["metrics"])
    values = tuple(tuple(float(point[name]) for name in metrics) for point in figures["front"])
    return Results(
        "front", figures, source, (), Points(metrics, values, figures.get("lower_bounds", {}), figures.get("units", {}))
    )


def _codesign(figures: Figures, source: str, problems: list[Problem]) -> Results:
    parts = []
    for place, layer in enumerate(figures["layers"]):
        _check(layer["result"], f"layers[{place}].result", source, problems)
        parts.append(Part(layer["name"], layer["count"], layer["result"], None, tuple(layer["names"])))
    values = tuple((float(point["area_um2"]), float(point["value"])) for point in figures["front"])
    bounds = {figures["objective"]: figures["lower_bound"]}
    metrics = ("area_um2", figures["objective"])
    points = Points(metrics, values, bounds, metric_units("timeloop", metrics)) if values else None
    return Results("codesign", figures, source, tuple(parts), points)


def _sweep(figures: Figures, source: str, problems: list[Problem]) -> Results:
    rows = [row for row in figures["points"] if row.get("valid")]
    delay = "cycles" if all(row.get("cycles") is not None for row in rows) else "latency_s"
    metrics = ["energy_pJ", delay]
    areas = {row.get("area_um2") for row in rows}
    if len(areas) > 1 and None not in areas:
        metrics.append("area_um2")
    values = tuple(tuple(float(row[name]) for name in metrics) for row in rows if row.get(delay) is not None)
    points = Points(tuple(metrics), values, all_optimal=False) if values else None
    return Results("sweep", figures, source, (), points)


_READERS = {
    "evaluation": _evaluation,
    "search": _search,
    "network": _network,
    "front": _front,
    "codesign": _codesign,
    "sweep": _sweep,
}


def _check(result: Any, path: str, source: str, problems: list[Problem]) -> None:
    """Find what is missing of an evaluation, or is no number where pictures need one."""
    if not isinstance(result, Mapping):
        problems.append(_problem(f"expected an evaluation, got {_type(result)}", source, path))
        return
    level_result = "levels" in result
    tables = (
        ["levels", "compute_unit"] if level_result else ["energy_per_component", "latency_per_component", "actions"]
    )
    places: list[tuple[Any, str, list[str]]] = [(result, path, ["energy_pJ"])]
    for name in tables:
        table, place = result.get(name), f"{path}.{name}".lstrip(".")
        if not isinstance(table, Mapping):
            problems.append(_problem(f"expected a table, got {_type(table)}", source, place))
        elif not level_result:
            places.append((table, place, list(table)))
        elif name == "compute_unit":
            places.append((table, place, ["cycles", "energy_pJ"]))
        else:
            places += _level_places(table, place)
    for table, place, names in places:
        for name in names:
            value = table.get(name) if isinstance(table, Mapping) else None
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                message = f"expected a number, got {_type(value)}"
                problems.append(_problem(message, source, f"{place}.{name}".lstrip(".")))


def _level_places(levels: Figures, path: str) -> list[tuple[Any, str, list[str]]]:
    """The tables of the levels and the numbers that each has to hold."""
    places: list[tuple[Any, str, list[str]]] = []
    for name, level in levels.items():
        places.append((level, f"{path}.{name}", ["cycles"]))
        tensors = level.get("tensors", {}) if isinstance(level, Mapping) else {}
        numbers = ["reads", "fills", "updates", "utilized_instances", "energy_pJ"]
        places += [(row, f"{path}.{name}.tensors.{tensor}", numbers) for tensor, row in tensors.items()]
    return places


def _check_history(search: Figures, path: str, source: str, problems: list[Problem]) -> None:
    for place, entry in enumerate(search.get("history") or ()):
        if not isinstance(entry, Sequence) or len(entry) != 3 or not isinstance(entry[0], (int, float)):
            message = f"expected [seconds, value, lower bound], got {entry!r}"
            problems.append(_problem(message, source, f"{path}history[{place}]"))


def _workload(result: Figures) -> str:
    """The names of the Einsums, where the result tells them."""
    workload = result.get("workload")
    return ", ".join(map(str, workload)) if isinstance(workload, Mapping) else ""


def _type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), f"the number {value}")


def _problem(message: str, source: str, path: str) -> Problem:
    return Problem(message, Location(source) if source else None, path)


def _wrong(message: str, source: str | Path, line: int = 0, column: int = 0) -> SpecError:
    return SpecError([Problem(message, Location(str(source), line, column) if source else None)])
