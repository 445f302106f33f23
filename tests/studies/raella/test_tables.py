"""Rows of the study: what the files say is what was found."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from accelax.studies.raella.study import StudyResult
from accelax.studies.raella.tables import (
    PAPER,
    ablation_rows,
    as_dictionary,
    geometric_mean,
    mapping_text,
    mean_rows,
    write_tables,
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_round_trip(study: StudyResult, tmp_path: Path) -> None:
    paths = write_tables(study, tmp_path / "tables")
    assert [path.name for path in paths] == ["layers.csv", "networks.csv", "areas.csv"]
    layers, networks, areas = (read(path) for path in paths)
    assert len(layers) == len(study.layers)
    for row, result in zip(layers, study.layers, strict=True):
        assert (row["architecture"], row["dnn"], int(row["layer"])) == (
            result.architecture, result.layer.network, result.layer.index,
        )  # fmt: skip
        assert float(row["energy_uJ"]) == result.energy_J * 1e6
        assert float(row["cycles"]) == result.solution.cycles
        assert row["mapping"] == mapping_text(result.solution.factors)
    for row in networks:
        mine = [
            float(x["energy_uJ"]) for x in layers if (x["dnn"], x["architecture"]) == (row["dnn"], row["architecture"])
        ]
        assert sum(mine) == pytest.approx(float(row["energy_uJ"]))
        groups = sum(float(value) for name, value in row.items() if name.endswith(" uJ"))
        assert groups == pytest.approx(float(row["energy_uJ"]))
    assert sum(float(value) for name, value in areas[0].items() if name != "architecture") == pytest.approx(
        9.28, rel=1e-3
    )


def test_the_ablation_compares_with_the_baseline(study: StudyResult) -> None:
    rows = ablation_rows(study, "resnet18")
    assert [row["layer"] for row in rows] == [0] * 4 + [10] * 4 + [20] * 4
    assert [row["efficiency"] for row in rows[::4]] == [1.0] * 3
    assert rows[7]["efficiency"] == pytest.approx(rows[4]["energy_uJ"] / rows[7]["energy_uJ"])


def test_means_stand_next_to_the_paper(study: StudyResult) -> None:
    rows = {row["architecture"]: row for row in mean_rows(study)}
    networks = [study.efficiency("raella", network) for network in study.networks]
    assert rows["raella"]["efficiency"] == pytest.approx((networks[0] * networks[1]) ** 0.5)
    assert rows["raella"]["efficiency_paper"] is PAPER["raella"]["efficiency"]
    assert rows["isaac_like"]["speedup_paper"] is None
    assert str(PAPER["raella"]["efficiency"]) == "3.9 (2.9 to 4.9)"
    assert str(PAPER["raella_no_speculation"]["speedup"]) == "2.7"


def test_plain_data_for_json(study: StudyResult) -> None:
    figures = as_dictionary(study)
    assert figures["geometric_means"][3]["speedup_paper"] == {"mean": 2.0, "low": 0.7, "high": 3.3}
    assert len(figures["layers"]) == len(study.layers)
    assert not figures["interrupted"]


def test_a_geometric_mean_by_hand() -> None:
    assert geometric_mean([2.0, 4.0, 8.0]) == pytest.approx(4.0)
