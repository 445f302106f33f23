"""Which estimator prices a component, and what is said when none does."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from accelax.components import Attribute, Declined, Estimate, NoEstimate, Registry, component
from accelax.components.estimate import BITS, SHARE
from accelax.components.registry import checked


@pytest.fixture
def registry() -> Registry:
    """A rough and a fine estimator of lamps, of which the fine one asks for more and declines above 100 W."""
    held = Registry()

    @component("lamp", "bulb", accuracy=40, source="a guess", registry=held, attributes={"watts": Attribute("W")})
    def rough_lamp(*, watts):
        return Estimate({"shine": 2.0 * watts})

    @component(
        "lamp", accuracy=90, source="a data sheet", registry=held,
        attributes={"watts": Attribute("W", valid=(1, 60)), "kelvin": Attribute("K", valid=(2000, 7000))},
    )  # fmt: skip
    def fine_lamp(*, watts, kelvin, technology=45):
        if watts > 100:
            raise Declined("no lamp is that bright", "watts")
        return Estimate({"shine": 3.0 * watts, "flash": 9.0})

    return held


def refusal(registry: Registry, kind: str, attributes: dict, action: str | None = None) -> str:
    with pytest.raises(NoEstimate) as caught:
        registry.choose(kind, attributes, action)
    return caught.value.message


def test_the_highest_accuracy_wins_and_the_next_is_named(registry: Registry) -> None:
    choice = registry.choose("lamp", {"watts": 10, "kelvin": 3000})

    assert choice.estimator.name == "fine_lamp"
    assert choice.estimate.energy_pJ["shine"] == 30.0
    assert (choice.refusals, choice.others, choice.warnings) == ((), ("rough_lamp",), ())


def test_where_the_best_lacks_an_attribute_the_next_prices(registry: Registry) -> None:
    choice = registry.choose("lamp", {"watts": 10})

    assert choice.estimator.name == "rough_lamp"
    assert [(r.estimator, r.attribute) for r in choice.refusals] == [("fine_lamp", "kelvin")]
    assert choice.others == ()


def test_where_the_best_declines_by_itself_the_next_prices(registry: Registry) -> None:
    choice = registry.choose("lamp", {"watts": 150, "kelvin": 3000})

    assert choice.estimate.energy_pJ == {"shine": 300.0}
    assert choice.refusals[0].reason == "no lamp is that bright"


def test_where_the_best_lacks_the_action_the_next_is_asked(registry: Registry) -> None:
    assert registry.choose("lamp", {"watts": 10, "kelvin": 3000}, "flash").estimator.name == "fine_lamp"
    assert "it has no action 'flash'" in refusal(registry, "lamp", {"watts": 10}, "flash")


def test_of_equal_accuracies_the_one_entered_last_wins() -> None:
    held = Registry()
    for name, energy in (("first", 1.0), ("second", 2.0)):

        def estimator(energy=energy):
            return Estimate({"go": energy})

        estimator.__name__ = name
        component("car", source="", registry=held)(estimator)

    assert held.choose("car", {}).estimator.name == "second"


def test_an_estimator_entered_twice_is_replaced() -> None:
    held = Registry()
    for energy in (1.0, 2.0):

        @component("car", source="", registry=held)
        def estimator(energy=energy):
            return Estimate({"go": energy})

    assert [e.name for e in held.claiming("car")] == ["estimator"]
    assert held.choose("car", {}).estimate.energy_pJ["go"] == 2.0


def test_classes_are_found_in_any_case_and_listed_as_written(registry: Registry) -> None:
    assert registry.choose("LAMP", {"watts": 1}).estimate.energy_pJ["shine"] == 2.0
    assert registry.classes() == ("bulb", "lamp")


def test_an_unknown_class_names_the_nearest(registry: Registry) -> None:
    message = refusal(registry, "lampe", {})

    assert message.startswith("no estimator knows the class 'lampe'")
    assert "lamp" in message.removeprefix("no estimator knows the class 'lampe'")


def test_when_none_prices_everyone_asked_says_why(registry: Registry) -> None:
    message = refusal(registry, "lamp", {"kelvin": 3000})

    assert message.startswith("no estimator prices the class 'lamp' (")
    assert "fine_lamp: the attribute 'watts' is missing" in message
    assert "rough_lamp: the attribute 'watts' is missing" in message


def test_a_missing_attribute_names_a_near_miss(registry: Registry) -> None:
    assert "did you mean 'wats'" in refusal(registry, "bulb", {"wats": 3})


def test_an_attribute_given_as_none_is_missing(registry: Registry) -> None:
    assert "the attribute 'watts' is missing" in refusal(registry, "bulb", {"watts": None})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("much", "the attribute 'watts' must be a number, not 'much'"),
        (True, "the attribute 'watts' must be a number, not True"),
        ([1], "the attribute 'watts' must be a number, not [1]"),
        (-3, "the attribute 'watts' must be above 0, not -3"),
        (0, "the attribute 'watts' must be above 0, not 0"),
        (float("nan"), "the attribute 'watts' must be above 0, not nan"),
    ],
)
def test_a_wrong_value_is_refused_by_name(registry: Registry, value, reason: str) -> None:
    assert reason in refusal(registry, "bulb", {"watts": value})


def test_a_value_beyond_its_domain_is_told_the_domain() -> None:
    with pytest.raises(Declined, match=r"'activity' must be at least 0 and at most 1, not 1\.5"):
        checked("activity", 1.5, SHARE, [])
    with pytest.raises(Declined, match=r"'width' must be a whole number, not 2\.5"):
        checked("width", 2.5, BITS, [])


def test_outside_the_range_of_the_source_a_warning_names_it(registry: Registry) -> None:
    choice = registry.choose("lamp", {"watts": 80, "kelvin": 3000})

    assert choice.warnings == ("watts = 80 W is outside the range 1 to 60 W of the source",)


def test_technology_has_a_range_without_being_stated(registry: Registry) -> None:
    choice = registry.choose("lamp", {"watts": 8, "kelvin": 3000, "technology": "180nm"})

    assert choice.warnings == ("technology = 180 nm is outside the range 7 to 130 nm of the source",)


def test_a_unit_may_follow_the_number() -> None:
    assert checked("watts", " 5 W", Attribute("W"), []) == 5.0
    with pytest.raises(Declined, match="must be a number, not '5V'"):
        checked("watts", "5V", Attribute("W"), [])


def test_a_text_is_matched_in_any_case_and_a_wrong_one_told_the_choices() -> None:
    kind = Attribute(kind="text", choices=("HBM2", "LPDDR4"))

    assert checked("type", "hbm2", kind, []) == "HBM2"
    with pytest.raises(Declined, match="'type' must be one of HBM2, LPDDR4, not 'HBM'"):
        checked("type", "HBM", kind, [])


def test_flags_and_lists_are_checked() -> None:
    assert checked("signed", 1, Attribute(kind="flag"), []) is True
    with pytest.raises(Declined, match="must be true or false"):
        checked("signed", "perhaps", Attribute(kind="flag"), [])
    np.testing.assert_array_equal(checked("histogram", [1, 2], Attribute(kind="values"), []), [1.0, 2.0])
    with pytest.raises(Declined, match="must be a list of numbers"):
        checked("histogram", ["a"], Attribute(kind="values"), [])


def test_a_traced_attribute_passes_to_the_estimator(registry: Registry) -> None:
    def shine(watts):
        return registry.choose("bulb", {"watts": watts}).estimate.energy_pJ["shine"]

    assert jax.grad(shine)(jnp.asarray(10.0)) == 2.0


def test_the_decorated_function_stays_a_function(registry: Registry) -> None:
    @component("car", source="", registry=registry)
    def car(*, seats=4, **further):
        return Estimate({"go": 1.0 * seats})

    assert car(seats=2).energy_pJ["go"] == 2.0
    assert dict(registry.claiming("car")[0].parameters) == {"seats": False}


def test_a_component_may_ask_for_an_estimator_or_an_accuracy(registry: Registry) -> None:
    lamp = {"watts": 10, "kelvin": 3000}

    assert registry.choose("lamp", {**lamp, "plug_in": "Rough_Lamp"}).estimator.name == "rough_lamp"
    assert registry.choose("lamp", {**lamp, "min_accuracy": 90}).estimator.name == "fine_lamp"
    message = refusal(registry, "lamp", {"watts": 10, "minimum_accuracy": 50})
    assert "rough_lamp: its accuracy of 40 % is below the 50 % asked for" in message
    assert "the component asks for 'dim_lamp'" in refusal(registry, "lamp", {**lamp, "plug_in": "dim_lamp"})
