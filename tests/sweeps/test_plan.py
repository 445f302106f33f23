"""Points divided into variants and chunks, and how a sweep is recognised."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import accelax as ax
from accelax.search.objective import parse_objective
from accelax.spec.layers import Layer
from accelax.sweeps.axes import read_axes
from accelax.sweeps.networks import network_of
from accelax.sweeps.plan import Settings, check_paths, divide, goal_of, identity, plain

DEPTH, READ = "architecture.buffer.attributes.depth", "architecture.buffer.attributes.read_bandwidth"
SETTINGS = Settings(parse_objective("edp"), False, 10.0, 0.0, 0, 1024)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", 1, True, 1.0]), st.integers(0, 3)), max_size=40), st.integers(1, 9)
)
def test_every_point_is_in_one_chunk_with_those_of_its_variant(table, size):
    variants, chunks = divide(("word", "number"), ("word",), table, size)
    numbers = Counter(number for chunk in chunks for number in chunk.numbers)
    assert numbers == Counter(range(len(table)))
    for chunk in chunks:
        assert len(chunk.numbers) <= size
        assert list(chunk.numbers) == sorted(chunk.numbers)
        for number, values in zip(chunk.numbers, chunk.values, strict=True):
            assert values == table[number]
            (word,) = variants[chunk.variant]
            assert (values[0], type(values[0])) == (word, type(word))
    assert len({(type(word), word) for (word,) in variants}) == len(variants)


def test_true_and_one_and_lists_are_different_values():
    table = [(1,), (True,), (1.0,), ([1, 2],), ([1, 2],), ("1",)]
    variants, chunks = divide(("x",), ("x",), table, 8)
    assert [chunk.numbers for chunk in chunks] == [(0,), (1,), (2,), (3, 4), (5,)]
    assert variants == ((1,), (True,), (1.0,), ([1, 2],), ("1",))


def test_a_sweep_is_known_by_all_that_its_values_depend_on(small):
    network = network_of(small)
    table = [(1,), (2,)]
    known = identity([network], [READ], table, SETTINGS)
    assert known == identity([network_of(small)], [READ], list(table), SETTINGS)
    changed = small.with_values({DEPTH: 600})
    others = [
        identity([network_of(changed)], [READ], table, SETTINGS),
        identity([(Layer(small, "layer 1", 2),)], [READ], table, SETTINGS),
        identity([network], [DEPTH], table, SETTINGS),
        identity([network], [READ], [(1,), (3,)], SETTINGS),
        identity([network], [READ], table, replace(SETTINGS, seed=1)),
    ]
    assert len({known, *others}) == 6


def test_numbers_of_the_machine_are_traced_and_nothing_is_where_mappings_are_searched(small):
    axes = read_axes({"rules.halo": ["exact"], READ: [1, 2], "problem.instance.M": [512], DEPTH: [512]})
    table = [("exact", 1, 512, 512), ("exact", 2, 512, 512)]
    assert check_paths(network_of(small), axes, table, search=False) == (READ, DEPTH)
    assert check_paths(network_of(small), axes, table, search=True) == ()


def test_goals_are_those_asked_for_or_those_of_the_files(small):
    assert goal_of(network_of(small), None) == parse_objective("edp")
    assert goal_of(network_of(small), "energy") == parse_objective("energy")
    with pytest.raises(ax.SpecError, match="totals energy, delay and edp"):
        goal_of(network_of(small), ["energy", "last_level_accesses"])


def test_values_are_written_as_json_can_hold_them(small):
    assert plain("problem", [Layer(small, "conv"), "b.yaml"]) == "conv, b.yaml"
    assert [plain("x", value) for value in (True, None, 2.5, (1, "a"), {"a": 1})] == [
        True, None, 2.5, [1, "a"], "{'a': 1}",
    ]  # fmt: skip
