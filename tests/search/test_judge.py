"""Judging candidates: the device and the host agree with single evaluations."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.ir import Mapping
from accelax.search.judge import Judge, Judgement, count_of, decode_some
from accelax.search.objective import UNFIT, exact_values, parse_objective
from accelax.search.sampling import Sampling
from tests.search.cases import specification

GOAL = parse_objective(["edp", "last_level_accesses"])
TREE = ("configs/arch/accelforge_array.yaml", "configs/workload/accelforge_matmul.yaml")


@pytest.fixture(scope="module")
def judged():
    """40 mappings, a third of which does not fit, with their single evaluations."""
    spec = specification(depth=40)
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.key(5), 40)
    mappings = decode_some(problem, batch, range(40))
    return problem, batch, mappings, [ax.evaluate(spec.with_mapping(mapping)) for mapping in mappings]


def test_exact_judgements_are_those_of_evaluate(judged):
    problem, _, mappings, results = judged
    found = Judge(problem, GOAL).exact(mappings)
    fits = [excess <= 1e-12 for excess in found.excess]
    assert fits == [result.valid for result in results]
    assert 5 < sum(fits) < 35
    assert list(found.values) == [exact_values(result.to_dict(), GOAL) for result in results]
    assert found.metrics[3]["energy"] == results[3].energy_pJ


def test_scores_of_the_device_are_those_of_the_host(judged):
    problem, batch, mappings, _ = judged
    judge = Judge(problem, GOAL)
    scores, logs = judge.batch(batch)
    found = judge.exact(mappings)
    assert np.asarray(scores) == pytest.approx(found.scores(), rel=5e-4)  # one cycle of some hundred: ceil in float32
    assert np.exp(np.asarray(logs[0])) == pytest.approx([m["energy"] for m in found.metrics], rel=1e-5)


def test_a_utilization_constraint_counts_as_a_violation():
    spec = specification(MAC={"spatial": {"factors": ["M=1"]}, "utilization": {"min": 0.9}})
    problem = ax.encode(spec)
    assert problem.space.least_lanes == 3.6
    batch = problem.sample(jax.random.key(5), 64)
    lanes = np.prod(np.array(batch.factor[2]), axis=0)
    scores = np.asarray(Judge(problem, GOAL).batch(batch)[0])
    assert (scores[0][lanes < problem.space.least_lanes] >= UNFIT).all()


def test_a_mapping_that_cannot_be_counted_never_wins(judged, monkeypatch):
    from accelax.encode import level_mapping

    problem, _, mappings, _ = judged
    original = level_mapping.encode_mapping

    def refuse(structure, lowered, mapping):
        if mapping == mappings[1]:
            raise ax.UnsupportedError("three spatial ranks")
        return original(structure, lowered, mapping)

    monkeypatch.setattr(level_mapping, "encode_mapping", refuse)
    found = Judge(problem, GOAL).exact(mappings[:3])
    assert found.excess[1] == math.inf
    assert found.scores()[0, 1] >= UNFIT
    assert math.isfinite(found.values[2][0])


def test_scores_of_nothing():
    assert Judgement((), (), ()).scores().size == 0


def test_mappings_of_the_other_dialect(root):
    spec = ax.Specification.from_yaml_files(*(root / name for name in TREE))
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.key(2), 12)
    mappings = decode_some(problem, batch, [0, 7, 11])
    assert all(isinstance(mapping, Mapping) for mapping in mappings)
    assert count_of(batch) == 12
    goal = parse_objective("edp")
    found = Judge(problem, goal).exact(mappings)
    for mapping, values, excess in zip(mappings, found.values, found.excess, strict=True):
        result = ax.evaluate(spec.with_mapping(mapping))
        assert values == exact_values(result.to_dict(), goal)
        assert (excess <= 1e-12) == result.valid


def test_batches_of_the_device_decode_like_those_of_the_host(judged):
    problem = judged[0]
    _, layout = Sampling().ask(Sampling().init(problem, GOAL, 0), math.inf, 1.0)
    assert count_of(layout) == 8192
    from accelax.encode.level_mapspace import unpack

    rows = unpack(jax.device_get(layout))
    assert decode_some(problem, layout, [3, 99]) == [problem.decode(rows, 3), problem.decode(rows, 99)]
    assert decode_some(problem, layout, []) == []
