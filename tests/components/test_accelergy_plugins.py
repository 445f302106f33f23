"""Plug-ins of both of Accelergy's interfaces, written here as small fakes."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from accelax.components import NoEstimate, Registry
from accelax.components.accelergy_plugins import add_estimator_class, add_plug_in, add_plug_ins


class Estimation:
    """A number with a unit, as Accelergy's."""

    def __init__(self, value: float, unit: float = 1.0, success: bool = True):
        self.value, self.unit, self.success, self.messages = value, unit, success, ["it failed on purpose"]

    def get_value(self) -> float:
        return self.value * self.unit


class PlugIn:
    """A plug-in object that knows counters of up to 32 bits."""

    def get_name(self) -> str:
        return "lab_plug_in"

    def primitive_action_supported(self, query: Any) -> Estimation:
        known = query.class_name == "lab_counter" and query.action_name in ("count", "leak", "broken", "failing")
        return Estimation(85 if known and query.class_attrs.get("width", 0) <= 32 else 0)

    def estimate_energy(self, query: Any) -> Estimation:
        if query.action_name == "broken":
            raise ValueError("no such corner")
        if query.action_name == "leak":
            return Estimation(2e-6 * query.action_args["global_cycle_seconds"])
        return Estimation(0.5 * query.class_attrs["width"], 1e-12, success=query.action_name == "count")

    def primitive_area_supported(self, query: Any) -> Estimation:
        return Estimation(85 if query.class_name == "lab_counter" else 0)

    def estimate_area(self, query: Any) -> Estimation:
        return Estimation(3 * query.class_attrs["width"], 1e-12)


class OldPlugIn:
    """A plug-in from before version 0.4: dictionaries and picojoules."""

    estimator_name = "old_table"

    def primitive_action_supported(self, interface: dict[str, Any]) -> float:
        return 70 if interface["class_name"] == "lab_counter" and interface["arguments"] is None else 0

    def estimate_energy(self, interface: dict[str, Any]) -> float:
        return 7.0 * interface["attributes"]["width"]

    def primitive_area_supported(self, interface: dict[str, Any]) -> float:
        return 70 if interface["class_name"] == "lab_counter" else 0

    def estimate_area(self, interface: dict[str, Any]) -> float:
        return 11.0


def marked(function: Any) -> Any:
    """What Accelergy's decorator of actions does."""
    function._is_accelergy_action = True
    return function


class Ladder:
    """An estimator class."""

    name = ("lab_ladder", "lab_steps")
    percent_accuracy_0_to_100 = 65

    def __init__(self, width: int, technology: str, steps: int = 2):
        if width > 64:
            raise ValueError("too wide")
        self.width, self.technology, self.steps = width, technology, steps

    def get_area(self) -> float:
        return 4e-12 * self.width

    def leak(self, global_cycle_seconds: float) -> float:
        return 1e-6 * global_cycle_seconds

    @marked
    def climb(self, height: float) -> Estimation:
        return Estimation(self.steps * height, 1e-12)

    @marked
    def read(self) -> float:
        return 1e-12 * self.width


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_a_plug_in_object_is_asked_about_any_class(registry):
    add_plug_in(PlugIn(), registry)
    choice = registry.choose("lab_counter", {"width": 8}, "count")
    assert choice.estimate.energy_pJ["count"] == pytest.approx(4.0)
    assert (choice.estimator.name, choice.estimator.accuracy) == ("lab_plug_in", 85)
    whole = registry.choose("lab_counter", {"width": 8, "global_cycle_seconds": 2e-9})
    assert whole.estimate.area_um2 == pytest.approx(24.0)
    assert whole.estimate.leak_power_W == pytest.approx(2e-6)
    assert registry.choose("lab_counter", {"width": 8}).estimate.leak_power_W == 0.0


@pytest.mark.parametrize(
    ("kind", "action", "reason"),
    [
        ("other", "count", "no estimator knows the class 'other'"),
        ("lab_counter", "drop", "no estimator knows"),
        ("lab_counter", "broken", "lab_plug_in: ValueError: no such corner"),
        ("lab_counter", "failing", "lab_plug_in: it failed on purpose"),
    ],
)
def test_a_plug_in_that_does_not_answer_says_why(registry, kind, action, reason):
    add_plug_in(PlugIn(), registry)
    with pytest.raises(NoEstimate, match=reason):
        registry.choose(kind, {"width": 8}, action)


def test_the_most_accurate_answer_wins_and_the_others_are_named(registry):
    add_plug_in(OldPlugIn(), registry)
    add_plug_in(PlugIn(), registry)
    choice = registry.choose("lab_counter", {"width": 8}, "count")
    assert (choice.estimator.name, choice.others) == ("lab_plug_in", ("old_table",))
    wide = registry.choose("lab_counter", {"width": 64}, "count")
    assert wide.estimate.energy_pJ["count"] == pytest.approx(448.0)
    assert [refusal.estimator for refusal in wide.refusals] == ["lab_plug_in"]
    asked = registry.choose("lab_counter", {"width": 8, "plug_in": "old_table"})
    assert asked.estimate.area_um2 == pytest.approx(11.0)


