from __future__ import annotations

import numpy as np
import pytest

from accelax.model.levels.elements import Elements, neighbours, place_elements
from accelax.model.levels.tiles import extents
from tests.model.levels.network_cases import Case
from tests.oracle.timeloop_nest import NestLevel, NestLoop


def place(projection: tuple, loops: tuple[NestLoop, ...], mesh: tuple[int, int], **options: frozenset) -> Elements:
    case = Case(projection, (NestLevel(()), NestLevel(loops, True, mesh, **options)), 3)
    structure, mapping = case.structure(), case.mapping()
    return place_elements(structure, case.workload(), mapping, extents(structure, mapping), 1, 0, np)


def test_children_fill_the_rows_of_the_physical_mesh_however_short_the_loops() -> None:
    """3 along Y by 2 along X on rows of 4 places: the second row begins with the third child pair."""
    elements = place((((0, 10), (1, 1)),), (NestLoop(0, 3, 3, False), NestLoop(1, 2, 2)), (4, 3))
    assert elements.used.tolist() == [True] * 6 + [False] * 6
    # Values 0, 1, 10, 11 in the first row and 20, 21 in the second: 20 stands below 0, and 21 below 1.
    assert elements.served(np.array([20.0])).tolist() == [True, True] + [False] * 10


def test_overlapping_offsets_are_counted_once() -> None:
    """r0 + r1 over 4 x 3 children takes 6 values; 2 r0 + r1 takes 9."""
    loops = (NestLoop(0, 4, 4), NestLoop(1, 3, 3))
    narrow, wide = (place((((0, c), (1, 1)),), loops, (12, 1)) for c in (1, 2))
    assert (narrow.distinct(narrow.used), wide.distinct(wide.used)) == (6, 9)
    alone = place((((0, 1), (1, 1)),), loops, (12, 1), no_multicast=frozenset({0}))
    assert alone.distinct(alone.used) == 12
    assert narrow.distinct(narrow.used & (np.arange(12) < 3)) == 3


def test_a_tensor_that_no_spatial_loop_indexes_is_shared_by_all() -> None:
    elements = place((((2, 1),),), (NestLoop(0, 4, 4),), (5, 1))
    assert elements.axes == ()
    assert elements.distinct(elements.used) == 1


@pytest.mark.parametrize(("torus", "corner"), [(False, [1, 3]), (True, [1, 2, 3, 3])])
def test_neighbours_of_a_corner(torus: bool, corner: list[int]) -> None:
    """A mesh of 3 x 2: on a torus of two rows the row above is the row below."""
    places, exist = neighbours(3, 2, torus)
    assert sorted(places[:, 0][exist[:, 0]].tolist()) == corner


def test_a_single_place_has_no_neighbours() -> None:
    assert neighbours(1, 1, torus=True)[0].shape == (0, 1)
