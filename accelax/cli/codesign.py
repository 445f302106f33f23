"""``accelax codesign``: choose the hardware of one machine and the mappings of a network together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import parse_objective, set_all
from accelax.cli.map import run_facts
from accelax.cli.output import print_json, print_tables, to_json
from accelax.cli.places import claim
from accelax.cli.progress import ProgressLine
from accelax.cli.reproduce import command_line
from accelax.cli.runtime import keep_compiled_programs
from accelax.errors import Problem, SpecError
from accelax.report.codesigns import codesign_summary, design_lines, design_table, front_table, slope_table

if TYPE_CHECKING:
    from accelax.codesign.result import CodesignResult


@dataclass(frozen=True)
class CodesignOptions:
    """The options of the command, as they were given."""

    knobs: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    objective: str = "edp"
    seconds: float = 300.0
    seed: int = 0
    tolerance: float = 1e-3
    workers: int = 1
    method: str = "certified"
    settings: tuple[str, ...] = ()
    as_json: bool = False
    directory: Path | None = None
    plot: Path | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``accelax.codesign`` that are plain values."""
        names = ("seconds", "seed", "tolerance", "workers", "method")
        return {name: getattr(self, name) for name in names}

    def run(self, files: Sequence[str], layers: Sequence[str]) -> dict[str, Any]:
        """What the result depends on, with the command that gives it again."""
        lists = {"layers": layers, "knob": self.knobs, "constraint": self.constraints, "set": self.settings}
        command = command_line("codesign", files, {"objective": self.objective, **self.arguments()}, lists)
        given = {name: list(values) for name, values in {"files": files, **lists}.items()}
        return run_facts({"command": command, **given, **self.arguments()})


def codesign_files(files: Sequence[str], layers: Sequence[str], options: CodesignOptions) -> ExitCode:
    """Co-design the machine of ``files`` for ``layers`` (or for the problem in ``files``), and print what was found.

    Raises:
        SpecError: the input or an option is wrong, or nothing keeps to the constraints.
        UnsupportedError: accelax does not have a feature that the input uses.
    """
    keep_compiled_programs()
    knobs = _read_all("--knob", options.knobs, parse_knob)
    limits = _read_all("--constraint", options.constraints, parse_constraint)
    goal = parse_objective(options.objective)
    network = _load(files, layers, options.settings)
    claim(directory=options.directory, plot=options.plot)
    import accelax

    with ProgressLine(sys.stderr) as progress:
        found: CodesignResult = accelax.codesign(
            network, knobs=knobs, objective=goal, constraints=limits, progress=progress, **options.arguments()
        )
    figures = {"run": options.run(files, layers), **found.to_dict()}
    if options.as_json:
        print_json(figures)
    if found.knobs is None:
        say("interrupted before a design was found")
        return ExitCode.INTERRUPTED
    if not options.as_json:
        print_tables(design_lines(figures), design_table(figures), front_table(figures), slope_table(figures))
    if options.directory is not None:
        _write(options.directory, figures)
    if options.plot is not None:
        found.plot_front(options.plot)
    say(codesign_summary(figures))
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.FINE


def _load(files: Sequence[str], layers: Sequence[str], settings: Sequence[str]) -> Any:
    """The layers of the network, or one specification."""
    from accelax.cli.inputs import load_specification
    from accelax.spec.layers import is_layer_file, read_layers
    from accelax.spec.text.files import expand_paths
    from accelax.spec.text.source import Problems

    problems = Problems()
    given = expand_paths(files, problems)
    problems.raise_if_any()
    own = [path for path in given if is_layer_file(path)]
    if not layers and len(own) < 2:
        return [load_specification(files, settings)]
    network = read_layers([path for path in given if path not in own], [*layers, *own])
    for layer in network:
        set_all(layer.specification, settings)
    return list(network)


def parse_knob(text: str) -> tuple[str, tuple[float | str, ...]]:
    """Read ``PATH=LOW:HIGH[:STEP]``.

    >>> parse_knob("variables.pe=4:32:x2")
    ('variables.pe', (4.0, 32.0, 'x2'))

    Raises:
        ValueError: it is not of that form.
    """
    path, _, values = text.partition("=")
    parts = values.split(":")
    if not path.strip() or len(parts) not in (2, 3):
        raise ValueError("expected PATH=LOW:HIGH or PATH=LOW:HIGH:STEP")
    read: list[float | str] = [part if part.startswith("x") else float(part) for part in parts]
    return path.strip(), tuple(read)


def parse_constraint(text: str) -> tuple[str, float]:
    """Read ``NAME=LIMIT``, which ``NAME<=LIMIT`` may be written as too.

    >>> parse_constraint("area_um2<=5e6")
    ('area_um2', 5000000.0)

    Raises:
        ValueError: it is not of that form.
    """
    name, equals, limit = text.replace("<=", "=").partition("=")
    if not equals:
        raise ValueError("expected NAME=LIMIT")
    return name.strip(), float(limit)


def _read_all(option: str, texts: Sequence[str], read: Any) -> dict[str, Any]:
    """All values of an option. Raises SpecError with every one that is not understood."""
    found, problems = {}, []
    for text in texts:
        try:
            name, value = read(text)
            found[name] = value
        except ValueError as error:
            problems.append(Problem(f"{option} {text}: {error}"))
    if problems:
        raise SpecError(problems)
    return found


def _write(directory: Path, figures: dict[str, Any]) -> None:
    """Write ``result.json`` and, for each layer, its mapping as ``NUMBER_NAME.yaml``."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(to_json(figures) + "\n", encoding="utf-8")
    for number, layer in enumerate(figures["layers"], 1):
        name = "".join(c if c.isalnum() or c in "._-" else "_" for c in layer["name"])
        (directory / f"{number:02}_{name}.yaml").write_text(layer["mapping"], encoding="utf-8")
