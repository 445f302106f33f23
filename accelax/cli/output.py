"""What goes to stdout: one JSON object, or tables and the loop nest."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Mapping as Dictionary
from typing import Any

from accelax.ir import LoweredLevels, LoweredTree, Mapping


def print_json(figures: Dictionary[str, Any]) -> None:
    """Print ``figures`` as JSON that any reader accepts."""
    print(to_json(figures))


def to_json(figures: Dictionary[str, Any]) -> str:
    """``figures`` as JSON text; a number that is not finite becomes null, a numpy number a plain one.

    >>> print(to_json({"cycles": float("inf")}))
    {
     "cycles": null
    }
    """
    return json.dumps(_plain(figures), indent=1, allow_nan=False, ensure_ascii=False)


def print_report(
    figures: Dictionary[str, Any],
    lowered: LoweredLevels | LoweredTree,
    mapping: Mapping | None = None,
    *,
    explain: bool = False,
) -> None:
    """Print the tables of a valid result and the loop nest of ``mapping`` (by default the specification's own)."""
    from accelax.report.tables import render_result

    print_tables(render_result(figures))
    chosen = mapping or lowered.mapping
    if chosen is not None:
        print("\n" + loop_nest(chosen, lowered))
    if explain:
        print("\n" + explanation(figures, lowered))


def print_tables(*parts: Any) -> None:
    """Print what rich can render, as wide as the terminal, at least 100 columns."""
    from rich.console import Console

    width = shutil.get_terminal_size((120, 40)).columns if sys.stdout.isatty() else 120
    console = Console(file=sys.stdout, width=max(width, 100), highlight=False)
    for part in parts:
        console.print(part)


def loop_nest(mapping: Mapping, lowered: LoweredLevels | LoweredTree) -> str:
    """``mapping`` as text, for the Einsums of ``lowered``."""
    from accelax.report.loopnest import format_loop_nest

    return format_loop_nest(mapping, [lowered.einsum] if isinstance(lowered, LoweredLevels) else lowered.einsums)


def explanation(figures: Dictionary[str, Any], lowered: LoweredLevels | LoweredTree) -> str:
    """The terms behind the numbers of ``figures``."""
    from accelax.report import explain

    if isinstance(lowered, LoweredLevels):
        accounts = explain.explain_level_energy(figures, lowered.machine)
        return f"{explain.format_accounts(accounts)}\n{explain.explain_level_cycles(figures, lowered.machine)}"
    machines = {einsum.name: machine for einsum, machine in zip(lowered.einsums, lowered.machines, strict=True)}
    return explain.format_accounts(explain.explain_tree_energy(figures, machines))


def _plain(value: Any) -> Any:
    if isinstance(value, Dictionary):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (str, bool)) or value is None:
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
