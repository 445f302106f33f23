"""Objectives: how they are read, scored on the device and judged in float64."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

from accelax.errors import SpecError
from accelax.search.objective import UNFIT, check_objective, exact_values, parse_objective, scores, weights

EDP = ((("edp", 1.0),),)


@pytest.mark.parametrize("text", ["edp", "EDP", " edp "])
def test_one_metric(text):
    assert parse_objective(text) == EDP


def test_aliases():
    assert parse_objective("latency") == parse_objective("delay")
    assert parse_objective("last-level-accesses") == ((("last_level_accesses", 1.0),),)


def test_a_list_is_in_order_of_importance_without_repetition():
    assert parse_objective(("delay", "latency", "energy")) == ((("delay", 1.0),), (("energy", 1.0),))


@pytest.mark.parametrize("given", [{"energy": 1, "latency": 0.5}, [("energy", 1), ("delay", 0.5)]])
def test_weights_are_one_criterion(given):
    assert parse_objective(given) == ((("energy", 1.0), ("delay", 0.5)),)


def test_weights_of_an_alias_add_up():
    assert parse_objective({"delay": 1, "latency": 2}) == ((("delay", 3.0),),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("enrgy", "unknown objective 'enrgy'.*energy"),
        ([], "empty objective"),
        ({"energy": 0}, "expected a positive weight, got 0"),
        ({"energy": -1}, "positive weight"),
        ({"energy": math.inf}, "positive weight"),
        ({"energy": "much"}, "positive weight, got 'much'"),
        (["energy", ("delay", 2)], "all with weights"),
    ],
)
def test_mistakes_are_named(given, message):
    with pytest.raises(SpecError, match=message):
        parse_objective(given)


def test_last_level_accesses_belong_to_timeloop():
    goal = parse_objective(["energy", "last_level_accesses"])
    check_objective(goal, "timeloop")
    with pytest.raises(SpecError, match="Timeloop dialect"):
        check_objective(goal, "accelforge")


def table(goal, energy, delay, violation):
    """Scores of mappings with these energies and delays, and 7 last-level accesses each."""
    logs = jnp.log(jnp.array([energy, delay, np.multiply(energy, delay), np.full(len(energy), 7.0)], float))
    return np.asarray(scores(logs, jnp.array(violation, float), jnp.asarray(weights(parse_objective(goal)))))


def test_scores_are_logs_of_the_criteria():
    assert np.exp(table("edp", [2, 3], [5, 4], [0, 0])) == pytest.approx(np.array([[10, 12]]), rel=1e-6)
    both = np.exp(table({"energy": 2, "delay": 0.5}, [2, 3], [4, 9], [0, 0]))
    assert both == pytest.approx(np.array([[8, 27]]), rel=1e-6)
    assert np.exp(table(["delay", "energy"], [2, 3], [5, 4], [0, 0])) == pytest.approx(
        np.array([[5, 4], [2, 3]]), rel=1e-6
    )


def test_whatever_fits_beats_what_does_not_and_a_smaller_violation_beats_a_larger():
    row = table("energy", [1e30, 1.0, 1.0], [1, 1, 1], [0, 0.01, 3])[0]
    assert row[0] < UNFIT < row[1] < row[2]


def test_a_metric_that_is_not_a_number_never_wins():
    assert table("energy", [math.nan, 1], [1, 1], [0, 0])[0].tolist() == [math.inf, 0]


def test_exact_values_of_both_dialects():
    tensors = {"A": {"reads": 3, "fills": 0, "updates": 1, "utilized_instances": 2}}
    levels = {"DRAM": {"tensors": tensors}, "BUF": {"tensors": {"A": dict.fromkeys(tensors["A"], 9)}}}
    timeloop = {"energy_pJ": 6.0, "cycles": 4, "levels": levels}
    assert exact_values(timeloop, parse_objective(["edp", "last_level_accesses"])) == (24.0, 8.0)
    accelforge = {"energy": 6.0, "cycles": None, "latency": 0.5, "edp": 3.0}
    assert exact_values(accelforge, parse_objective({"energy": 1, "delay": 2})) == (1.5,)
