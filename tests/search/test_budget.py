"""When searches end, and what a mapper section says about it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from accelax.errors import SpecError
from accelax.search.budget import Budget, Counts, searcher_of


def counted(*batches: str) -> Counts:
    """Counts of batches in which a digit is the score of a valid mapping and x an invalid one."""
    counts = Counts()
    for batch in batches:
        valid = np.array([c != "x" for c in batch], bool)
        counts.add(np.array([1e6 if c == "x" else float(c) for c in batch]), valid)
    return counts


def test_runs_of_stale_and_invalid_mappings_reach_over_batches():
    counts = counted("5x6", "67x", "x4x", "44")
    # Valid: 5 6 6 7 4 4 4. Three follow the 5 without being better; the last two equal the 4.
    assert (counts.valid, counts.longest_stale, counts.stale) == (7, 3, 2)
    # The x at the end of the second batch and the one after it.
    assert (counts.longest_invalid, counts.invalid) == (2, 0)


def test_a_first_batch_without_valid_mappings():
    counts = counted("xxx", "x1")
    assert (counts.valid, counts.longest_invalid, counts.longest_stale) == (1, 4, 0)


def test_an_empty_batch_changes_nothing():
    counts = counted("1", "")
    assert (counts.valid, counts.stale) == (1, 0)


@pytest.mark.parametrize(
    ("limits", "batch", "over"),
    [
        ({"search_size": 3}, "1x2", False),
        ({"search_size": 2}, "1x2", True),
        ({"victory_condition": 2}, "312", False),
        ({"victory_condition": 2}, "122", True),
        ({"timeout": 2}, "x1x", False),
        ({"timeout": 2}, "1xx", True),
        ({}, "xxxxxxxx", False),
    ],
)
def test_conditions(limits, batch, over):
    assert counted(batch).exhausted(Budget(**limits)) == over


def test_the_files_settings_and_zero_for_off():
    budget = Budget.of({"search_size": 0, "timeout": 7, "victory_condition": None, "template": "uber"}, 3.0, 0.1)
    assert budget == Budget(3.0, 0.1, 0, 0, 7)


@pytest.mark.parametrize(
    "arguments", [{"seconds": -1}, {"seconds": math.inf}, {"tolerance": math.nan}, {"timeout": "x"}]
)
def test_impossible_budgets_are_refused(arguments):
    with pytest.raises(SpecError, match=f"{next(iter(arguments))}: expected a finite number that is not negative"):
        Budget(**arguments)


@pytest.mark.parametrize(
    ("settings", "searcher"),
    [
        ({}, "certified"),
        ({"algorithm": "random"}, "certified"),
        ({"algorithm": "exhaustive", "search_size": 0, "victory_condition": 0, "timeout": 1000}, "certified"),
        ({"algorithm": "exhaustive", "search_size": 5}, "exhaustive"),
        ({"algorithm": "linear-pruned", "victory_condition": 5}, "exhaustive"),
        ({"algorithm": "hybrid", "victory_condition": 5}, "random"),
        ({"victory_condition": 5}, "certified"),
    ],
)
def test_a_named_algorithm_runs_where_the_file_says_when_it_ends(settings, searcher):
    assert searcher_of(settings) == searcher
