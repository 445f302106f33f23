"""Fixtures for all tests. The library sets none of jax's global flags; a test that needs one asks for it here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def x64() -> Iterator[None]:
    """Double precision in jax, for the length of one test."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture
def eyeriss_figures() -> dict:
    """A result of the Timeloop dialect: two levels and the compute unit, with round numbers worked by hand.

    DRAM reads 1,024 + 1,024 words in lines of 4 (64 pJ a line) and takes 1,024 updates (70 pJ): 2 * 256 * 64 + 256 * 70
    = 50,688 pJ. RF (2 instances, lines of one word): 512 reads of A (1 pJ) and 512 fills (2 pJ) each: 2 * 1,536 =
    3,072 pJ, and leaks 0.5 pJ * 2,000 cycles * 2 = 2,000 pJ. MAC: 2,048 * 3 pJ = 6,144 pJ. RF needs 2,000
    cycles, the MACs 1,024.
    """
    return json.loads((Path(__file__).parent / "report" / "two_levels.json").read_text())
