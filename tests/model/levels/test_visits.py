from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accelax.ir.rules import Rules
from accelax.model.levels.tiles import extents
from accelax.model.levels.visits import Visits, keeps_tile, visits_of_child
from tests.model.levels.network_cases import Case
from tests.oracle.timeloop_nest import NestLevel, NestLoop


def visits(projection: tuple, above: tuple, below: tuple, rules: Rules | None = None) -> Visits:
    levels = tuple(NestLevel(tuple(NestLoop(rank, end, end) for rank, end in loops)) for loops in (above, below))
    case = Case(projection, levels, 3, rules or Rules())
    structure, mapping = case.structure(), case.mapping()
    return visits_of_child(structure, case.workload(), mapping, extents(structure, mapping), 0, 0, np)


SLIDING = (((0, 1), (1, 1)),)
"""Index r0 + r1."""


@pytest.mark.parametrize(
    ("halo", "move", "words"),
    [
        ("timeloop", [[1], [-1]], [1, 4]),
        ("timeloop_pre297", [[1], [-1]], [1, 4]),
        ("none", [[1], [-1]], [4, 4]),
        ("exact", [[1], [-2]], [1, 2]),
    ],
)
def test_a_window_stepping_inside_an_unrelated_loop(halo: Any, move: list, words: list) -> None:
    """A window of 4 words makes 3 steps by 1; a step of the outer loop takes it back, by 1 as Timeloop has it."""
    found = visits(SLIDING, ((2, 2), (1, 3)), ((0, 4),), Rules(halo=halo))
    assert found.size == 4
    assert found.weight.tolist() == [2 * 2, 1]
    assert found.innermost.tolist() == [True, False]
    assert found.move.tolist() == move
    assert found.words.tolist() == words


@pytest.mark.parametrize(("halo", "words"), [("timeloop", [1, 0]), ("timeloop_pre297", [4, 0]), ("exact", [1, 0])])
def test_a_window_stepping_outside_an_unrelated_loop(halo: Any, words: list) -> None:
    """A step that moves nothing brings nothing; before pull request 297 it made the window forget its direction."""
    found = visits(SLIDING, ((1, 3), (2, 2)), ((0, 4),), Rules(halo=halo))
    assert found.weight.tolist() == [2, 3]
    assert found.move.tolist() == [[1], [0]]
    assert found.words.tolist() == words


def test_a_step_that_returns_to_the_same_place_brings_nothing() -> None:
    """Steps of r0 (2 trips) by 1 inside steps of r1 by 1: the wrap of r0 cancels a step of r1."""
    found = visits(SLIDING, ((1, 3), (0, 2)), ())
    assert found.move.tolist() == [[1], [0]]
    compute = visits(SLIDING, ((1, 3), (0, 2)), (), Rules(reuse="refetch"))
    assert compute.words.tolist() == [1, 1]


def test_a_step_that_keeps_the_direction_brings_a_halo() -> None:
    """Rank 1 steps by 4 (2 trips) inside rank 2, which steps by 8: 8 - 4 is the direction of rank 1."""
    found = visits((((0, 1), (1, 4), (2, 8)),), ((2, 3), (1, 2)), ((0, 6),))
    assert found.move.tolist() == [[4], [4]]
    assert found.words.tolist() == [4, 4]


def test_the_compute_unit_and_levels_without_reuse_keep_nothing() -> None:
    levels = (NestLevel(()), NestLevel((), no_temporal_reuse=frozenset({0})), NestLevel(()))
    structure = Case(SLIDING, levels, 2).structure()
    assert [keeps_tile(structure, network, 0) for network in range(3)] == [False, True, False]
