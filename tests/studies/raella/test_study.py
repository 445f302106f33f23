"""The whole study: totals, agreement with the general evaluation and search, and what breaks it off."""

from __future__ import annotations

from typing import Any

import pytest

import accelax
from accelax.encode import encode
from accelax.errors import SpecError
from accelax.search.exhaustive import ExhaustiveSearch
from accelax.search.objective import parse_objective
from accelax.spec.timeloop.packing import IN_MEMORY_STEPS, packed
from accelax.studies.raella.machines import ARCHITECTURES
from accelax.studies.raella.statistics import Statistics
from accelax.studies.raella.study import GROUPS, OTHER, StudyResult, grouped, mapping_of, run_study


def test_every_layer_is_mapped_on_every_architecture(study: StudyResult) -> None:
    assert study.architectures == tuple(entry.name for entry in ARCHITECTURES)
    assert study.networks == ("resnet18", "shufflenet1_0")
    for name in study.architectures:
        assert [result.layer.index for result in study.of(name, "resnet18")] == list(range(21))
        assert [result.layer.index for result in study.ends(name, "resnet18")] == [0, 10, 20]
    assert len(study.layers) == 4 * (21 + 57)


def test_totals_are_conserved(study: StudyResult) -> None:
    for name in study.architectures:
        whole = study.energy_J(name, "shufflenet1_0")
        layers = study.of(name, "shufflenet1_0")
        assert sum(study.groups_J(name, "shufflenet1_0").values()) == pytest.approx(whole, rel=1e-12)
        assert sum(sum(result.solution.energy_pJ.values()) for result in layers) == pytest.approx(whole * 1e12)
        assert sum(study.areas_mm2[name].values()) == pytest.approx(study.area_mm2(name))


def test_groups_hold_every_component_once() -> None:
    members = [component for group in GROUPS.values() for component in group]
    assert len(set(members)) == len(members)
    sums = grouped({"pim_cell": 2.0, "eDRAM_buf": 3.0, "on_chip_network": 1.0, "dff": 0.5})
    assert (sums["Crossbar"], sums["Global Data Movement"], sums[OTHER]) == (2.0, 4.0, 0.5)


def test_the_first_layer_by_hand(study: StudyResult) -> None:
    # 64 filters of 3 x 7 x 7 on 112 x 112 positions for 32 images, each input in 8 steps. ISAAC: cells of 2 bits, so 4
    # columns to a weight, and 3 crossbars for 3 channels of 49 rows; each converts on its own.
    isaac = study.of("isaac_like", "resnet18")[0]
    converts = 32 * 112 * 112 * 64 * 8 * 4 * 3
    assert isaac.solution.energy_pJ["column_readout"] == pytest.approx(converts * 16e3 / 8 / 1200, rel=1e-8)
    # RAELLA has 147 rows in one crossbar, 3 slices, and speculation leaves 42 % of the conversions of 1.42 pJ.
    raella = study.of("raella", "resnet18")[0]
    converts = 32 * 112 * 112 * 64 * 8 * 3
    assert raella.solution.energy_pJ["column_readout"] == pytest.approx(converts * 1.42 * 0.42)
    assert raella.seconds == raella.solution.cycles * 1e-9


def test_the_baseline_is_compared_with_itself(study: StudyResult) -> None:
    assert study.efficiency("isaac_like", "resnet18") == 1.0
    assert study.speedup("isaac_like", "resnet18") == 1.0
    # 65536 tiles, of which every layer has 16 at least.
    slowest = max(result.seconds for result in study.of("isaac_like", "resnet18"))
    assert study.batches_per_second("isaac_like", "resnet18") > 65536 / 16 / 21 / 2 / slowest
    assert 4.5 < study.efficiency("raella", "resnet18") < 5.5


PICKS = [("isaac_like", "resnet18", 10), ("raella", "shufflenet1_0", 21), ("raella", "resnet18", 15)]


@pytest.mark.parametrize(("name", "network", "index"), PICKS)
def test_a_result_is_what_evaluate_and_a_full_search_say(
    study: StudyResult, name: str, network: str, index: int
) -> None:
    result = study.of(name, network)[index]
    spec: Any
    spec, mapping = mapping_of(result)
    assert spec.mapspace.contains(mapping)
    report = accelax.evaluate(spec.with_mapping(mapping)).to_dict()
    assert report["cycles"] == result.solution.cycles
    assert report["energy_pJ"] == pytest.approx(result.solution.total_pJ, rel=1e-14)
    search = ExhaustiveSearch(encode(packed(spec, IN_MEMORY_STEPS)), parse_objective("edp"))  # type: ignore[arg-type]
    while not search.done:
        search.advance(float("inf"), 10.0)
    assert search.best[0] == pytest.approx(result.solution.total_pJ * result.solution.cycles, rel=1e-9)


def test_an_interrupt_keeps_what_is_done() -> None:
    def interrupt(machine: str, counted: int) -> None:
        if machine == "raella":
            raise KeyboardInterrupt

    study = run_study(("qdqbert",), progress=interrupt)
    assert study.interrupted
    assert study.architectures == ("isaac_like",)

    def at_once(machine: str, counted: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(("qdqbert",), progress=at_once)


def test_a_layer_without_room_is_named() -> None:
    # 768 rows take 6 crossbars, 4 x 768 columns 24: 144 crossbars, of which a tile has 12 x 8.
    with pytest.raises(SpecError, match=r"isaac_like with 1 tile has no room for layer 0 of qdqbert, .* and 67 more"):
        run_study(("qdqbert",), tiles=1, architectures=ARCHITECTURES[:1])


def test_recorded_statistics_decide() -> None:
    recorded = {("resnet18", index): Statistics(slices=2, adc_share=0.5) for index in range(21)}
    study = run_study(("resnet18",), recorded, architectures=ARCHITECTURES[3:])
    converts = 32 * 112 * 112 * 64 * 8 * 2
    assert study.layers[0].solution.energy_pJ["column_readout"] == pytest.approx(converts * 1.42 * 0.5)
