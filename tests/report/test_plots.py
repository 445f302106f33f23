"""Plots are files, and a missing matplotlib is an error that says what to install."""

from __future__ import annotations

import sys

import pytest

from accelax.errors import AccelaxError
from accelax.report.plots import plot_front, plot_history

HISTORY = [(0.1, 30.0, 0.0), (0.5, 20.0, 5.0), (0.9, 20.0, 20.0)]


def test_the_history_shows_value_and_bound(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    plot_history(HISTORY, "edp", tmp_path / "history.svg")
    text = (tmp_path / "history.svg").read_text()
    assert all(word in text for word in ("lower bound", "best mapping", "edp", "seconds"))
    plot_history(HISTORY[:1], "edp", tmp_path / "unproved.svg")
    assert "lower bound" not in (tmp_path / "unproved.svg").read_text()


def test_a_front_of_two_metrics(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    plot_front([(2.0, 3.0), (1.0, 4.0)], ("energy", "delay"), tmp_path / "front.svg")
    assert "delay" in (tmp_path / "front.svg").read_text()
    with pytest.raises(AccelaxError, match="3 metrics"):
        plot_front([], ("a", "b", "c"), tmp_path / "x.svg")


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(AccelaxError, match=r"accelax\[plot\]"):
        plot_history(HISTORY, "edp", tmp_path / "x.png")
