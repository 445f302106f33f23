"""Every number of the hardware is a float, so that gradients exist with respect to all of them."""

from __future__ import annotations

from pathlib import Path

import jax
import pytest

import accelax as ax

FILES = Path(__file__).parent.parent / "broken"


@pytest.mark.parametrize("dialect", ["timeloop", "accelforge"])
def test_all_leaves_are_floating_point(dialect):
    problem = ax.encode(ax.Specification.from_yaml_files(FILES / f"{dialect}.yaml"))
    leaves = jax.tree_util.tree_leaves_with_path(problem.hardware)
    kinds = {jax.tree_util.keystr(path): jax.numpy.asarray(leaf).dtype.kind for path, leaf in leaves}
    assert {path: kind for path, kind in kinds.items() if kind != "f"} == {}
