"""Combinations of factorizations that can fit, against looking at each of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_counting import factorizations
from accelax.encode.level_fitting import FittingRule, fitting_rows
from tests.search.cases import specification


def rule_for(size: float, lanes: tuple[float, float]) -> FittingRule:
    """DRAM, a buffer that always holds A and Z, a row of MACs."""
    structure = ax.encode(specification()).structure
    unlimited = (np.inf, np.inf)
    return FittingRule(
        structure=structure,
        sizes=(np.inf, size, np.inf),
        held=((True,) * 3, (True, False, True), (False,) * 3),
        sides=(unlimited, unlimited, lanes),
        coefficients=tuple(tuple(tuple(1.0 for _ in row) for row in tensor) for tensor in structure.projections),
    )


@pytest.mark.parametrize("size", [3.0, 20.0, 64.0, np.inf])
@pytest.mark.parametrize("block", [1, 1 << 18])
def test_nothing_that_fits_is_lost_and_nothing_else_stays(monkeypatch, size, block):
    monkeypatch.setattr("accelax.encode.level_fitting.BLOCK", block)
    tables = [one.rows(1000) for one in factorizations(ax.encode(specification()))]
    found = {tuple(row) for row in fitting_rows(rule_for(size, (4.0, 1.0)), tables).tolist()}
    wanted = set()
    for rows in product(*(range(len(table)) for table in tables)):
        m, n, k = (table[row] for table, row in zip(tables, rows, strict=True))
        tile_m, tile_n, tile_k = (f[1] * f[2] for f in (m, n, k))
        if tile_m * tile_k + tile_m * tile_n <= size and m[2] * n[2] * k[2] <= 4:
            wanted.add(rows)
    assert found == wanted


def test_a_window_is_as_long_as_its_steps_reach():
    rule = rule_for(10.0, (1.0, 1.0))
    strided = FittingRule(rule.structure, rule.sizes, rule.held, rule.sides, (((3.0,), (1.0,)), *rule.coefficients[1:]))
    extent = [np.array([4.0]), np.array([1.0]), np.array([2.0])]
    assert strided.tiles(1, 0, extent).tolist() == [20.0]


def test_where_nothing_fits_nothing_is_found():
    tables = [one.rows(1000) for one in factorizations(ax.encode(specification()))]
    assert len(fitting_rows(rule_for(1.0, (4.0, 1.0)), tables)) == 0
