from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import SpecError
from accelax.spec.text import load_documents, location_of

BASE = """\
base: &base
  a: 1
  inner: {x: 1, y: 2}
  row: [1, 2]
other: &other {a: 9, c: 3, inner: {z: 5}, row: [7]}
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load_text(text: str):
        (tmp_path / "in.yaml").write_text(text)
        return load_documents(["in.yaml"])[0]

    return load_text


def test_shallow_takes_missing_keys_only(load):
    top = load(BASE + "top:\n  <<: *base\n  inner: {x: 9}\n  b: 2\n")["top"]
    assert top == {"inner": {"x": 9}, "b": 2, "a": 1, "row": [1, 2]}


def test_own_keys_come_first(load):
    assert list(load(BASE + "top:\n  <<: *base\n  z: 0\n")["top"]) == ["z", "a", "inner", "row"]


def test_deep_merges_mappings_and_appends_lists(load):
    top = load(BASE + "top:\n  <<<: *base\n  inner: {x: 9}\n  row: [0]\n")["top"]
    assert top == {"inner": {"x": 9, "y": 2}, "row": [0, 1, 2], "a": 1}


@pytest.mark.parametrize("key", ["<<", "<<<"])
def test_earlier_of_a_list_wins(load, key):
    top = load(BASE + f"top: {{b: 1, {key}: [*base, *other]}}\n")["top"]
    assert (top["a"], top["c"]) == (1, 3)
    assert top["row"] == ([1, 2, 7] if key == "<<<" else [1, 2])
    assert top["inner"] == ({"x": 1, "y": 2, "z": 5} if key == "<<<" else {"x": 1, "y": 2})


@pytest.mark.parametrize("mine", ["!nomerge {x: 9}", "!nomerge\n    x: 9"])
def test_nomerge_on_my_value(load, mine):
    top = load(BASE + f"top:\n  <<<: *base\n  inner: {mine}\n  row: !nomerge [0]\n")["top"]
    assert top["inner"] == {"x": 9}
    assert top["row"] == [0]
    assert top["inner"].tag is None


def test_nomerge_on_their_value(load):
    top = load("base: &base {row: !nomerge [1], m: {a: 1}}\ntop: {<<<: *base, row: [0], m: {b: 2}}\n")["top"]
    assert top == {"row": [0], "m": {"b": 2, "a": 1}}


def test_nomerge_without_a_counterpart_is_just_a_value(load):
    assert load("base: &b {row: !nomerge [1]}\ntop: {<<<: *b}\n")["top"] == {"row": [1]}


def test_merges_nest(load):
    text = BASE + "mid: &mid\n  <<<: *base\n  inner: {m: 0}\ntop:\n  <<<: *mid\n  inner: {t: 0}\n"
    assert load(text)["top"]["inner"] == {"t": 0, "m": 0, "x": 1, "y": 2}


def test_my_scalar_or_empty_value_stands(load):
    top = load(BASE + "top:\n  <<<: *base\n  inner:\n  row: 3\n")["top"]
    assert top == {"inner": None, "row": 3, "a": 1}


def test_inline_mapping_can_be_merged(load):
    assert load("top: {<<: {a: 1}, b: 2}")["top"] == {"b": 2, "a": 1}


def test_merging_leaves_the_source_alone(load):
    document = load(BASE + "top:\n  <<<: *base\n  inner: {t: 0}\n  row: [0]\n")
    assert document["base"] == {"a": 1, "inner": {"x": 1, "y": 2}, "row": [1, 2]}
    document["top"]["a"] = 5
    assert document["base"]["a"] == 1


def test_aliases_share_nothing(load):
    document = load("a: &a {x: {y: 1}}\nb: *a\n")
    document["b"]["x"]["y"] = 2
    assert document["a"]["x"]["y"] == 1


def test_merged_values_keep_their_places(load):
    top = load(BASE + "top:\n  <<<: *base\n  row: [0]\n")["top"]
    assert str(location_of(top, "a")) == "in.yaml:2:6"
    assert str(top.key_locations["inner"]) == "in.yaml:3:3"
    assert [p.line for p in top["row"].item_locations] == [8, 4, 4]


def test_the_tag_belongs_to_the_place(load):
    document = load("base: &b !Component {x: 1}\ntop: !Container {<<: *b}\nplain: {<<: *b}\n")
    assert (document["top"].tag, document["plain"].tag, document["base"].tag) == ("Container", None, "Component")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a {x: 1}\nb:\n  <<: *a\n  <<<: *a\n", "in.yaml:4:3: a mapping can have one merge key"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", "in.yaml:4:3: a mapping can have one merge key"),
        ("b:\n  <<: 3\n", "in.yaml:2:7: expected a mapping to merge, found 3"),
        ("b:\n  <<<:\n", "expected a mapping to merge, found None"),
        ("b:\n  <<<: [{x: 1}, [2]]\n", "in.yaml:2:8: expected a mapping to merge, found a list"),
    ],
)
def test_wrong_merges(load, text, message):
    with pytest.raises(SpecError) as caught:
        load(text)
    assert message in str(caught.value)


def test_a_quoted_merge_key_is_an_ordinary_key(load):
    assert load("b: {'<<': 3}")["b"] == {"<<": 3}


values = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def expected_deep(mine, theirs):
    if isinstance(mine, dict) and isinstance(theirs, dict):
        merged = {k: expected_deep(v, theirs[k]) if k in theirs else v for k, v in mine.items()}
        return merged | {k: v for k, v in theirs.items() if k not in mine}
    return mine + theirs if isinstance(mine, list) and isinstance(theirs, list) else mine


@settings(max_examples=60, deadline=None)
@given(mine=mappings, theirs=mappings)
def test_deep_merge_follows_its_definition(tmp_path_factory, mine, theirs):
    path = tmp_path_factory.mktemp("merge") / "in.yaml"
    own = json.dumps(mine)[1:-1]
    path.write_text(f"t: &t {json.dumps(theirs)}\nm: {{<<<: *t{', ' if own else ''}{own}}}\n")
    assert load_documents([path])[0]["m"] == expected_deep(mine, theirs)