def test_an_estimator_class_is_made_from_the_attributes_it_names(registry):
    add_estimator_class(Ladder, registry)
    attributes = {"width": 8, "technology": "45nm", "depth": 3, "height": 5, "global_cycle_seconds": 1e-9}
    estimate = registry.choose("lab_steps", attributes, "climb").estimate
    assert estimate.energy_pJ["climb"] == pytest.approx(10.0)
    assert estimate.energy_pJ["read"] == pytest.approx(8.0)
    assert set(estimate.energy_pJ) == {"climb", "read"}
    assert estimate.area_um2 == pytest.approx(32.0)
    assert estimate.leak_power_W == pytest.approx(1e-6)
    assert registry.classes() == ("lab_ladder", "lab_steps")


@pytest.mark.parametrize(
    ("attributes", "action", "reason"),
    [
        ({"width": 8}, "read", "the attribute 'technology' is missing"),
        ({"width": 80, "technology": 7}, "read", "ValueError: too wide"),
        ({"width": 8, "technology": 7}, "drop", "it has no action 'drop'"),
        ({"width": 8, "technology": 7}, "climb", "no action 'climb'"),
    ],
)
def test_an_estimator_class_declines(registry, attributes, action, reason):
    add_estimator_class(Ladder, registry)
    with pytest.raises(NoEstimate, match=reason):
        registry.choose("lab_ladder", attributes, action)


def test_a_traced_number_is_declined(registry):
    jax = pytest.importorskip("jax")
    add_plug_in(PlugIn(), registry)
    add_estimator_class(Ladder, registry)

    def energy(width: Any) -> Any:
        return registry.choose("lab_ladder", {"width": width, "technology": 7}, "read").estimate.energy_pJ["read"]

    with pytest.raises(NoEstimate, match="cannot be swept or differentiated"):
        jax.jit(energy)(8.0)


def test_a_module_is_searched_for_what_it_defines(registry):
    module = types.ModuleType("lab")
    for value in (PlugIn, Ladder):
        twin = type(value.__name__, (value,), {"__module__": "lab"})
        setattr(module, value.__name__, twin)
    module.Estimation = Estimation
    assert [found.name for found in add_plug_ins(module, registry)] == ["lab_plug_in", "Ladder"]


def test_what_is_no_plug_in_is_refused(registry):
    with pytest.raises(TypeError, match="it has no primitive_action_supported"):
        add_plug_in(object(), registry)
    with pytest.raises(TypeError, match="Estimation is no Accelergy estimator: it has no name"):
        add_estimator_class(Estimation, registry)


@pytest.mark.parametrize("supported", [0, 50])
def test_a_plug_in_without_leakage_leaks_nothing(registry, supported: int):
    """Whether it states no accuracy of leakage or fails when it is asked for it."""

    class Cold(PlugIn):
        def primitive_action_supported(self, query: Any) -> Estimation:
            return Estimation(supported if query.action_name == "leak" else 85)

        def estimate_energy(self, query: Any) -> Estimation:
            raise ValueError("no leakage here")

    add_plug_in(Cold(), registry)
    estimate = registry.choose("lab_counter", {"width": 8, "global_cycle_seconds": 1e-9}).estimate
    assert estimate.area_um2 == pytest.approx(24.0)
    assert estimate.leak_power_W == 0.0


def test_an_installed_accelergy_asks_with_its_own_queries(registry, monkeypatch):
    class AccelergyQuery:
        """Accelergy's query, with the names that plug-ins read."""

        def __init__(self, class_name: str, class_attrs: dict, action_name: str | None, action_args: dict | None):
            self.class_name, self.class_attrs = class_name, class_attrs
            self.action_name, self.action_args = action_name, action_args

    interface = types.ModuleType("accelergy.plug_in_interface.interface")
    interface.AccelergyQuery = AccelergyQuery  # pyright: ignore[reportAttributeAccessIssue]
    for name in ("accelergy", "accelergy.plug_in_interface"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    seen: list[Any] = []

    class Watching(PlugIn):
        def estimate_energy(self, query: Any) -> Estimation:
            seen.append(query)
            return super().estimate_energy(query)

    add_plug_in(Watching(), registry)
    assert registry.choose("lab_counter", {"width": 4}, "count").estimate.energy_pJ["count"] == pytest.approx(2.0)
    assert [type(query) for query in seen] == [AccelergyQuery]


def test_actions_of_an_estimator_class_are_listed_and_others_are_unknown(registry):
    add_estimator_class(Ladder, registry)
    energies = registry.choose("lab_steps", {"width": 8, "technology": "7nm", "height": 3}).estimate.energy_pJ
    assert (sorted(energies), len(energies)) == (["climb", "read"], 2)
    assert energies["climb"] == pytest.approx(6.0)
    assert "get_area" not in energies
    with pytest.raises(KeyError, match="it has no action 'fall'"):
        energies["fall"]
