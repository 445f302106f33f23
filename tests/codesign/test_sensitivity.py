from __future__ import annotations

import jax
import numpy as np
import pytest

from accelax.codesign.choice import Goal
from accelax.codesign.sensitivity import group, slopes, trend
from accelax.encode import encode
from accelax.encode.knobs import at_values
from accelax.search.exact_batch import exact_costs
from tests.codesign.small import specification

GOAL = Goal(1.0, 1.0)
KNOBS = {"variables.buffer_depth": 16.0, "variables.bandwidth": 4.0}


@pytest.fixture(scope="module")
def fixed():
    spec = specification(4, 4, 4, lanes=2)
    problem = encode(spec)
    batch = problem.sample(jax.random.key(3), 40)
    cost = exact_costs(problem, batch.replace(residual=()))
    place = int(np.argmin(np.where(np.asarray(cost.violation) > 0, np.inf, np.asarray(cost.energy))))
    return spec, problem, problem.decode(batch, place)


def log_at(fixed, hardware) -> float:
    _, problem, mapping = fixed
    energy, cycles = trend(group([(1, problem, mapping)])[0], hardware)
    return float(np.log(energy) + np.log(cycles))


def test_slopes_agree_with_finite_differences(fixed) -> None:
    spec, problem, mapping = fixed
    found = {slope.name: slope for slope in slopes([(1, problem, mapping)], spec, GOAL, KNOBS)}
    for path, value in KNOBS.items():
        ends = []
        for step in (1e-5, -1e-5):
            with jax.enable_x64(True):  # traced, a depth need not be a whole number
                machine = jax.jit(lambda v, path=path: at_values(spec, problem, {path: v}).hardware)(
                    value * np.exp(step)
                )
            ends.append(log_at(fixed, jax.tree.map(float, machine)))
        assert found[path].slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-8)
    for name, field, level in (("DRAM.read_energy", "read_energy", 0), ("Buffer.fill_energy", "fill_energy", 1)):
        ends = []
        for step in (1e-5, -1e-5):
            column = list(getattr(problem.hardware, field))
            column[level] *= np.exp(step)
            ends.append(log_at(fixed, problem.hardware.replace(**{field: tuple(column)})))
        slope = found[name].slope if name in found else 0.0
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-8)


def test_energies_share_the_energy(fixed) -> None:
    # Energy is linear in all prices: with energy as the objective their slopes add up to 1.
    spec, problem, mapping = fixed
    found = slopes([(2, problem, mapping)], spec, Goal(1.0, 0.0), {})
    assert sum(s.slope for s in found if s.name.endswith("_energy")) == pytest.approx(1.0)
    assert [abs(s.slope) for s in found] == sorted((abs(s.slope) for s in found), reverse=True)


def test_ranking_is_that_of_an_exact_sweep_of_one_number_after_the_other(fixed) -> None:
    spec, problem, mapping = fixed
    found = [s for s in slopes([(1, problem, mapping)], spec, GOAL, {}) if s.name.endswith("_energy")]
    rows = problem.encode_mappings([mapping])
    changes = {}
    for slope in found:
        name, field = slope.name.rsplit(".", 1)
        logs = []
        for factor in (1.1, 1 / 1.1):
            held = getattr(problem.hardware, field)
            if isinstance(held, tuple):
                column = list(held)
                column[problem.structure.level_names.index(name)] *= factor
                new = tuple(column)
            else:
                new = held * factor
            cost = exact_costs(problem.replace(hardware=problem.hardware.replace(**{field: new})), rows)
            logs.append(float(np.log(np.asarray(cost.energy * cost.cycles)).ravel()[0]))
        changes[slope.name] = abs(logs[0] - logs[1])
    assert sorted(changes, key=changes.get, reverse=True) == [slope.name for slope in found]
