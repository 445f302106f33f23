"""The comparison with RAELLA's artifact: how a run is read, and that differences are seen. The runs are made up."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import raella
import raella_golden

from accelax.ir import LoweredLevels, Spatial, Temporal

ROW = {
    "dnn": "net", "layer": "3", "name": "conv", "C": "8", "M": "16", "R": "3", "S": "3", "P": "4", "Q": "4", "G": "1",
    "Wstride": "1", "Hstride": "1", "in_isaac": "0.2", "w_isaac_artifact": "0.6", "in_raella": "0.3",
    "in_raella_nospec": "0.1", "w_raella": "0.05", "adc_share_raella": "0.4", "units_per_weight": "3",
    "units_per_weight_2b": "4",
}  # fmt: skip
MAPPING = {
    "inter_tile_spatial_dummy": ["N2s"],
    "eDRAM_buf": ["Q4t", "P4t"],
    "output_register": ["I8t"],
    "inter_column_spatial_dummy": ["L3s", "M16s"],
    "inter_cim_unit_spatial_dummy": ["S3s", "R3s", "C8s"],
    "inter_bitwise_virtualization_spatial_dummy": ["T8s", "L8s"],
}


def make_run(**changes: Any) -> dict[str, Any]:
    """A run whose energies and cycles are those of the model, but for ``changes``."""
    run = {"arch": "raella", "dnn": "net", "layer": 3, "batch": 2, "tiles": 2, "mapping": MAPPING}
    result = raella_golden.evaluated(run, ROW)
    return {**run, "energy_pJ": raella_golden.energies(result), "cycles": result["cycles"], **changes}


def test_batch_tiles_and_statistics_reach_the_specification() -> None:
    lowered = raella_golden.specification("raella", ROW, batch=6, tiles=5).lowered()
    assert isinstance(lowered, LoweredLevels)
    assert {rank: size for rank, size in lowered.einsum.bounds if rank in "NL"} == {"N": 6, "L": 24}
    assert next(level for level in lowered.machine.levels if level.name == "on_chip_network").mesh_x == 5
    readout = next(level for level in lowered.machine.levels if level.name == "column_readout")
    assert readout.read_energy == pytest.approx(0.4 * 1.42)


def test_each_architecture_has_its_own_columns() -> None:
    assert raella_golden.statistics("isaac_like", ROW) == {"INPUT_VALUE": 0.2, "WEIGHT_VALUE": 0.6}
    plain = {"INPUT_VALUE": 0.1, "WEIGHT_VALUE": 0.05, "ADC_SHARE": 1.0, "INPUT_PASSES": 1}
    assert raella_golden.statistics("raella_no_speculation", ROW) == plain | {"CIM_UNITS_PER_WEIGHT": 3}
    assert raella_golden.statistics("raella_no_speculation_2b_cells", ROW) == plain | {"CIM_UNITS_PER_WEIGHT": 4}
    speculating = raella_golden.statistics("raella", {**ROW, "dnn": "qdqbert"})
    assert (speculating["INPUT_VALUE"], speculating["ADC_SHARE"], speculating["INPUT_PASSES"]) == (0.3, 0.4, 2)


def test_a_mapping_is_read_loop_by_loop() -> None:
    lowered = raella_golden.specification("raella", ROW, batch=2).lowered()
    assert isinstance(lowered, LoweredLevels)
    mapping = raella_golden.mapping_of(lowered, MAPPING)
    loops = [(node.rank, node.tile_shape) for node in mapping.nodes if isinstance(node, Temporal)]
    assert loops == [("Q", 1), ("P", 1), ("I", 1)]
    spaces = [(node.component, node.rank) for node in mapping.nodes if isinstance(node, Spatial)]
    assert spaces[:3] == [("tile", "N"), ("column", "L"), ("column", "M")]


@pytest.mark.parametrize(
    "change", [{"inter_bugfix_spatial_dummy": ["P2s"]}, {"eDRAM_buf": ["Q4t"]}, {"eDRAM_buf": ["Q4t", "P3t"]}]
)
def test_a_mapping_of_something_else_is_refused(change: dict[str, list[str]]) -> None:
    lowered = raella_golden.specification("raella", ROW, batch=2).lowered()
    assert isinstance(lowered, LoweredLevels)
    with pytest.raises(ValueError, match="does not fit"):
        raella_golden.mapping_of(lowered, MAPPING | change)


def test_differences_are_found() -> None:
    same = make_run()
    energies = same["energy_pJ"]
    more = make_run(energy_pJ={**energies, "shift_add": energies["shift_add"] / 1.25})
    longer = make_run(cycles=same["cycles"] + 1)
    unknown = make_run(energy_pJ={**energies, "photonics": 1.0})
    rows = {("net", 3): ROW}
    lines = raella_golden.compare([same, more, longer, unknown], rows)
    assert [line["error"] for line in lines[:3]] == pytest.approx([0, 0.25, 0])
    assert lines[1]["component"] == "shift_add"
    assert [line["cycles_agree"] for line in lines] == [True, True, False, True]
    assert lines[3]["error"] == float("inf")
    found = raella_golden.summary(lines[:3])
    assert found == {"raella": {"component_energy_max_rel": pytest.approx(0.25), "cycles_wrong": 1}}


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_printed(tmp_path: Path, monkeypatch: Any, capsys: Any, as_json: bool) -> None:
    runs, table = tmp_path / "runs.json", tmp_path / "layers.csv"
    runs.write_text(json.dumps([make_run()]))
    table.write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n")
    own = {"own": {"raella": {"edp_ratio_max": 1.0, "capacity_violations": 0}}, "warm_s": 1.0, "cold_s": 2.0}
    monkeypatch.setitem(sys.modules, "raella_study", SimpleNamespace(measure=lambda *_: own))
    arguments = ["raella.py", "--golden", str(runs), "--statistics", str(table)]
    monkeypatch.setattr(sys, "argv", arguments + (["--json"] if as_json else []))
    raella.main()
    printed = capsys.readouterr().out
    if as_json:
        assert set(json.loads(printed)) == {"runs", "golden", "own", "warm_s", "cold_s"}
        assert json.loads(printed)["golden"]["raella"]["cycles_wrong"] == 0
    else:
        assert "1 runs" in printed
        assert "raella" in printed
