from __future__ import annotations

import copy
import pickle

import pytest

from accelax.errors import Location, Problem, SpecError
from accelax.spec.text import Problems, Quoted, SourceDict, SourceList, key_location_of, location_of

HERE = Location("a.yaml", 1, 1)
KEY = Location("a.yaml", 2, 3)
VALUE = Location("a.yaml", 2, 10)


def make_dict() -> SourceDict:
    box = SourceDict(tag="Component", location=HERE)
    box.place("depth", 8, KEY, VALUE)
    return box


def make_list() -> SourceList:
    row = SourceList(location=HERE)
    row.place("x", VALUE)
    row.place("y", None)
    return row


def test_location_of_values_keys_and_items():
    assert location_of(make_dict(), "depth") == VALUE
    assert key_location_of(make_dict(), "depth") == KEY
    assert location_of(make_dict()) == HERE
    assert location_of(make_list(), 0) == VALUE
    assert location_of(make_list(), -2) == VALUE


def test_unknown_keys_fall_back_to_the_container():
    assert location_of(make_dict(), "width") == HERE
    assert key_location_of(make_dict(), "width") == HERE
    assert location_of(make_list(), 1) == HERE
    assert location_of(make_list(), 7) == HERE


def test_plain_containers_have_no_location():
    assert location_of({"depth": 8}, "depth") is None
    assert location_of([1], 0) is None
    assert key_location_of({"depth": 8}, "depth") is None


def test_items_appended_without_a_place_are_at_the_list():
    row = make_list()
    row.append("z")
    assert location_of(row, 2) == HERE


def test_placing_again_forgets_the_old_place():
    box = make_dict()
    box.place("depth", 9, None, None)
    assert location_of(box, "depth") == HERE


@pytest.mark.parametrize(
    "duplicate", [lambda v: v.copy(), copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
@pytest.mark.parametrize("make", [make_dict, make_list])
def test_copies_keep_tag_and_places(duplicate, make):
    original, twin = make(), duplicate(make())
    assert twin == original
    assert type(twin) is type(original)
    assert (twin.tag, twin.location, twin.nomerge) == (original.tag, original.location, original.nomerge)
    key = next(iter(original)) if isinstance(original, dict) else 0
    assert location_of(twin, key) == location_of(original, key)


def test_a_copy_is_independent():
    box = make_dict()
    twin = box.copy()
    twin.place("width", 1, KEY, VALUE)
    assert "width" not in box
    assert "width" not in box.value_locations


def test_containers_compare_like_plain_ones():
    assert make_dict() == {"depth": 8}
    assert make_list() == ["x", "y"]
    assert isinstance(Quoted("x"), str)


def test_problems_are_collected_once_each_and_raised_together():
    problems = Problems()
    problems.raise_if_any()
    assert not problems
    problems.add("first", HERE, "a.b")
    problems.add("second")
    problems.add("first", HERE, "a.b")
    problems.extend([Problem("third", KEY)])
    assert len(problems) == 3
    with pytest.raises(SpecError) as caught:
        problems.raise_if_any()
    assert str(caught.value) == "a.yaml:1:1: a.b: first\nsecond\na.yaml:2:3: third"
