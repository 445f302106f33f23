"""Statistics of layers: typical ones, recorded ones, and files with mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelax.errors import SpecError
from accelax.studies.raella.networks import layers_of
from accelax.studies.raella.statistics import COLUMNS, Statistics, read_statistics, statistics_of

HEADER = ["dnn", "layer", "name", *COLUMNS]
ROW = ["resnet18", "3", "layer1.1.conv1", "0.1", "0.1", "0.4", "0.7", "0.05", "3", "4", "0.45"]


def write(tmp_path: Path, *rows: list[str]) -> Path:
    path = tmp_path / "statistics.csv"
    path.write_text("\n".join(",".join(row) for row in (HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def test_a_recorded_layer(tmp_path: Path) -> None:
    found = read_statistics(write(tmp_path, ROW))
    assert found == {("resnet18", 3): Statistics(0.1, 0.1, 0.4, 0.7, 0.05, 3, 4, 0.45)}


def test_every_mistake_is_located(tmp_path: Path) -> None:
    bad = [
        ["resnet19", *ROW[1:]],
        [*ROW[:1], "21", *ROW[2:]],
        [*ROW[:3], "many", *ROW[4:]],
        [*ROW[:8], "2.5", *ROW[9:]],
        [*ROW[:10], "1.5"],
        ROW[:4],
    ]
    with pytest.raises(SpecError) as caught:
        read_statistics(write(tmp_path, ROW, ROW, *bad))
    texts = [str(problem).partition("statistics.csv:")[2] for problem in caught.value.problems]
    assert texts == [
        "3:1: layer: layer 3 of resnet18 occurs twice",
        "4:1: dnn: unknown network 'resnet19'; did you mean 'resnet18'?",
        "5:1: layer: resnet18 has layers 0 to 20, not 21",
        "6:1: layer: layer 3 of resnet18 occurs twice",
        "6:1: in_isaac: expected a number from 0 to 1, got 'many'",
        "7:1: layer: layer 3 of resnet18 occurs twice",
        "7:1: units_per_weight: expected a whole number from 1 to 8, got '2.5'",
        "8:1: layer: layer 3 of resnet18 occurs twice",
        "8:1: adc_share_raella: expected a number from 0 to 1, got '1.5'",
        "9:1: expected 11 values, found 4",
    ]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "statistics.csv"
    path.write_text("dnn,layer,in_isac\n", encoding="utf-8")
    with pytest.raises(SpecError, match="no column 'in_isaac'; did you mean 'in_isac'") as caught:
        read_statistics(path)
    assert len(caught.value.problems) == len(COLUMNS)


def test_an_empty_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "statistics.csv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(SpecError, match="the file is empty"):
        read_statistics(path)
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(SpecError, match="not a text file"):
        read_statistics(path)


def test_typical_statistics_need_no_file() -> None:
    found = statistics_of(layers_of("resnet18"))
    assert set(found.values()) == {Statistics()}
    assert found["resnet18", 20].slices == 3
    # Signed inputs: half of the bits of an offset encoding are ones.
    assert {entry.input_isaac for entry in statistics_of(layers_of("qdqbert")).values()} == {0.5}


def test_a_record_must_have_every_layer(tmp_path: Path) -> None:
    recorded = read_statistics(write(tmp_path, ROW))
    with pytest.raises(SpecError, match=r"layers resnet18 0, resnet18 1, .* and 15 more"):
        statistics_of(layers_of("resnet18"), recorded)
