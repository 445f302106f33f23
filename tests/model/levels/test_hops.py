from __future__ import annotations

import numpy as np

from accelax.model.levels.elements import place_elements
from accelax.model.levels.hops import Paths, multicast_paths, router_words
from accelax.model.levels.tiles import extents
from tests.model.levels.network_cases import Case
from tests.oracle.timeloop_nest import NestLevel, NestLoop


def paths(projection: tuple, without: tuple[int, ...] = ()) -> Paths:
    """Multicasts over 3 rows (rank 0) by 2 columns (rank 1), with some places left out."""
    lanes = NestLevel((NestLoop(0, 3, 3, False), NestLoop(1, 2, 2)), True, (2, 3))
    case = Case(projection, (NestLevel(()), lanes), 2)
    structure, mapping = case.structure(), case.mapping()
    elements = place_elements(structure, case.workload(), mapping, extents(structure, mapping), 1, 0, np)
    chosen = elements.used & ~np.isin(np.arange(6), without)
    return multicast_paths(structure, elements, 1, chosen, np)


def test_unicasts_walk_along_the_row_in_the_middle_and_turn() -> None:
    """Places (column, row) take column + |row - 1| hops: 1 + 2, 0 + 1, 1 + 2 over the rows."""
    found = paths((((0, 1),), ((1, 1),)))
    assert found.count.tolist() == [0, 6, 0, 0, 0, 0, 0]
    assert found.hops[1] == 3 + 1 + 3


def test_a_multicast_drops_once_per_column_and_side() -> None:
    """Down both rows away from the middle in each column: to column 0, 2 hops; to column 1, 1 + 2."""
    columns = paths((((1, 1),),))
    assert (columns.count[3], columns.hops[3]) == (2, 2 + 3)
    # To all: one walk of 1, then 2 columns of 1 + 1.
    everywhere = paths((((0, 0),),))
    assert (everywhere.count[6], everywhere.hops[6]) == (1, 1 + 4)


def test_children_left_out_do_not_stretch_the_path() -> None:
    """Without the last row, column 0 takes one hop up and none down, and column 1 a walk of one more."""
    found = paths((((1, 1),),), without=(4, 5))
    assert (found.count[2], found.hops[2]) == (2, 1 + 2)
    assert (found.count[0], found.hops[0]) == (0, 0)


def test_routers_are_counted_per_signature_over_the_run() -> None:
    """Visits of one signature (1 child, 2 multicasts) share a mean: (1 + 3) / 4 hops on average with equal words."""
    count = np.array([[0.0, 2.0], [0.0, 2.0], [0.0, 1.0]])
    hops = np.array([[0.0, 1.0], [0.0, 3.0], [0.0, 5.0]])
    # First two: mean 1, so 2 routers for each of 2 * 10 + 2 * 10 words; the third: mean 5, 6 routers for 7 words.
    assert router_words(Paths(count, hops), np.array([10.0, 10.0, 7.0]), np) == 2 * 40 + 6 * 7
