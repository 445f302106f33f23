"""What crosses every network before bypassing: full nests of reuse in time, halo and multicast put together.

For network ``i`` above a child whose tile has ``V`` words and is delivered ``tiles`` times (:mod:`reuse`), less what
the halo saves (:mod:`halo`), one child receives ``F = V tiles - saved``. The parent serves ``F`` once per different
tile (:mod:`multicast`). The compute unit has no memory: it receives one word for every iteration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelax.model.levels.arrays import Grid, LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.halo import SlidingLevel, axis_sizes, halo_saving, sliding_level
from accelax.model.levels.multicast import distinct_tiles, fanout
from accelax.model.levels.reuse import LevelMoves, delivered_tiles, iterations, level_moves
from accelax.model.levels.tiles import extents, index_extents
from accelax.model.ops import Number, product

Networks = tuple[tuple[NetworkCounts, ...], ...]


@dataclass(frozen=True)
class ClippedCounts:
    """Exact counts of an imperfect nest, words over all instances. They need no bypassing: keys name both levels.

    served, first_served
        ``(parent, child, tensor)``: words that ``parent`` hands to ``child`` (``L``: the compute units) if no level
        between keeps the tensor, copies for several children once; of an output, those handed down for the first time.
    arriving, first_arriving
        ``(child, tensor)``: words that the instances of ``child`` receive; of an output, those seen for the first time.
    """

    served: dict[tuple[int, int, int], Any]
    first_served: dict[tuple[int, int, int], Any]
    arriving: dict[tuple[int, int], Any]
    first_arriving: dict[tuple[int, int], Any]


@dataclass(frozen=True)
class NestCounts:
    """All that bypassing and pricing need to know of the loop nest.

    networks
        ``[L][T]``: what crosses each network, per instance of the parent.
    tiles
        ``[L][T]``: words of the largest tile of each level; for a fan-out level, of the union of its children's tiles.
    fanout
        ``[L]``: children in use per instance, 1 for storage levels.
    instances
        ``[L + 1]``: instances in use; the last entry is the compute unit.
    peak_instances
        ``[L + 1]``: the most in use at any time (differs from ``instances``, an average, for imperfect shapes only).
    compute_iterations
        Computations of one compute unit (an average for imperfect shapes).
    compute_cycles
        Cycles of the compute unit without stalls.
    clipped
        Present where tiles that do not divide are counted exactly; ``networks`` is then for information.
    """

    networks: Networks
    tiles: Grid
    fanout: tuple[Any, ...]
    instances: tuple[Any, ...]
    peak_instances: tuple[Any, ...]
    compute_iterations: Any
    compute_cycles: Any
    clipped: ClippedCounts | None = None


@dataclass(frozen=True)
class LoopTable:
    """What the loops of each level are to each tensor, described once for all the levels below them."""

    moves: dict[tuple[int, int], LevelMoves] = field(default_factory=dict)
    slides: dict[tuple[int, int], SlidingLevel] = field(default_factory=dict)


def delivered_words(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    child: int,
    tensor: int,
    loops: LoopTable | None = None,
) -> Number:
    """Words that one instance of level ``child`` receives over the run (its fills), before any elision.

    ``loops`` keeps what calls for other children of the same mapping can use again.
    """
    table = LoopTable() if loops is None else loops
    above = [level for level in reversed(range(child)) if not structure.is_fanout[level]]
    sizes = index_extents(structure, workload, tensor, extent[child])
    size = product(list(sizes))
    if structure.no_temporal_reuse[child][tensor]:
        return product([size, iterations(structure, mapping, range(child))])
    for level in above:
        if (level, tensor) not in table.moves:
            table.moves[level, tensor] = level_moves(structure, mapping, level, tensor)
    moves = [table.moves[level, tensor] for level in above]
    tiles, _ = delivered_tiles(moves)
    words = product([size, tiles])
    if not structure.is_sliding(tensor):
        return words
    for level in above:
        if (level, tensor) not in table.slides:
            table.slides[level, tensor] = sliding_level(structure, workload, mapping, extent, level, tensor)
    levels = [table.slides[level, tensor] for level in above]
    along = axis_sizes(structure, tensor, sizes)
    return words - halo_saving(levels, moves, along, size, structure.rules.halo)


def passes_through(structure: LevelStructure, network: int, tensor: int) -> bool:
    """Whether what crosses ``network`` follows from the one inside it alone: nothing below keeps ``tensor``.

    Its words are then never asked for, but for those that neighbours might hand on.
    """
    inner = network + 1
    return (
        inner < structure.n_levels
        and structure.keep_fixed[inner][tensor] is False
        and not structure.allows_links(network, tensor)
        and not structure.network_energy[network]
    )


def perfect_nest(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    delivered: Mapping[tuple[int, int], Number] | None = None,
) -> NestCounts:
    """Count a nest whose factors divide, without link transfers.

    ``delivered`` maps a child level and a tensor to :func:`delivered_words` where the caller knows them already.
    """
    extent = extents(structure, mapping)
    n_levels, tensors = structure.n_levels, range(len(structure.tensors))
    fanouts = tuple(
        fanout(structure, mapping, level) if structure.is_fanout[level] else 1.0 for level in range(n_levels)
    )
    instances: list[Number] = [1.0]
    for width in fanouts:
        instances.append(product([instances[-1], width]))
    total = iterations(structure, mapping, range(n_levels))
    words = _words_of_networks(structure, workload, mapping, extent, total, delivered or {})
    networks = tuple(
        tuple(
            _crossing(structure, workload, mapping, extent, level, tensor, words[level][tensor], fanouts[level])
            for tensor in tensors
        )
        for level in range(n_levels)
    )
    tiles = tuple(
        tuple(product(list(index_extents(structure, workload, tensor, extent[level]))) for tensor in tensors)
        for level in range(n_levels)
    )
    return NestCounts(
        networks=networks,
        tiles=tiles,
        fanout=fanouts,
        instances=tuple(instances),
        peak_instances=tuple(instances),
        compute_iterations=total,
        compute_cycles=total,
    )


def _words_of_networks(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    total: Number,
    known: Mapping[tuple[int, int], Number],
) -> list[list[Number]]:
    """``[L][T]``: words that one child of each network receives; 1 where they follow from the network inside it.

    A compute unit receives ``total``.
    """
    loops = LoopTable()

    def words(child: int, tensor: int) -> Number:
        if child == structure.n_levels:
            return total
        if passes_through(structure, child - 1, tensor):
            return 1.0
        if (child, tensor) in known:
            return known[child, tensor]
        return delivered_words(structure, workload, mapping, extent, child, tensor, loops)

    return [
        [words(level + 1, tensor) for tensor in range(len(structure.tensors))] for level in range(structure.n_levels)
    ]


def _crossing(
    structure: LevelStructure,
    workload: LevelWorkload,
    mapping: LevelMapping,
    extent: Grid,
    level: int,
    tensor: int,
    words: Number,
    children: Number,
) -> NetworkCounts:
    """What crosses one network whose every child receives ``words``."""
    distinct: Number = 1.0
    if structure.is_fanout[level]:
        distinct = distinct_tiles(structure, workload, mapping, extent, level, tensor)
    return NetworkCounts(product([words, distinct]), product([words, children]))
