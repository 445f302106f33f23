from __future__ import annotations

import pytest

from accelax.model.tree_latency import evaluate_operation
from accelax.model.tree_types import Kind
from accelax.search.tree.latency import LinearTime, linear_times, times_of

READ, WRITE = ("/", ("n_calls", 0), ("throughput", 0)), ("/", ("n_calls", 1), ("throughput", 1))
RATES = (4.0, 2.0)


@pytest.mark.parametrize(
    "operation",
    [
        ("sum", READ, WRITE),
        ("max", READ, WRITE),
        ("+", ("max", READ, ("const", 3.0)), ("*", ("const", 2.0), WRITE)),
        ("-", ("/", ("sum", ("n_calls", 0), ("n_calls", 1)), ("const", 32.0)), ("const", 1.0)),
        ("-", READ, ("*", WRITE, ("const", 0.5))),
    ],
)
def test_the_largest_sum_is_the_expression(operation):
    times = linear_times(operation, RATES)
    for calls in ((0.0, 0.0), (8.0, 1.0), (3.0, 50.0)):
        sums = [time.constant + sum(rate * calls[action] for action, rate in time.rates) for time in times]
        assert max(sums) == pytest.approx(evaluate_operation(operation, calls, RATES))


@pytest.mark.parametrize("kind", ["min", "//", "**", "%"])
def test_what_is_no_sum_is_bounded_by_nothing(kind):
    assert linear_times((kind, READ, WRITE), RATES) == ()
    assert linear_times(("neg", READ), RATES) == ()
    assert linear_times(("*", READ, WRITE), RATES) == ()


def test_a_memory_that_may_be_empty_takes_no_constant_time():
    operation = ("+", ("const", 5.0), READ)
    assert times_of(Kind.MEMORY, operation, RATES, True) == (LinearTime(5.0, ((0, 0.25),)),)
    assert times_of(Kind.MEMORY, operation, RATES, False) == (LinearTime(0.0, ((0, 0.25),)),)
    assert times_of(Kind.COMPUTE, operation, RATES, False) == (LinearTime(5.0, ((0, 0.25),)),)
