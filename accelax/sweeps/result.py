"""What a sweep returns, and what a results file reads back as."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelax.errors import Location, Problem, SpecError, did_you_mean
from accelax.ir import Mapping as LoopTree
from accelax.sweeps.journal import Contents, read_file
from accelax.sweeps.mapping_text import from_lists

Row = dict[str, Any]
FIGURES = ("value", "energy_pJ", "cycles", "latency_s", "edp", "area_um2")
NAMES = {"energy": "energy_pJ", "delay": "cycles", "latency": "latency_s", "area": "area_um2"}
"""Shorter names of figures."""


@dataclass(frozen=True)
class SweepResult:
    """The points of a sweep that are done.

    ``points`` are rows in the order of their numbers: ``point``, ``values`` by path, ``valid``, the totals of the
    network (``value`` of the objective, ``energy_pJ``, ``cycles``, ``latency_s``, ``edp``, ``area_um2``) and
    ``layers``, with a list for each figure of the layers. ``header`` is what the sweep is: axes, settings, fingerprint,
    versions, layers. ``notes`` say what of a results file could not be read.
    """

    points: tuple[Row, ...]
    header: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()

    @staticmethod
    def read(path: str | Path) -> SweepResult:
        """Read a results file, also of a sweep that is not done; parts that several processes wrote are joined.

        Raises:
            SpecError: there is no such file, or it is none of a sweep, or its parts do not belong together.
        """
        files = [Path(path)] if Path(path).exists() else part_files(path)
        return joined([(file, read_file(file)) for file in files or [Path(path)]])

    @property
    def complete(self) -> bool:
        """Whether all points are there."""
        return len(self.points) == self.header["points"]

    def best(self, objective: str | Callable[[Row], float] = "value") -> Row:
        """The valid point with the least of a figure.

        The figure is a name (``value``, ``energy``, ``delay``, ``edp``, ``area``, ...) or a function of the row.

        Raises:
            SpecError: an unknown figure, or no point is valid.
        """
        if isinstance(objective, str):
            name = NAMES.get(objective, objective)
            if name not in FIGURES:
                raise SpecError(f"unknown figure {objective!r}{did_you_mean(objective, (*FIGURES, *NAMES))}")
            if name == "cycles" and all(row["cycles"] is None for row in self.points):
                name = "latency_s"
            chosen = name
            figures = [(row[chosen], row) for row in self.points if row["valid"] and row[chosen] is not None]
        else:
            figures = [(objective(row), row) for row in self.points if row["valid"]]
        if not figures:
            raise SpecError("no point of the sweep is valid")
        return min(figures, key=lambda pair: pair[0])[1]

    def flat(self) -> list[dict[str, Any]]:
        """The points without their layers, each value of an axis under its path."""
        rows = []
        for row in self.points:
            figures = {name: row[name] for name in FIGURES}
            more = {name: row[name] for name in ("gap", "reason") if name in row}
            rows.append({"point": row["point"], **row["values"], "valid": row["valid"], **figures, **more})
        return rows

    def mapping(self, point: int, layer: int | str = 0) -> LoopTree | None:
        """The mapping of a layer (its place, or its name) at a point; None where the files gave it or none was found.

        Raises:
            SpecError: no such point or layer.
        """
        row = next((row for row in self.points if row["point"] == point), None)
        if row is None:
            raise SpecError(f"point {point} is not there")
        names = [name for name, _ in self.layers_of(row)]
        if isinstance(layer, str) and layer not in names:
            raise SpecError(f"no layer {layer!r}{did_you_mean(layer, names)}")
        place = names.index(layer) if isinstance(layer, str) else layer
        if not -len(names) <= place < len(names):
            raise SpecError(f"no layer {place} among {len(names)}")
        texts = row["layers"].get("mapping") or self.header["mappings"].get(row.get("variant")) or []
        return from_lists(texts[place]) if texts and texts[place] is not None else None

    def layers_of(self, row: Row) -> list[tuple[str, int]]:
        """The names and counts of the layers that a row is about."""
        networks = self.header["networks"]
        key = row["values"].get("problem", "")
        return [(name, count) for name, count in networks.get(str(key), networks.get("", []))]

    def frame(self) -> Any:
        """The points as a pandas ``DataFrame``, a row each, as :meth:`flat`; needs the ``frame`` extra.

        Raises:
            SpecError: pandas is missing.
        """
        try:
            import pandas
        except ImportError as error:
            raise SpecError("pandas is missing: pip install 'accelax[frame]'") from error
        return pandas.DataFrame(self.flat())

    def to_csv(self, path: str | Path) -> None:
        """Write the points as :meth:`flat` gives them into a CSV file. Raises SpecError where that fails."""
        rows = self.flat()
        names = list(dict.fromkeys(name for row in rows for name in row))
        try:
            with open(path, "w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, names)
                writer.writeheader()
                writer.writerows(rows)
        except OSError as error:
            raise _unwritable(path, error) from error

    def to_parquet(self, path: str | Path) -> None:
        """Write :meth:`frame` into a Parquet file; needs pandas with pyarrow.

        Raises:
            SpecError: a package is missing, or the file cannot be written.
        """
        try:
            self.frame().to_parquet(path)
        except ImportError as error:
            raise SpecError(f"{str(error).splitlines()[0]} (pip install pyarrow)") from error
        except OSError as error:
            raise _unwritable(path, error) from error


def part_files(path: str | Path) -> list[Path]:
    """The parts that several processes wrote in place of a results file, in their order."""
    file = Path(path)
    parts = [part for part in file.parent.glob(f"{file.name}.part*") if part.suffix[5:].isdigit()]
    return sorted(parts, key=lambda part: int(part.suffix[5:]))


def joined(files: Sequence[tuple[Path, Contents]]) -> SweepResult:
    """The points of several files of one sweep.

    Raises:
        SpecError: they are of different sweeps.
    """
    _, first = files[0]
    rows: dict[int, Row] = {}
    for file, contents in files:
        if contents.header.get("fingerprint") != first.header.get("fingerprint"):
            raise SpecError([Problem(f"the part is of another sweep than {files[0][0]}", Location(str(file), 1, 1))])
        rows.update(contents.rows)
    return result_of(first, rows, [note for _, contents in files for note in contents.notes])


def result_of(contents: Contents, rows: Mapping[int, Row], notes: Sequence[str]) -> SweepResult:
    """The result with given rows."""
    points = tuple(rows[number] for number in sorted(rows))
    return SweepResult(points, {**contents.header, "mappings": dict(contents.mappings)}, tuple(notes))


def _unwritable(path: str | Path, error: OSError) -> SpecError:
    return SpecError([Problem(f"cannot be written: {error.strerror or error}", Location(str(path)))])
