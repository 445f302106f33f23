"""Networks: identical layers once, totals with counts, interruptions and mistakes."""

from __future__ import annotations

import pytest

import accelax as ax
from accelax.errors import SpecError
from accelax.search.record import Progress
from tests.search.cases import specification
from tests.search.test_driver import PINNED

RUN = {"seconds": 0, "searcher": "random"}


def layer(name: str, count: int = 1, depth: int = 64) -> ax.Layer:
    return ax.Layer(specification(depth, **PINNED), name, count)


@pytest.fixture(scope="module")
def found():
    return ax.map([layer("a", 2), layer("b", 3, 32), layer("c", 5)], "energy", **RUN)


def test_identical_layers_are_searched_once(found):
    assert [(one.name, one.count, one.same_as) for one in found.layers] == [
        ("a", 2, None),
        ("b", 3, None),
        ("c", 5, "a"),
    ]
    assert found.layers[0].found is found.layers[2].found
    assert found.layers[0].found.value < found.layers[1].found.value  # the smaller buffer costs energy


def test_each_layer_has_the_value_of_its_own_search(found):
    alone = ax.map(specification(32, **PINNED), "energy", **RUN)
    assert found.layers[1].found.value == alone.value


def test_totals_count_repetitions(found):
    results = [one.found.result for one in found.layers]
    energy = 7 * results[0].energy_pJ + 3 * results[1].energy_pJ
    cycles = 7 * results[0].cycles + 3 * results[1].cycles
    assert found.total["energy_pJ"] == pytest.approx(energy, rel=1e-12)
    assert found.total["cycles"] == cycles
    assert found.total["edp"] == pytest.approx(energy * 1e-12 * cycles, rel=1e-12)
    assert found.total["computes"] == 10 * 12 * 8 * 6
    assert (found.total["value"], found.total["lower_bound"]) == (pytest.approx(energy), 0)
    assert found.total["latency"] is None  # no clock
    assert found.complete
    assert found.gap == 1.0


def test_products_do_not_add_up(found):
    edp = ax.map([layer("a", 2)], "edp", **RUN)
    assert edp.total["value"] is None
    assert edp.total["gap"] is None


def test_bare_specifications_are_called_by_their_place():
    found = ax.map((specification(**PINNED),), **RUN)
    assert [(one.name, one.count) for one in found.layers] == [("layer 1", 1)]


def test_a_layer_without_a_mapping_leaves_no_total():
    found = ax.map([layer("a"), layer("tiny", depth=1)], **RUN)
    assert not found.complete
    assert found.total is None
    assert found.layers[1].found.reason.startswith("BUF needs")
    assert found.to_dict()["layers"][1]["mapping"] is None


def test_progress_says_which_layer_and_ctrl_c_ends_all():
    seen = []

    def press(progress: Progress) -> None:
        seen.append(progress.layer)
        if progress.layer == "2/2 b" and progress.evaluated:
            raise KeyboardInterrupt

    found = ax.map([layer("a"), layer("b", 1, 32), layer("c")], progress=press, **RUN)
    assert set(seen) == {"1/2 a", "2/2 b"}
    assert found.interrupted
    assert [one.name for one in found.layers] == ["a", "b"]
    assert found.layers[1].found.mapping is not None
    assert found.total is None


def test_mistakes_of_all_layers_are_reported_with_their_names(monkeypatch):
    def fail(self):
        raise SpecError("no such luck")

    layers = [layer("a"), layer("b")]
    monkeypatch.setattr(type(layers[0].specification), "lowered", fail)
    with pytest.raises(SpecError, match=r"a: no such luck\nb: no such luck"):
        ax.map(layers, **RUN)


@pytest.mark.parametrize(("layers", "objective"), [([], "edp"), ("layers", ("energy", "delay"))])
def test_what_a_network_cannot_be_asked(layers, objective):
    with pytest.raises(SpecError, match=r"no layers|front of several layers"):
        ax.map([layer("a")] if layers else [], objective, **RUN)
