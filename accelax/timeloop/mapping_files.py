"""A mapping in the two files that Timeloop writes of it: ``map.txt`` and ``map.yaml``."""

from __future__ import annotations

import re

from accelax.report.level_result import LevelResult
from accelax.report.loopnest import format_loop_nest
from accelax.timeloop.levels import level_loops

TENSOR = re.compile(r"(\S+):(\d+)")


def map_text(result: LevelResult) -> str:
    """The loop nest as ``map.txt``: every header with the words of the dense tile, and once more in parentheses.

    Timeloop puts there what a sparse tile is expected to occupy; without sparse formats both are equal.
    """
    lines = format_loop_nest(result.mapping, [result.lowered.einsum]).splitlines()
    shown: list[str] = []
    width = 0
    for line in lines:
        if line.startswith("|"):
            shown.append(line)
        elif set(line) == {"-"}:
            shown.append("-" * width)
        elif line:
            header = TENSOR.sub(r"\1:\2 (\2)", line) + " "
            width = len(header) - 1
            shown.append(header)
        else:
            shown.append("")
    return "\n".join(shown) + "\n"


def map_yaml(result: LevelResult) -> str:
    """The mapping as ``map.yaml``: in the words of Timeloop itself, where fan-outs are levels and factors ``C4 M1``.

    ``mapping.yaml`` beside it is the same in the words of the specification, which reads it back.
    """
    levels, tensors = level_loops(result), result.lowered.einsum.tensor_names
    lines = ["mapping:"]
    for entry in levels:
        lines += [f"  - target: {entry.name}", "    type: datatype"]
        for key, names in (("keep", entry.kept), ("bypass", [name for name in tensors if name not in entry.kept])):
            lines += [f"    {key}:", *([f"      - {name}" for name in names] or ["      []"])]
    for entry in levels:
        if entry.level.is_fanout:
            lines += _directive(entry.name, "spatial", entry.loops, result.lowered.einsum.ranks)
            lines.append(f"    split: {sum(dimension == 'X' for _, _, dimension in entry.loops)}")
            lines += _directive(entry.name, "temporal", (), result.lowered.einsum.ranks)
        else:
            lines += _directive(entry.name, "temporal", entry.loops, result.lowered.einsum.ranks)
    return "\n".join(lines) + "\n"


def _directive(name: str, kind: str, loops: tuple[tuple[str, str, str], ...], ranks: tuple[str, ...]) -> list[str]:
    """The loops of one level: all factors, and the permutation from the innermost outwards."""
    trips = {rank: text for rank, text, _ in loops}
    order = [rank for rank, _, _ in loops[::-1]]
    factors = " ".join(f"{rank}{trips.get(rank, '1')}" for rank in ranks)
    permutation = "".join([*order, *(rank for rank in ranks if rank not in order)])
    return [
        f"  - target: {name}", f"    type: {kind}", f"    factors: {factors}", f"    permutation: {permutation}",
    ]  # fmt: skip
