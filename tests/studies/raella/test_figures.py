"""The plots are drawn, with bars as high as the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelax.studies.raella import figures
from accelax.studies.raella.study import GROUPS, OTHER, StudyResult

pytest.importorskip("matplotlib")


def test_every_network_is_drawn(study: StudyResult, tmp_path: Path) -> None:
    files = figures.draw_study(study, tmp_path)
    kinds = ("_layer", "_first_middle_last", "")
    expected = {f"{network}{kind}.png" for network in study.networks for kind in kinds} | {"networks.png"}
    assert {file.name for file in files} == expected
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_bars_are_stacked_to_the_total(study: StudyResult) -> None:
    figure, axes = figures._figure(1, 1)
    stacks = [study.groups_J(name, "resnet18") for name in study.architectures]
    figures._stacked(axes, study.architectures, stacks, "energy")
    tops = [0.0] * len(stacks)
    for container in axes.containers:
        tops = [max(top, bar.get_y() + bar.get_height()) for top, bar in zip(tops, container, strict=True)]
    assert tops == pytest.approx([study.energy_J(name, "resnet18") for name in study.architectures])
    labels = axes.get_legend_handles_labels()[1]
    # Other has no energy, and so no part in the bars.
    assert labels == list(GROUPS)
    assert OTHER not in labels
    assert figure is not None
