from __future__ import annotations

from random import Random

import pytest

from accelax import Specification
from tests.search import small_accelforge, small_timeloop
from tests.search.brute_force import count
from tests.search.small_problems import FEWEST, MOST, problems, small_problems


@pytest.mark.parametrize("dialect", ["timeloop", "accelforge"])
def test_problems_are_the_same_for_the_same_seed(dialect):
    first = [problem.data for problem in small_problems(3, 2, dialect)]
    assert first == [problem.data for problem in small_problems(3, 2, dialect)]
    assert first != [problem.data for problem in small_problems(4, 2, dialect)]
    # The beginning of a longer list is the shorter one.
    assert first[:1] == [problem.data for problem in small_problems(3, 1, dialect)]


@pytest.mark.parametrize("dialect", ["timeloop", "accelforge"])
def test_every_problem_can_be_enumerated(dialect):
    for spec in problems(1, 10, dialect):
        assert spec.dialect == dialect
        assert FEWEST <= count(spec, MOST) <= MOST


@pytest.mark.parametrize("dialect", ["timeloop", "accelforge"])
def test_a_saved_problem_is_a_specification_with_the_same_mapspace(dialect, tmp_path):
    problem = next(iter(small_problems(2, 1, dialect)))
    path = problem.save(tmp_path, "found by a test")
    assert path.read_text().startswith("# rules: {}\n# found by a test\n")
    again = Specification.from_yaml_files(path)
    assert count(again, MOST) == count(problem.specification(), MOST)


def test_the_problems_are_of_every_kind():
    drawn = [small_timeloop.document(Random(number)) for number in range(300)]
    text = [str(data) for data in drawn]
    for part in (
        "'P', 'stride'", "'bypass'", "ENABLE_FIRST_READ_ELISION", "DISABLE_LINK_TRANSFERS", "meshX", "read_bandwidth",
        "write_bandwidth", "shared_bandwidth", "energy_per_hop", "'permutation'", "<=", ">=", "=0", "'split'",
        "multiple_buffering", "no_link_transfer", "'GLB'", "default_max_factor",
    ):  # fmt: skip
        assert any(part in one for one in text), part
    instances = [data["problem"]["instance"] for data in drawn]
    assert any(i.get("R", 1) > i.get("stride", 1) > 1 for i in instances)
    assert any(i.get("R", 9) < i.get("stride", 1) for i in instances)
    # A fan-out right above the multipliers, where links matter.
    assert any("spatial" in data["architecture"]["nodes"][-1] for data in drawn)
    assert any(problem.rules for problem in small_problems(0, 20))


def test_the_accelforge_problems_are_of_every_kind():
    text = [str(small_accelforge.document(Random(number))) for number in range(200)]
    for part in (
        "'NoC'", "may_keep", "'reuse'", "may_reuse", "min_usage", "loop_bounds", "power_gateable", "2*p", "'REG'",
        "total_latency", "skip_initial_output_write", "'Container'",
    ):  # fmt: skip
        assert any(part in one for one in text), part
    imperfect = next(iter(small_problems(0, 1, "accelforge", imperfect=True)))
    assert imperfect.specification().search_settings["explore_imperfect_spatial_loops"] is True
