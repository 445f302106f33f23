from __future__ import annotations

import numpy as np
import pytest

from accelax.codesign.bounds import Known, Shares, network_log
from accelax.codesign.choice import Goal, Part, choose


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def test_the_product_of_sums_is_not_the_sum_of_products() -> None:
    # Alone a layer has edp 1 x 10 = 10 or 4 x 3 = 12. Two of it: 2 x 20 = 40, 5 x 13 = 65 or 8 x 6 = 48. Beside a layer
    # that takes long its delay hardly matters: 2 x 1010 against 5 x 1003; beside a hungry one its energy: 1001 x 11
    # against 1004 x 4.
    short = Part(1, column(1, 4), column(10, 3))
    assert [int(pick[0]) for pick in choose([short, short], Goal(1, 1)).picks] == [0, 0]
    slow = Part(1, column(1.0), column(1000.0))
    totals = choose([short, slow], Goal(1, 1))
    assert [int(pick[0]) for pick in totals.picks] == [0, 0]
    assert totals.energy[0] == 2
    assert totals.delay[0] == 1010
    hungry = Part(1, column(1000.0), column(1.0))
    totals = choose([short, hungry], Goal(1, 1))
    assert [int(pick[0]) for pick in totals.picks] == [1, 0]
    assert float(np.exp(totals.log[0])) == pytest.approx(1004 * 4)


def test_counts_weigh_and_what_does_not_fit_is_not_taken() -> None:
    layer = Part(3, column(np.inf, 2), column(np.inf, 5))
    totals = choose([layer], Goal(1, 1))
    assert (totals.energy[0], totals.delay[0]) == (6, 15)
    assert np.isinf(choose([Part(1, column(np.inf), column(np.inf))], Goal(0, 1)).log[0])


def test_choice_is_the_best_of_all_for_random_layers() -> None:
    random = np.random.default_rng(0)
    missed = 0
    for _ in range(100):
        parts = [Part(int(random.integers(1, 5)), *np.exp(random.normal(size=(2, 6, 1)))) for _ in range(3)]
        totals = choose(parts, Goal(1, 1))
        energy = np.add.outer(
            np.add.outer(*(p.count * p.energy[:, 0] for p in parts[:2])), parts[2].count * parts[2].energy[:, 0]
        )
        delay = np.add.outer(
            np.add.outer(*(p.count * p.delay[:, 0] for p in parts[:2])), parts[2].count * parts[2].delay[:, 0]
        )
        least = float(np.log(energy * delay).min())
        assert totals.log[0] >= least - 1e-12
        missed += totals.log[0] > least + 0.05
    assert missed <= 3


@pytest.mark.parametrize("goal", [Goal(1, 1), Goal(1, 0), Goal(0.3, 2)])
def test_jensen_is_below_every_network_and_tight_at_its_own_shares(goal) -> None:
    random = np.random.default_rng(1)
    counts = [1, 4, 2]
    for _ in range(200):
        energy, delay, other, late = np.exp(random.normal(size=(4, 3)))
        shares = Shares.of(counts * other, counts * late)
        alphas = shares.balance(goal)
        logs = alphas * np.log(energy) + (1 - alphas) * np.log(delay)
        exact = float(goal.log(np.array(counts) @ energy, np.array(counts) @ delay))
        assert network_log(counts, goal, shares, logs) <= exact + 1e-12
        own = Shares.of(counts * energy, counts * delay)
        alphas = own.balance(goal)
        logs = alphas * np.log(energy) + (1 - alphas) * np.log(delay)
        assert network_log(counts, goal, own, logs) == pytest.approx(exact)


def test_known_bounds_hold_on_worse_machines_and_between_alphas() -> None:
    known = Known()
    known.add(np.array([4.0, -1.0]), 0.0, 2.0)
    known.add(np.array([4.0, -1.0]), 1.0, 6.0)
    assert known.bound(np.array([3.0, -1.0]), 0.25) == pytest.approx(3.0)
    assert known.bound(np.array([5.0, -1.0]), 0.25) == -np.inf
    assert known.bound(np.array([4.0, -0.5]), 1.0) == -np.inf
    known.add(np.array([9.0, -1.0]), 0.25, 3.5)
    assert known.bound(np.array([3.0, -2.0]), 0.25) == 3.5


def test_known_bounds_never_exceed_the_least_of_lines() -> None:
    random = np.random.default_rng(2)
    logs = random.normal(size=(20, 2))
    least = lambda alpha: float((alpha * logs[:, 0] + (1 - alpha) * logs[:, 1]).min())  # noqa: E731
    known = Known()
    for alpha in (0.0, 0.3, 0.7, 1.0):
        known.add(np.zeros(1), alpha, least(alpha))
    for alpha in np.linspace(0, 1, 41):
        assert known.bound(np.zeros(1), float(alpha)) <= least(float(alpha)) + 1e-12
