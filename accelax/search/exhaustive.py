"""Score a whole mapspace: the optimum, with the proof that there is no better mapping."""

from __future__ import annotations

import math
import time
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from accelax.encode.level_enumeration import LevelEnumeration, Tables, decode_entries
from accelax.encode.level_listing import enumerate_levels
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.batch import map_levels
from accelax.model.levels.evaluate import LevelCost
from accelax.search.criteria import exact_metrics, lowest_metrics
from accelax.search.exact_batch import exact_costs, one_of
from accelax.search.objective import METRICS, Objective, criterion_values

FEW = 1 << 18
"""Mapspaces up to this size are scored by numpy, which needs no compilation."""
NUMPY_CHUNK = 1 << 13
CPU_CHUNK = 1 << 15
DEVICE_CHUNK = 1 << 19
"""Mappings scored at once, per device."""
AT_ONCE = 1 << 8
"""Mappings evaluated exactly at once."""
MARGIN = 1e-11
"""Relative: far above what the order of operations changes in float64, far below what an objective tells apart."""

Values = tuple[float, ...]
"""One number per criterion, the most important first."""


class ExhaustiveSearch:
    """Scores every mapping of a chain of levels that can fit and is not equal in cost to another one that it scores.

    Implements :class:`~accelax.search.bounded.BoundedSearch`. Everything runs in float64, whatever the default of JAX.
    What compiled code finds is a lower bound of every mapping's value (:func:`lowest_criteria`); each mapping whose
    lower bound is below the best known value is evaluated once more as reports are, by numpy. So the optimum is exact
    up to ``MARGIN``. The order of mappings is fixed, and so is the result, whatever the number of devices.

    size
        How many mappings there are to score; infinite where they are too many to be listed.
    evaluated
        How many have been scored.
    lower_bound
        0 until all are scored, then the optimum; infinite when nothing fits.
    """

    def __init__(self, problem: LevelProblem, objective: Objective, most: float = math.inf):
        """List the mapspace, unless more than ``most`` combinations of factors fit.

        Raises UnsupportedError for imperfect factors, SpecError if no factorization is legal.
        """
        self.objective = objective
        self.list: LevelEnumeration | None = enumerate_levels(problem, most)
        self.size: float = math.inf if self.list is None else self.list.size
        self.evaluated = 0
        self.lower_bound = 0.0
        self.done = False
        self.best: Values = (math.inf,) * len(objective)
        self._found: list[Mapping] = []

    def advance(self, incumbent: float, seconds: float) -> list[Mapping]:
        """Score chunks for about ``seconds``, at least one; see the protocol. Nothing where ``size`` is infinite."""
        begin = time.perf_counter()
        while self.list is not None and not self.done:
            if self.evaluated < self.size:
                self._score_chunk(self.list, incumbent)
            if self.evaluated >= self.size:
                self.lower_bound = min(incumbent, self.best[0])
                self.done = True
            if time.perf_counter() - begin >= seconds:
                break
        found, self._found = self._found, []
        return found

    def _score_chunk(self, listed: LevelEnumeration, incumbent: float) -> None:
        """Score the next chunk and keep the best of its mappings if it is better than all before."""
        begin = self.evaluated
        sweep = self._sweep
        end = min(begin + sweep.width, listed.size)
        bar = self.best if self.best[0] <= incumbent else (incumbent, *(math.inf for _ in self.objective[1:]))
        best: tuple[Values, LevelMapping] | None = None
        values = sweep.values(begin, bar[0])
        while values is not None:
            open_to = np.flatnonzero(_may_beat(values, bar))
            if not len(open_to):
                break
            picks = open_to[np.lexsort(values[::-1, open_to])][:AT_ONCE]
            mappings = listed.mappings(begin + picks)
            exact = exact_values_of(listed, mappings, self.objective)
            leader = int(np.lexsort(exact[::-1])[0])
            values[0, picks] = np.inf
            score = tuple(float(value) for value in exact[:, leader])
            if score < bar:
                bar, best = score, (score, one_of(mappings, leader))
        if best is not None:
            self._found = [listed.decoded(best[1])]
            self.best = best[0]
        self.evaluated = end

    @cached_property
    def _sweep(self) -> _NumpySweep | _CompiledSweep:
        """What scores chunks: numpy where that is sooner done than compiled."""
        assert self.list is not None
        sweep = _NumpySweep if self.list.size <= FEW else _CompiledSweep
        return sweep(self.list, self.objective)


class _NumpySweep:
    """Scores chunks with numpy."""

    width = NUMPY_CHUNK

    def __init__(self, listed: LevelEnumeration, objective: Objective):
        self.list, self.objective = listed, objective

    def values(self, begin: int, bar: float) -> np.ndarray | None:
        """``[criteria, n]`` of the chunk that begins at ``begin``."""
        indices = np.arange(begin, min(begin + self.width, self.list.size))
        return exact_values_of(self.list, self.list.mappings(indices), self.objective)


