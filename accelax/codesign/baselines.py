"""What a co-design is compared with: one machine after the other, each mapped from scratch by the certified mapper.

All three spend the same budget through the same mapper, and none uses what it learned on one machine for another: so
do tools that run a mapper inside a loop over hardware.

    random      machines drawn evenly from the grid
    grid        a coarse grid over all knobs at once, then finer ones
    bayesian    a model of the objective over the knobs proposes the next machine (optuna, the ``bayes`` extra)
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from accelax.errors import AccelaxError

if TYPE_CHECKING:
    from accelax.codesign.state import Search

BASELINES = ("random", "bayesian", "grid")
MAPPING_GAP = 0.01
"""A mapping is good enough when it is proved to be this near the optimum."""
Strategy = Callable[["Search"], None]


def baseline_of(method: str) -> Strategy:
    """The strategy of one of :data:`BASELINES`."""
    return {"random": random_machines, "bayesian": bayesian, "grid": machines_in_turn}[method]


def random_machines(search: Search) -> None:
    """Machines at random until the time is up, or all were tried."""
    random = np.random.default_rng(search.seed)
    places = _allowed(search)
    for place in random.permutation(len(places)):
        if search.over:
            return
        try_machine(search, *places[int(place)])


def machines_in_turn(search: Search) -> None:
    """The middle of every family's grid, then grids of 3, 5, 9, ... values of each knob, spread in ratio."""
    tried: set[tuple[int, int]] = set()
    for values in itertools.chain((1,), (2**n + 1 for n in itertools.count(1))):
        for number, family in enumerate(search.families):
            for point in _spread(family.grid.shape, values):
                if search.over:
                    return
                if (number, point) not in tried and family.allowed[point]:
                    try_machine(search, number, point)
                tried.add((number, point))
        if len(tried) >= sum(family.grid.size for family in search.families):
            return


def _spread(shape: tuple[int, ...], values: int) -> Iterator[int]:
    """Points of a grid: ``values`` places of every knob, the lower ones closer together."""
    axes = []
    for count in shape:
        spread = [round(count**0.5) - 1] if values == 1 else np.geomspace(1, count, values).round().astype(int) - 1
        axes.append(sorted({int(np.clip(place, 0, count - 1)) for place in spread}))
    for places in itertools.product(*axes):
        yield int(np.ravel_multi_index(places, shape)) if shape else 0


def bayesian(search: Search) -> None:
    """Machines that a model of the objective proposes (optuna's tree-structured Parzen estimators).

    Raises AccelaxError without optuna.
    """
    try:
        import optuna
    except ImportError:
        raise AccelaxError("Bayesian optimisation needs optuna: pip install 'accelax[bayes]'") from None
    optuna.logging.set_verbosity(logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=search.seed))
    seen: dict[tuple[int, int], float] = {}
    repeated = 0
    while not search.over and repeated < 200:
        trial = study.ask()
        number, point = _proposed(search, trial)
        repeated = repeated + 1 if (number, point) in seen else 0
        if (number, point) not in seen:
            allowed = bool(search.families[number].allowed[point])
            seen[number, point] = try_machine(search, number, point) if allowed else math.inf
        log = seen[number, point]
        if math.isfinite(log):
            study.tell(trial, log)
        else:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)


def _proposed(search: Search, trial: Any) -> tuple[int, int]:
    """The machine of a trial: the knobs by the logarithm of their places."""
    number = trial.suggest_int("structure", 0, len(search.families) - 1)
    grid = search.families[number].grid
    places = [trial.suggest_int(knob.path, 1, knob.count, log=True) - 1 for knob in grid.knobs]
    return number, int(np.ravel_multi_index(places, grid.shape)) if places else 0


def try_machine(search: Search, number: int, point: int) -> float:
    """Map every layer on one machine from scratch, each for the objective by itself; the log of the network's."""
    family = search.families[number]
    machines = [pool.machines.at(point) for pool in family.pools]
    for pool in family.pools:
        pool.keep([])
    alphas = np.full(len(machines), search.even)
    search.solve(number, machines, alphas, MAPPING_GAP)
    log = search.choose(number, point)
    search.show()
    return log


def _allowed(search: Search) -> list[tuple[int, int]]:
    """All machines within the constraints on area."""
    return [
        (number, int(point))
        for number, family in enumerate(search.families)
        for point in np.flatnonzero(family.allowed)
    ]
