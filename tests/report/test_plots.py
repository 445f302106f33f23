"""Plots are files, and a missing matplotlib is an error that says what to install."""

from __future__ import annotations

import sys

import pytest

from accelax.errors import AccelaxError, SpecError
from accelax.report.plots import plot_front, plot_history

HISTORY = [(0.1, 30.0, 0.0), (0.5, 20.0, 5.0), (0.9, 20.0, 20.0)]


def test_the_history_shows_value_and_bound(tmp_path):
    pytest.importorskip("matplotlib")
    plot_history(HISTORY, "edp", tmp_path / "history.svg")
    text = (tmp_path / "history.svg").read_text()
    assert all(word in text for word in ("lower bound", "best found", "energy-delay product", "seconds", "gap 0 %"))
    plot_history(HISTORY[:1], "edp", tmp_path / "unproved.svg")
    assert "lower bound" not in (tmp_path / "unproved.svg").read_text()


def test_the_same_bytes_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    for ending in ("svg", "png"):
        files = [tmp_path / f"{name}.{ending}" for name in "ab"]
        for file in files:
            plot_history(HISTORY, "edp", file)
        assert files[0].read_bytes() == files[1].read_bytes()


def test_an_ending_that_is_no_picture_is_bad_input(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(SpecError, match=r"x\.txt: expected a name that ends in \.png or \.svg, got 'x\.txt'"):
        plot_history(HISTORY, "edp", tmp_path / "x.txt")


def test_a_front_of_two_metrics(tmp_path):
    pytest.importorskip("matplotlib")
    plot_front([(2.0, 3.0), (1.0, 4.0)], ("energy", "delay"), tmp_path / "front.svg")
    assert "delay" in (tmp_path / "front.svg").read_text()
    with pytest.raises(AccelaxError, match="3 metrics"):
        plot_front([], ("a", "b", "c"), tmp_path / "x.svg")


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(AccelaxError, match=r"accelax\[plot\]"):
        plot_history(HISTORY, "edp", tmp_path / "x.png")
