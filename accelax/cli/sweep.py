"""``accelax sweep``: evaluate many designs, with results in a file that an interrupted run goes on from."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import load_specification, set_all
from accelax.cli.map import run_facts
from accelax.cli.output import print_json, print_tables
from accelax.cli.places import claim
from accelax.cli.reproduce import command_line
from accelax.cli.runtime import keep_compiled_programs
from accelax.cli.sweep_file import SweepFile, located, read_sweep_file
from accelax.errors import SpecError
from accelax.search.workers import start_workers

if TYPE_CHECKING:
    from accelax.sweeps import SweepProgress, SweepResult

SHOWN = 10
"""Points in the table."""


@dataclass(frozen=True)
class SweepOptions:
    """The options as they were given."""

    output: Path | None = None
    resume: bool = False
    as_json: bool = False
    csv: Path | None = None
    workers: int = 0


def sweep_file(file: str, options: SweepOptions) -> ExitCode:
    """Run the sweep of ``file``; Ctrl-C leaves what is done in the output.

    Raises:
        SpecError: the input or an option is wrong.
        UnsupportedError: accelax does not have a feature that the input uses.
    """
    keep_compiled_programs()
    asked = read_sweep_file(file)
    if options.resume and options.output is None:
        raise SpecError("--resume: give the file with --output")
    spec = _specification(asked)
    claim(table=options.csv)
    import accelax

    try:
        with _workers(options.workers) as executor, SweepBar() as bar:
            found: SweepResult = accelax.sweep(
                spec,
                asked.axes,
                output=options.output,
                executor=executor,
                progress=bar,
                resume=options.resume,
                run=_facts(file, asked, options),
                **asked.arguments,
            )
    except KeyboardInterrupt:
        if options.output is not None:
            say(f"interrupted: {options.output} holds what is done; --resume goes on from there")
        return ExitCode.INTERRUPTED
    except SpecError as error:
        raise located(error, file) from error
    return _report(found, options)


def _specification(asked: SweepFile) -> Any:
    """The specification of a sweep file, or its layers. Raises SpecError."""
    if not asked.layers:
        return load_specification(asked.files, asked.settings)
    from accelax.spec.layers import read_layers

    layers = read_layers(list(asked.files), list(asked.layers))
    for layer in layers:
        set_all(layer.specification, asked.settings)
    return list(layers)


def _facts(file: str, asked: SweepFile, options: SweepOptions) -> dict[str, Any]:
    """What a sweep is of, with the command that gives it again."""
    command = command_line("sweep", [file], {"workers": options.workers or None})
    layers = {"layers": list(asked.layers)} if asked.layers else {}
    return run_facts({"command": command, "files": list(asked.files), **layers, "set": list(asked.settings)})


@contextlib.contextmanager
def _workers(count: int) -> Iterator[Executor | None]:
    """``count`` processes; none where it is 0. What they have under way when this ends is dropped."""
    if not count:
        yield None
        return
    executor = start_workers(count)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _report(found: SweepResult, options: SweepOptions) -> ExitCode:
    """Print the result; write the CSV."""
    for note in found.notes:
        say(note)
    valid = [row for row in found.points if row["valid"]]
    if options.as_json:
        best = found.best() if valid else None
        header = dict(found.header)
        print_json({"run": header.pop("run", {}), "header": header, "best": best, "points": found.points})
    else:
        print_tables(_table(found))
    if options.csv is not None:
        found.to_csv(options.csv)
    say(f"{len(found.points)} of {found.header['points']} points, {len(valid)} valid")
    return ExitCode.FINE if valid else ExitCode.INVALID


def _table(found: SweepResult) -> Any:
    """The best points, one row each."""
    from rich.table import Table

    rows = sorted((row for row in found.flat() if row["valid"]), key=lambda row: row["value"])[:SHOWN]
    table = Table(title=f"best points by {found.header['objective']}", box=None, header_style="bold")
    names = ["point", *found.header["axes"], "energy_pJ", "cycles", "latency_s", "edp", "area_um2"]
    for name in names:
        table.add_column(name.removeprefix("architecture."), justify="right", overflow="fold")
    for row in rows:
        table.add_row(*(f"{row[name]:.6g}" if isinstance(row[name], float) else str(row[name]) for name in names))
    return table


class SweepBar:
    """Called with a ``SweepProgress``; a bar on stderr with points a second and the time left, gone at the end.

    Where stderr is no terminal nothing is shown.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"))
        console, hidden = Console(file=sys.stderr), not sys.stderr.isatty()
        self._bar = Progress(*columns, console=console, transient=True, disable=hidden)
        self._task = self._bar.add_task("points", total=None, speed="starting")

    def __enter__(self) -> SweepBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: SweepProgress) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=progress.done, total=progress.total, speed=speed(progress))


def speed(progress: SweepProgress) -> str:
    """Points a second and the time left, in words.

    >>> from accelax.sweeps import SweepProgress
    >>> speed(SweepProgress(250, 1000, 10.0)), speed(SweepProgress(0, 10, 1.0))
    ('25 points/s, 0:30 left', 'starting')
    """
    left = progress.seconds_left
    if left is None:
        return "starting"
    minutes, seconds = divmod(round(left), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{progress.points_per_s:.3g} points/s, {clock} left"
