"""The loop nest: every level, loop and fan-out is there, inner boxes lie within outer ones."""

from __future__ import annotations

import itertools

import pytest

from accelax.report.figures import draw_all, draw_nests
from accelax.report.figures.nest import CELLS, draw_nest
from accelax.report.figures.style import LeftOut
from accelax.report.results import Part, results_of

pytest.importorskip("matplotlib")

MAC = {"kind": "compute", "einsum": "Z", "component": "MAC"}
NEST = [
    {"kind": "storage", "component": "DRAM", "tensors": {"A": 4096, "B": 7}},
    {"kind": "temporal", "rank": "K", "trips": 7, "last_trips": 3},
    {"kind": "spatial", "rank": "M", "trips": 64, "component": "PE", "dimension": "X"},
    {"kind": "spatial", "rank": "N", "trips": 3, "component": "PE", "dimension": "Y"},
    {"kind": "toll", "component": "NoC", "tensors": ["A"]},
    {"kind": "storage", "component": "RF", "tensors": {"B": 1}},
    MAC,
]


def drawn(nest):
    axes = draw_nest(Part("Z", 1, {"nest": nest})).axes[0]
    return axes, [text.get_text() for text in axes.texts]


def frames(axes) -> list:
    from matplotlib.patches import FancyBboxPatch

    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    return [box for box in boxes if box.get_edgecolor()[3] > 0]


def test_what_the_boxes_say():
    _, texts = drawn(NEST)
    assert texts == [
        "DRAM", "A 4,096 · B 7 words", "for K × 7 (3 in the last visit)", "PE: 64 × 3 instances",
        "in parallel along X: M × 64", "in parallel along Y: N × 3", "NoC: A pass", "RF", "B 1 word", "MAC: Z",
    ]  # fmt: skip


def test_inner_boxes_lie_within_outer_ones():
    axes, _ = drawn(NEST)
    boxes = frames(axes)
    assert len(boxes) == 4
    for outer, inner in itertools.pairwise(boxes):
        (x0, y0), (x1, y1) = (outer.get_x(), outer.get_y()), (inner.get_x(), inner.get_y())
        assert x0 < x1 < x1 + inner.get_width() < x0 + outer.get_width()
        assert y0 < y1 < y1 + inner.get_height() < y0 + outer.get_height()
    assert [box.get_linestyle() for box in boxes] == ["-", "--", "-", "-"]


def test_a_fan_out_is_a_grid_of_as_many_cells_as_fit():
    from matplotlib.patches import Rectangle

    axes, _ = drawn(NEST)
    assert sum(isinstance(patch, Rectangle) for patch in axes.patches) == CELLS * 3


def test_long_lines_are_broken():
    tensors = {f"a_long_name_of_a_tensor_{n}": 10**9 for n in range(8)}
    _, texts = drawn([{"kind": "storage", "component": "DRAM", "tensors": tensors}, MAC])
    assert len(texts) > 5
    assert max(map(len, texts)) < 100


def test_branches_are_boxes_of_their_own():
    _, texts = drawn([{"kind": "temporal", "rank": "P", "trips": 2}, {"kind": "pipeline", "branches": [[MAC], [MAC]]}])
    assert texts[1:] == ["branch 1 of 2, at the same time", "MAC: Z", "branch 2 of 2, at the same time", "MAC: Z"]


def test_nests_of_all_layers_or_of_the_largest(network):
    results = results_of(network)
    assert [one.title for one in draw_nests(results)] == ["Loop nest: conv1", "Loop nest: conv3"]
    assert [one.layer for one in draw_nests(results, 1)] == ["conv1"]


def test_a_page_shows_the_nests_of_the_costliest_layers(network, monkeypatch):
    from accelax.report import page

    monkeypatch.setattr(page, "MOST_NESTS", 1)
    found = page.page_of(results_of(network))
    assert [len(layer.figures) for layer in found.layers] == [1, 0]
    assert dict(found.left_out)["Loop nest"].startswith("1 more, of layers with less energy: accelax plot RESULT")


def test_an_older_result_has_no_nest(eyeriss_figures):
    with pytest.raises(LeftOut, match="holds no loop nest"):
        draw_nests(results_of(eyeriss_figures))
    found, left_out = draw_all(results_of(eyeriss_figures))
    assert [one.kind for one in found] == ["energy", "latency"]
    assert list(left_out) == ["roofline", "pareto", "history", "loopnest"]
