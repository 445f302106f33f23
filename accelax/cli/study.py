"""``accelax study``: published studies, run again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from accelax.cli.exits import ExitCode, say
from accelax.cli.output import print_json, print_tables
from accelax.cli.places import claim
from accelax.cli.runtime import keep_compiled_programs
from accelax.errors import SpecError
from accelax.report.numbers import quantity

if TYPE_CHECKING:
    from accelax.studies.raella.study import StudyResult


def study_raella(
    networks: Sequence[str],
    statistics: Path | None = None,
    directory: Path | None = None,
    *,
    plot: bool = False,
    as_json: bool = False,
) -> ExitCode:
    """Run the RAELLA study and print its tables; Ctrl-C leaves the architectures that are done.

    Raises:
        SpecError: an unknown network, or a mistake in the file of statistics.
    """
    if plot and directory is None:
        raise SpecError("--plot draws into a directory: give one by --output")
    keep_compiled_programs()
    from accelax.studies.raella import figures, tables
    from accelax.studies.raella.networks import NETWORKS
    from accelax.studies.raella.study import run_study

    claim(directory=directory)
    begin = time.perf_counter()
    chosen = [name for text in networks for name in text.split(",") if name] or list(NETWORKS)
    study = run_study(list(dict.fromkeys(chosen)), statistics, progress=StudyLine(sys.stderr))
    say(f"{len(study.layers)} layers in {quantity(time.perf_counter() - begin, 's')}")
    if as_json:
        print_json(tables.as_dictionary(study))
    else:
        print_tables(*study_tables(study))
    if directory is not None:
        written = tables.write_tables(study, directory)
        written += figures.draw_study(study, directory) if plot else []
        say(f"wrote {len(written)} files to {directory}")
    return ExitCode.INTERRUPTED if study.interrupted else ExitCode.FINE


class StudyLine:
    """Says on stderr what is being mapped."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __call__(self, machine: str, counted: int) -> None:
        """One line when a machine begins, and one for each round of mappings."""
        what = f"{counted} mappings counted" if counted else "packing and pricing"
        print(f"{machine}: {what}", file=self.stream, flush=True)


def study_tables(study: StudyResult) -> list[Any]:
    """What the command prints: every network, the layers of a single one, and the means next to the paper's."""
    from accelax.studies.raella.tables import ablation_rows, mean_rows, network_rows

    parts = [_table("network", network_rows(study), _NETWORK, section="dnn")]
    for network in study.networks if len(study.networks) == 1 else ():
        parts.append(_table(f"{network}: first, middle and last layer", ablation_rows(study, network), _ABLATION))
    parts.append(_table("geometric means over the networks", mean_rows(study), _MEANS))
    return parts


_NETWORK = {
    "dnn": "{}",
    "architecture": "{}",
    "energy_uJ": "{:,.1f}",
    "efficiency": "{:.2f}x",
    "batches_per_second": "{:,.0f}",
    "speedup": "{:.2f}x",
    "area_mm2": "{:.2f}",
}
_ABLATION = {
    "layer": "{}",
    "name": "{}",
    "architecture": "{}",
    "energy_uJ": "{:,.2f}",
    "efficiency": "{:.2f}x",
    "time_us": "{:,.1f}",
}
_MEANS = {
    "architecture": "{}",
    "efficiency": "{:.2f}x",
    "efficiency_paper": "{}",
    "speedup": "{:.2f}x",
    "speedup_paper": "{}",
}


def _table(title: str, rows: Sequence[dict[str, Any]], formats: dict[str, str], section: str = "") -> Any:
    """Rows as a table; a line after each value of the column ``section``."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, form in formats.items():
        table.add_column(name, justify="left" if form == "{}" else "right", no_wrap=True)
    for place, row in enumerate(rows):
        last = place + 1 == len(rows) or (section and rows[place + 1][section] != row[section])
        cells = ("-" if row[name] is None else form.format(row[name]) for name, form in formats.items())
        table.add_row(*cells, end_section=bool(section and last))
    return table
