"""The commands and their options. Each imports what it needs when it runs: ``--help`` and ``check`` are quick."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

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
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override one value, such as architecture.GLB.attributes.depth=8 or rules.halo=exact. Repeatable.",
    ),
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
    settings: Settings = None,
    as_json: AsJson = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the terms that each energy is made of.")] = False,
) -> None:
    """Evaluate the mapping of a specification."""
    from accelax.cli.evaluate import evaluate_files

    _leave(lambda: evaluate_files(files, settings or [], as_json=as_json, explain=explain))


@app.command()
def energy(
    files: Files,
    settings: Settings = None,
    as_json: AsJson = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the terms of each entry, its sources and who else was asked.")
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write ERT.yaml and ART.yaml, as Accelergy does, into DIR."),
    ] = None,
) -> None:
    """Show what each action of each component costs, and the areas."""
    from accelax.cli.energy import show_energy

    _leave(lambda: show_energy(files, settings or [], as_json=as_json, explain=explain, directory=directory))


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
    seconds: Annotated[float, typer.Option(min=0.0, help="How long to search; compilation comes on top.")] = 10.0,
    tolerance: Annotated[float, typer.Option(min=0.0, help="Stop when this gap is proved, such as 0.01.")] = 0.0,
    searcher: Annotated[
        str | None, typer.Option(help="certified, random, exhaustive, gradient or evolutionary.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 0,
    settings: Settings = None,
    as_json: AsJson = False,
    directory: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write mapping.yaml, loopnest.txt and result.json into DIR."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw value and bound over time, or the front (matplotlib).")
    ] = None,
    layers: Annotated[
        list[str] | None,
        typer.Option(metavar="FILES", help="Map each of these problems (files, patterns, directories) on FILES."),
    ] = None,
    pareto: Annotated[
        str | None, typer.Option(metavar="METRICS", help="Find the Pareto front of metrics, such as energy,delay.")
    ] = None,
) -> None:
    """Search for the best mapping of a specification."""
    from accelax.cli.map import MapOptions, map_files
    from accelax.cli.map_front import map_pareto
    from accelax.cli.map_layers import map_network

    options = MapOptions(objective, seconds, seed, tolerance, searcher, tuple(settings or ()), as_json, directory, plot)
    if layers and pareto:
        raise typer.BadParameter("--layers and --pareto exclude each other")
    if pareto:
        _leave(lambda: map_pareto(files, pareto, options))
    if layers:
        _leave(lambda: map_network(files, layers, options))
    _leave(lambda: map_files(files, options))


@app.command()
def codesign(
    files: Files,
    knobs: Annotated[
        list[str],
        typer.Option(
            "--knob", metavar="PATH=LOW:HIGH[:STEP]", help="Values to choose from; STEP x2 doubles. Repeatable."
        ),
    ],
    layers: Annotated[
        list[str] | None,
        typer.Option(metavar="FILES", help="The problems of the network (files, patterns, directories)."),
    ] = None,
    constraints: Annotated[
        list[str] | None,
        typer.Option(
            "--constraint",
            metavar="NAME=LIMIT",
            help="At most: area_um2, power_W, energy_pJ, latency_s or cycles. Repeatable.",
        ),
    ] = None,
    objective: Annotated[str, typer.Option(help="energy, delay, edp, or weights: energy=1,delay=2.")] = "edp",
    seconds: Annotated[float, typer.Option(min=0.0, help="How long to search, compilation included.")] = 300.0,
    tolerance: Annotated[float, typer.Option(min=0.0, help="Stop when this gap is proved.")] = 1e-3,
    workers: Annotated[int, typer.Option(min=1, help="Processes that search layers side by side.")] = 1,
    method: Annotated[
        str, typer.Option(help="certified, gradient, or a baseline: random, bayesian, grid.")
    ] = "certified",
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 0,
    settings: Settings = None,
    as_json: AsJson = False,
    directory: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Write result.json and the mappings into DIR.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the front of objective against area (matplotlib).")
    ] = None,
) -> None:
    """Choose hardware values and the mappings of all layers together."""
    from accelax.cli.codesign import CodesignOptions, codesign_files

    options = CodesignOptions(
        tuple(knobs), tuple(constraints or ()), objective, seconds, seed, tolerance, workers, method,
        tuple(settings or ()), as_json, directory, plot,
    )  # fmt: skip
    _leave(lambda: codesign_files(files, layers or [], options))


@app.command()
def sweep(
    file: Annotated[str, typer.Argument(metavar="SWEEP.yaml", help="Says files, axes, mode and the other arguments.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.jsonl", help="Append each point that is done to FILE.jsonl."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from what FILE.jsonl has.")] = False,
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the points as a table.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; without it: this one.")] = 0,
) -> None:
    """Evaluate many designs: each point gives some values of a specification others."""
    from accelax.cli.sweep import SweepOptions, sweep_file

    _leave(lambda: sweep_file(file, SweepOptions(output, resume, as_json, csv, workers)))


@app.command()
def plot(
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT", help="What evaluate, map, codesign or sweep wrote or printed with --json; - reads it."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE|DIR", help="One figure (.png, .svg), or all of them into DIR."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="energy, latency, roofline, pareto, history, loopnest or all.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="One page with everything; without any option: beside the result."),
    ] = None,
) -> None:
    """Draw a result, or write an HTML page about it (matplotlib)."""
    from accelax.cli.plot import PlotOptions, plot_result

    _leave(lambda: plot_result(result, PlotOptions(output, kind, html)))


@app.command("import")
def import_(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="MODEL.onnx, or a transformer's config.json.")],
    directory: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Write a problem file for each layer into DIR.")
    ] = None,
    as_json: AsJson = False,
    dimensions: Annotated[
        list[str] | None,
        typer.Option("--dimension", metavar="NAME=SIZE", help="Size that the ONNX model leaves open. Repeatable."),
    ] = None,
    sequence: Annotated[int | None, typer.Option(help="Tokens that the transformer reads at once.")] = None,
    batch: Annotated[int | None, typer.Option(help="Texts that the transformer reads at once.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens that each attends to; without it: the sequence.")] = None,
    dialect: Annotated[str, typer.Option(help="timeloop or accelforge.")] = "timeloop",
    products: Annotated[
        str, typer.Option(help="Write matrix products as gemm or convolution; auto: as the other layers are.")
    ] = "auto",
) -> None:
    """Read the layers of a model, for accelax map --layers."""
    from accelax.cli.import_model import ImportOptions, import_model

    given = tuple(dimensions or ())
    options = ImportOptions(directory, as_json, given, sequence, batch, context, dialect, products)
    _leave(lambda: import_model(model, options))


studies = typer.Typer(help="Run a published study again.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(studies, name="study")


@studies.command()
def raella(
    dnn: Annotated[
        list[str] | None,
        typer.Option("--dnn", metavar="NAME", help="A network, such as resnet18. Repeatable; all seven without it."),
    ] = None,
    statistics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recorded statistics of the layers (CSV); typical ones without it."),
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write the tables as CSV into DIR.")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw stacked bars into DIR as well (matplotlib).")] = False,
    as_json: AsJson = False,
) -> None:
    """ISAAC and three versions of RAELLA, each layer with its best mapping."""
    from accelax.cli.study import study_raella

    _leave(lambda: study_raella(dnn or [], statistics, directory, plot=plot, as_json=as_json))


def _leave(command: Callable[[], int]) -> NoReturn:
    code = guard(command)
    sys.stdout.flush()
    raise typer.Exit(code)
