"""``accelax energy``: what each action of each component costs, its area, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import load_specification
from accelax.cli.output import print_json, print_tables


def show_energy(
    files: Sequence[str], settings: Sequence[str], *, as_json: bool, explain: bool, directory: Path | None
) -> ExitCode:
    """Print the energy and area tables of ``files``; write them to ``directory`` as ERT.yaml and ART.yaml.

    Raises:
        SpecError: the input is wrong, or holds components that cannot be priced.
        UnsupportedError: accelax does not have a feature that it uses.
    """
    from accelax.report.energy_tables import art_yaml, energy_figures, ert_yaml, render_energy_tables

    spec = load_specification(files, settings)
    tables = spec.energy_tables()
    figures = energy_figures(tables, spec.energy_estimates() if explain else None)
    if as_json:
        print_json(figures)
    else:
        print_tables(render_energy_tables(figures, explain=explain))
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in (("ERT.yaml", ert_yaml(tables)), ("ART.yaml", art_yaml(tables))):
            (directory / name).write_text(text, encoding="utf-8")
            say(f"wrote {directory / name}")
    return ExitCode.FINE
