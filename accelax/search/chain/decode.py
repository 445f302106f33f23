"""From labels back to mappings."""

from __future__ import annotations

import numpy as np

from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelMapping
from accelax.search.chain.fanouts import axis_choices
from accelax.search.chain.labels import Labels
from accelax.search.chain.moves import Steps, tile_of
from accelax.search.chain.placement import Placement
from accelax.search.chain.tables import Order, given_order
from accelax.search.chain.words import Sweep

Array = np.ndarray


def mapping_of(placement: Placement, trail: list[Labels], row: int) -> Mapping:
    """The mapping whose walk ended in label ``row`` of the last boundary."""
    tables = placement.tables
    levels, ranks = tables.levels, tables.ranks
    factor, place = np.ones((levels, ranks)), np.zeros((levels, ranks))
    on_x = np.zeros((levels, ranks))
    for slot in reversed(range(levels)):
        labels, level = trail[slot], tables.level(slot)
        above, choice = labels.index[row], int(labels.choice[row])
        row = int(labels.parent[row])
        below = trail[slot - 1].index[row] if slot else np.zeros(ranks, dtype=np.uint8)
        low, high = tile_of(tables, below[None, :]), tile_of(tables, above[None, :])
        factor[level] = (high / low)[0]
        if tables.structure.is_fanout[level]:
            lanes = axis_choices(tables, level)[choice]
            on_x[level] = np.array(lanes.on_x(ranks), dtype=float)
            order = list(lanes.order)
        else:
            order = _loops_in_order(placement, level, tables.orders[level][choice], Steps(tables, level, low, high))
        for position, rank in enumerate(order):
            place[level][rank] = position
    keep = np.array(placement.keep, dtype=float)
    grids = {"factor": _grid(factor), "position": _grid(place), "on_x": _grid(on_x), "keep": _grid(keep)}
    batch = LevelMapping(residual=(), **grids)
    return tables.problem.decode(batch, 0)


def _grid(values: Array) -> tuple[tuple[Array, ...], ...]:
    return tuple(tuple(np.array([x]) for x in row) for row in values)


def _loops_in_order(placement: Placement, level: int, order: Order, steps: Steps) -> list[int]:
    """The loops of a storage level: in the first group that moves a sliding tensor, its best mover comes first."""
    tables = placement.tables
    inner, outer = given_order(tables, level)
    free: list[int] = []
    for block in order:
        ranks = [r for r in block if r not in inner and r not in outer]
        ranks.sort(key=lambda r: _words_first(placement, steps, r))
        free += ranks
    free += [r for r in range(tables.ranks) if r not in inner and r not in outer and r not in free]
    if level == tables.levels - 1 and not inner and not outer:
        free.sort()
    return [*inner, *free, *outer]


def _words_first(placement: Placement, steps: Steps, rank: int) -> float:
    """Words of a pass of all sliding tensors that ``rank`` starts; loops of one trip go last."""
    if not steps.active[0, rank]:
        return np.inf
    total = 0.0
    for tensor, shape in enumerate(placement.tables.tensors):
        if rank in shape.sliding:
            words = steps.passes[tensor][1 + shape.sliding.index(rank)]
            assert isinstance(words, Sweep)
            total += float(words.inside[0] + words.first[0])
        elif rank in shape.relevant:
            whole = steps.passes[tensor][0]
            assert isinstance(whole, np.ndarray)
            total += float(whole[0])
    return total
