"""Joining the documents of several files."""

from __future__ import annotations

from accelax.errors import Location
from accelax.spec.combine import combine_documents, copy_tree
from accelax.spec.text import Problems, SourceDict, SourceList


def join(*documents, name_of=str):
    problems = Problems()
    return combine_documents(documents, problems, name_of), problems.items


def test_sections_join_and_lists_of_sections_grow():
    found, problems = join({"a": {"x": 1, "l": [{"n": 1}]}}, {"a": {"y": 2, "l": [{"n": 2}]}, "b": None}, {"b": 3})
    assert found == {"a": {"x": 1, "y": 2, "l": [{"n": 1}, {"n": 2}]}, "b": 3}
    assert problems == []


def test_equal_values_agree_and_different_ones_are_a_mistake():
    found, problems = join({"a": {"x": [1, 2], "y": 1}}, {"a": {"x": [1, 2], "y": 2}}, {"a": {"x": [1]}})
    assert found["a"] == {"x": [1, 2], "y": 1}
    assert [(p.path, p.message) for p in problems] == [("a.y", "two different values"), ("a.x", "two different values")]


def test_top_level_names_may_stand_for_one_section():
    found, _ = join({"extra_mapping": [{"n": 1}]}, {"mapping": [{"n": 2}]}, name_of=lambda key: key[-7:])
    assert found == {"mapping": [{"n": 1}, {"n": 2}]}


def test_anchors_are_left_out():
    assert join({"base_ignore": 1, "a": 1}, {"base_ignore": 2})[0] == {"a": 1}


def test_copies_keep_their_places_and_share_nothing():
    place = Location("a.yaml", 2, 3)
    source = SourceDict({}, tag="Component", location=Location("a.yaml", 1, 1))
    source.place("items", SourceList([SourceDict({"x": 1}, location=place)], location=place), place, place)
    twin = copy_tree(source)
    twin["items"][0]["x"] = 2
    assert source["items"][0]["x"] == 1
    assert (twin.tag, twin.location, twin.value_locations) == (source.tag, source.location, {"items": place})
    assert (twin["items"][0].location, twin["items"].item_locations) == (place, [place])


def test_a_copy_of_plain_data_has_no_places():
    twin = copy_tree({"a": [{"b": 1}]})
    assert twin == {"a": [{"b": 1}]}
    assert (twin.location, twin["a"].location, twin["a"].item_locations) == (None, None, [None])
