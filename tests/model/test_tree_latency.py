from __future__ import annotations

import pytest

from accelax.model.tree_latency import component_latency, evaluate_operation
from accelax.model.tree_types import ComponentHardware, ComponentStructure, Kind


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        (("+", ("const", 2.0), ("n_calls", 0)), 8),
        (("-", ("n_calls", 0), ("n_calls", 1)), -4),
        (("*", ("n_calls", 0), ("throughput", 1)), 30),
        (("/", ("n_calls", 0), ("throughput", 0)), 3),
        (("//", ("n_calls", 1), ("const", 4.0)), 2),
        (("%", ("n_calls", 1), ("const", 4.0)), 2),
        (("**", ("n_calls", 0), ("const", 2.0)), 36),
        (("neg", ("n_calls", 0)), -6),
        (("max", ("n_calls", 0), ("n_calls", 1), ("const", 7.0)), 10),
        (("min", ("n_calls", 0), ("n_calls", 1), ("const", 7.0)), 6),
        (("sum", ("n_calls", 0), ("n_calls", 1), ("const", 7.0)), 23),
        (("sum",), 0),
    ],
)
def test_operations(operation: tuple, value: float):
    assert float(evaluate_operation(operation, (6.0, 10.0), (2.0, 5.0))) == value


def test_an_unused_component_takes_no_time():
    structure = ComponentStructure(Kind.MEMORY, total_latency=("const", 5.0))
    hardware = ComponentHardware(1.0, 0.0, 0.0, 1.0, (), (), (), (), (), (), ())
    assert component_latency(structure, hardware, (), True) == 5.0
    assert component_latency(structure, hardware, (), False) == 0.0
