"""Reading the ``components`` section: structure alone, nothing is evaluated."""

from __future__ import annotations

import pytest

from accelax.errors import UnsupportedError
from accelax.spec.text import Problems
from accelax.spec.timeloop.compound import PartName, read_classes

BUFFER = {
    "name": "buffer",
    "attributes": {"width": "must_specify", "depth": "(2 * width)"},
    "subcomponents": [
        {"name": "storage", "class": "SRAM", "attributes": {"width": "width"}, "area_share": 2},
        {"name": "adders[0..width-1]", "class": "storage", "subclass": "intadder", "energy_scale": "(width / 2)"},
    ],
    "actions": [
        {
            "name": "read",
            "arguments": {"used": "0..3"},
            "subcomponents": [
                {"name": "storage", "actions": [{"name": "read", "repeat": 2, "action_share": 3}]},
                {"name": "adders[used]", "actions": [{"name": "add", "arguments": {"bits": "used"}}]},
            ],
        }
    ],
}


def read(*classes: object) -> tuple[dict, list[str]]:
    problems = Problems()
    return read_classes({"classes": list(classes)}, problems), [str(problem) for problem in problems.items]


def test_a_class_keeps_its_formulae_as_they_are_written():
    found, problems = read(BUFFER)
    assert problems == []
    buffer = found["buffer"]
    assert dict(buffer.attributes) == {"width": "must_specify", "depth": "(2 * width)"}
    assert {base: (part.kind, part.name) for base, part in buffer.parts.items()} == {
        "storage": ("SRAM", PartName("storage")),
        "adders": ("intadder", PartName("adders", "0", "width-1")),
    }
    assert buffer.parts["storage"].scales(("area_scale", "area_share")) == {"area_share": 2}
    assert buffer.parts["adders"].scales(("energy_scale",)) == {"energy_scale": "(width / 2)"}
    storage, adders = buffer.actions["read"].acted
    assert storage.actions[0].shares == {"repeat": 2, "action_share": 3}
    assert adders.name == PartName("adders", "used")
    assert adders.actions[0].section["arguments"]["bits"] == "used"


def test_lists_in_the_list_are_spread_and_the_same_class_twice_is_one():
    found, problems = read([[BUFFER], [{"name": "other"}]], BUFFER)
    assert problems == []
    assert list(found) == ["buffer", "other"]
    assert read_classes([BUFFER], Problems()).keys() == {"buffer"}
    assert read_classes(None, Problems()) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"attributes": {}}, "components.classes[0]: 'name' is missing"),
        ({"name": "x", "subcomponent": []}, "unknown key 'subcomponent' in a component class; did you mean"),
        ({"name": "x", "attributes": [1]}, "components.classes[0].attributes: expected a section"),
        ({"name": "x", "subcomponents": [{"name": "a"}]}, "subcomponents[0]: 'class' is missing"),
        ({"name": "x", "subcomponents": [{"name": "a[", "class": "b"}]}, "expected a name such as 'adder'"),
        ({"name": "x", "subcomponents": [{"name": "a", "class": "b"}] * 2}, "the subcomponent 'a' is defined twice"),
        ({"name": "x", "actions": [{"name": "a"}] * 2}, "the action 'a' is defined twice"),
        ({"name": "x", "actions": [{"name": "a", "subcomponents": [{"name": "b"}]}]}, "has no subcomponent 'b'"),
        ("buffer", "components.classes[0]: expected a section"),
    ],
)
def test_mistakes_of_structure(given, message):
    _, problems = read(given)
    assert message in problems[0]
    assert len(problems) == 1 + (given == "buffer")  # what is no section has no name either


def test_the_same_name_for_two_classes():
    assert "the class 'buffer' is defined twice" in read(BUFFER, {"name": "buffer"})[1][0]


def test_primitive_types_are_refused_by_name():
    with pytest.raises(UnsupportedError, match="'primitive_type' in a component class"):
        read({"name": "x", "primitive_type": "SRAM"})
