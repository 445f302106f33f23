"""The commands and their options. Each imports what it needs when it runs: ``--help`` and ``check`` are quick."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from accelax.cli.exits import guard

app = typer.Typer(
    name="accelax",
    help="An exact, batched and differentiable cost model of tensor accelerators.",
    epilog="Exit codes: 0 fine, 1 no valid mapping or the given one is invalid, 2 bad input, 3 unsupported, "
    "130 interrupted (the best mapping so far is printed).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILES", help="Timeloop v4 or AccelForge YAML files, or glob patterns, read as one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from accelax import __version__

        print(f"accelax {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """An exact, batched and differentiable cost model of tensor accelerators."""


@app.command()
def check(files: Files) -> None:
    """Validate a specification and print every problem found."""
    from accelax.cli.check import check_files

    _leave(lambda: check_files(files))


@app.command()
def evaluate(
    files: Files,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Override one value, such as architecture.GLB.attributes.depth=8 or rules.halo=exact. Repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the terms that each energy is made of.")] = False,
) -> None:
    """Evaluate the mapping of a specification."""
    from accelax.cli.evaluate import evaluate_files

    _leave(lambda: evaluate_files(files, settings or [], as_json=as_json, explain=explain))


@app.command("map")
def map_(
    files: Files,
    objective: Annotated[
        str | None,
        typer.Option(
            help="energy, delay, edp, last_level_accesses, or weights such as energy=0.3,delay=0.7. "
            "Without it: the metrics of the file's mapper section, the first deciding, else edp.",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="How long to search.")] = 10.0,
    seed: Annotated[int, typer.Option(help="The same seed finds the same mapping.")] = 0,
    as_json: AsJson = False,
    directory: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write mapping.yaml, loopnest.txt and result.json into DIR."),
    ] = None,
) -> None:
    """Search for the best mapping of a specification."""
    from accelax.cli.map import map_files

    _leave(lambda: map_files(files, objective, seconds, seed, as_json=as_json, directory=directory))


def _leave(command: Callable[[], int]) -> None:
    code = guard(command)
    sys.stdout.flush()
    raise typer.Exit(code)
