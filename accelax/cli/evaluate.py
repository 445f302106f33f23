"""``accelax evaluate``: the cost of the mapping that the files give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import load_specification
from accelax.cli.output import print_json, print_report
from accelax.cli.reproduce import command_line
from accelax.cli.runtime import keep_compiled_programs

if TYPE_CHECKING:
    from accelax.report.result import Result


def evaluate_files(files: Sequence[str], settings: Sequence[str], *, as_json: bool, explain: bool) -> ExitCode:
    """Evaluate ``files`` with ``settings`` (``path=value``) applied and print the result.

    Raises:
        SpecError: the input is wrong, or holds no complete mapping.
        UnsupportedError: accelax does not have a feature that it uses.
    """
    keep_compiled_programs()
    spec = load_specification(files, settings)
    import accelax

    result: Result = accelax.evaluate(spec)
    figures: dict[str, Any] = result.to_dict()
    if as_json:
        command = command_line("evaluate", files, {}, {"set": settings})
        versions = {"accelax": accelax.__version__}
        run = {"command": command, "files": list(files), "set": list(settings), "versions": versions}
        print_json({"run": run, **figures})
    elif figures["valid"]:
        print_report(figures, spec.lowered(), explain=explain)
    if figures["valid"]:
        return ExitCode.FINE
    say(f"invalid mapping: {figures['reason_if_invalid']}")
    return ExitCode.INVALID
