"""The emulation of Timeloop against what Timeloop reports, and against small nests worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.timeloop_collapse import collapse
from tests.oracle.timeloop_files import Case, read_case
from tests.oracle.timeloop_nest import NestInput, NestLevel, NestLoop, NestResult, analyse, subtract, volume

GOLDEN = Path(__file__).parent.parent / "golden" / "timeloop"
NOT_EMULATED = {
    "068_env_updated_rmw": "another accounting of partial sums, off by default",
    "106_net_mn_distributed": "distributed multicast",
}
"""Further, files 5xx are about the front end, and the reader of this test takes plain numbers only."""


def _is_plain(path: Path) -> bool:
    """Whether a recorded case is dense, valid and written in full."""
    if path.name in NOT_EMULATED or path.name[0] not in "016" or not (path / "input.yaml").exists():
        return False
    expected = json.loads((path / "expected.json").read_text())
    return expected["valid"] and not expected.get("sparse")


CASES = sorted(path.name for path in GOLDEN.iterdir() if _is_plain(path))
LEVEL_FIELDS = ("tile_size", "reads", "fills", "updates", "utilized_instances")


def _reported(case: Case, result: NestResult) -> dict[tuple[str, str], tuple[float, ...]]:
    found = collapse(result, case.keep, case.outputs, case.rules)
    return {
        (case.names[level], case.tensors[tensor]): (a.tile, a.reads, a.fills, a.updates, a.replication)
        for level, row in enumerate(found)
        for tensor, a in row.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_reproduces_timeloop(name: str) -> None:
    case = read_case(GOLDEN / name / "input.yaml")
    expected: dict[str, Any] = json.loads((GOLDEN / name / "expected.json").read_text())
    result = analyse(case.nest)
    wanted = {
        (level, tensor): tuple(fields[key] for key in LEVEL_FIELDS)
        for level, entry in expected["levels"].items()
        for tensor, fields in entry["tensors"].items()
    }
    assert _reported(case, result) == wanted
    unit = expected["compute_unit"]
    cycles = result.temporal_iterations if result.imperfect else result.computes
    assert (cycles, result.max_units) == (unit["cycles"], unit["utilized_instances"])
    assert result.computes * result.compute_replication == pytest.approx(expected["computes"], rel=1e-12)


def _vector(*levels: NestLevel) -> NestResult:
    """One rank, one tensor ``A[m]``."""
    return analyse(NestInput(levels, ((((0, 1),),),), 1))


def _accesses(result: NestResult, level: int) -> float:
    return sum(words for words, _ in result.networks[level][0].accesses.values())


def test_the_last_tile_is_short_when_its_own_loop_is_imperfect() -> None:
    """7 = 2 trips of (4, then 3): loop (3, 2) around (3, 1): 0 * 3 + 1 = 1, 1 * 3 + 0 = 3 -> bound 4."""
    result = _vector(NestLevel((NestLoop(0, 3, 2),)), NestLevel((NestLoop(0, 3, 1),)))
    assert result.sizes == [[4], [3]]
    assert _accesses(result, 0) == 4, "a tile of 3 and a tile of 1"
    assert (result.computes, result.temporal_iterations) == (4, 9)


def test_a_loop_that_divides_reports_its_second_tile_for_its_last() -> None:
    """Loop of 3 around (4, 1): bound 9, tiles 4, 4, 1. Timeloop repeats the second delta: 4 + 2 * 4."""
    result = _vector(NestLevel((NestLoop(0, 3, 3),)), NestLevel((NestLoop(0, 4, 1),)))
    assert result.sizes[0] == [9]
    assert _accesses(result, 0) == 12
    assert result.computes == 9, "inside, the last iteration is run"


def test_only_the_first_lane_is_evaluated() -> None:
    """Temporal 2, spatial (3, 2), temporal (2, 1): bound 1 * 3 + 1 = 4, 4 * 2 + 0 = 8, so 9 points on lanes of 2."""
    lanes = NestLevel((NestLoop(0, 3, 2),), is_fanout=True, mesh=(3, 1))
    result = _vector(NestLevel((NestLoop(0, 2, 2),)), lanes, NestLevel((NestLoop(0, 2, 1),)))
    assert result.networks[1][0].accesses[1, 3][0] == 6, "three lanes take two words each"
    assert result.networks[1][0].accesses[1, 2][0] == 4, "then two lanes: the second should take one word only"
    assert result.replication == [1.0, 1.0, 2.5]


def test_an_imperfect_spatial_loop_needs_a_loop_outside() -> None:
    with pytest.raises(ValueError, match="outermost loop"):
        _vector(NestLevel((NestLoop(0, 3, 2),), is_fanout=True, mesh=(3, 1)), NestLevel(()))


def test_box_difference_slices_rank_by_rank() -> None:
    pieces = subtract([((0, 4), (0, 4))], [((1, 5), (1, 5))])
    assert pieces == [((0, 1), (0, 4)), ((1, 4), (0, 1))]
    assert volume(pieces) == 7
