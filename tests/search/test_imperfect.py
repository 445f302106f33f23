"""Searches over imperfect mapspaces."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_mapspace import unpack
from accelax.errors import UnsupportedError
from accelax.ir import Rules
from accelax.search.exhaustive import ExhaustiveSearch
from accelax.search.objective import parse_objective
from accelax.search.sampling import Sampling, SamplingState
from tests.search.cases import imperfect_specification

PRIMES = {"M": 7, "N": 7, "K": 5}
LANES = {"MAC": {"spatial": {"remainders": 3}}}
SPECS = {
    "lanes": imperfect_specification(PRIMES, **LANES),
    "loops": imperfect_specification(PRIMES, BUF={"temporal": {"remainders": 2}}),
    "both": imperfect_specification(PRIMES, BUF={"temporal": {"remainders": 4}}, **LANES),
    "induced": imperfect_specification(PRIMES, "uber", MAC={"spatial": {"factors": ["M=4"]}}),
}


@pytest.mark.parametrize("rule", ["timeloop_residual", "exact"])
@pytest.mark.parametrize("name", SPECS)
def test_samples_are_contained_and_evaluate(name, rule):
    spec = SPECS[name]
    twin = ax.Specification.from_dict(spec._raw) if rule == "exact" else spec
    if rule == "exact":
        twin.rules = Rules.true_movement()
    problem = ax.encode(twin)
    batch = problem.sample(jax.random.key(1), 60)
    assert not np.array_equal(batch.factor, batch.residual)
    fitting = 0
    for i in range(60):
        mapping = problem.decode(batch, i)
        assert twin.mapspace.violations(mapping) == []
        if i % 5 == 0:
            result = ax.evaluate(twin.with_mapping(mapping)).to_dict()
            fitting += bool(result["valid"])
            assert not result["valid"] or result["cycles"] >= 7 * 7 * 5 / 4
    assert fitting


def test_a_mapping_with_remainders_beats_every_perfect_one():
    """7 x 7 x 5 on four lanes: perfect factors leave three idle, 245 cycles; 4 + 3 lanes take 2 * 7 * 5 = 70.

    A buffer that holds everything and a fast memory keep traffic out of it.
    """
    spec = imperfect_specification(PRIMES, depth=1024, **LANES)
    found = []
    best = ax.map(spec, "delay", seconds=0.5, progress=lambda seen: found.append(seen.lower_bound))
    assert best.value < 100
    assert (best.lower_bound, best.optimal) == (0, False)
    assert set(found) == {0}
    assert spec.mapspace.contains(best.mapping)
    again = ax.evaluate(spec.with_mapping(best.mapping)).to_dict()
    assert again["valid"]
    assert again["cycles"] == best.value


def test_bits_of_sampling_carry_the_last_visits():
    problem = ax.encode(SPECS["both"])
    state = SamplingState(problem=problem, space=problem.space, key=jax.random.key(0, impl="rbg"))
    batch = jax.tree.map(lambda leaf: leaf[:30], unpack(jax.device_get(Sampling()._draw(state))))
    again = problem.encode_mappings([problem.decode(batch, i) for i in range(30)])
    assert np.array_equal(np.asarray(again.residual), np.asarray(batch.residual))


def test_what_needs_perfect_factors_is_refused_by_name():
    problem = ax.encode(SPECS["lanes"])
    with pytest.raises(UnsupportedError, match="imperfect factors"):
        ExhaustiveSearch(problem, parse_objective(("edp",)))
    with pytest.raises(UnsupportedError, match="imperfect factors"):
        _ = problem.mapspace_size
    outer = imperfect_specification(
        {"M": 12, "N": 8, "K": 12},
        "uber",
        DRAM={"temporal": {"factors": ["M=5"]}},
        BUF={"temporal": {"factors": ["M=3"]}},
        MAC={"spatial": {"factors": ["M=1"]}},
    )
    with pytest.raises(UnsupportedError, match="a fixed factor of 'M' that is more than there is left to run"):
        _ = ax.encode(outer).space
