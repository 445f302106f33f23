"""The specification that most tests of the drop-in use: the one of the example, smaller."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "timeloop_dropin"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Copies of arch.yaml, problem.yaml and mapper.yaml in a directory of their own."""
    copies = [tmp_path / "in" / name for name in ("arch.yaml", "problem.yaml", "mapper.yaml")]
    copies[0].parent.mkdir()
    for copy in copies:
        shutil.copy(EXAMPLE / copy.name, copy)
    problem = copies[1].read_text().replace("{M: 64, N: 64, K: 64}", "{M: 8, N: 8, K: 8}")
    copies[1].write_text(problem)
    return copies
