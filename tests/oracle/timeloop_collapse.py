"""Timeloop's collapse of a nest analysis to the reads, fills and updates of each storage level, number by number.

Independent of the model; the input is a :class:`~tests.oracle.timeloop_nest.NestResult`. The order of the steps
matters: partition sizes, shares of the parent's accesses, masking of bypassed levels from the inside out, levels
masked above the outermost kept one, link transfers, and only then the split into reads, fills and updates with its
roundings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from tests.oracle.timeloop_nest import NestResult


@dataclass(frozen=True)
class CollapseRules:
    """``rmw_first_update`` and ``no_coalesce`` hold ``(level, tensor)``."""

    first_read_elision: bool = True
    rmw_first_update: frozenset[tuple[int, int]] = frozenset()
    no_coalesce: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Access:
    """Per instance of a level, whole run."""

    reads: int
    fills: int
    updates: int
    tile: int
    replication: float


@dataclass
class _Level:
    accesses: dict[int, float]
    fanout: int
    size: int
    links: float
    kept: bool
    partition: int = 0
    share: float = 0.0
    peer: float = 0.0

    @property
    def content(self) -> float:
        return sum(self.accesses.values()) if self.size else 0.0


def collapse(
    result: NestResult, keep: list[list[bool]], outputs: list[bool], rules: CollapseRules = CollapseRules()
) -> list[dict[int, Access]]:
    """Return, per level (outermost first), the accesses of each tensor it keeps. ``keep`` is ``[level][tensor]``."""
    found: list[dict[int, Access]] = [{} for _ in keep]
    for tensor, is_output in enumerate(outputs):
        for level, access in _collapse_tensor(result, [row[tensor] for row in keep], is_output, tensor, rules):
            found[level][tensor] = access
    return found


def _collapse_tensor(
    result: NestResult, keep: list[bool], is_output: bool, tensor: int, rules: CollapseRules
) -> list[tuple[int, Access]]:
    levels = []
    for index, networks in enumerate(result.networks):
        network = networks[tensor]
        accesses: dict[int, float] = {}
        for (m, _), (words, _) in network.accesses.items():
            accesses[m] = accesses.get(m, 0.0) + words
        size = result.sizes[index][tensor]
        levels.append(_Level(accesses, network.fanout, size, network.link_transfers, keep[index]))
    _partition(levels, result, tensor)
    for outer, inner in pairwise(levels):
        inner.share = sum(words * m for m, words in outer.accesses.items()) / outer.fanout
    _mask(levels, [(index, tensor) in rules.no_coalesce for index in range(len(levels))])
    outermost = keep.index(True)
    levels[outermost].share = 0.0
    for index, (outer, inner) in enumerate(pairwise(levels), start=1):
        if outer.links > 0 and index > outermost:
            inner.peer = outer.links / result.replication[index]
    return [
        (index, _split(level, index, tensor, is_output, index == outermost, rules, result))
        for index, level in enumerate(levels)
        if level.kept
    ]


def _partition(levels: list[_Level], result: NestResult, tensor: int) -> None:
    """``floor(partition of the parent * tile / union of the children)``."""
    levels[0].partition = levels[0].size
    for index in range(1, len(levels)):
        master = result.master[index - 1]
        whole = master[tensor] if master else levels[index].size
        levels[index].partition = levels[index - 1].partition * levels[index].size // whole


def _mask(levels: list[_Level], no_coalesce: list[bool]) -> None:
    """From the inside out, hand the accesses of a level that is bypassed or does not coalesce to the next outer one."""
    for index in reversed(range(len(levels))):
        level = levels[index]
        if level.kept and not no_coalesce[index]:
            continue
        if index > 0:
            outer = levels[index - 1]
            weighted = sum(words * m for m, words in outer.accesses.items())
            if weighted:
                factor = level.content * outer.fanout / weighted
                outer.accesses = {m: words * factor for m, words in outer.accesses.items()}
                outer.links = 0
        if not level.kept:
            level.size, level.partition, level.share = 0, 0, 0.0


def _split(
    level: _Level,
    index: int,
    tensor: int,
    is_output: bool,
    is_outermost: bool,
    rules: CollapseRules,
    result: NestResult,
) -> Access:
    total = level.content + level.peer
    arrived = level.share + level.peer
    if not is_output:
        reads, fills, updates = _round(total), math.trunc(arrived), 0
    else:
        updates = _round(level.content)
        if (index, tensor) in rules.no_coalesce:
            reads = fills = _round(total)
        elif rules.first_read_elision and (index, tensor) not in rules.rmw_first_update:
            reads = _round(total - level.partition)
            fills = _round(arrived - (0 if is_outermost else level.partition))
        else:
            reads, fills = _round(total), _round(arrived)
    return Access(reads, fills, updates, level.size, result.replication[index])


def _round(value: float) -> int:
    """Halves away from zero."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)
