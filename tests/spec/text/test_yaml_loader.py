from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import SpecError
from accelax.spec.text import Quoted, SourceDict, SourceList, load_documents, location_of


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load_text(text: str | bytes):
        (tmp_path / "in.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_documents(["in.yaml"])[0]

    return load_text


def test_values_know_their_place(load):
    document = load("a: 1\nnodes:\n- !Component\n  name: x\n- {name: 'y',  depth: 8}\n")
    nodes = document["nodes"]
    assert isinstance(document, SourceDict)
    assert isinstance(nodes, SourceList)
    assert nodes[0].tag == "Component"
    assert nodes[1].tag is None
    assert str(document.location) == "in.yaml:1:1"
    assert str(nodes.item_locations[0]) == "in.yaml:3:3"
    assert str(nodes[1].key_locations["depth"]) == "in.yaml:5:16"
    assert str(location_of(nodes[1], "depth")) == "in.yaml:5:23"


def test_quotes_make_literals(load):
    document = load("a: '1'\nb: \"x + y\"\nc: x + y\nd: |\n  x +\n  y\ne: !!str 5\nf: !!float 5\n")
    assert {k for k, v in document.items() if isinstance(v, Quoted)} == {"a", "b", "e"}
    assert document == {"a": "1", "b": "x + y", "c": "x + y", "d": "x +\ny\n", "e": "5", "f": 5}


def test_keys_are_text_or_integers(load):
    document = load("N: 1\non: 2\n3: 4\n'5': 6\ntrue: 7\n1.5: 8\n~: 9\n")
    assert list(document) == ["N", "on", 3, "5", "true", "1.5", "~"]


def test_a_tag_alone_is_an_empty_mapping(load):
    node = load("nodes:\n- !Nothing\n")["nodes"][0]
    assert (node, node.tag) == ({}, "Nothing")


def test_files_keep_their_order_and_all_problems_are_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "b.yaml": "x: 1\n",
        "a.yaml": "y: 2\n",
        "bad.yaml": "x: 1\nx: 2\n",
        "worse.yaml": "[1 }",
    }.items():
        (tmp_path / name).write_text(text)
    assert load_documents(["b.yaml", "a.yaml", "b.yaml"]) == [{"x": 1}, {"y": 2}]
    with pytest.raises(SpecError) as caught:
        load_documents(["b.yaml", "bad.yaml", "worse.yaml", "nowhere"])
    assert [str(p).split(": ")[0] for p in caught.value.problems] == [
        "no such file 'nowhere'; expected one of",
        "bad.yaml:2:1",
        "worse.yaml:1:4",
    ]


