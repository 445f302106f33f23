"""Numbers of mappings and the mappings they stand for."""

from __future__ import annotations

import numpy as np

import accelax as ax
from accelax.encode.level_listing import enumerate_levels
from tests.search.cases import specification


def test_numbers_and_windows_agree():
    found = enumerate_levels(ax.encode(specification()))
    rows, entry, digits = found.located(37, 100)
    assert (found.starts[rows][entry] + digits).tolist() == list(range(37, 137))
    assert len(found.located(found.size - 5, 100)[1]) == 5


def test_the_rank_of_extent_one_comes_back():
    spec = specification()
    spec.set("problem.instance.N", 1)
    problem = ax.encode(spec)
    found = enumerate_levels(problem)
    assert (found.structure.ranks, problem.structure.ranks) == (("M", "K"), ("M", "N", "K"))
    mapping = problem.decode(found.widened(found.mappings(np.arange(1))), 0)
    assert ax.evaluate(spec.with_mapping(mapping)).valid
