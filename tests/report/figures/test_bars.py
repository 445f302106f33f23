"""Energy and time: the bars have the heights of the numbers."""

from __future__ import annotations

import pytest

from accelax.report.figures.energy import draw_energy
from accelax.report.figures.latency import draw_latency
from accelax.report.figures.style import LIMITING, LeftOut
from accelax.report.results import results_of

pytest.importorskip("matplotlib")


def bars(axes, names=None) -> dict[tuple[str, str], float]:
    """Row and part to the width of the bar; rows are named by the axis, or by that of the panel beside it."""
    rows = [label.get_text() for label in (names or axes).get_yticklabels()]
    return {
        (rows[round(bar.get_y() + bar.get_height() / 2)], str(group.get_label())): bar.get_width()
        for group in axes.containers
        for bar in group
    }


def starts(axes) -> list[float]:
    return [bar.get_x() for group in axes.containers for bar in group if bar.get_width()]


def test_energy_by_level_and_tensor_of_one_problem(eyeriss_figures):
    (axes,) = draw_energy(results_of(eyeriss_figures)).axes
    found = bars(axes)
    assert axes.get_xlabel() == "energy (nJ)"
    assert found["DRAM", "Z"] == pytest.approx(17.92)
    assert found["RF", "A"] == pytest.approx(3.072)
    assert found["RF", "leakage"] == pytest.approx(2.0)
    assert found["MAC", "compute"] == pytest.approx(6.144)
    assert sum(found.values()) == pytest.approx(61.904)
    # each part begins where the one before ends: Z of DRAM after A and B
    assert max(starts(axes)) == pytest.approx(2 * 16.384)
    assert [text.get_text() for text in axes.texts] == ["81.9 %", "8.2 %", "9.9 %"]


def test_layers_count_as_often_as_they_occur(network, level_result):
    by_level, by_tensor, total = draw_energy(results_of(network)).axes
    assert [label.get_text() for label in by_level.get_yticklabels()] == ["conv1 ×3", "conv3"]
    whole = level_result["energy_pJ"] * 1e-9
    assert by_level.get_xlabel() == "energy by level (mJ)"
    for axes in (by_level, by_tensor):
        widths = bars(axes, by_level)
        assert sum(width for (row, _), width in widths.items() if row == "conv1 ×3") == pytest.approx(3 * whole)
        assert sum(width for (row, _), width in widths.items() if row == "conv3") == pytest.approx(whole)
    mac = 4 * level_result["compute_unit"]["energy_pJ"] * 1e-9
    assert total.get_xlabel() == "energy of all layers (mJ)"
    assert bars(total)["mac", "compute"] == pytest.approx(mac)


def test_the_level_that_limits_stands_out(eyeriss_figures):
    from matplotlib.colors import to_hex

    (axes,) = draw_latency(results_of(eyeriss_figures)).axes
    found = bars(axes)
    assert axes.get_xlabel() == "thousand cycles"
    assert found == {("RF", "limits the run"): 2.0, ("DRAM", "keeps up"): 1.024, ("MAC", "keeps up"): 1.024}
    colours = {str(group.get_label()): to_hex(group[0].get_facecolor()) for group in axes.containers}
    assert colours["limits the run"] == LIMITING
    (line,) = axes.lines
    assert list(line.get_xdata()) == [1.024, 1.024]


def test_cycles_that_networks_add_have_a_line(eyeriss_figures):
    eyeriss_figures["cycles"] = 2500
    (axes,) = draw_latency(results_of(eyeriss_figures)).axes
    assert {line.get_label(): line.get_xdata()[0] for line in axes.lines} == {
        "MAC (compute)": 1.024,
        "total, networks included": 2.5,
    }


def test_times_of_components(tree_result):
    (axes,) = draw_latency(results_of(tree_result)).axes
    assert axes.get_xlabel() == "time (ms)"
    found = bars(axes)
    assert found["MAC", "limits the run"] == pytest.approx(tree_result["latency"] * 1e3)
    assert [text.get_text() for text in axes.texts][2] == "no limit"


def test_times_of_layers_with_that_of_computing(network, level_result):
    (axes,) = draw_latency(results_of(network)).axes
    cycles = level_result["cycles"] * 1e-6
    assert bars(axes) == {
        ("conv1 ×3", "compute limits"): pytest.approx(3 * cycles),
        ("conv3", "compute limits"): pytest.approx(cycles),
    }
    assert list(axes.lines[0].get_xdata()) == pytest.approx([3 * cycles, cycles])
    assert axes.get_title(loc="left").startswith("all layers: 2.753 million cycles")


@pytest.mark.parametrize("draw", [draw_energy, draw_latency])
def test_a_front_has_neither(draw, front):
    with pytest.raises(LeftOut, match="the file gives totals of its points alone"):
        draw(results_of(front))
