"""What the traffic of one tensor between two of its storages costs, as a function of the inner storage's tile alone.

A loop above a storage always fetches again, so a storage of tensor T with the tile t below all its loops moves, over
all instances and iterations,

    F_T(t) = volume_T(t) * prod_r bound_r / t_r

values, whatever the order of the loops; its parent sees that over the spatial loops between them that share T; and the
first visits to a partial sum, which read nothing, are ``K_T(t)``: the same product over the ranks that alone form an
index, times the spatial iterations of the others. Rates turn both into joules and into seconds of a component. Where a
loop is cut short, a rank that does not index T counts whole iterations: the least that the axis allows around ``t_r``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelax.encode.tree_problem import TreeProblem
from accelax.encode.tree_spreads import Spreads
from accelax.model.tree_spatial import leaking_fractions
from accelax.model.tree_types import ComponentHardware, EinsumStructure, Kind, TensorStructure
from accelax.search.tree.grid import Grid
from accelax.search.tree.latency import LinearTime, times_of

ENERGY = 0
"""The number of the resource that counts joules; the others count seconds of a component."""


def volume(tensor: TensorStructure, coefficients: tuple[tuple[float, ...], ...], extents: np.ndarray) -> np.ndarray:
    """The values in a tile, ``extents[rank, ...]``: see :func:`accelax.model.tree_tiles.tile_size`."""
    found = np.ones(extents.shape[1:])
    for ranks, factors in zip(tensor.terms, coefficients, strict=True):
        span = np.ones(extents.shape[1:])
        for rank, factor in zip(ranks, factors, strict=True):
            span = span + factor * (extents[rank] - 1.0)
        found = found * span
    return found


@dataclass(frozen=True)
class Rate:
    """What one value moved (``flow``) costs of each resource, and what each first visit (``skip``) saves."""

    flow: np.ndarray
    skip: np.ndarray


class TreeCosts:
    """The part of the costs of an Einsum that does not depend on how ranks are spread over fan-outs."""

    def __init__(self, problem: TreeProblem):
        self.structure: EinsumStructure = problem.structure.einsums[0]
        self.hardware: tuple[ComponentHardware, ...] = problem.hardware.machines[0]
        self.einsum, self.machine = problem.lowered.einsums[0], problem.lowered.machines[0]
        self.workload = problem.workload.einsums[0]
        self.gate_squared = problem.structure.gate_squared
        self.copies = float(self.workload.instances)
        self.bounds = np.array([float(bound) for bound in self.workload.bounds])
        self.times: tuple[tuple[int, LinearTime], ...] = tuple(self._times())

    def _times(self) -> list[tuple[int, LinearTime]]:
        """Each sum of a component's latency that anything adds to."""
        found = []
        for c, (component, numbers) in enumerate(zip(self.structure.components, self.hardware, strict=True)):
            throughputs = tuple(float(x) for x in numbers.throughput)
            always = bool(self.machine.components[c].keep)
            for time in times_of(component.kind, component.total_latency, throughputs, always):
                if time.constant > 0 or any(rate for _, rate in time.rates):
                    found.append((c, time))
        return found

    @property
    def resources(self) -> int:
        """Joules, and the seconds of each sum of a component's latency."""
        return 1 + len(self.times)

    def size_of(self, tensor: int, extents: np.ndarray) -> np.ndarray:
        """The values in a tile of a tensor."""
        return volume(self.structure.tensors[tensor], self.workload.coefficients[tensor], extents)


class TileTables:
    """What the traffic of each tensor is at each tile of a grid, ``[tensor, tile]``.

    ``volumes`` are the values in a tile, ``fills`` is ``F_T(t)``, ``first_visits`` is ``K_T(t)`` but for the spatial
    iterations over ranks that do not alone form an index.
    """

    def __init__(self, costs: TreeCosts, grid: Grid):
        ratio = costs.bounds[:, None] / grid.extents
        tensors = costs.structure.tensors
        self.volumes = np.stack([costs.size_of(t, grid.extents) for t in range(len(tensors))])
        self.fills, self.first_visits = self.volumes.copy(), self.volumes.copy()
        for t, tensor in enumerate(tensors):
            for r in range(len(ratio)):
                self.fills[t] *= ratio[r] if r in tensor.relevant else grid.rounded[r]
            for r in tensor.fully_relevant:
                self.first_visits[t] *= ratio[r]


