"""What packing leaves open: every split, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from accelax.studies.raella.counting import count
from accelax.studies.raella.leftovers import ALL_PLACES, Unit, list_candidates
from accelax.studies.raella.machines import Machine, Prices, architecture_of
from accelax.studies.raella.openings import Openings
from accelax.studies.raella.search import FLOOR, Task, solve

DEPTHWISE = Unit((1, 1, 3, 3, 14, 14, 192, 2, 2), slices=2, batch=32)
DENSE = Unit((64, 96, 1, 1, 7, 7, 1, 1, 1), slices=3, batch=4)
WINDOW = Unit((16, 32, 3, 3, 6, 6, 1, 1, 1), slices=3, batch=2)


@pytest.fixture(scope="module")
def raella() -> Machine:
    return Machine(architecture_of("raella"))


@pytest.fixture(scope="module")
def openings(raella: Machine) -> Openings:
    return Openings(raella.problem, raella.lanes, ALL_PLACES)


def test_every_mapping_does_the_whole_layer(openings: Openings) -> None:
    candidates = list_candidates(openings, [DEPTHWISE, DENSE])
    for number, unit in enumerate((DEPTHWISE, DENSE)):
        factors = candidates.factors(np.flatnonzero(candidates.unit == number))
        bounds = dict(zip("CMRSPQG", unit.shape, strict=False)) | {
            "N": unit.batch,
            "L": 8 * unit.slices,
            "I": 8,
            "T": 8,
        }
        for rank, bound in bounds.items():
            index = openings.structure.ranks.index(rank)
            done = math.prod(factor for (_, other), factor in factors.items() if other == index)
            assert np.all(done == bound), rank


def test_groups_without_a_crossbar_go_to_columns(openings: Openings) -> None:
    # 192 groups: 4 crossbars, 8 macros and 6 of 16 tiles hold all. 960 groups: 4, 8 and 15, so two share columns.
    wide = Unit((1, 1, 3, 3, 7, 7, 960, 1, 1), slices=2, batch=32)
    candidates = list_candidates(openings, [DEPTHWISE, wide])
    found = candidates.factors(np.arange(len(candidates.unit)))
    groups = {level: found[openings.slot(level, "G")] for level in ("crossbar", "macro", "tile", "column")}
    for number, expected in ((0, (4, 8, 6, 1)), (1, (4, 8, 15, 2))):
        mine = candidates.unit == number
        rows = [np.broadcast_to(groups[level], len(mine))[mine] for level in ("crossbar", "macro", "tile", "column")]
        assert [np.unique(row).tolist() for row in rows] == [[float(factor)] for factor in expected]


def test_counting_a_small_list_by_hand(openings: Openings) -> None:
    # 1x1, 512 -> 256 channels in 2 slices fill rows and columns. Of one image of 1 x 2, P = 2 may stand at the
    # crossbar, macro, input_buffer or eDRAM_buf; I = 8 is always in time.
    unit = Unit((512, 256, 1, 1, 2, 1, 1, 1, 1), slices=2, batch=1)
    candidates = list_candidates(openings, [unit])
    assert len(candidates.unit) == 4
    assert sorted(candidates.steps.tolist()) == [8.0, 8.0, 16.0, 16.0]


def test_columns_and_cells_do_the_same_in_every_mapping(raella: Machine, openings: Openings) -> None:
    candidates = list_candidates(openings, [DEPTHWISE, DENSE, WINDOW])
    picks = candidates.fitting(np.arange(len(candidates.unit)))
    counts = count(candidates, picks, [raella.problem.hardware])
    floor = np.isin(openings.structure.level_names, FLOOR)
    lines = counts.lines.reshape(len(picks), 3, -1)[:, 0, floor]
    for number in range(3):
        mine = lines[candidates.unit[picks] == number]
        assert len(mine) > 1
        np.testing.assert_array_equal(mine, np.broadcast_to(mine[0], mine.shape))
    assert counts.fits.all()


def test_what_fits_is_what_the_model_says(raella: Machine, openings: Openings) -> None:
    candidates = list_candidates(openings, [DEPTHWISE, WINDOW])
    picks = np.arange(0, len(candidates.unit), 5)
    counts = count(candidates, picks, [raella.problem.hardware])
    np.testing.assert_array_equal(picks[counts.fits], candidates.fitting(picks))
    assert not counts.fits.all()


@pytest.mark.parametrize("unit", [DEPTHWISE, DENSE, WINDOW])
def test_the_search_finds_the_best_of_all(raella: Machine, openings: Openings, unit: Unit) -> None:
    hardware = raella.problem.hardware
    energies = np.array([hardware.read_energy, hardware.fill_energy, hardware.update_energy])
    prices = Prices(energies, np.array(hardware.leak_energy), hardware)
    candidates = list_candidates(openings, [unit])
    everything = count(candidates, np.arange(len(candidates.unit)), [hardware])
    rows = np.flatnonzero(everything.fits)
    products = everything.energies(rows, prices, 0).sum(axis=1) * everything.cycles[rows, 0]
    counted = []
    (solution,) = solve(raella, [Task(unit, prices)], counted.append)
    assert solution.total_pJ * solution.cycles == pytest.approx(products.min(), rel=1e-12)
    assert sum(counted) < len(rows)


def test_floor_prices_of_nothing_leave_every_mapping_open(raella: Machine) -> None:
    # Where columns cost nothing, no mapping can be left out by what they cost.
    hardware = raella.problem.hardware
    energies = np.array([hardware.read_energy, hardware.fill_energy, hardware.update_energy])
    energies[:, np.isin(raella.problem.structure.level_names, FLOOR)] = 0.0
    counted = []
    solve(raella, [Task(WINDOW, Prices(energies, np.zeros(energies.shape[1]), hardware))], counted.append)
    openings = Openings(raella.problem, raella.lanes, ALL_PLACES)
    candidates = list_candidates(openings, [WINDOW])
    assert sum(counted) == len(candidates.fitting(np.arange(len(candidates.unit))))


def test_a_machine_of_one_tile_has_no_places_there() -> None:
    machine = Machine(architecture_of("raella"), batch=WINDOW.batch, tiles=1)
    assert "tile" not in machine.lanes
    hardware = machine.problem.hardware
    energies = np.array([hardware.read_energy, hardware.fill_energy, hardware.update_energy])
    (solution,) = solve(machine, [Task(WINDOW, Prices(energies, np.zeros(energies.shape[1]), hardware))])
    done = math.prod(solution.factors.values())
    # Steps and lanes together do every computation: 32 x 6 x 6 x 16 x 9 x 2 of 8 x 24 x 8 bits.
    assert done == 32 * 6 * 6 * 16 * 9 * 2 * 8 * 24 * 8
