"""Results: sums, aggregates and shares, by hand."""

from __future__ import annotations

import pickle

import pytest

import accelax.timeloop as tl


def stats(cycles: int = 10, size: int = 1, utilization: float = 0.5) -> tl.OutputStats:
    return tl.OutputStats(
        percent_utilization=utilization,
        computes=100,
        cycles=cycles,
        cycle_seconds=2e-9,
        per_component_energy={"mac": 3e-12, "buffer": 1e-12, "unused": 0.0},
        per_component_area={"mac": 2e-12, "buffer": 6e-12, "unused": 0.0},
        variables={"size": size, "function": max},
        accesses={"buffer": {"reads": 4, "fills": 2, "updates": 1}},
        mapping="nest",
    )


def test_totals_and_rates() -> None:
    one = stats()
    assert one.energy == pytest.approx(4e-12)
    assert one.area == pytest.approx(8e-12)
    assert one.edp == pytest.approx(4e-11)
    assert one.latency == pytest.approx(2e-8)
    assert one.computes_per_second == pytest.approx(5e9)
    assert one.computes_per_joule == pytest.approx(25e12)
    assert one.per_compute("energy") == pytest.approx(4e-14)
    assert one.per_compute("per_component_energy")["mac"] == pytest.approx(3e-14)
    assert (2 * one.per_component_area)["mac"] == pytest.approx(4e-12)
    assert one.to_dict()["per_component_energy"] == {"mac": 3e-12, "buffer": 1e-12, "unused": 0.0}
    assert pickle.loads(pickle.dumps(one)).variables == {"size": 1, "function": "function max"}


def test_runs_add_up() -> None:
    both = tl.OutputStats.aggregate([stats(10, utilization=0.5), stats(30, utilization=1.0)])
    assert (both.cycles, both.computes, both.percent_utilization) == (40, 200, 0.75)
    assert both.per_component_energy["mac"] == pytest.approx(6e-12)
    assert both.area == pytest.approx(8e-12)
    assert both.accesses == {"buffer": {"reads": 8, "fills": 4, "updates": 2}}
    assert both.mapping is None
    several = tl.OutputStatsList([stats(1, 1), stats(2, 2), stats(4, 1)])
    assert [one.cycles for one in several.aggregate_by("size")] == [5, 2]
    assert [len(group) for group in several.split_by("size", "computes")] == [2, 1]
    assert several.aggregate().cycles == 7


def test_components_are_combined_and_left_out() -> None:
    one = stats()
    one.combine_per_component_area_energy(["mac", "buffer"], "chip")
    assert one.per_component_energy == {"unused": 0.0, "chip": pytest.approx(4e-12)}
    one.clear_zero_energies()
    one.clear_zero_areas()
    assert list(one.per_component_area) == list(one.per_component_energy) == ["chip"]
    with pytest.raises(KeyError, match="did you mean 'chip'"):
        one.combine_per_component_energy(["chi"], "x")
    assert one.access("size") == 1
    with pytest.raises(AttributeError, match="did you mean 'cycles'"):
        one.access("cycle")
    one.scale_computes_by(2)
    assert (one.computes, one.computes_per_joule) == (200, pytest.approx(50e12))


def test_lists_of_results_are_changed_together() -> None:
    runs = tl.OutputStatsList([stats(), stats(20)])
    runs.combine_per_component_energy(["mac", "buffer"], "chip")
    runs.combine_per_component_area(["mac"], "logic")
    assert [sorted(run.per_component_energy) for run in runs] == [["chip", "unused"]] * 2
    assert [sorted(run.per_component_area) for run in runs] == [["buffer", "logic", "unused"]] * 2
    runs.clear_zero_energies()
    runs.clear_zero_areas()
    assert [list(run.per_component_energy) for run in runs] == [["chip"]] * 2
    assert [sorted(run.per_component_area) for run in runs] == [["buffer", "logic"]] * 2
    both = tl.OutputStatsList([stats(), stats()])
    both.combine_per_component_area_energy(["mac", "unused"], "logic")
    assert both[0].per_component_energy == {"buffer": 1e-12, "logic": 3e-12}
    assert both.aggregate().per_component_area == both[1].per_component_area
    assert repr(runs[0]) == "OutputStats(energy=4e-12 J, cycles=10, computes=100)"


def test_a_component_is_not_counted_twice() -> None:
    one = stats()
    with pytest.raises(KeyError, match="a component twice"):
        one.combine_per_component_energy(["mac", "mac"], "x")
    assert one.per_component_energy == stats().per_component_energy
