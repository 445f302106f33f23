from __future__ import annotations

import pytest

from accelax.ir.tree_machine import TreeAction
from accelax.spec.accelforge.latency import lower_total_latency
from accelax.spec.accelforge.scope import EvaluationError, Scope

ACTIONS = (TreeAction("read", 10.0, 64.0), TreeAction("write", 12.0, 32.0))


def lower(text: object, **values: object):
    return lower_total_latency(text, ACTIONS, Scope(values))


def time_of(action: str) -> tuple:
    return ("/", ("n_calls", action), ("throughput", action))


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("sum(a.n_calls / a.throughput for a in actions)", ("sum", time_of("read"), time_of("write"))),
        ("max(a.n_calls / a.throughput for a in actions)", ("max", time_of("read"), time_of("write"))),
        (
            "sum(a.n_calls for a in actions) / 32",
            ("/", ("sum", ("n_calls", "read"), ("n_calls", "write")), ("const", 32.0)),
        ),
        ("actions['read'].n_calls * 2e-9", ("*", ("n_calls", "read"), ("const", 2e-9))),
        ("max(actions[1].n_calls, 5)", ("max", ("n_calls", "write"), ("const", 5.0))),
        ("sum(a.n_calls for a in actions if a.name == 'read')", ("n_calls", "read")),
        ("-actions['read'].n_calls + 1", ("+", ("neg", ("n_calls", "read")), ("const", 1.0))),
        ("width * actions['read'].latency", ("*", ("const", 4.0), ("/", ("const", 1.0), ("throughput", "read")))),
        ("min(3, 4)", ("min", ("const", 3.0), ("const", 4.0))),
        (0, ("const", 0.0)),
        ("actions['read'].energy * 2", ("const", 20.0)),
    ],
)
def test_expressions_become_operations(text, operation):
    assert lower(text, width=4) == operation
    hash(operation)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 if actions['read'].n_calls > 5 else 2", "comparison of numbers of calls"),
        ("1 if actions['read'].n_calls else 2", "condition on numbers of calls"),
        ("actions['raed'].n_calls", "no action 'raed'"),
        ("actions['read'].calls", "no attribute 'calls'"),
        ("'read'", "expected a number"),
        ("max(a for a in [])", "max of nothing"),
        ("floor(actions['read'].n_calls)", "floor"),
    ],
)
def test_what_is_no_arithmetic_is_refused(text, reason):
    with pytest.raises(EvaluationError, match=reason):
        lower(text)
