"""The fit of the SRAM law, on runs made up by hand, and that the library holds what the fit recorded."""

from __future__ import annotations

import json
from pathlib import Path

import fit_sram
import numpy as np
import pytest

from accelax.components.library import sram


def run(width: int, depth: int, node: int, area: float, read: float) -> fit_sram.Run:
    return {
        "width": width, "depth": depth, "node": node, "read": read, "write": read, "area": area, "leak": area,
        "cycle": area,
    }  # fmt: skip


def invented(width: int, depth: int, node: int) -> fit_sram.Run:
    """Twice the bits in area and the root of the bits in energy, both five times at 90 nm."""
    scale = 5.0 if node == 90 else 1.0
    return run(width, depth, node, scale * 2.0 * width * depth, scale * (width * depth) ** 0.5)


@pytest.fixture
def grid() -> list[fit_sram.Run]:
    return [invented(w, d, node) for w in sram.WIDTHS for d in sram.DEPTHS for node in map(int, sram.NODES)]


def test_a_law_among_the_forms_is_found_exactly(grid: list[fit_sram.Run]) -> None:
    report = fit_sram.fit(grid, [invented(100, 700, 45)])

    assert report["area"]["figures"] == pytest.approx([2.0, 0.0, 0.0, 0.0], abs=1e-9)
    assert report["area"]["by_node"][90] == pytest.approx(5.0)
    assert report["area"]["error"][45][1] == pytest.approx(0.0, abs=1e-9)
    assert report["read"]["by_node"][90] == pytest.approx(5.0)
    assert report["read"]["error"][45][1] == pytest.approx(0.0, abs=1e-9)


def test_a_memory_that_was_not_run_continues_its_neighbours(grid: list[fit_sram.Run]) -> None:
    least = [r for r in grid if r["width"] * r["depth"] <= fit_sram.MOST_BITS]

    assert fit_sram.knots(least, "read")[-1, -1] == pytest.approx((512 * 65536) ** 0.5)


def test_the_library_holds_the_recorded_fit(root: Path) -> None:
    recorded = json.loads((root / "benchmarks" / "results" / "fit_sram.json").read_text())

    for name, knots, factors in (
        ("read", sram.READ_PJ, sram.READ_BY_NODE), ("write", sram.WRITE_PJ, sram.WRITE_BY_NODE),
    ):  # fmt: skip
        np.testing.assert_allclose(knots, recorded[name]["figures"], rtol=1e-3)
        np.testing.assert_allclose(factors, list(recorded[name]["by_node"].values()), rtol=1e-3)
    for name, law in (("area", sram.area_um2), ("leak", sram.leakage_W), ("cycle", sram.cycle_s)):
        terms = zip(recorded[name]["figures"], fit_sram.FORMS[name], strict=True)
        assert law(100.0, 700.0) == pytest.approx(sum(c * 100.0**i * 700.0**j for c, (i, j) in terms), rel=1e-3)
