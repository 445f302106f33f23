"""``accelax map --pareto``: the mappings that no other beats in every metric."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import load_specification
from accelax.cli.map import MapOptions
from accelax.cli.output import print_json, print_tables, to_json
from accelax.cli.places import claim
from accelax.cli.progress import ProgressLine
from accelax.cli.runtime import keep_compiled_programs
from accelax.errors import SpecError
from accelax.report.searches import front_summary, front_table

if TYPE_CHECKING:
    from accelax.search import ParetoResult


def map_pareto(files: Sequence[str], metrics: str, options: MapOptions) -> ExitCode:
    """Search the front of ``files`` over ``metrics``, names with commas between them, and print it as a table.

    Raises:
        SpecError: the input or an option is wrong.
        UnsupportedError: accelax does not have a feature that the input uses.
    """
    first, *others = (name.strip() for name in metrics.split(","))
    if not others:
        raise SpecError(f"--pareto: expected metrics with commas between them, such as energy,delay, got {metrics!r}")
    if options.objective:
        raise SpecError("--pareto and --objective exclude each other")
    if options.plot is not None and len(others) > 1:
        raise SpecError(f"--plot draws a front of two metrics, not of {metrics}: accelax plot draws every pair")
    keep_compiled_programs()
    spec = load_specification(files, options.settings)
    claim(directory=options.directory, plot=options.plot)
    import accelax

    with ProgressLine(sys.stderr) as progress:
        found: ParetoResult = accelax.map(
            spec, objective=(first, others[0], *others[1:]), progress=progress, **options.arguments()
        )
    figures = {"run": options.run(files, pareto=metrics), **found.to_dict()}
    if options.as_json:
        print_json(figures)
    elif found.front:
        print_tables(front_table(figures))
    if options.directory is not None:
        write_front(options.directory, found, figures)
    if options.plot is not None and found.front:
        found.plot(options.plot)
    if not found.front:
        say(
            "interrupted before a valid mapping was found" if found.interrupted else f"no valid mapping: {found.reason}"
        )
        return ExitCode.INTERRUPTED if found.interrupted else ExitCode.INVALID
    say(front_summary(figures))
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.FINE


def write_front(directory: Path, found: ParetoResult, figures: dict[str, Any]) -> None:
    """Write ``result.json`` and each mapping of the front as ``NUMBER.yaml``, in the order of the table."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(to_json(figures) + "\n", encoding="utf-8")
    for number, point in enumerate(found.front, 1):
        (directory / f"{number:03}.yaml").write_text(point.mapping.to_yaml(), encoding="utf-8")
