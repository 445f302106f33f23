"""What an evaluated mapping says level by level, as Timeloop's own files list it: from the innermost outwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelax.ir import Storage
from accelax.ir.level_machine import Level
from accelax.report.level_result import LevelResult
from accelax.spec.timeloop.mapping_yaml import mapping_directives


@dataclass(frozen=True)
class LevelLoops:
    """The loops of one level, outermost first: ``(rank, "4" or "4,3", "X", "Y" or "")``; and the tensors kept."""

    index: int
    name: str
    level: Level
    loops: tuple[tuple[str, str, str], ...]
    kept: tuple[str, ...]


def shown_name(level: Level) -> str:
    """The name of a level in Timeloop's files: fan-outs are levels of their own there.

    >>> shown_name(Level("PE", is_fanout=True)), shown_name(Level("PE"))
    ('inter_PE_spatial', 'PE')
    """
    return f"inter_{level.name}_spatial" if level.is_fanout else level.name


def level_loops(result: LevelResult) -> list[LevelLoops]:
    """Every level with its loops, the innermost first."""
    bounds = dict(result.lowered.einsum.bounds)
    entries = {(entry["target"], entry["type"]): entry for entry in mapping_directives(result.mapping, bounds)}
    kept = {node.component: node.tensors for node in result.mapping.nodes if isinstance(node, Storage)}
    listed = []
    for index, level in enumerate(result.lowered.machine.levels):
        entry = entries.get((level.name, "spatial" if level.is_fanout else "temporal"), {})
        names = () if level.is_fanout else kept.get(level.name, ())
        held = tuple(tensor for tensor in result.lowered.einsum.tensor_names if tensor in names)
        listed.append(LevelLoops(index, shown_name(level), level, _loops(entry, level.is_fanout), held))
    return listed[::-1]


def _loops(entry: dict[str, Any], spatial: bool) -> tuple[tuple[str, str, str], ...]:
    """The loops of a directive, outermost first."""
    trips = dict(factor.split("=", 1) for factor in entry.get("factors", ()))
    split = entry.get("split", 0)
    inner_first = [
        (rank, trips[rank], ("X" if position < split else "Y") if spatial else "")
        for position, rank in enumerate(entry.get("permutation", ()))
    ]
    return tuple(inner_first[::-1])


def loop_text(rank: str, trips: str, dimension: str = "") -> str:
    """A loop as Timeloop prints it.

    >>> loop_text("M", "8", "X"), loop_text("K", "3,2")
    ('for M in [0:8) (Spatial-X)', 'for K in [0:3,2)')
    """
    return f"for {rank} in [0:{trips})" + (f" (Spatial-{dimension})" if dimension else "")
