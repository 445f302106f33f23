"""``accelax plot``: pictures of a result, and one HTML page about it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.errors import Location, Problem, SpecError, did_you_mean

if TYPE_CHECKING:
    from accelax.report.figures import Drawn
    from accelax.report.results import Results

ALL = "all"
STDIN = "-"
FORMATS = ("png", "svg")
"""What is written of each figure into a directory."""
MAIN = {"front": "pareto", "sweep": "pareto"}
"""The figure that a single file gets unless another is asked for; of other results it is the energy."""


@dataclass(frozen=True)
class PlotOptions:
    """The options of the command, as they were given."""

    output: Path | None = None
    kind: str | None = None
    html: Path | None = None


def plot_result(source: str, options: PlotOptions) -> ExitCode:
    """Draw the result in the file ``source`` (``-``: standard input) and say what was written and what left out.

    Without ``--output`` and ``--html``, the page is written beside the result.

    Raises:
        SpecError: the file holds no result, there is nothing to draw, or the options do not go together.
        AccelaxError: matplotlib is missing.
    """
    kinds = _kinds(options)
    html = options.html
    if options.output is None and html is None:
        if source == STDIN:
            raise SpecError("a result from standard input needs --output or --html, which say where to draw it")
        html = Path(source).with_suffix(".html")
    results = load_results(source)
    if options.output is not None:
        _draw(results, options.output, kinds)
    if html is not None:
        from accelax.report.page import write_page

        left_out = write_page(results, html)
        say(f"wrote {html}")
        if options.output is None:
            say(*(f"left out: {kind.lower()}: {reason}" for kind, reason in left_out.items()))
    return ExitCode.FINE


def load_results(source: str) -> Results:
    """The result in a file, of a sweep also its file of lines; ``-`` is standard input.

    Raises:
        SpecError: it cannot be read, or is no result; with the place.
    """
    from accelax.report.results import parse_results, read_results, results_of

    if source == STDIN:
        return parse_results(sys.stdin.read(), "standard input")
    if not _is_sweep_file(source):
        return read_results(source)
    from accelax.sweeps.result import SweepResult

    found = SweepResult.read(source)
    say(*found.notes)
    header = dict(found.header)
    figures: dict[str, Any] = {"run": header.pop("run", {}), "header": header, "points": list(found.points)}
    return results_of(figures, source)


def _is_sweep_file(source: str) -> bool:
    """Whether the first line is the header that results files of sweeps begin with."""
    try:
        with open(source, encoding="utf-8") as stream:
            header = json.loads(stream.readline())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "accelax_sweep" in header


def _kinds(options: PlotOptions) -> list[str] | None:
    """The kinds of figures that were asked for; None where nothing was said. Raises SpecError."""
    from accelax.report.figures import FIGURES

    if options.kind is None:
        return None
    if options.kind not in (*FIGURES, ALL):
        known = ", ".join((*FIGURES, ALL))
        hint = did_you_mean(options.kind, (*FIGURES, ALL))
        raise SpecError(f"--kind: expected one of {known}; got {options.kind!r}{hint}")
    return list(FIGURES) if options.kind == ALL else [options.kind]


def _draw(results: Results, output: Path, kinds: list[str] | None) -> None:
    """Draw into a file, or into a directory with a file for each figure and format. Raises SpecError."""
    from accelax.report.figures import FIGURES, draw_all
    from accelax.report.figures.style import save

    into_directory = output.is_dir() or not output.suffix
    chosen = kinds or (list(FIGURES) if into_directory else [MAIN.get(results.kind, "energy")])
    if not into_directory and len(chosen) > 1:
        raise SpecError(f"--kind all draws several figures: give --output a directory, not {output}")
    drawn, left_out = draw_all(results, chosen, nests=None if into_directory else 1)
    if not drawn:
        place = Location(results.source) if results.source else None
        raise SpecError([Problem(f"nothing to draw: {kind}: {why}", place) for kind, why in left_out.items()])
    if not into_directory:
        _write(save, drawn[0], output)
        if drawn[0].layer:
            say(f"the loop nest of {drawn[0].layer}, the layer with the most energy; a directory takes those of all")
    else:
        output.mkdir(parents=True, exist_ok=True)
        names = file_names(drawn)
        for one, name in zip(drawn, names, strict=True):
            for ending in FORMATS:
                save(one.figure, output / f"{name}.{ending}")
        say(f"wrote {', '.join(names)} to {output}, as {' and '.join(FORMATS)}")
    say(*(f"left out: {kind}: {reason}" for kind, reason in left_out.items()))


def _write(save: Any, drawn: Drawn, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save(drawn.figure, path)
    say(f"wrote {path}")


def file_names(drawn: list[Drawn]) -> list[str]:
    """A name for each figure: its kind, and of a layer's its place and name."""
    names: list[str] = []
    for one in drawn:
        layer = "".join(c if c.isalnum() or c in "._-" else "_" for c in one.layer)
        place = sum(name.startswith(one.kind) for name in names) + 1
        names.append(f"{one.kind}_{place:02}_{layer}" if layer else one.kind)
    return names
