"""Small machines for sweeps."""

from __future__ import annotations

import pytest

import accelax as ax

BUFFER = "architecture.buffer.attributes."
MEMORY = "architecture.main_memory.attributes."


@pytest.fixture
def small(root):
    """Two levels, one matrix product, and a mapping that fills the 512 words of the buffer exactly."""
    names = "arch/two_level.yaml", "workload/bert_base/layer_03.yaml", "mapping/two_level_bert_base.yaml"
    return ax.Specification.from_yaml_files(*(root / "configs" / name for name in names))


@pytest.fixture
def tree(root):
    """The AccelForge dialect."""
    names = "arch/accelforge_array.yaml", "workload/accelforge_matmul.yaml", "mapping/accelforge_array_matmul.yaml"
    return ax.Specification.from_yaml_files(*(root / "configs" / name for name in names))
