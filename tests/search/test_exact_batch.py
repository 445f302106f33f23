"""Many mappings by numpy, against one at a time."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_listing import enumerate_levels
from accelax.model.levels.evaluate import evaluate_levels
from accelax.search import exact_batch
from accelax.search.exact_batch import detailed_pairs, exact_costs, one_of
from tests.search.cases import data, specification


def square():
    """Multipliers on a square, where a mapping that leaves places free is counted child by child."""
    raw = data()
    raw["architecture"]["nodes"][-1]["spatial"] = {"meshX": 2, "meshY": 2}
    return ax.Specification.from_dict(raw)


@pytest.mark.parametrize("make", [specification, square])
def test_every_number_is_the_same(make):
    problem = ax.encode(make())
    listed = enumerate_levels(problem)
    reduced = SimpleNamespace(structure=listed.structure, workload=listed.workload, hardware=problem.hardware)
    assert bool(detailed_pairs(listed.structure)) == (make is square)
    mappings = listed.mappings(np.linspace(0, listed.size - 1, 150).astype(int))
    together = exact_costs(reduced, mappings)
    wide = listed.widened(mappings)
    for i in range(150):
        alone = evaluate_levels(problem.structure, problem.workload, problem.hardware, one_of(wide, i))
        for name in ("energy", "cycles", "violation"):
            value = np.broadcast_to(getattr(together, name), 150)[i]
            assert value == getattr(alone, name)


def test_compiled_code_counts_the_same_words(monkeypatch):
    problem = ax.encode(square())
    listed = enumerate_levels(problem)
    reduced = SimpleNamespace(structure=listed.structure, workload=listed.workload, hardware=problem.hardware)
    mappings = listed.mappings(np.linspace(0, listed.size - 1, 150).astype(int))
    pair = detailed_pairs(listed.structure)[0]
    one_by_one = exact_batch._counts(reduced, mappings, pair)
    monkeypatch.setattr(exact_batch, "FEW", 0)
    monkeypatch.setattr(exact_batch, "AT_ONCE", 64)
    together = exact_batch._counts(reduced, mappings, pair)
    for one, other in zip(jax.tree.leaves(one_by_one), jax.tree.leaves(together), strict=True):
        assert one.tolist() == other.tolist()
