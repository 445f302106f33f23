from __future__ import annotations

import json

import numpy as np

from accelax.cli.output import print_report, to_json
from accelax.ir import Compute, Einsum, Mapping, Storage, Temporal, Tensor
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.lowered import LevelConstraints, LevelReuse, LoweredLevels

EINSUM = Einsum("sum", (("K", 8),), (Tensor("A", ((("K", 1),),)),))
MACHINE = LevelMachine((Level("DRAM", read_energy=4), Level("RF", read_energy=1)), LevelCompute("MAC", energy=3))
MAPPING = Mapping((Storage("DRAM", ("A",)), Storage("RF", ("A",)), Temporal("K", 1), Compute("sum", "MAC")))
LOWERED = LoweredLevels(EINSUM, MACHINE, (LevelConstraints(),) * 2, (LevelReuse(),) * 2, MAPPING)


def test_json_holds_only_what_json_has():
    figures = {"a": np.float64(1.5), "b": [np.int64(2), float("nan")], "c": np.array([1, 2]), "d": True, 5: "µ"}
    assert json.loads(to_json(figures)) == {"a": 1.5, "b": [2, None], "c": [1, 2], "d": True, "5": "µ"}


def test_the_report_ends_with_the_terms_on_request(capsys, eyeriss_figures):
    print_report(eyeriss_figures, LOWERED)
    plain = capsys.readouterr().out
    print_report(eyeriss_figures, LOWERED, explain=True)
    explained = capsys.readouterr().out
    assert "RF [ A:8 ]" in plain
    assert "DRAM energy:" not in plain
    assert explained.startswith(plain)
    assert "DRAM energy: 50,688 pJ" in explained
    assert "total cycles:" in explained