class SpreadCosts:
    """The costs for every way to spread ranks over fan-outs at once; the last axis of every result counts the ways."""

    def __init__(self, costs: TreeCosts, spreads: Spreads):
        self.costs, self.spreads = costs, spreads
        ways, _, ranks = spreads.factors.shape
        self.zone = np.ones((len(costs.structure.components), ranks, ways))
        """The iterations of the spatial loops of each component by rank."""
        for d, c in enumerate(spreads.components):
            self.zone[c] *= spreads.factors[:, d].T
        self.fanned = np.cumprod(self.zone.prod(axis=1), axis=0)
        """The instances of each component: the iterations of all spatial loops at or above it."""
        self.outside = np.cumprod(self.zone, axis=0)
        """The same by rank."""
        self._rates: dict[tuple[int, int | None, int], Rate] = {}

    @property
    def ways(self) -> int:
        """How many ways there are."""
        return len(self.spreads.factors)

    def shared(self, tensor: int, parent: int, child: int) -> np.ndarray:
        """The spatial iterations between two components that cost the parent one transfer of a tensor, not many."""
        shape, found = self.costs.structure.tensors[tensor], np.ones(self.ways)
        others = [r for r in range(len(self.costs.bounds)) if r not in shape.relevant]
        for d, c in enumerate(self.spreads.components):
            dimension = self.costs.structure.components[c].dimensions[self.spreads.dimensions[d]]
            if parent < c <= child and dimension.may_reuse[tensor]:
                found = found * self.spreads.factors[:, d, others].prod(axis=1)
        return found

    def rate(self, tensor: int, parent: int | None, child: int) -> Rate:
        """The rates of a tensor's traffic between the storages of two components, tolls on the way included.

        ``child`` may be the compute unit; without a parent nothing crosses the border of the child.
        """
        key = (tensor, parent, child)
        if key not in self._rates:
            self._rates[key] = self._find_rate(tensor, parent, child)
        return self._rates[key]

    def _find_rate(self, tensor: int, parent: int | None, child: int) -> Rate:
        components = self.costs.structure.components
        output = self.costs.structure.tensors[tensor].output
        flow, skip = np.zeros((2, self.costs.resources, self.ways))
        if parent is None:
            return Rate(flow, skip)
        skips = output and components[child].skip_initial
        calls: list[tuple[int, str, np.ndarray, bool]] = []
        every = np.ones(self.ways)
        if components[child].kind is Kind.MEMORY:
            calls.append((child, "write", every, skips))
            calls += [(child, "read", every, False)] if output else []
        for toll in range(parent + 1, child):
            if components[toll].kind is Kind.TOLL and self._charged(toll, tensor):
                seen = every / self.shared(tensor, toll, child)
                calls += [(toll, "read", seen, skips)] if components[toll].charges_down[tensor] else []
                calls += [(toll, "read", seen, False)] if output and components[toll].charges_up[tensor] else []
        seen = every / self.shared(tensor, parent, child)
        calls.append((parent, "read", seen, skips and components[parent].skip_initial))
        calls += [(parent, "write", seen, False)] if output else []
        for c, action, count, skipped in calls:
            count = count / float(getattr(self.costs.hardware[c], f"values_per_{action}")[tensor])
            self._charge(flow, c, getattr(components[c], action), count)
            if skipped:
                self._charge(skip, c, getattr(components[c], action), count)
        return Rate(flow, skip * self._unindexed(tensor, child))

    def _charged(self, toll: int, tensor: int) -> bool:
        machine, name = self.costs.machine, self.costs.einsum.tensors[tensor].name
        return name in machine.components[toll].keep

    def _unindexed(self, tensor: int, child: int) -> np.ndarray:
        """The spatial iterations above a component over ranks that do not alone form an index of a tensor."""
        full = self.costs.structure.tensors[tensor].fully_relevant
        others = [r for r in range(len(self.costs.bounds)) if r not in full]
        return self.outside[child][others].prod(axis=0)

    def _charge(self, table: np.ndarray, c: int, action: int | None, count: np.ndarray) -> None:
        """Add the joules and seconds of ``count`` calls of an action by all instances of a component."""
        if action is None:
            return
        numbers = self.costs.hardware[c]
        count = count * float(numbers.actions_scale)
        table[ENERGY] += count * float(numbers.energy[action])
        for q, (component, time) in enumerate(self.costs.times, 1):
            if component == c:
                table[q] += dict(time.rates).get(action, 0.0) * count / self.fanned[c]

    @cached_property
    def base(self) -> np.ndarray:
        """What every mapping costs: the computations, and the constants of latencies. ``[resource, way]``."""
        found = np.zeros((self.costs.resources, self.ways))
        for q, (_, time) in enumerate(self.costs.times, 1):
            found[q] = time.constant
        last = len(self.costs.structure.components) - 1
        compute = self.costs.structure.components[last].compute
        self._charge(found, last, compute, np.full(self.ways, float(np.prod(self.costs.bounds))))
        return found

    @cached_property
    def least_seconds(self) -> np.ndarray:
        """The latency of components to which nothing is added: of the compute unit, above all."""
        rows = [q for q, (_, time) in enumerate(self.costs.times, 1) if all(rate >= 0 for _, rate in time.rates)]
        return np.maximum(self.base[rows].max(axis=0), 0.0) if rows else np.zeros(self.ways)

    @cached_property
    def leak_power(self) -> np.ndarray:
        """Watts of all components that are not power gated."""
        components, hardware = self.costs.structure.components, self.costs.hardware
        used = [[np.ones(self.ways)] * len(component.dimensions) for component in components]
        for d, c in enumerate(self.spreads.components):
            used[c][self.spreads.dimensions[d]] = self.spreads.factors[:, d].prod(axis=1)
        per_dimension = tuple(tuple(row) for row in used)
        parts = leaking_fractions(self.costs.structure, hardware, per_dimension, self.costs.gate_squared)
        watts = [float(n.leak_power) * np.asarray(part) for n, part in zip(hardware, parts, strict=True)]
        return np.zeros(self.ways) + sum(watts)

    def distinct(self) -> np.ndarray:
        """The first way of each set of ways that no cost tells apart."""
        tensors, components = range(len(self.costs.structure.tensors)), range(len(self.costs.structure.components))
        rows = [self.zone.reshape(-1, self.ways), self.leak_power[None]]
        rows += [self.shared(t, c - 1, c)[None] for t in tensors for c in components]
        return np.sort(np.unique(np.concatenate(rows), axis=1, return_index=True)[1])
