from __future__ import annotations

import pytest

from accelax.errors import Location, SpecError
from accelax.spec.accelforge.arch_models import Comparison, Container, Memory
from accelax.spec.accelforge.models import Collector, Sources, build

HERE = Location("a.yaml", 7, 3)


def problems(model, raw) -> dict[str, str]:
    collector = Collector(Sources({"arch": HERE}))
    assert build(model, raw, "arch", collector) is None
    assert all(problem.location == HERE for problem in collector.problems)
    return {problem.path: problem.message for problem in collector.problems}


def test_every_problem_has_the_path_of_its_value():
    raw = {
        "name": 3,
        "size": [1],
        "tensor": {},
        "actions": [{"name": "read"}, {"nam": "write", "energy": True}],
        "tensors": {"keep": "All", "tile_shapes": []},
        "spatial": [{"name": "x", "fanout": 2, "loop_bounds": [{"expression": "m", "operator": "!=", "value": 1}]}],
    }
    found = problems(Memory, raw)
    assert found["arch.tensor"] == "unknown field 'tensor'; did you mean 'tensors'?"
    assert found["arch.size"] == "expected a number or an expression, got [1]"
    assert found["arch.name"] == "expected a valid string, got 3"
    assert found["arch.actions[1].name"] == "missing field 'name'"
    assert found["arch.actions[1].nam"] == "unknown field 'nam'; did you mean 'name'?"
    assert found["arch.actions[1].energy"] == "expected a number or an expression, got True"
    assert found["arch.tensors.tile_shapes"] == "unknown field 'tile_shapes'; did you mean 'tile_shape'?"
    assert found["arch.spatial[0].loop_bounds[0].operator"].startswith("unknown operator '!='")
    assert len(found) == 8


def test_what_is_no_mapping_of_fields_is_one_problem():
    assert problems(Container, "PE") == {"arch": "expected a mapping of fields, got 'PE'"}


def test_the_place_of_a_value_is_that_of_the_nearest_one_around_it():
    inner = Location("b.yaml", 9, 9)
    sources = Sources({"": HERE, "arch.nodes[2]": inner})
    assert sources.location("arch.nodes[2].actions[0].energy") == inner
    assert sources.location("arch.nodes[3].size") == HERE
    assert Sources().location("arch.nodes[3].size") is None


def test_problems_are_kept_once_and_counted_each_time():
    collector = Collector()
    collector.raise_if_any()
    for _ in range(2):
        collector.add("x" * 1000, "arch")
    assert (len(collector.problems), collector.noted) == (1, 2)
    assert collector.problems[0].message == "x" * 497 + "..."
    with pytest.raises(SpecError):
        collector.raise_if_any()


def test_assignments_are_validated():
    comparison = Comparison(expression="m", operator="product<=", value="2 * 3")
    comparison.value = 4
    with pytest.raises(SpecError, match="unknown operator"):
        comparison.operator = "<>"
    assert (comparison.operator, comparison.value) == ("product<=", 4)
