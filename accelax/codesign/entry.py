"""The one verb of this package: one machine for all layers of a network."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from accelax.codesign.baselines import BASELINES
from accelax.codesign.choice import Goal
from accelax.codesign.family import divide, plain, values_text, variants_of
from accelax.codesign.front import area_front
from accelax.codesign.knobs import read_knobs
from accelax.codesign.limits import Limits
from accelax.codesign.network import NetworkLayer, read_network
from accelax.codesign.result import CodesignResult, DesignedLayer
from accelax.codesign.running import Run
from accelax.codesign.sensitivity import slopes
from accelax.codesign.state import Search
from accelax.encode import encode
from accelax.errors import Problem, SpecError, UnsupportedError, did_you_mean
from accelax.evaluation import evaluate
from accelax.search.objective import name_of, parse_objective
from accelax.search.record import Progress

METHODS = ("certified", "gradient", *BASELINES)


def codesign(
    spec: Any,
    workload: Any = None,
    knobs: Mapping[str, Sequence[float | str]] | None = None,
    objective: Any = "edp",
    constraints: Mapping[str, float] | None = None,
    seconds: float = 300.0,
    seed: int = 0,
    tolerance: float = 1e-3,
    *,
    workers: int = 1,
    method: str = "certified",
    progress: Callable[[Progress], None] | None = None,
) -> CodesignResult:
    """Choose the hardware of one machine, and the mappings of all layers on it, so that ``objective`` is least.

    The network runs its layers one after the other; the objective is a product of powers of its total energy and its
    total delay. The search alternates between certified searches of every layer on one machine and the choice of the
    machine given all mappings known, which are priced exactly at every point of the grid; then it proves a bound by
    cutting the grid into boxes (:mod:`accelax.codesign.bounds`). It ends when the gap is at most ``tolerance``, or
    after ``seconds``; Ctrl-C ends it with the best so far.

    Args:
        spec: a specification in Timeloop's dialect, or the layers of a network (``accelax.read_layers``).
        workload: layers, specifications or an imported workload whose problems ``spec``'s machine is to run.
        knobs: ``{path: (low, high[, step])}``, the step 1 if not given, or ``"x2"`` to double the value every time.
            Knobs that change what is static (the sides of an array) are searched structure by structure. A grid of
            more than 2^18 machines is thinned around the optimum of the relaxation, and nothing is proved of it.
        objective: ``energy``, ``delay``, ``edp``, or weights as a dictionary.
        constraints: upper limits on ``area_um2``, ``power_W``, ``energy_pJ``, ``latency_s`` and ``cycles``.
        seconds: the budget, compilation included.
        seed: of random numbers.
        tolerance: the gap that is good enough.
        workers: processes that search layers side by side; with more than one, the calling script needs the usual
            ``if __name__ == "__main__"``.
        method: ``certified``; ``gradient``, which maps the layers anew on a few machines from the relaxation alone
            (:mod:`accelax.codesign.relaxed`) and proves nothing; or a baseline: ``random``, ``bayesian``, ``grid``.
        progress: called with a :class:`~accelax.search.record.Progress` now and then.

    Raises:
        SpecError: an argument is wrong, or no machine or no mapping found keeps to the constraints.
        UnsupportedError: the specification is in the AccelForge dialect, or uses what is not modelled.
    """
    begin = time.perf_counter()
    goal, name = read_goal(objective)
    _check(seconds, tolerance, workers, method, seed)
    limits = Limits.read(constraints)
    chosen = read_knobs(knobs or {})
    layers = read_network(spec, workload)
    structural, numeric = divide(layers, chosen)
    run = Run(variants_of(layers, structural), tuple(numeric), goal, limits, seed, tolerance, workers, method, progress)
    best = run.search(begin, seconds)
    proved = run.whole and method == "certified"
    return conclude(best, layers, goal, name, method, time.perf_counter() - begin, proved)


def read_goal(objective: Any) -> tuple[Goal, str]:
    """The powers of energy and delay, and the objective in words.

    >>> read_goal({"energy": 1, "delay": 2})
    (Goal(energy=1.0, delay=2.0), 'energy=1,delay=2')
    """
    criteria = parse_objective(objective)
    if len(criteria) != 1:
        raise SpecError("a co-design has one objective: a metric, or weights as a dictionary")
    powers = {"energy": 0.0, "delay": 0.0}
    for metric, weight in criteria[0]:
        for part in ("energy", "delay") if metric == "edp" else (metric,):
            if part not in powers:
                raise UnsupportedError(f"{metric} as the objective of a co-design")
            powers[part] += weight
    return Goal(**powers), name_of(criteria)


def _check(seconds: float, tolerance: float, workers: int, method: str, seed: int) -> None:
    """Raise SpecError for arguments out of range."""
    problems = []
    if not (isinstance(seconds, (int, float)) and 0 <= seconds < math.inf):
        problems.append(Problem(f"seconds: expected a finite number that is not negative, got {seconds!r}"))
    if not (isinstance(tolerance, (int, float)) and 0 <= tolerance < 1):
        problems.append(Problem(f"tolerance: expected a number from 0 to below 1, got {tolerance!r}"))
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        problems.append(Problem(f"workers: expected a number from 1, got {workers!r}"))
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        problems.append(Problem(f"seed: expected a whole number that is not negative, got {seed!r}"))
    if method not in METHODS:
        problems.append(Problem(f"unknown method {method!r}{did_you_mean(method, METHODS)}"))
    if problems:
        raise SpecError(problems)


def conclude(
    search: Search, layers: Sequence[NetworkLayer], goal: Goal, name: str, method: str, seconds: float, proved: bool
) -> CodesignResult:
    """Evaluate the best design exactly, and report it. Raises SpecError where nothing keeps to the constraints."""
    facts: dict[str, Any] = {
        "objective": name,
        "designs": sum(family.grid.size for family in search.families),
        "evaluated": search.evaluated,
        "searches": search.solved,
        "seconds": seconds,
        "method": method,
        "interrupted": search.interrupted,
        "history": tuple(search.history),
    }
    if search.best.point < 0:
        if not search.interrupted:
            raise SpecError(_why_nothing(search, goal))
        return CodesignResult(None, (), math.inf, 0.0, total={}, **facts)
    family = search.families[search.best.family]
    knobs = family.design(search.best.point)
    specs = [layer.specification.with_values({p: plain(v) for p, v in knobs.items()}) for layer in layers]
    found = tuple(
        DesignedLayer(layer.name, layer.count, layer.names, mapping, evaluate(spec.with_mapping(mapping)))
        for layer, spec, mapping in zip(layers, specs, search.best.mappings, strict=True)
    )
    total = _totals(found, float(family.areas[search.best.point]))
    scaled = bool(np.ptp(family.pools[0].scale) > 0)
    delay = total["latency_s"] if scaled else total["cycles"]
    assert total["energy_pJ"] is not None
    assert delay is not None
    value = total["energy_pJ"] ** goal.energy * delay**goal.delay
    bound = math.exp(search.log_bound) if proved and search.log_bound > -math.inf else 0.0
    if bound > value * (1 + 1e-9):
        warnings.warn(
            f"a design of value {value:.12g} contradicts the bound {bound:.12g}", RuntimeWarning, stacklevel=2
        )
        bound = 0.0
    fixed = [
        (layer.count, encode(spec), mapping)
        for layer, spec, mapping in zip(layers, specs, search.best.mappings, strict=True)
    ]
    numeric = {path: value for path, value in knobs.items() if path in family.grid.paths}
    front = area_front(search.families, goal, search.limits)
    return CodesignResult(
        knobs,
        found,
        value,
        min(bound, value),
        total=total,
        front=front,
        slopes=lambda: slopes(fixed, specs[0], goal, numeric, scaled),
        **facts,
    )


def _totals(layers: Sequence[DesignedLayer], area: float) -> dict[str, float | None]:
    """The network: its layers one after the other, each as often as it occurs."""
    figures = [(layer.count, layer.result.to_dict()) for layer in layers]
    total: dict[str, float | None] = {}
    for name, key in (("energy_pJ", "energy_pJ"), ("cycles", "cycles"), ("latency_s", "latency")):
        values = [count * one[key] for count, one in figures if one[key] is not None]
        total[name] = math.fsum(values) if len(values) == len(figures) else None
    energy, cycles = total["energy_pJ"], total["cycles"]
    total["edp"] = None if energy is None or cycles is None else energy * cycles
    total["area_um2"] = area
    return total


def _why_nothing(search: Search, goal: Goal) -> list[Problem]:
    """Which constraint no design keeps to, and the least value reached; or that nothing fits at all."""
    least = search.limits.least_reached(search.families, goal)
    missed = [name for name, limit in search.limits.of_totals.items() if least[name] > limit]
    if missed:
        return [
            Problem(f"constraint {name} <= {search.limits.largest[name]:.6g}: the least reached is {least[name]:.6g}")
            for name in missed
        ]
    if search.limits.of_totals:
        names = ", ".join(f"{name} <= {limit:.6g}" for name, limit in search.limits.of_totals.items())
        return [Problem(f"no design was found that keeps to all of {names}")]
    family = search.families[-1]
    where = values_text(family.design(int(np.flatnonzero(family.allowed)[-1])))
    missing = [pool.name for pool in family.pools if not pool.mappings]
    return [Problem(f"no mapping was found for {', '.join(missing) or 'the layers'} (largest machine: {where})")]
