from __future__ import annotations

from itertools import product

import pytest

from accelax.ir.rules import Rules
from accelax.model.levels.multicast import distinct_offsets, distinct_tiles, fanout, reduced
from accelax.model.levels.tiles import extents
from tests.model.levels.network_cases import Case, Terms
from tests.oracle.timeloop_nest import NestLevel, NestLoop


def lanes(
    projection: tuple[Terms, ...],
    spatial: tuple[tuple[int, int], ...],
    below: tuple[tuple[int, int], ...] = (),
    rules: Rules | None = None,
    alone: bool = False,
) -> tuple[float, float]:
    """``(children, different tiles)``; loops are ``(rank, trips)``, outermost first."""
    mesh = NestLevel(
        tuple(NestLoop(rank, end, end) for rank, end in spatial),
        True,
        (64, 1),
        no_multicast=frozenset({0} if alone else ()),
    )
    inner = NestLevel(tuple(NestLoop(rank, end, end) for rank, end in below))
    case = Case(projection, (NestLevel(()), mesh, inner), 4, rules or Rules())
    structure, mapping = case.structure(), case.mapping()
    tiles = distinct_tiles(structure, case.workload(), mapping, extents(structure, mapping), 1, 0)
    return float(fanout(structure, mapping, 1)), float(tiles)


@pytest.mark.parametrize(
    ("pair", "lowest"),
    [((6, 4), (3, 2)), ((4, 6), (2, 3)), ((5, 5), (1, 1)), ((7, 1), (7, 1)), ((1220, 754), (610, 377))],
)
def test_pairs_in_lowest_terms(pair: tuple[int, int], lowest: tuple[int, int]) -> None:
    """Neighbours in Fibonacci's sequence, 610 and 377, take Euclid's algorithm the most steps."""
    assert tuple(map(float, reduced(float(pair[0]), float(pair[1])))) == lowest


def test_offsets_of_two_loops_are_counted_once() -> None:
    for n, a, m, b in product(range(1, 6), range(1, 7), range(1, 6), range(1, 7)):
        offsets = {i * a + j * b for i in range(n) for j in range(m)}
        assert distinct_offsets(float(n), float(a), float(m), float(b)) == len(offsets)


def test_a_rank_that_does_not_index_the_tensor_makes_copies() -> None:
    assert lanes((((0, 1),),), ((0, 4), (1, 3))) == (12, 4)
    assert lanes((((2, 1),),), ((0, 4), (1, 3))) == (12, 1)


def test_windows_share_equal_tiles_only() -> None:
    # Index r0 + r1 over 4 x 3 lanes: offsets 0..5.
    assert lanes((((0, 1), (1, 1)),), ((0, 4), (1, 3))) == (12, 6)
    # With 2 values of r0 below, r0's lanes stand 2 apart: 0 2 4 6 + 0 1 2 = 0..8. Tiles of 2 that overlap differ.
    assert lanes((((0, 1), (1, 1)),), ((0, 4), (1, 3)), ((0, 2),)) == (12, 9)
    # Stride 3 leaves nothing to share.
    assert lanes((((0, 3), (1, 1)),), ((0, 4), (1, 3))) == (12, 12)


def test_index_expressions_multiply() -> None:
    # (r0 + r1, r2): 2 x 2 lanes share one of four offsets; times 3.
    assert lanes((((0, 1), (1, 1)), ((2, 1),)), ((0, 2), (1, 2), (2, 3))) == (12, 9)


def test_multicast_switched_off_serves_every_child() -> None:
    assert lanes((((0, 1),),), ((0, 4), (1, 3)), rules=Rules(multicast=False)) == (12, 12)
    assert lanes((((0, 1),),), ((0, 4), (1, 3)), alone=True) == (12, 12)
