"""``accelax map --layers``: the layers of a network on one machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import parse_objective, set_all
from accelax.cli.map import MapOptions
from accelax.cli.output import print_json, print_tables, to_json
from accelax.cli.places import claim
from accelax.cli.progress import ProgressLine
from accelax.cli.runtime import keep_compiled_programs
from accelax.errors import SpecError
from accelax.report.searches import layer_table, total_lines, workload_summary

if TYPE_CHECKING:
    from accelax.search import WorkloadResult


def map_network(files: Sequence[str], layers: Sequence[str], options: MapOptions) -> ExitCode:
    """Search the best mapping of each layer on the machine of ``files``, and print a table and the totals.

    Those of ``files`` that hold a problem and no machine are layers too, as a shell makes them of an unquoted pattern.

    Raises:
        SpecError: the input or an option is wrong.
        UnsupportedError: accelax does not have a feature that the input uses.
    """
    if options.plot is not None:
        raise SpecError("--plot draws one search, not those of --layers: accelax plot draws the result")
    keep_compiled_programs()
    from accelax.spec.layers import is_layer_file, read_layers
    from accelax.spec.text.files import expand_paths
    from accelax.spec.text.source import Problems

    problems = Problems()
    given = expand_paths(files, problems)
    problems.raise_if_any()
    further = [path for path in given if is_layer_file(path)]
    network = read_layers([path for path in given if path not in further], [*layers, *further])
    for layer in network:
        set_all(layer.specification, options.settings)
    goal = parse_objective(options.objective) if options.objective else None
    claim(directory=options.directory)
    import accelax

    with ProgressLine(sys.stderr) as progress:
        found: WorkloadResult = accelax.map(network, objective=goal, progress=progress, **options.arguments())
    figures = {"run": options.run(files, layers), **found.to_dict()}
    if options.as_json:
        print_json(figures)
    else:
        print_tables(layer_table(figures), total_lines(figures))
    if options.directory is not None:
        write_layers(options.directory, found, figures)
    for layer in found.layers:
        if layer.found.mapping is None and layer.same_as is None and not layer.found.interrupted:
            say(f"{layer.name}: no valid mapping: {layer.found.reason}")
    say(workload_summary(figures))
    if found.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FINE if found.complete else ExitCode.INVALID


def write_layers(directory: Path, found: WorkloadResult, figures: dict[str, Any]) -> None:
    """Write ``result.json`` and, for each layer, its mapping as ``NUMBER_NAME.yaml``."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(to_json(figures) + "\n", encoding="utf-8")
    for number, layer in enumerate(found.layers, 1):
        if layer.found.mapping is not None:
            name = "".join(c if c.isalnum() or c in "._-" else "_" for c in layer.name)
            (directory / f"{number:02}_{name}.yaml").write_text(layer.found.mapping.to_yaml(), encoding="utf-8")
