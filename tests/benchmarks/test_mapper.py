"""The mapper benchmark: which pairs there are, that its rivals get what it says, and what its rows add up to."""

from __future__ import annotations

import doctest
import json
import sys
from pathlib import Path

import mapper
import mapper_pairs
import mapper_table
import mapper_times
import mapper_zigzag
import pytest

import accelax as ax
from accelax.ir import LoweredLevels


def lowered(spec: ax.Specification) -> LoweredLevels:
    result = spec.lowered()
    assert isinstance(result, LoweredLevels)
    return result


@pytest.fixture(scope="module")
def cube() -> ax.Specification:
    """A product of 8 x 8 matrices on the two-level machine."""
    return mapper_pairs.matrix_product("two_level", {"M": 8, "N": 8, "K": 8})


@pytest.mark.parametrize("module", [mapper_pairs, mapper_table, mapper_times, mapper_zigzag])
def test_docstring_examples(module):
    assert doctest.testmod(module).failed == 0


class TestPairs:
    def test_every_distinct_layer_on_every_machine(self):
        """6 layers on 2 machines; 12 + 31 + 6 + 6 layers in all networks."""
        found = mapper_pairs.pairs(["gpt2"], ["eyeriss_like", "two_level"])
        assert len({pair.key for pair in found}) == len(found) == 12
        folders = [mapper_pairs.CONFIGS / "workload" / network for network in mapper_pairs.NETWORKS]
        assert sum(len(list(folder.glob("layer_*.yaml"))) for folder in folders) == 55

    def test_a_limit_is_one_of_each_network(self):
        found = mapper_pairs.pairs(["resnet18", "gpt2"], ["two_level"], 2)
        assert [pair.layer for pair in found] == ["layer_01", "layer_02"] * 2

    def test_a_matrix_product_keeps_the_size_of_every_tensor_as_a_convolution(self):
        """4 x 6 weights, 5 x 6 inputs and 5 x 4 outputs."""
        einsum = lowered(mapper_pairs.matrix_product("eyeriss_like", {"M": 5, "N": 4, "K": 6})).einsum
        sizes = {t.name: _words(einsum, t) for t in einsum.tensors}
        assert sizes == {"Weights": 24, "Inputs": 30, "Outputs": 20}

    def test_products_of_a_network_are_convolutions_where_constraints_name_their_ranks(self):
        file, layer = mapper_pairs.network_layers("bert_base", "eyeriss_like")[3]
        assert (file, layer.name, layer.count) == ("layer_04", "feed_forward.expand", 12)
        bounds = dict(lowered(layer.specification).einsum.bounds)
        assert bounds == {"C": 768, "M": 3072, "R": 1, "S": 1, "N": 1, "P": 1, "Q": 512}


def _words(einsum, tensor) -> int:
    bounds, words = dict(einsum.bounds), 1
    for axis in tensor.projection:
        words *= 1 + sum(coefficient * (bounds[rank] - 1) for rank, coefficient in axis)
    return words


class TestRandom:
    def test_it_ends_after_the_limit_in_whole_batches(self, cube):
        rival = mapper_pairs.LimitedSampling(early=1, limit=8193)
        found = ax.map(cube, objective="edp", seconds=60, searcher=rival)
        assert found.evaluated == 2 * 8192

    def test_the_early_value_is_that_of_the_first_mappings(self, cube):
        # Batches hold 8,192 mappings: the first 8,192 are all of the first batch, one is a part of it.
        values = []
        for early in (1, 200, 8192):
            rival = mapper_pairs.LimitedSampling(early, limit=16384)
            found = ax.map(cube, objective="edp", seconds=60, searcher=rival).value
            values.append(rival.early_value)
        alone = ax.map(cube, objective="edp", seconds=60, searcher=mapper_pairs.LimitedSampling(1, 1)).value
        assert values == sorted(values, reverse=True)
        assert values[-1] == pytest.approx(alone, rel=1e-4)
        assert found <= alone

    def test_a_row_tells_both_verdicts(self, cube):
        pair = mapper_pairs.Pair("none", "cube", "two_level", cube, 1)
        best = ax.map(cube, objective="edp", seconds=20)
        assert best.optimal
        row = {"value": best.value, "evaluated": 100}
        found = mapper_pairs.measure_random(pair, row, times=10, least=10000, most=10**9, seed=0)
        assert found["random_evaluated"] == 16384
        assert {found["random_verdict"], found["early_verdict"]} <= {"better", "equal"}
        worse = mapper_pairs.measure_random(pair, {**row, "value": best.value * 1e3}, 10, 1, 10**9, 0)
        assert worse["random_verdict"] == worse["early_verdict"] == "worse"


