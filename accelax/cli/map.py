"""``accelax map``: search for a mapping, print the best one, write it to a directory."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.inputs import load_specification, parse_objective
from accelax.cli.output import loop_nest, print_json, print_report, to_json
from accelax.cli.progress import ProgressLine
from accelax.cli.runtime import keep_compiled_programs
from accelax.errors import SpecError
from accelax.report.numbers import count

if TYPE_CHECKING:
    from accelax.ir import LoweredLevels, LoweredTree
    from accelax.search import SearchResult


def map_files(
    files: Sequence[str],
    objective: str | None,
    seconds: float,
    seed: int,
    *,
    as_json: bool,
    directory: Path | None,
) -> ExitCode:
    """Search for the best mapping of ``files`` for ``seconds`` and print it; Ctrl-C stops early.

    Raises:
        SpecError: the input or the objective is wrong.
        UnsupportedError: accelax does not have a feature that the input uses.
    """
    if not math.isfinite(seconds):
        raise SpecError(f"--seconds: expected a finite number, got {seconds}")
    keep_compiled_programs()
    spec = load_specification(files)
    goal = parse_objective(objective) if objective else spec.objectives or ("edp",)
    import accelax

    with ProgressLine(sys.stderr) as progress:
        found: SearchResult = accelax.map(spec, objective=goal, seconds=seconds, seed=seed, progress=progress)
    if found.mapping is None:
        if found.interrupted:
            say("interrupted before a valid mapping was found")
            return ExitCode.INTERRUPTED
        say(f"no valid mapping: {found.reason}")
        return ExitCode.INVALID
    figures = describe(found, _name(goal))
    lowered = spec.lowered()
    if directory is not None:
        write_files(directory, found, figures, lowered, {"files": list(files), "seconds": seconds, "seed": seed})
    if as_json:
        print_json(figures)
    else:
        print_report(figures["result"], lowered, found.mapping)
    say(summary(found, _name(goal)))
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.FINE


def _name(goal: str | Sequence[str] | dict[str, float]) -> str:
    if isinstance(goal, dict):
        return ",".join(f"{name}={weight:g}" for name, weight in goal.items())
    return goal if isinstance(goal, str) else ",".join(goal)


def describe(found: SearchResult, objective: str) -> dict[str, Any]:
    """A search result as one dictionary: the figures of the search, the mapping as YAML, and ``result.to_dict()``."""
    assert found.mapping is not None
    assert found.result is not None
    names = ("value", "lower_bound", "gap", "optimal", "evaluated", "seconds", "interrupted")
    return {
        "objective": objective,
        **{name: getattr(found, name) for name in names},
        "mapping": found.mapping.to_yaml(),
        "result": found.result.to_dict(),
    }


def summary(found: SearchResult, objective: str) -> str:
    """One line about the search itself."""
    proof = "optimal" if found.optimal else f"gap {100 * found.gap:.3g} %"
    if not found.lower_bound:
        proof = "without a bound"
    stopped = "interrupted: " if found.interrupted else ""
    rate = f"{count(found.evaluated)} mappings in {found.seconds:.1f} s"
    return f"{stopped}best {objective} {found.value:.6g}, {proof}; {rate}"


def write_files(
    directory: Path,
    found: SearchResult,
    figures: dict[str, Any],
    lowered: LoweredLevels | LoweredTree,
    arguments: dict[str, Any],
) -> None:
    """Write ``mapping.yaml``, ``loopnest.txt`` and ``result.json`` (with the versions and arguments of this run)."""
    import jax

    import accelax

    assert found.mapping is not None
    directory.mkdir(parents=True, exist_ok=True)
    versions = {"accelax": accelax.__version__, "jax": jax.__version__}
    run = {**arguments, "versions": versions, "device": jax.devices()[0].device_kind}
    (directory / "mapping.yaml").write_text(found.mapping.to_yaml(), encoding="utf-8")
    (directory / "loopnest.txt").write_text(loop_nest(found.mapping, lowered) + "\n", encoding="utf-8")
    (directory / "result.json").write_text(to_json({"run": run, **figures}) + "\n", encoding="utf-8")
