"""Reads, fills and updates of every level: bypassing, partial sums and rounding (reference C.6, in its order)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flax import struct

from accelax.model.levels.arrays import LevelMapping, LevelStructure, NetworkCounts
from accelax.model.levels.networks import NestCounts
from accelax.model.ops import (
    Number,
    floor,
    logical_not,
    logical_or,
    maximum,
    product,
    round_half_away,
    where,
)


@struct.dataclass
class Traffic:
    """Words per instance over the whole run, ``[L][T]``; zero where the tensor is not kept.

    ``networks`` are the counts after bypassing (for the networks' energy), ``partition`` the share of the tensor that
    one instance holds (used for elision).
    """

    reads: tuple[tuple[Any, ...], ...]
    fills: tuple[tuple[Any, ...], ...]
    updates: tuple[tuple[Any, ...], ...]
    temporal_reductions: tuple[tuple[Any, ...], ...]
    networks: tuple[tuple[NetworkCounts, ...], ...]
    partition: tuple[tuple[Any, ...], ...]
    tiles: tuple[tuple[Any, ...], ...]


def kept(structure: LevelStructure, mapping: LevelMapping, level: int, tensor: int) -> Number:
    """Whether ``level`` keeps ``tensor``: True or False where the architecture fixes it, else what the mapping says."""
    fixed = structure.keep_fixed[level][tensor]
    if structure.is_fanout[level]:
        return False
    return mapping.keep[level][tensor] > 0 if fixed is None else fixed


def partitions(structure: LevelStructure, nest: NestCounts, tensor: int) -> list[Number]:
    """The part of the tensor that one instance of each level is responsible for, in whole words.

    From the outermost level inwards, ``part' = floor(part * tile / union of the children's tiles)``.
    """
    parts = [nest.tiles[0][tensor]]
    for level in range(1, structure.n_levels):
        if structure.is_fanout[level - 1]:
            part = floor(parts[-1] * nest.tiles[level][tensor] / nest.tiles[level - 1][tensor])
        else:
            part = parts[-1]
        parts.append(part)
    return parts


def _promote(structure: LevelStructure, mapping: LevelMapping, nest: NestCounts, tensor: int) -> list[NetworkCounts]:
    """Pass the accesses of a level that does not keep the tensor on to the next outer level.

    ``accesses(outer) *= content(child) * fanout(outer) / deliveries(outer)``; its link transfers are forgotten.
    """
    networks = [row[tensor] for row in nest.networks]
    for child in reversed(range(1, structure.n_levels)):
        keep = kept(structure, mapping, child, tensor)
        coalesce = not structure.no_coalesce[child][tensor]
        if keep is True and coalesce:
            continue
        outer, content = networks[child - 1], networks[child].accesses
        if structure.is_fanout[child - 1]:
            ratio = outer.accesses * nest.fanout[child - 1] / outer.deliveries
            moved = content * ratio
        else:
            ratio, moved = 1.0, content
        replaced = replace(
            outer,
            accesses=moved,
            deliveries=product([content, nest.fanout[child - 1]]),
            link_transfers=0.0,
            router_words=outer.router_words * (moved / outer.accesses) if structure.network_energy[child - 1] else 0.0,
        )
        networks[child - 1] = replaced if keep is False or not coalesce else _select(keep, outer, replaced)
    return networks


def _select(condition: Number, then: NetworkCounts, otherwise: NetworkCounts) -> NetworkCounts:
    """``then`` where the condition holds, field by field."""
    return NetworkCounts(
        **{name: where(condition, getattr(then, name), getattr(otherwise, name)) for name in then.__dataclass_fields__}
    )


def _counts(
    structure: LevelStructure, tensor: int, level: int, flow: dict[str, Number]
) -> tuple[Number, Number, Number, Number]:
    """``(reads, fills, updates, temporal reductions)`` of a level that keeps the tensor (reference C.6 step 7).

    An output is written once per arriving word; its reads and fills leave out the first visit of every partial sum.
    """
    served, arriving, peers = flow["content"], flow["share"], flow["peers"]
    if not structure.outputs[tensor]:
        return round_half_away(served + peers), floor(arriving + peers), 0.0, 0.0
    updates = round_half_away(served)
    all_reads = round_half_away(served + peers)
    if structure.no_coalesce[level][tensor]:
        return all_reads, all_reads, updates, all_reads
    elide = structure.rules.first_read_elision and not structure.rmw_first_update[level][tensor]
    if not elide:
        return all_reads, round_half_away(arriving + peers), updates, all_reads
    reads = round_half_away(maximum(served + peers - flow["partition"], 0.0))
    first_fill = where(flow["outermost"], 0.0, flow["partition"]) if structure.rules.first_fill_elision else 0.0
    fills = round_half_away(maximum(arriving + peers - first_fill, 0.0))
    return reads, fills, updates, reads


def level_traffic(structure: LevelStructure, mapping: LevelMapping, nest: NestCounts) -> Traffic:
    """Turn what crosses the networks into the accesses of every level."""
    columns, networks, parts = [], [], []
    for tensor in range(len(structure.tensors)):
        promoted = _promote(structure, mapping, nest, tensor)
        part = partitions(structure, nest, tensor) if structure.outputs[tensor] else [0.0] * structure.n_levels
        columns.append(_tensor_traffic(structure, mapping, nest, tensor, promoted, part))
        networks.append(promoted)
        parts.append(part)
    rows = [tuple(zip(*row, strict=True)) for row in zip(*columns, strict=True)]
    return Traffic(
        reads=tuple(row[0] for row in rows),
        fills=tuple(row[1] for row in rows),
        updates=tuple(row[2] for row in rows),
        temporal_reductions=tuple(row[3] for row in rows),
        networks=tuple(zip(*networks, strict=True)),
        partition=tuple(zip(*parts, strict=True)),
        tiles=nest.tiles,
    )


def _tensor_traffic(
    structure: LevelStructure,
    mapping: LevelMapping,
    nest: NestCounts,
    tensor: int,
    promoted: list[NetworkCounts],
    part: list[Number],
) -> list[tuple[Number, Number, Number, Number]]:
    """The counts of one tensor at every level, outermost first."""
    rows = []
    above: Number = False
    for level in range(structure.n_levels):
        keep = kept(structure, mapping, level, tensor)
        if keep is False:
            rows.append((0.0, 0.0, 0.0, 0.0))
            continue
        share: Number = 0.0
        peers: Number = 0.0
        if level > 0:
            parent = nest.networks[level - 1][tensor]
            share = where(above, parent.deliveries / nest.fanout[level - 1], 0.0)
            peers = promoted[level - 1].link_transfers / nest.instances[level]
        flow = {
            "content": promoted[level].accesses,
            "share": share,
            "peers": peers,
            "partition": part[level],
            "outermost": logical_not(above),
        }
        counts = _counts(structure, tensor, level, flow)
        rows.append(counts if keep is True else tuple(where(keep, count, 0.0) for count in counts))
        above = keep if above is False else (True if above is True or keep is True else logical_or(above, keep))
    return rows
