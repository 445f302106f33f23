"""Every searcher by its name, on a small mapspace whose optimum is proved."""

from __future__ import annotations

import pytest

import accelax as ax
from accelax.search.searchers import SEARCHERS
from tests.search.cases import specification
from tests.search.test_driver import PINNED
from tests.search.test_judge import TREE


@pytest.fixture(scope="module")
def best():
    found = ax.map(specification(**PINNED), "energy", searcher="exhaustive")
    assert found.optimal
    return found


SLOW = {"gradient": pytest.mark.slow}


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in SEARCHERS])
def test_every_searcher_finds_a_small_optimum_and_proves_nothing_wrong(best, name):
    found = ax.map(specification(**PINNED), "energy", seconds=2, searcher=name)
    assert found.searcher == name
    assert found.value == best.value
    assert found.lower_bound <= best.value
    assert found.evaluated > 0


def test_the_other_dialect_is_certified_and_sampled(root):
    spec = ax.Specification.from_yaml_files(*(root / name for name in TREE))
    found = ax.map(spec, "latency", seconds=5)
    sampled = ax.map(spec, "latency", seconds=0, searcher="random")
    assert 0 < found.lower_bound <= found.value <= sampled.value
    assert sampled.lower_bound == 0
