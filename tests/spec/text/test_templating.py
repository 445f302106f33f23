from __future__ import annotations

import os
import time

import pytest

from accelax.errors import SpecError
from accelax.spec.text import load_documents, load_files, location_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(folder):
    def write_files(**texts: str):
        for name, text in texts.items():
            path = folder / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    return write_files


def load(**data):
    return load_documents(["top.yaml"], data)[0]


def refusal(**data) -> str:
    start = time.perf_counter()
    with pytest.raises(SpecError) as caught:
        load(**data)
    assert time.perf_counter() - start < 10
    return str(caught.value)


def test_variables_and_statements(write):
    write(
        top="{% set half = cols // 2 %}\nmesh: {{cols}}\nhalf: {{half}}\n"
        "{% for i in range(2) %}k{{i}}: {{i}}\n{% endfor %}"
    )
    assert load(cols=8) == {"mesh": 8, "half": 4, "k0": 0, "k1": 1}


def test_files_without_template_syntax_are_untouched(write):
    write(top="a: 100 %\nb: '{ }'\n")
    assert load() == {"a": "100 %", "b": "{ }"}


def test_include_picks_keys(write):
    write(
        top="nodes: {{include('lib/x.yaml', 'arch.nodes')}}\nsecond: {{include('lib/x.yaml', 'arch.nodes.1')}}\n",
        lib__x="arch:\n  nodes: [{name: a}, {name: b}]\n",
    )
    top = load()
    assert top == {"nodes": [{"name": "a"}, {"name": "b"}], "second": {"name": "b"}}
    assert str(location_of(top["nodes"][1], "name")) == "lib/x.yaml:2:29"


def test_includes_share_nothing(write):
    write(top="x: &x {{include('lib.yaml')}}\ny: *x\nz: {<<<: *x, r: [0]}\n", lib="r: [1]\n")
    top = load()
    top["y"]["r"].append(2)
    assert (top["x"], top["y"], top["z"]) == ({"r": [1]}, {"r": [1, 2]}, {"r": [0, 1]})


def test_include_all_gives_a_list(write):
    write(
        top="all: {{include_all('lib/*.yaml', 'c')}}\none: {{include_all('lib/a.yaml')}}\n",
        lib__a="c: [1]\n",
        lib__b="c: 2\n",
    )
    assert load() == {"all": [[1], 2], "one": [{"c": [1]}]}


def test_include_text_shares_anchors_and_keeps_places(write):
    write(
        top="{{include_text('base.yaml')}}\n\nproblem:\n  <<<: *base\n  name: x\nlast: 1\n",
        base="# shapes\nbase_ignore: &base\n  size: 3\n",
    )
    top = load()
    assert top["problem"] == {"name": "x", "size": 3}
    assert str(location_of(top["problem"], "size")) == "base.yaml:3:9"
    assert str(location_of(top["problem"], "name")) == "top.yaml:5:9"
    assert str(location_of(top, "last")) == "top.yaml:6:7"


def test_include_text_of_several_files_is_rendered_and_joined(write):
    write(top="{{include_text('lib/*.yaml')}}\nz: 1\n", lib__a="a: {{v}}", lib__b="{% if v %}\nb: 2\n{% endif %}")
    top = load(v=5)
    assert top == {"a": 5, "b": 2, "z": 1}
    assert str(location_of(top, "b")) == "lib/b.yaml:2:4"


def test_places_inside_loops_and_conditions(write):
    write(top="{% for i in [1, 2] %}\nx{{i}}:\n  y: 1\n{% endfor %}\n{% if false %}\nno: 1\n{% endif %}\nend: 2\n")
    top = load()
    assert [str(location_of(top[k], "y")) for k in ("x1", "x2")] == ["top.yaml:3:6"] * 2
    assert str(location_of(top, "end")) == "top.yaml:8:6"