class TestTable:
    ROWS = (
        {
            "machine": "a",
            "network": "x",
            "gap": 0.0,
            "seconds": 1.0,
            "cpu_s": 1.0,
            "random_verdict": "better",
            "early_verdict": "better",
        },
        {
            "machine": "b",
            "network": "x",
            "gap": 0.04,
            "seconds": 3.0,
            "cpu_s": 2.0,
            "random_verdict": "equal",
            "early_verdict": "better",
        },
        {"machine": "b", "network": "x", "gap": 0.5, "seconds": 8.0, "cpu_s": 4.0},
    )

    def test_shares_and_verdicts(self):
        summary = mapper_table.gap_summary(self.ROWS)
        assert list(summary) == ["all", "a", "b", "x"]
        assert summary["all"]["within_5_percent"] == pytest.approx(2 / 3)
        assert summary["all"]["within_1_percent"] == pytest.approx(1 / 3)
        assert summary["all"]["mean_seconds"] == 4.0
        assert summary["all"]["most_cpu_s"] == 4.0
        assert summary["all"]["random_pairs"] == 2
        assert summary["all"]["random_better"] == 0
        assert summary["all"]["random_beaten"] == 0.5
        assert summary["all"]["random_beaten_at_10x"] == 1.0
        assert summary["b"]["largest_gap"] == 0.5

    def test_zigzag_counts_what_was_skipped(self):
        rows = [
            {"verdict": "better", "value": 1.0, "zigzag_value": 3.0},
            {"skipped": "uneven", "value": 1.0},
            {"verdict": "worse", "value": 2.0, "zigzag_value": 1.0},
        ]
        summary = mapper_table.zigzag_summary(rows)
        assert (summary["mappings"], summary["compared"], summary["skipped"]) == (3, 2, {"uneven": 1})
        assert not summary["never_better"]


class TestResults:
    def run(self, monkeypatch, out: Path, *options: str) -> None:
        fixed = ["--parts", "gaps", "--networks", "bert_base", "--machines", "two_level", "--seconds", "5"]
        monkeypatch.setattr(sys, "argv", ["mapper.py", *fixed, "--out", str(out), "--json", *options])
        monkeypatch.setattr(mapper, "keep_compiled_programs", lambda: None)
        mapper.main()

    def test_a_portion_is_kept_and_not_measured_again(self, monkeypatch, tmp_path, capsys):
        out = tmp_path / "mapper.json"
        self.run(monkeypatch, out, "--layers-limit", "1", "--tolerance", "0.05")
        first = json.loads(out.read_text())
        assert [row["layer"] for row in first["pairs"]] == ["layer_01"]
        row = first["pairs"][0]
        assert row["gap"] <= 0.05
        assert 0 < row["to_5_percent_cpu_s"] <= row["cpu_s"]
        assert json.loads(capsys.readouterr().out) == first
        measured = []

        def note(pair, seconds, tolerance, seed):
            measured.append(pair.layer)
            return {**first["pairs"][0], "layer": pair.layer}

        monkeypatch.setattr(mapper, "measure_gap", note)
        self.run(monkeypatch, out, "--layers-limit", "2")
        assert measured == ["layer_02"]
        assert [row["layer"] for row in json.loads(out.read_text())["pairs"]] == ["layer_01", "layer_02"]
        assert list(tmp_path.iterdir()) == [out]

    def test_tables_of_all_parts(self):
        data = {
            "summary": mapper_table.gap_summary(TestTable.ROWS),
            "times": [{"question": "cube", "met": True}],
            "zigzag_summary": {"compared": 1},
        }
        text = mapper.summary_text(data)
        assert "within_5_percent" in text
        assert "cube" in text
        assert '"compared": 1' in text


def test_times_tell_first_from_later_calls(cube):
    row = mapper_times.one_layer("two_level", cube, tolerance=0.0, seconds=5.0, target_s=5.0)
    assert row["gap"] <= 1e-8
    assert row["met"]
    assert not mapper_times.one_layer("two_level", cube, 0.0, 5.0, target_s=0.0)["met"]
