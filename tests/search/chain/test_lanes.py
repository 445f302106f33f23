"""The steps of a fan-out from all states at once, against trying every pair of states."""

from __future__ import annotations

import numpy as np
import pytest

import accelax as ax
from accelax.search.chain.fanouts import fits_mesh
from accelax.search.chain.lanes import lane_steps
from accelax.search.chain.moves import tile_of, unpacked
from accelax.search.chain.tables import ChainTables
from tests.search.chain.machines import conv1d, gemm


@pytest.mark.parametrize("spec", [gemm(sizes={"M": 6, "N": 4, "K": 2}), conv1d(P=8, R=3, K=2)])
def test_every_legal_step_is_there_once(spec):
    tables = ChainTables(ax.encode(spec))
    level = next(lv for lv in range(tables.levels) if tables.structure.is_fanout[lv])
    slot = tables.levels - 1 - level
    steps = lane_steps(tables, slot)
    states = unpacked(tables, np.arange(tables.states))
    legal = set()
    for source, below in enumerate(states):
        for target, above in enumerate(states):
            factor = (tile_of(tables, above[None]) / tile_of(tables, below[None]))[0]
            ways = all(b in tables.steps[slot][r][a] for r, (a, b) in enumerate(zip(below, above, strict=True)))
            if ways and fits_mesh(tables, level, factor[None])[0][0]:
                legal.add((source, target, float(np.prod(factor))))
    source, number = steps.of(np.arange(tables.states))
    found = list(zip(source.tolist(), steps.target[number].tolist(), steps.lanes[number].tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == legal


def test_states_and_keys_are_inverse():
    tables = ChainTables(ax.encode(gemm(sizes={"M": 6, "N": 4, "K": 2})))
    key = np.arange(tables.states)
    assert (unpacked(tables, key) @ tables.stride == key).all()