def test_marks_leave_no_trace_in_values(write):
    write(
        top="{% macro m(x) %}a{{x}}{% endmacro %}{% set s %}b{% endset %}\n"
        "k: '{{m(1)}}{{s}}{{'A'|lower}}'\nt: {{include_text('t.yaml')|trim}}\ne: {{s == 'b'}}\n",
        t="\n  word  \n",
    )
    assert load() == {"k": "a1ba", "t": "word", "e": True}


def test_spaces_that_look_like_marks_stay(write):
    write(top="a: x\u200a\u2009\u2009\u200ay{{1}}\n")
    assert load() == {"a": "x\u200a\u2009\u2009\u200ay1"}


def test_indent_keeps_text_valid_and_placed(write):
    write(top="a:\n  {{include_text('t.yaml')|indent(2)}}\nz: 1\n", t="x: 1\ny: 2")
    top = load()
    assert top == {"a": {"x": 1, "y": 2}, "z": 1}
    assert location_of(top["a"], "y").file == "t.yaml"
    assert str(location_of(top, "z")) == "top.yaml:3:4"


def test_search_directories(write, folder):
    write(
        top="{{add_to_path('lib')}}\nx: {{include('deep.yaml')}}\np: {{find_path('deep.yaml')}}\nc: {{cwd()}}\n",
        lib__deep="v: 1\n",
    )
    real = os.path.realpath(folder)
    assert load() == {"x": {"v": 1}, "p": os.path.join(real, "lib", "deep.yaml"), "c": real}


def test_search_directories_reach_included_files(write):
    write(
        top="{{add_to_path('lib')}}x: {{include('in.yaml')}}\n",
        lib__in="y: {{include('deep.yaml', 'v')}}\n",
        lib__deep="v: 1\n",
    )
    assert load() == {"x": {"y": 1}}


def test_path_queries(write):
    write(
        top="a: {{path_exists('lib/a.yaml')}}\nb: {{path_exists('no.yaml')}}\nn: {{find_paths('lib/*.yaml')|length}}\n",
        lib__a="",
        lib__b="",
    )
    assert load() == {"a": True, "b": False, "n": 2}


def test_setenv_stays_in_the_load(write, monkeypatch):
    monkeypatch.delenv("ACCELAX_TEST_SWITCH", raising=False)
    write(top="{{setenv('ACCELAX_TEST_SWITCH', 1)}}a: 1\n")
    assert load_files(["top.yaml"]).environment == {"ACCELAX_TEST_SWITCH": "1"}
    assert "ACCELAX_TEST_SWITCH" not in os.environ


def test_template_inheritance_and_import(write):
    write(
        top="{% import 'm.yaml' as m %}{% include 'part.yaml' %}\nk: {{m.twice(4)}}\n",
        m="{% macro twice(x) %}{{2 * x}}{% endmacro %}",
        part="\np: 1",
    )
    top = load()
    assert top == {"p": 1, "k": 8}
    assert str(location_of(top, "p")) == "part.yaml:2:4"


