"""What the data of each layer are like: averages that the energies of cells, drivers and converters follow.

Recorded statistics come from a file that the user gives, comma-separated with a header: ``dnn``, ``layer`` (the number
of the layer, in order) and the columns of ``COLUMNS``. Without one every layer has the typical values.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from accelax.errors import Location, Problem, SpecError, did_you_mean
from accelax.studies.raella.layers import Layer
from accelax.studies.raella.networks import NETWORKS, layers_of


@dataclass(frozen=True)
class Statistics:
    """Averages over the data of one layer.

    input_isaac, input_plain, input_speculative
        The mean input of a crossbar in one step of one bit: ISAAC; RAELLA without and with speculation, whose steps
        of several bits count as one and may come to more than 1.
    weight_isaac, weight_raella
        The mean value that weights have in the cells. ISAAC's is the sum over a cell's bits that the artifact takes,
        up to 1.5.
    slices
        Crossbar columns over which a weight is spread where the number adapts to the layer.
    slices_narrow
        The same for cells of two bits.
    adc_share
        The part of the conversions that speculation leaves.
    """

    input_isaac: float = 0.13
    input_plain: float = 0.13
    input_speculative: float = 0.33
    weight_isaac: float = 0.5
    weight_raella: float = 0.06
    slices: int = 3
    slices_narrow: int = 4
    adc_share: float = 0.42


COLUMNS = {
    "in_isaac": "input_isaac",
    "in_raella_nospec": "input_plain",
    "in_raella": "input_speculative",
    "w_isaac_artifact": "weight_isaac",
    "w_raella": "weight_raella",
    "units_per_weight": "slices",
    "units_per_weight_2b": "slices_narrow",
    "adc_share_raella": "adc_share",
}
"""Columns of a file of recorded statistics, and what they are here."""

_RANGES = {"input_speculative": (0, math.inf), "weight_isaac": (0, 1.5), "slices": (1, 8), "slices_narrow": (1, 8)}
"""The least and the greatest value, where they are not 0 and 1."""

Key = tuple[str, int]
"""A network and the number of one of its layers."""


def typical(layer: Layer) -> Statistics:
    """The typical values. The inputs of BERT are signed, which ISAAC's offset encoding makes one in every second bit.

    >>> typical(layers_of("qdqbert")[0]).input_isaac, typical(layers_of("resnet18")[0]).input_isaac
    (0.5, 0.13)
    """
    return Statistics(input_isaac=0.5) if "bert" in layer.network else Statistics()


def statistics_of(layers: Iterable[Layer], recorded: dict[Key, Statistics] | None = None) -> dict[Key, Statistics]:
    """The statistics of each layer: recorded where a record is given, which must then have all of them.

    Raises SpecError for layers that the record lacks.
    """
    if recorded is None:
        return {(layer.network, layer.index): typical(layer) for layer in layers}
    keys = [(layer.network, layer.index) for layer in layers]
    missing = [f"{network} {index}" for network, index in keys if (network, index) not in recorded]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise SpecError(f"no recorded statistics of layers {', '.join(missing[:5])}{more}")
    return {key: recorded[key] for key in keys}


def read_statistics(path: str | Path) -> dict[Key, Statistics]:
    """Read recorded statistics, by network and number of the layer.

    Raises SpecError, with the place of every problem: a missing column, a row of another length, a value that is no
    number or out of range, an unknown network or layer, or a layer that occurs twice.
    """
    file = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError([Problem("not a text file", Location(file))]) from error
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        raise SpecError([Problem("no header: the file is empty", Location(file))])
    header, problems = [name.strip() for name in rows[0]], []
    for name in ("dnn", "layer", *COLUMNS):
        if name not in header:
            problems.append(Problem(f"no column {name!r}{did_you_mean(name, header)}", Location(file, 1, 1)))
    if problems:
        raise SpecError(problems)
    found: dict[Key, Statistics] = {}
    for line, cells in enumerate(rows[1:], start=2):
        if cells:
            _read_row(header, cells, Location(file, line, 1), found, problems)
    if problems:
        raise SpecError(problems)
    return found


def _read_row(
    header: list[str], cells: list[str], place: Location, found: dict[Key, Statistics], problems: list[Problem]
) -> None:
    """Add the statistics of one row, or what is wrong with it."""
    if len(cells) != len(header):
        problems.append(Problem(f"expected {len(header)} values, found {len(cells)}", place))
        return
    row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    before = len(problems)
    network, index = row["dnn"], _number(row, "layer", place, problems, whole=True)
    if network not in NETWORKS:
        problems.append(Problem(f"unknown network {network!r}{did_you_mean(network, NETWORKS)}", place, "dnn"))
    elif not math.isnan(index) and index >= len(layers_of(network)):
        count = len(layers_of(network))
        problems.append(Problem(f"{network} has layers 0 to {count - 1}, not {row['layer']}", place, "layer"))
    elif (network, int(index) if not math.isnan(index) else -1) in found:
        problems.append(Problem(f"layer {row['layer']} of {network} occurs twice", place, "layer"))
    values: dict[str, float] = {}
    for column, name in COLUMNS.items():
        whole = name.startswith("slices")
        value = _number(row, column, place, problems, whole, *_RANGES.get(name, (0, 1)))
        values[name] = int(value) if whole and not math.isnan(value) else value
    if len(problems) == before:
        found[network, int(index)] = Statistics(**values)  # type: ignore[arg-type]


def _number(
    row: dict[str, str],
    column: str,
    place: Location,
    problems: list[Problem],
    whole: bool = False,
    least: float = 0,
    most: float = math.inf,
) -> float:
    """The number in a column; NaN and a problem when it is none, or out of its range."""
    kind = "a whole number" if whole else "a number"
    bounds = f"of at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
    try:
        value = float(row[column])
        if least <= value <= most and (not whole or value.is_integer()):
            return value
    except ValueError:
        pass
    problems.append(Problem(f"expected {kind} {bounds}, got {row[column]!r}", place, column))
    return math.nan
