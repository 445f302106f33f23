"""Searches that start from what neighbours found."""

from __future__ import annotations

import pytest

import accelax as ax
from accelax.ir.mapping import Temporal
from accelax.search.objective import parse_objective
from accelax.spec.layers import Layer
from accelax.sweeps import searching
from accelax.sweeps.mapping_text import to_lists
from accelax.sweeps.plan import Settings
from accelax.sweeps.searching import KEPT, Started, Starts, search_from, search_network

SETTINGS = Settings(parse_objective("edp"), True, 3.0, 0.3, 0, 8)


@pytest.fixture
def machine(small):
    return ax.Specification.from_dict({key: value for key, value in small._raw.items() if key != "mapping"})


def loop(extent):
    """The shortest mapping that there is."""
    return ax.Mapping((Temporal("M", extent),))


def row(*mappings):
    return {"layers": {"mapping": [None if one is None else to_lists(one) for one in mappings]}}


def test_the_latest_different_mappings_are_kept():
    starts = Starts()
    for n in (1, 2, 1, *range(3, 8)):
        starts.read(row(None, loop(n)))
    assert starts.of(0) == []
    assert starts.of(1) == [loop(n) for n in (7, 6, 5, 4, 3, 1)]
    assert len(starts.of(1)) == KEPT


def test_given_mappings_come_first_and_then_those_of_the_searcher():
    class Inner:
        def init(self, problem, objective, seed):
            return [seed]

        def ask(self, state, incumbent, seconds):
            return state, ["own"]

        def tell(self, state, candidates, scores):
            return [*state, candidates]

    searcher = Started(Inner(), ["given"])
    state = searcher.init(None, (), 7)
    state, first = searcher.ask(state, 0.0, 0.0)
    state = searcher.tell(state, first, None)
    state, second = searcher.ask(state, 0.0, 0.0)
    assert (first, second, state) == (["given"], ["own"], [7, ["given"]])


def test_a_start_is_an_incumbent_and_one_of_another_problem_is_left_out(small, machine):
    foreign = loop(3)
    found = search_from(machine, SETTINGS, [foreign, small.mapping])
    assert found.value <= ax.evaluate(small).energy_pJ * ax.evaluate(small).cycles
    assert found.gap <= 0.3


def test_identical_layers_are_searched_once(machine, monkeypatch):
    calls = []
    original = searching.search_from
    monkeypatch.setattr(searching, "search_from", lambda *given: calls.append(1) or original(*given))
    other = machine.with_values({"architecture.buffer.attributes.depth": 1024})
    network = (Layer(machine, "a"), Layer(other, "b"), Layer(machine, "c", 3))
    found = search_network(network, SETTINGS, Starts())
    assert len(calls) == 2
    assert found[0] is found[2]
    assert found[0] is not found[1]
