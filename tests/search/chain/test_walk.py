"""The walk against the exact model: what a label carries never exceeds what its mapping costs."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_problem import LevelProblem
from accelax.evaluation import evaluate
from accelax.ir import Mapping
from accelax.search.chain.placement import Placement, prices_of
from accelax.search.chain.tables import ChainTables
from accelax.search.chain.togo import ToGo
from accelax.search.chain.walk import OutOfRoom, Walk
from tests.search.chain.machines import conv1d, gemm
from tests.search.small_problems import small_problems


class Told(Walk):
    """A walk that keeps the least promise of the labels at every boundary."""

    def _step(self, slot, labels):
        labels = yield from super()._step(slot, labels)
        self.promises = [*getattr(self, "promises", []), self.outlook.promise(slot + 1, labels, self.table).min()]
        return labels


def along(problem: LevelProblem, mapping: Mapping, energy: float, delay: float) -> Told:
    """The walk of one mapping: every rank may only take the mapping's own tiles."""
    batch = problem.encode_mappings([mapping])
    tables = ChainTables(problem)
    factor = np.array([[float(np.ravel(f)[0]) for f in row] for row in batch.factor])
    kept = np.array([[float(np.ravel(k)[0]) for k in row] for row in batch.keep]) > 0
    fanout = problem.structure.is_fanout
    keep = tuple(tuple(bool(k) and not fanout[level] for k in row) for level, row in enumerate(kept))
    for slot in range(tables.levels):
        below = np.prod([factor[tables.level(s)] for s in range(slot)], axis=0) if slot else np.ones(tables.ranks)
        above = below * factor[tables.level(slot)]
        for rank, extents in enumerate(tables.divisors):
            tables.steps[slot][rank] = [
                np.flatnonzero(extents == above[rank]) if extent == below[rank] else np.zeros(0, int)
                for extent in extents
            ]
    tables.forget()
    placement = Placement(tables, prices_of(tables, False), keep)
    walk = Told(placement, ToGo(placement, energy, delay), np.inf, 1 << 20)
    for _ in walk.run():
        pass
    return walk


@pytest.mark.parametrize("seed", range(8))
def test_no_label_costs_more_than_a_mapping_with_its_tiles(seed):
    """The cheapest order of a mapping's tiles, by the labels, is no dearer than the mapping itself is exactly."""
    for small in small_problems(700 + seed, 3, "timeloop"):
        spec = small.specification()
        problem = ax.encode(spec)
        batch = jax.device_get(problem.sample(jax.random.key(seed), 4))
        for i in range(4):
            mapping = problem.decode(batch, i)
            exact = evaluate(spec.with_mapping(mapping)).to_dict()
            if not exact["valid"]:
                continue
            for weights, value in (
                ((1.0, 0.0), exact["energy_pJ"]),
                ((0.0, 1.0), exact["cycles"]),
                ((1.0, 1.0), exact["energy_pJ"] * exact["cycles"]),
            ):
                walk = along(problem, mapping, *weights)
                assert len(walk.labels)
                assert walk.values.min() <= value * (1 + 1e-9), (small.name, weights, mapping.to_yaml())
                assert max(walk.promises) <= value * (1 + 1e-9), (small.name, weights, mapping.to_yaml())
                assert walk.togo.root <= value * (1 + 1e-9), (small.name, weights, mapping.to_yaml())


def test_a_label_is_exact_where_nothing_is_left_out():
    """No halo, no elision of spatial sums, no links: the best label is the best mapping, to rounding."""
    spec = gemm(depth=64, sizes={"M": 12, "N": 8, "K": 6})
    problem = ax.encode(spec)
    tables = ChainTables(problem)
    keep = ((True, True, True), (True, True, True), (False, False, False))
    placement = Placement(tables, prices_of(tables, False), keep)
    walk = Walk(placement, ToGo(placement, 1.0, 0.0), np.inf, 1 << 20)
    for _ in walk.run():
        pass
    assert len(walk.labels) >= 1
    assert walk.togo.root <= walk.values.min()


def test_a_walk_can_be_left_and_taken_up_again():
    spec = conv1d(P=8, R=3, K=4)
    tables = ChainTables(ax.encode(spec))
    placement = Placement(tables, prices_of(tables, False), ((True,) * 3, (True,) * 3, (False,) * 3))
    togo = ToGo(placement, 1.0, 1.0)
    straight, paused = (Walk(placement, togo, np.inf, 1 << 20) for _ in range(2))
    for _ in straight.run():
        pass
    pauses = paused.run()
    count = 0
    for _ in pauses:
        count += 1
    assert count >= tables.levels
    assert straight.values.min() == paused.values.min()


def test_nothing_is_left_below_a_limit_that_nothing_reaches():
    tables = ChainTables(ax.encode(conv1d(P=8, R=3, K=4)))
    placement = Placement(tables, prices_of(tables, False), ((True,) * 3, (True,) * 3, (False,) * 3))
    togo = ToGo(placement, 1.0, 0.0)
    walk = Walk(placement, togo, togo.root * 0.5, 1 << 20)
    for _ in walk.run():
        pass
    assert len(walk.labels) == 0


def test_a_walk_says_whether_its_beam_lost_anything():
    tables = ChainTables(ax.encode(gemm(depth=512, sizes={"M": 4, "N": 4, "K": 4})))
    placement = Placement(tables, prices_of(tables, False), ((True,) * 3, (True,) * 3, (False,) * 3))
    togo = ToGo(placement, 1.0, 1.0)
    narrow, wide, full = (Walk(placement, togo, np.inf, 1 << 20, beam) for beam in (2, 1000, 0))
    for walk in (narrow, wide, full):
        for _ in walk.run():
            pass
    assert (narrow.cut, wide.cut, full.cut) == (True, False, False)
    assert wide.values.min() == full.values.min()
    assert 0 < narrow.effort < wide.effort == full.effort


def test_too_many_labels_are_refused():
    tables = ChainTables(ax.encode(gemm(depth=512, sizes={"M": 64, "N": 64, "K": 64})))
    placement = Placement(tables, prices_of(tables, False), ((True,) * 3, (True,) * 3, (False,) * 3))
    walk = Walk(placement, ToGo(placement, 1.0, 1.0), np.inf, 8)
    with pytest.raises(OutOfRoom):
        for _ in walk.run():
            pass