class _CompiledSweep:
    """Scores chunks with compiled code on all local devices; the next chunk runs while the host judges one."""

    def __init__(self, listed: LevelEnumeration, objective: Objective):
        self.list, self.objective = listed, objective
        self.devices = jax.local_devices()
        self.share = CPU_CHUNK if self.devices[0].platform == "cpu" else DEVICE_CHUNK
        self.width = self.share * len(self.devices)
        self.running: dict[int, tuple[jax.Array, jax.Array]] = {}
        with jax.enable_x64(True):
            self.fixed = jax.device_put((listed.workload, listed.problem.hardware, listed.tables))

    def values(self, begin: int, bar: float) -> np.ndarray | None:
        """Lower bounds ``[criteria, n]`` of the chunk that begins at ``begin``; None if none is below ``bar``."""
        lowest, values = self.running.pop(begin, None) or self._launch(begin)
        if begin + self.width < self.list.size:
            self.running = {begin + self.width: self._launch(begin + self.width)}
        if float(lowest) > bar * (1.0 + MARGIN):
            return None
        return np.moveaxis(np.asarray(values), 1, 0).reshape(len(self.objective), -1).copy()

    def _launch(self, begin: int) -> tuple[jax.Array, jax.Array]:
        """Start scoring one chunk: each device takes ``share`` mappings."""
        columns = self.list.entries.shape[1] + self.list.radix.shape[1]
        window = np.ones((len(self.devices), self.share, columns), np.int32)
        entry = np.zeros((len(self.devices), self.share), np.int32)
        digits = np.full((len(self.devices), self.share), -1, np.int64)
        for device in range(len(self.devices)):
            first = begin + device * self.share
            if first < self.list.size:
                rows, own, number = self.list.located(first, self.share)
                part = np.concatenate([self.list.entries[rows], self.list.radix[rows]], axis=1)
                window[device, : len(part)], entry[device, : len(own)], digits[device, : len(own)] = part, own, number
        with jax.enable_x64(True):
            return _judge(self.objective, _score(self.list.structure, *self.fixed, window, entry, digits))


@partial(jax.jit, static_argnums=0)
def _judge(objective: Objective, metrics: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The criteria ``[devices, criteria, share]`` of ``metrics`` ``[devices, metrics, share]``; the least first one."""
    named = dict(zip(METRICS, jnp.moveaxis(metrics, 1, 0), strict=True))
    values = jnp.stack([jnp.asarray(value) for value in criterion_values(named, objective)], axis=1)
    return values[:, 0].min(), values


@partial(jax.jit, static_argnums=0)
def _score(
    structure: LevelStructure,
    workload: LevelWorkload,
    hardware: LevelHardware,
    tables: Tables,
    window: jax.Array,
    entry: jax.Array,
    digits: jax.Array,
) -> jax.Array:
    """The lowest metrics of mappings, ``[devices, METRICS, share]``.

    ``window`` ``[devices, share, columns]`` are entries and their radices, ``entry`` and ``digits``
    ``[devices, share]`` say which entry a mapping belongs to and which of its orders it has; -1 is no mapping.
    """
    columns = window.shape[2] - structure.n_levels

    def own(workload: Any, hardware: Any, tables: Tables, window: Any, entry: Any, digits: Any) -> Any:
        rows = window[0][entry[0]]
        mapping = decode_entries(structure, tables, rows[:, :columns], rows[:, columns:], digits[0])
        problem = SimpleNamespace(structure=structure, workload=workload, hardware=hardware)

        def summary(cost: LevelCost) -> jax.Array:
            metrics = lowest_metrics(structure, cost)
            return jnp.stack([jnp.asarray(metrics[name]) for name in METRICS])

        return jnp.where(digits[0] < 0, jnp.inf, map_levels(problem, mapping, summary).T)[None]

    mesh = Mesh(np.array(jax.local_devices()), ("devices",))
    split, whole = PartitionSpec("devices"), PartitionSpec()
    spread = jax.shard_map(
        own, mesh=mesh, in_specs=(whole, whole, whole, split, split, split), out_specs=split, check_vma=False
    )
    return spread(workload, hardware, tables, window, entry, digits)


def _problem(listed: LevelEnumeration) -> SimpleNamespace:
    """What the model needs of a list."""
    return SimpleNamespace(structure=listed.structure, workload=listed.workload, hardware=listed.problem.hardware)


def exact_values_of(listed: LevelEnumeration, mappings: LevelMapping, objective: Objective) -> np.ndarray:
    """``[criteria, n]`` of mappings (leaves ``[n]``), infinite where one does not fit."""
    with np.errstate(all="ignore"):
        metrics = exact_metrics(listed.structure, exact_costs(_problem(listed), mappings))
        values = criterion_values(metrics, objective)
    return np.stack([np.broadcast_to(row, len(mappings.position[0][0])) for row in values])


def _may_beat(values: np.ndarray, bar: Values) -> np.ndarray:
    """``[n]``: whether ``values`` ``[criteria, n]`` may be better than ``bar``: less in one, equal in those before."""
    better, equal = np.zeros(values.shape[1], bool), np.ones(values.shape[1], bool)
    for row, limit in zip(values, bar, strict=True):
        better |= equal & (row < limit * (1.0 - MARGIN) if math.isfinite(limit) else row < limit)
        equal &= row <= limit * (1.0 + MARGIN)
    return better
