"""What the rest of the way costs, by hand: where sums stand, and whose deliveries are left out."""

from __future__ import annotations

import numpy as np
import pytest

import accelax as ax
from accelax.search.chain.placement import Placement, prices_of
from accelax.search.chain.tables import ChainTables
from accelax.search.chain.togo import ToGo
from accelax.search.chain.tolls import KNOWN, MOVED, UNMOVED
from tests.search.chain.machines import clustered

PAST_THE_BUFFER = ((True,) * 3, (True, True, False), (False,) * 3, (False, False, True))
"""Sums go from the registers straight to the memory."""


@pytest.fixture(scope="module")
def togo() -> ToGo:
    spec = clustered({"M": 2, "N": 4, "K": 6}, keep=["A", "B"])
    tables = ChainTables(ax.encode(spec))
    return ToGo(Placement(tables, prices_of(tables, False), PAST_THE_BUFFER), 1.0, 0.0)


def below_memory(togo: ToGo, k: int, standing: tuple[int, ...]) -> float:
    """pJ that the memory still charges where all of M and N and ``k`` of K are inside."""
    index = [list(d).index(e) for d, e in zip(togo.tables.divisors, (2, 4, k), strict=True)]
    ranks = [togo.tables.structure.ranks.index(name) for name in "MNK"]
    assert ranks == [0, 1, 2]
    table = togo._energy[togo.tables.levels - 1]
    return float(table[np.array(index) @ togo.stride, togo.column[togo.tables.levels - 1][standing]])


def test_sums_that_moved_come_again_with_every_trip(togo):
    """K in 3 trips at the memory: 8 sums of 64 + 65 pJ there and 6 / 2 in the registers, two times more."""
    unmoved, moved = (below_memory(togo, 2, (UNMOVED, UNMOVED, stand)) for stand in (UNMOVED, MOVED))
    assert moved - unmoved == pytest.approx(2 * 8 * (64 + 65 + 3))


def test_nothing_comes_again_without_loops_outside(togo):
    assert below_memory(togo, 6, (UNMOVED,) * 3) == below_memory(togo, 6, (UNMOVED, UNMOVED, MOVED))


def test_what_is_known_is_left_out(togo):
    """The whole of A is 12 words at 64 pJ in the memory and 5 in the buffer; sums are all that is left then."""
    everything = below_memory(togo, 6, (UNMOVED,) * 3)
    assert everything - below_memory(togo, 6, (KNOWN, UNMOVED, UNMOVED)) == pytest.approx(12 * (64 + 5))
    assert below_memory(togo, 6, (KNOWN,) * 3) == 0.0


def test_sets_of_known_tensors_are_columns(togo):
    last = togo.tables.levels - 1
    index = np.array([[len(d) - 1 for d in togo.tables.divisors]])
    for known, standing in ((0, (UNMOVED,) * 3), (5, (KNOWN, UNMOVED, KNOWN))):
        assert togo.energy(last, index, np.array([known]))[0] == below_memory(togo, 6, standing)
