"""``accelax map``: search for a mapping, print the best one, write it to a directory."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import load_specification, parse_objective
from accelax.cli.output import loop_nest, print_json, print_report, to_json
from accelax.cli.places import claim
from accelax.cli.progress import ProgressLine
from accelax.cli.reproduce import command_line
from accelax.cli.runtime import keep_compiled_programs
from accelax.report.searches import proof, summary

if TYPE_CHECKING:
    from accelax.ir import LoweredLevels, LoweredTree
    from accelax.search import SearchResult


@dataclass(frozen=True)
class MapOptions:
    """The options that all searches share, as they were given."""

    objective: str | None = None
    seconds: float = 10.0
    seed: int = 0
    tolerance: float = 0.0
    searcher: str | None = None
    settings: tuple[str, ...] = ()
    as_json: bool = False
    directory: Path | None = None
    plot: Path | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``accelax.map`` but the specification and the objective. Raises SpecError."""
        names = ("seconds", "seed", "tolerance", "searcher")
        return {name: getattr(self, name) for name in names}

    def run(self, files: Sequence[str], layers: Sequence[str] = (), pareto: str | None = None) -> dict[str, Any]:
        """What the result depends on, with the command that gives it again."""
        chosen = {"objective": self.objective, "pareto": pareto, **self.arguments()}
        command = command_line("map", files, chosen, {"set": self.settings, "layers": layers})
        given = {"files": list(files), "set": list(self.settings), **({"layers": list(layers)} if layers else {})}
        return run_facts({"command": command, **given, **self.arguments()})


def map_files(files: Sequence[str], options: MapOptions) -> ExitCode:
    """Search for the best mapping of ``files`` and print it; Ctrl-C stops early.

    Raises:
        SpecError: the input or an option is wrong.
        UnsupportedError: accelax does not have a feature that the input uses.
    """
    keep_compiled_programs()
    spec = load_specification(files, options.settings)
    goal = parse_objective(options.objective) if options.objective else None
    claim(directory=options.directory, plot=options.plot)
    import accelax

    with ProgressLine(sys.stderr) as progress:
        found: SearchResult = accelax.map(spec, objective=goal, progress=progress, **options.arguments())
    figures = {"run": options.run(files), **found.to_dict()}
    if options.as_json:
        print_json(figures)
    elif found.mapping is not None:
        print_report(figures["result"], spec.lowered(), found.mapping)
    if options.directory is not None:
        write_files(options.directory, found, figures, spec.lowered())
    if options.plot is not None and found.history:
        found.plot_history(options.plot)
    if found.mapping is None:
        say(
            "interrupted before a valid mapping was found" if found.interrupted else f"no valid mapping: {found.reason}"
        )
        return ExitCode.INTERRUPTED if found.interrupted else ExitCode.INVALID
    say(summary(figures))
    if found.explanation and not found.optimal:
        say(f"{proof(figures)}: {found.explanation}")
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.FINE


def write_files(
    directory: Path, found: SearchResult, figures: dict[str, Any], lowered: LoweredLevels | LoweredTree
) -> None:
    """Write ``result.json``, ``mapping.yaml`` and ``loopnest.txt``."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(to_json(figures) + "\n", encoding="utf-8")
    if found.mapping is not None:
        (directory / "mapping.yaml").write_text(found.mapping.to_yaml(), encoding="utf-8")
        (directory / "loopnest.txt").write_text(loop_nest(found.mapping, lowered) + "\n", encoding="utf-8")


def run_facts(arguments: dict[str, Any]) -> dict[str, Any]:
    """What a run depends on: its arguments, the versions and the device."""
    import jax

    import accelax

    versions = {"accelax": accelax.__version__, "jax": jax.__version__}
    return {**arguments, "versions": versions, "device": jax.devices()[0].device_kind}
