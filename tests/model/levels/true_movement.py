"""Every visit of every loop played out with sets of points, when children hold exactly their current tile."""

from __future__ import annotations

from itertools import product

from tests.model.levels.network_cases import Case
from tests.oracle.timeloop_nest import NestLevel, NestLoop

Point = tuple[int, ...]
Index = dict[tuple[int, int], int]


def count_exactly(case: Case, network: int) -> tuple[int, int, int]:
    """Accesses, deliveries and link transfers of one network under the halo rule ``exact``."""
    levels = [level for level in case.levels[: network + 1] if not level.is_fanout]
    loops = [(loop, _below(case, level, loop)) for level in levels for loop in level.loops]
    here = case.levels[network]
    children = _children(case, here) if here.is_fanout else {0: (0,) * case.n_ranks}
    keeps = network + 1 < len(case.levels) and not case.levels[network + 1].no_temporal_reuse
    totals, held, before = [0, 0, 0], {}, {}
    for index in product(*(range(loop.end) for loop, _ in loops)):
        start = [0] * case.n_ranks
        for (loop, below), i in zip(loops, index, strict=True):
            start[loop.rank] += i * below
        tiles = {child: _tile(case, network + 1, start, offset) for child, offset in children.items()}
        news = {child: tile - held.get(child, frozenset()) if keeps else tile for child, tile in tiles.items()}
        linked = _linked(case, here, news, before)
        if _accesses(case, here, news, set(news) - linked) == _accesses(case, here, news, set(news)):
            linked = set()
        totals[0] += _accesses(case, here, news, set(news) - linked)
        totals[1] += sum(len(new) for child, new in news.items() if child not in linked)
        totals[2] += sum(len(news[child]) for child in linked)
        held, before = tiles, news
    return totals[0], totals[1], totals[2]


def _below(case: Case, level: NestLevel, loop: NestLoop) -> int:
    """Extent of the loop's rank inside it."""
    at = case.levels.index(level)
    inner = [other for deeper in case.levels[at + 1 :] for other in deeper.loops]
    inner += level.loops[level.loops.index(loop) + 1 :]
    extent = 1
    for other in inner:
        extent *= other.end if other.rank == loop.rank else 1
    return extent


def _children(case: Case, level: NestLevel) -> dict[int, Point]:
    """Linear index and offset in the iteration space of every child in use."""
    children = {}
    for index in product(*(range(loop.end) for loop in level.loops)):
        number, offset = 0, [0] * case.n_ranks
        for loop, i in zip(level.loops, index, strict=True):
            number = number * loop.end + i
            offset[loop.rank] += i * _below(case, level, loop)
        children[number] = tuple(offset)
    return children


def _tile(case: Case, level: int, start: list[int], offset: Point) -> frozenset[Point]:
    """The bounding box of what the level and all inside it touch."""
    sides = [1] * case.n_ranks
    for deeper in case.levels[level:]:
        for loop in deeper.loops:
            sides[loop.rank] *= loop.end
    axes = []
    for terms in case.projection:
        corner = sum(c * (start[r] + offset[r]) for r, c in terms)
        reach = [c * (sides[r] - 1) for r, c in terms]
        axes.append(range(corner + sum(min(x, 0) for x in reach), corner + sum(max(x, 0) for x in reach) + 1))
    return frozenset(product(*axes))


def _accesses(case: Case, level: NestLevel, news: dict[int, frozenset[Point]], asking: set[int]) -> int:
    """Words the parent serves to the asking children."""
    wanted = [news[child] for child in asking]
    if case.rules.multicast and not level.no_multicast:
        wanted = list(set(wanted))
    return sum(len(new) for new in wanted)


def _linked(
    case: Case, level: NestLevel, news: dict[int, frozenset[Point]], before: dict[int, frozenset[Point]]
) -> set[int]:
    """The children whose new words are what a neighbour received one visit ago."""
    if case.rules.link_transfers == "off" or level.no_link_transfer:
        return set()
    columns, rows = level.mesh
    linked = set()
    for child, new in news.items():
        row, column = divmod(child, columns)
        for x, y in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
            if case.rules.link_transfers == "torus":
                x, y = x % columns, y % rows
            if 0 <= x < columns and 0 <= y < rows and (x, y) != (column, row) and new:
                linked |= {child} if before.get(y * columns + x) == new else set()
    return linked