def test_include_tags(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "x.yaml").write_text("v: 1\nsub: !include y.yaml\n")
    (tmp_path / "lib" / "y.yaml").write_text("[1, 2]\n")
    (tmp_path / "in.yaml").write_text("x: !include lib/x.yaml\nall: !includedir lib\n")
    document = load_documents(["in.yaml"])[0]
    assert document["x"] == {"v": 1, "sub": [1, 2]}
    assert document["all"] == [{"v": 1, "sub": [1, 2]}, [1, 2]]
    assert str(location_of(document["x"], "v")) == "lib/x.yaml:1:4"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "in.yaml: expected a mapping at the top of the file, found nothing"),
        ("# only a comment\n", "found nothing"),
        ("- 1\n", "found a list"),
        ("just text\n", "found the value 'just text'"),
        ("a: 1\n---\nb: 2\n", "in.yaml:2:1: malformed YAML: expected a single document"),
        ("a: [1, 2\nb: 3\n", "in.yaml:2:2: malformed YAML"),
        ("a: 1\n\tb: 2\n", "in.yaml:2:"),
        ("a: 'x\n", "malformed YAML: while scanning a quoted scalar"),
        ("a: *b\n", "in.yaml:1:4: malformed YAML: found undefined alias"),
        ("a: 1\n b: 2\n", "in.yaml:2:3: malformed YAML: mapping values are not allowed"),
        ("a: \x01\n", "in.yaml:1:4: malformed YAML: control characters are not allowed"),
        ("a: 1\nb:\n  c: 2\n  c: 3\n", "in.yaml:4:3: duplicate key 'c' (first at in.yaml:3:3)"),
        ("? [1, 2]\n: 3\n", "in.yaml:1:3: a mapping or list cannot be a key"),
        (
            "a: !!python/object/apply:os.system ['true']\n",
            "in.yaml:1:4: tag !!python/object/apply:os.system is not supported",
        ),
        ("a: !!binary aGk=\n", "in.yaml:1:4: tag !!binary is not supported"),
        ("a: !Component x\n", "in.yaml:1:4: tag !Component belongs on a mapping or a list, not on 'x'"),
        ("a: !include nope.yaml\n", "in.yaml:1:4: no such file 'nope.yaml'"),
        ("a: !include in.yaml\n", "in.yaml:1:4: 'in.yaml' includes itself"),
        ("a: !include {x: 1}\n", "in.yaml:1:4: tag !include needs a file name"),
        ("a: !include_loaded thing.x\n", "in.yaml:1:4: !include_loaded 'thing': no such include"),
        ("a: " + "9" * 1000, "in.yaml:1:4: an integer of 1000 digits is too long"),
        ("a: 1e999\n", "in.yaml:1:4: the number 1e999 is too large"),
        ("a: &a [*a]\n", "in.yaml:1:4: the alias refers to a value that contains it"),
        ("a: &a\n  <<: *a\n", "the alias refers to a value that contains it"),
    ],
)
def test_wrong_files_are_located(load, text, message):
    with pytest.raises(SpecError) as caught:
        load(text)
    assert message in str(caught.value)


def test_a_single_path_will_do(load, tmp_path):
    load("a: 1\n")
    assert load_documents("in.yaml") == load_documents(tmp_path / "in.yaml") == [{"a": 1}]


def bomb(start: str, line: str) -> str:
    return start + "".join(line.format(i=i, a=", ".join([f"*a{i - 1}"] * 10)) for i in range(1, 12))


BOMBS = {
    "list aliases": bomb("a0: &a0 [1, 2]\n", "a{i}: &a{i} [{a}]\n"),
    "merged lists": "a0: &a0 {r: [1, 1]}\n"
    + "".join(f"a{i}: &a{i} {{<<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40)),
    "flow lists": "a: " + "[" * 200_000,
    "flow mappings": "{a: " * 100_000,
    "closed brackets": "a: " + "[" * 5_000 + "]" * 5_000,
    "block sequences": "- " * 100_000,
    "block mappings": "\n".join(" " * i + "a:" for i in range(2_000)),
    "complex keys": "? " * 50_000,
    "nested aliases": "a0: &a0 []\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 150)),
    "moderate nesting": "a: " + "[" * 150 + "]" * 150,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_quickly(load, text):
    start = time.perf_counter()
    with pytest.raises(SpecError, match=r"in\.yaml:\d+:\d+: (nested more|the input expands|malformed)"):
        load(text)
    assert time.perf_counter() - start < 5


def test_deep_but_sensible_nesting_is_read(load):
    document = load("a: " + "[" * 60 + "]" * 60 + "\n" + "b: [" + "[1], " * 2000 + "]\n")
    assert len(document["b"]) == 2000


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"#<? \n\t{%}1.", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "in.yaml"
    path.write_text(text)
    try:
        documents, problems = load_documents([path]), ()
    except SpecError as error:
        documents, problems = [], error.problems
    assert all(isinstance(document, SourceDict) for document in documents)
    assert bool(documents) != bool(problems)
    assert all(problem.location is not None for problem in problems)


def test_a_200_line_file_loads_in_a_moment(load):
    text = "".join(f"- !Component\n  name: c{i}\n  attributes: {{depth: {i}, width: 64}}\n" for i in range(70))
    best = min(timed(load, "nodes:\n" + text) for _ in range(5))
    assert best < 0.030


def timed(function, argument) -> float:
    start = time.process_time()
    function(argument)
    return time.process_time() - start


def test_the_text_layer_imports_neither_jax_nor_jinja2():
    code = "import sys, accelax.spec.text; print({'jax', 'jinja2', 'numpy', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