def test_assert(write):
    write(top="{% assert n > 2, 'n is small' %}\n{% assert true %}a: 1\n")
    assert load(n=3) == {"a": 1}
    assert refusal(n=1) == "top.yaml:1:1: template error: assertion failed: n is small"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: {{colz}}\n", "top.yaml:2:1: template error: variable 'colz' is not defined; did you mean 'cols'?"),
        ("a: 1\n\n{% for x in %}\n", "top.yaml:3:1: template error: Expected an expression"),
        ("a: 1\n{% if x %}\n", "top.yaml:2:1: template error: Unexpected end of template"),
        ("a: {{ 1 / 0 }}", "top.yaml:1:1: template error: division by zero"),
        (
            "a: 1\nb: {{include('lob.yaml')}}",
            "top.yaml:2:1: template error: no such file 'lob.yaml'; did you mean 'lib.yaml'?",
        ),
        ("a: {{include('*.yaml')}}", "matches 2 files; use include_all"),
        (
            "a: 1\nb: {{include('lib.yaml', 'aa.v')}}",
            "top.yaml:2:4: the included file has no key 'aa'; did you mean 'a'?",
        ),
        ("a: {{include('top.yaml')}}", "top.yaml:1:1: template error: top.yaml includes itself"),
        ("{{include_text('top.yaml')}}", "top.yaml:1:1: template error: top.yaml includes itself"),
        ("{% include 'top.yaml' %}", "without end"),
        ("\n{% include 'none.yaml' %}", "top.yaml:2:1: template error: no such file 'none.yaml'"),
        ("a: {{ find_path(['x']) }}", "no such file 'x'"),
        ("a: {{ ''.__class__ }}", "is unsafe"),
        ("a: {{ cwd.__globals__ }}", "is unsafe"),
        ("a: {{ cols.bit_length.__self__ }}", "is unsafe"),
    ],
)
def test_template_errors_are_located(write, text, message):
    write(top=text, lib="a: 1\n")
    assert message in refusal(cols=1)


def test_errors_in_included_files_are_located_there(write):
    write(top="a: {{include('lib.yaml')}}\nb: {{include_text('t.yaml')}}\n", lib="x: [1\n", t="\n{{nope}}")
    problems = refusal().split("\n")
    assert problems[0].startswith("lib.yaml:2:1: malformed YAML")
    assert problems[1].startswith("t.yaml:2:1: template error: variable 'nope' is not defined")


def test_yaml_errors_after_rendering_name_the_source_line(write):
    write(top="{% for i in range(3) %}\nk{{i}}: 1\n{% endfor %}\nbad: [1, 2\nz: 1\n")
    assert refusal().startswith("top.yaml:5:2: malformed YAML")


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(10**9) %}{% endfor %}",
        "{% set r = range(1000) %}{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% endfor %}{% endfor %}",
        "a: {{ 'x' * 10**9 }}",
        "a: {{ [0] * 10**9 }}",
        "a: {{ 10 ** (10 ** 9) }}",
        "a: {{ 'x'|center(10**9) }}",
        "a: {{ 'x'.ljust(10**9) }}",
        "a: {{ '%1000000000d' % 1 }}",
        "a: {{ '{:1000000000}'.format(1) }}",
        "a: {{ '{:{}}'.format(1, 10**9) }}",
        "a: {{ '%*d'|format(10**9, 1) }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "a: {{ lipsum(n=1000000) }}",
    ],
)
def test_runaway_templates_are_stopped(write, text):
    write(top=text)
    assert "template error" in refusal()


@pytest.mark.parametrize(
    "text", ["a: {{ x|default(5000000) }}", "a: {{ '%d'|format(5000000) }}", "a: {{ 5000 * 1000 }}"]
)
def test_large_numbers_are_no_crime(write, text):
    write(top=text)
    assert load() == {"a": 5000000}


def test_including_in_a_chain_is_bounded(write):
    write(
        top="a: {{include('f0.yaml')}}",
        **{f"f{i}": f"a: {{{{include('f{i + 1}.yaml')}}}}" for i in range(30)},
        f30="a: 1",
    )
    assert "files include each other more than 20 deep" in refusal()


def test_including_in_a_tree_is_bounded(write):
    files = {f"f{i}": "".join(f"k{j}: {{{{include('f{i + 1}.yaml')}}}}\n" for j in range(10)) for i in range(8)}
    write(top="a: {{include('f0.yaml')}}", **files, f8="a: 1")
    assert refusal()


def test_including_text_in_a_tree_is_bounded(write):
    files = {f"f{i}": f"{{{{include_text('f{i + 1}.yaml')}}}}\n" * 10 for i in range(9)}
    write(top="{{include_text('f0.yaml')}}", **files, f9="# text\n")
    assert "the rendered text is longer" in refusal()
