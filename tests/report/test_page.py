"""The HTML page: well-formed, complete in itself, the same each time, with all text escaped."""

from __future__ import annotations

import copy
import itertools
import re
from html.parser import HTMLParser

import pytest

from accelax.report.page import page_of, render, write_page
from accelax.report.results import results_of

pytest.importorskip("matplotlib")

VOID = {"meta", "br", "hr", "img", "link", "input"}
EVERY = ("level_result", "tree_result", "search", "network", "front", "sweep", "codesign")


class Reader(HTMLParser):
    """Checks that elements are closed in the order in which they were opened; collects ids, links and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without a beginning"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


_rendered: dict[str, str] = {}


def page_about(request, name: str) -> str:
    """The page about a fixture, made once."""
    if name not in _rendered:
        _rendered[name] = render(page_of(results_of(request.getfixturevalue(name))))
    return _rendered[name]


@pytest.fixture
def html(request) -> str:
    return page_about(request, request.param)


@pytest.mark.parametrize("html", EVERY, indirect=True)
def test_every_page_stands_by_itself(html):
    page = read(html)
    assert "http" not in html
    assert not {"script", "link", "img", "iframe"} & set(page.seen)
    assert "@import" not in html
    links = [value for name in ("href", "src", "xlink:href") for value in page.values(name)]
    identities = page.values("id")
    assert len(identities) == len(set(identities))
    assert all(link.startswith(("#", "data:")) for link in links)
    assert {link[1:] for link in links if link.startswith("#")} <= set(identities)
    used = re.findall(r"url\(#([^)]+)\)", html)
    assert set(used) <= set(identities)


@pytest.mark.parametrize("html", EVERY, indirect=True)
def test_every_picture_has_words_and_every_part_a_heading(html):
    page = read(html)
    drawings = page.seen.count("svg")
    assert drawings >= 1
    assert len(re.findall(r'<svg[^>]* role="img"[^>]*><title>[^<]{20,}', html)) == drawings
    assert page.seen.count("figcaption") == drawings
    assert page.seen.count("h1") == 1
    levels = [int(tag[1]) for tag in page.seen if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert ("html", "lang", "en") in page.attributes


def test_figures_take_the_colours_of_the_page(request):
    html = page_about(request, "search")
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert "var(--ink)" in drawings
    assert "#1b1e23" not in drawings
    assert "prefers-color-scheme: dark" in html


def test_what_the_page_of_a_search_says(request):
    html = page_about(request, "search")
    text = " ".join(" ".join(read(html).text).split())
    for words in (
        "Search for a mapping: convolution", "best energy 100, gap 20 %", "energy found 100 pJ", "lower bound 80 pJ",
        "accelax map a.yaml", "versions accelax 0.1.0", "mapping: [a <b>]", "712.4 µJ in all. The most by level:",
        "Traffic and energy by level and tensor", "weights_spad Weights 192", "Pareto front : there is no front",
    ):  # fmt: skip
        assert words.replace(" :", ":") in text.replace(" :", ":")


def test_what_the_pages_of_others_say(request):
    def text(name: str) -> str:
        return " ".join(" ".join(read(page_about(request, name)).text).split())

    assert "conv1, 3 times (also conv2)" in text("network")
    assert "not every layer has a mapping" in text("network")
    assert "energy at least 800000 pJ" in text("front")
    assert "3: energy 3e+06, delay 500, last_level_accesses 4" in text("front")
    assert "4 points, 3 of them valid" in text("sweep")
    assert "Points, the best first (3 of 3)" in text("sweep")
    assert "Sensitivity, with the mappings fixed" in text("codesign")
    assert "variables.pe 2 -0.5000" in text("codesign")


def test_names_are_text_and_never_markup(search):
    wicked = copy.deepcopy(search)
    wicked["run"]["files"] = ["<script>alert(1)</script>.yaml"]
    wicked["run"]["command"] = 'accelax map "</pre><b>"'
    wicked["result"]["workload"] = {"<i>conv": {}}
    wicked["result"]["levels"]["<u>& $x_$"] = wicked["result"]["levels"].pop("DRAM")
    html = render(page_of(results_of(wicked)))
    page = read(html)
    assert not {"script", "i", "u", "b"} & set(page.seen)
    assert "<script>alert(1)</script>.yaml" in "".join(page.text)


def test_the_same_page_each_time(request, tmp_path):
    first = page_about(request, "search")
    left_out = write_page(results_of(request.getfixturevalue("search")), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == first
    assert left_out == {"Pareto front": "there is no front: map --pareto, codesign and sweep give one"}


def test_a_search_that_found_nothing(search):
    nothing = {**search, "result": None, "mapping": None, "value": None, "history": [], "reason": "RF needs 9 words"}
    html = render(page_of(results_of(nothing)))
    assert "no valid mapping: RF needs 9 words" in html
    assert "no valid mapping was found" in html
    assert "svg" not in read(html).seen


def test_a_sweep_tells_its_command_beside_its_settings(sweep):
    page = page_of(results_of({"run": {"command": "accelax sweep s.yaml", "files": ["dir/a.yaml"]}, **sweep}))
    assert page.title == "Sweep: a.yaml"
    assert page.command == "accelax sweep s.yaml"
    assert page.origin is not None
    assert page.origin.rows == (("files", "dir/a.yaml"), ("objective", "edp"), ("seed", "0"))
