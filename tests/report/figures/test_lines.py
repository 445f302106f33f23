"""Rooflines, fronts and histories: lines and points are where the numbers put them."""

from __future__ import annotations

import pytest

from accelax.report.figures.front import draw_front
from accelax.report.figures.history import draw_history
from accelax.report.figures.roof import draw_roofline
from accelax.report.figures.style import LeftOut
from accelax.report.results import results_of

pytest.importorskip("matplotlib")


def line(axes, label: str) -> list[tuple[float, float]]:
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return [(float(x), float(y)) for x, y in zip(*found.get_data(), strict=True)]


def test_roofs_end_at_the_peak(level_result):
    (axes,) = draw_roofline(results_of(level_result)).axes
    # 168 MACs at 5 ns; DRAM reads 294,912 + 245,760 and takes 100,352 words of 2 bytes: 641,024 words
    ((x, y),) = line(axes, "DRAM")
    assert x == pytest.approx(115605504 / (2 * 641024))
    assert y == pytest.approx(115605504 / 0.00344064)
    # its ports read 4 words a cycle: 540,672 words take 135,168 cycles; 1,282,048 bytes in those
    bandwidth = 1282048 / (135168 * 5e-9)
    roof = axes.lines[0]
    assert roof.get_xdata()[1] == pytest.approx(168 / 5e-9 / bandwidth)
    assert roof.get_ydata()[1] == pytest.approx(168 / 5e-9)
    assert axes.get_ylabel() == "computes per second"


def test_layers_are_points_of_the_outermost_level(network, level_result):
    (axes,) = draw_roofline(results_of(network)).axes
    assert line(axes, "conv1 ×3") == line(axes, "conv3")
    assert axes.get_xlabel() == "computes per byte of DRAM"
    assert "bandwidth of DRAM" in [each.get_label() for each in axes.lines]


def test_a_roofline_without_bandwidths_is_left_out_with_the_reason(eyeriss_figures):
    with pytest.raises(LeftOut, match="does not tell the word sizes and bandwidths"):
        draw_roofline(results_of(eyeriss_figures))


def test_a_front_of_three_metrics_has_three_panels(front):
    panels = draw_front(results_of(front)).axes
    first = panels[0]
    assert (first.get_xlabel(), first.get_ylabel()) == ("energy (µJ)", "delay (cycles)")
    assert line(first, "no other is better in both") == [(1.0, 900.0), (2.0, 400.0)]
    assert line(first, "best in other metrics") == [(3.0, 500.0)]
    assert line(first, "lower bound") == [(pytest.approx(0.8), 0.0), (pytest.approx(0.8), 1.0)]
    assert len(panels) == 3
    assert line(panels[2], "no other is better in both") == [(400.0, 6.0), (500.0, 4.0)]


def test_points_of_a_sweep_with_the_front_among_them(sweep):
    (axes,) = draw_front(results_of(sweep)).axes
    assert line(axes, "no other is better in both") == [(1.0, 30.0), (3.0, 10.0)]
    assert line(axes, "other points") == [(2.0, 40.0)]


def test_a_single_search_has_no_front(search):
    with pytest.raises(LeftOut, match="there is no front"):
        draw_front(results_of(search))


def test_history_goes_on_until_the_search_stopped(search):
    (axes,) = draw_history(results_of(search)).axes
    assert line(axes, "best found") == [(0.5, 400.0), (1.0, 200.0), (2.0, 100.0), (3.0, 100.0)]
    bound = line(axes, "lower bound")
    assert bound[0][1] != bound[0][1]  # nothing was proved yet
    assert bound[1:] == [(1.0, 50.0), (2.0, 80.0), (3.0, 80.0)]
    assert axes.get_title(loc="left") == "convolution: gap 20 %"
    assert axes.get_ylabel() == "energy (pJ)"


def test_a_search_without_a_bound_and_one_before_anything_was_found(search):
    search["history"] = [[0.5, None, 0.0], [1.0, 200.0, 0.0]]
    (axes,) = draw_history(results_of(search)).axes
    assert "lower bound" not in [each.get_label() for each in axes.lines]
    assert axes.get_title(loc="left") == "convolution: no bound"


def test_every_layer_has_its_history(network):
    panels = draw_history(results_of(network)).axes
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles[:2] == ["conv1: gap 20 %", "conv3: gap 20 %"]


def test_no_history(level_result):
    with pytest.raises(LeftOut, match="no history"):
        draw_history(results_of(level_result))
