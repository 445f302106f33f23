"""Random mappings of an AccelForge mapspace, as arrays.

A sample keeps what each component has to keep and some of what it may; draws one of all ways to spread the ranks over
the fan-outs; splits what is left of every rank at random over loops in time; and places these at random between the
storages. Storages of outer components stand above those of inner ones, a component's spatial loops just above its
storages, and no loop above those of the outermost memory. All tile shapes divide, unless spatial loops leave a rest
that does not: its loop in time is then the rank's outermost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from accelax.encode.factorizations import prime_factors
from accelax.encode.tree_mapping import reach_of
from accelax.encode.tree_spreads import rooms_of, spreads_of
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LoweredTree
from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum
from accelax.model.tree_types import EinsumMapping, TreeMapping

TEMPORAL_LOOPS = 3
"""The most loops in time that a sample gives to one rank."""
MOST_SPREADS = 20_000
"""Where there are more ways to spread the ranks over fan-outs, some of them are drawn from."""


def sample_mappings(lowered: LoweredTree, key: Any, n: int) -> TreeMapping:
    """Draw ``n`` mappings; the same ``key`` (of ``jax.random``) gives the same ones.

    Sizes are not constraints of the mapspace: ``evaluate_batch`` reports them as ``violation``. Several Einsums
    exchange their tensors through the outermost memory. Raises SpecError when a tensor may be stored nowhere,
    UnsupportedError for constraints that are not sampled.
    """
    import jax

    random = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())
    names = [tensor for einsum in lowered.einsums for tensor in einsum.tensor_names]
    shared = {name for name in names if names.count(name) > 1}
    return TreeMapping(
        tuple(
            _sample_einsum(einsum, machine, shared, any(lowered.explore_imperfect), random, n)
            for einsum, machine in zip(lowered.einsums, lowered.machines, strict=True)
        )
    )


def _sample_einsum(
    einsum: Einsum, machine: TreeMachine, shared: set[str], imperfect: bool, random: np.random.Generator, n: int
) -> EinsumMapping:
    _refuse(machine)
    kept = _kept(einsum, machine, shared, random, n)
    order = _holder_order(kept, random)
    loops = _Loops(einsum, machine, imperfect, random, n)
    loops.factorize()
    keys = loops.place(kept, _outermost_memory(machine))
    ranks, tiles, dimensions, keys = loops.sorted_by(keys)
    above = np.where(kept, (keys[:, None, None, :] < order[..., None] + 1).sum(axis=-1), -1).astype(np.int32)
    return EinsumMapping(
        rank=ranks,
        tile=tiles,
        dimension=dimensions,
        above=above,
        reach=reach_of(above, order, np.isfinite(keys).sum(axis=1)),
        order=order,
        persistent=np.zeros(kept.shape, bool),
    )


def _refuse(machine: TreeMachine) -> None:
    for component in machine.components:
        for name in ("tile_shape_bounds", "no_refetch_from_above", "no_resend_to_below", "tensor_order_options"):
            if getattr(component, name):
                raise UnsupportedError(
                    f"sampling under {name} of {component.name}", path=f"arch.{component.name}.tensors"
                )


def _outermost_memory(machine: TreeMachine) -> int:
    for position, component in enumerate(machine.components):
        if component.kind == "memory":
            return position
    raise SpecError("the architecture has no memory")


def _kept(einsum: Einsum, machine: TreeMachine, shared: set[str], random: np.random.Generator, n: int) -> np.ndarray:
    """Which tensors each component holds, ``[n, component, tensor]``: at least one memory each, above any toll."""
    outermost = _outermost_memory(machine)
    shape = (n, len(machine.components), len(einsum.tensors))
    kept = np.zeros(shape, bool)
    eagerness = random.random((n, 1, 1))
    chosen = random.random(shape) < eagerness
    memories = [c for c, component in enumerate(machine.components) if component.kind == "memory"]
    for t, tensor in enumerate(einsum.tensor_names):
        for c, component in enumerate(machine.components):
            if component.kind in ("memory", "toll"):
                kept[:, c, t] = (tensor in component.keep) | ((tensor in component.may_keep) & chosen[:, c, t])
        backed = next((c for c, component in enumerate(machine.components) if tensor in component.back), None)
        if backed is None and tensor in shared:
            backed = outermost
        if backed is not None:
            kept[:, :backed, t] = False
            kept[:, backed, t] = True
        allowed = [c for c in memories if tensor in (*machine.components[c].keep, *machine.components[c].may_keep)]
        if not allowed:
            raise SpecError(f"no memory may keep {tensor}")
        kept[~kept[:, memories, t].any(axis=1), allowed[0], t] = True
        first = np.argmax(kept[:, memories, t], axis=1)
        for c, component in enumerate(machine.components):
            if component.kind == "toll" and c < memories[-1]:
                kept[:, c, t] &= np.asarray(memories)[first] < c
    return kept


def _holder_order(kept: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The place of each holder among a sample's holders: outer components first, tensors of one in random order."""
    n, components, _ = kept.shape
    key = np.arange(components)[None, :, None] + random.random(kept.shape)
    flat = np.where(kept, key, np.inf).reshape(n, -1)
    places = np.argsort(np.argsort(flat, axis=1), axis=1).reshape(kept.shape)
    return np.where(kept, places, -1).astype(np.int32)


class _Loops:
    """The loops of ``n`` samples of one Einsum: for each rank some in time, then one along each spatial dimension."""

    def __init__(self, einsum: Einsum, machine: TreeMachine, imperfect: bool, random: np.random.Generator, n: int):
        self.einsum, self.random, self.n = einsum, random, n
        components = machine.components
        fanouts = [[d.fanout for d in component.spatial] for component in components]
        scales = [[d.usage_scale for d in component.spatial] for component in components]
        rooms = rooms_of(machine, fanouts, scales)
        spreads = spreads_of(einsum, machine, rooms, imperfect, MOST_SPREADS, random)
        if spreads is None or not len(spreads.factors):
            raise SpecError(f"{einsum.name}: no spatial loops keep all of reuse, loop_bounds and min_usage")
        places = [(c, d) for c, component in enumerate(components) for d in range(len(component.spatial))]
        inner = zip(spreads.components, spreads.dimensions, strict=True)
        self.dimensions = [(places.index((c, d)) + 1, c) for c, d in inner]
        spread = spreads.factors[random.integers(len(spreads.factors), size=n)]
        self.factors = np.ones((n, len(einsum.ranks), TEMPORAL_LOOPS + len(self.dimensions)))
        self.factors[:, :, TEMPORAL_LOOPS:] = np.moveaxis(spread, 1, 2)
        self.cut_short = np.zeros((n, len(einsum.ranks)), bool)

    def factorize(self) -> None:
        """Give what the spatial loops leave of every rank to its loops in time, one prime factor at a time."""
        shape = (self.n, len(self.einsum.ranks), TEMPORAL_LOOPS)
        limits = (self.random.gamma(0.5, size=shape) + 1e-9).cumsum(axis=2)
        limits /= limits[:, :, -1:]
        everyone = np.arange(self.n)
        for r, (_, bound) in enumerate(self.einsum.bounds):
            spread = self.factors[:, r, TEMPORAL_LOOPS:].prod(axis=1)
            self.cut_short[:, r] = bound % spread != 0
            rest = np.where(self.cut_short[:, r], 1.0, bound / spread)
            self.factors[:, r, 0] = np.where(self.cut_short[:, r], np.ceil(bound / spread), 1.0)
            for prime in prime_factors(bound):
                part = (self.random.random((self.n, 1)) > limits[:, r]).sum(axis=1).clip(max=TEMPORAL_LOOPS - 1)
                divides = rest % prime == 0
                self.factors[everyone, r, part] *= np.where(divides, prime, 1)
                rest = np.where(divides, rest / prime, rest)

    def place(self, kept: np.ndarray, outermost: int) -> np.ndarray:
        """Where the loops stand, ``[n, rank, part]``: the whole part is the number of holders above."""
        holders = kept.sum(axis=2)
        lowest = holders[:, : outermost + 1].sum(axis=1)[:, None, None]
        spans = holders.sum(axis=1)[:, None, None] + 1 - lowest
        keys = np.empty(self.factors.shape)
        shape = self.factors[:, :, :TEMPORAL_LOOPS].shape
        places = lowest + np.floor(self.random.random(shape) * spans)
        keys[:, :, :TEMPORAL_LOOPS] = np.sort(places + 0.8 * self.random.random(shape), axis=2)
        keys[:, :, 0] = np.where(self.cut_short, lowest[:, :, 0] + 0.8 * (keys[:, :, 0] % 1), keys[:, :, 0])
        for part, (_, component) in enumerate(self.dimensions, TEMPORAL_LOOPS):
            gap = holders[:, :component].sum(axis=1)[:, None]
            keys[:, :, part] = gap + 0.9 + 0.001 * part + 0.0009 * self.random.random(keys.shape[:2])
        return np.where(self.factors > 1, keys, np.inf)

    def sorted_by(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The loops of each sample from the outermost inwards: ranks, tile shapes, dimensions, keys, ``[n, slot]``."""
        n, ranks, parts = keys.shape
        most = sum(min(parts, bound.bit_length()) for _, bound in self.einsum.bounds)
        flat = keys.reshape(n, -1)
        chosen = np.argsort(flat, axis=1, kind="stable")[:, :most]
        found = np.take_along_axis(flat, chosen, axis=1)
        factor = np.take_along_axis(self.factors.reshape(n, -1), chosen, axis=1)
        used = np.isfinite(found)
        rank = np.where(used, chosen // parts, -1).astype(np.int32)
        numbers = np.array([0] * TEMPORAL_LOOPS + [number for number, _ in self.dimensions])
        dimension = np.where(used, numbers[chosen % parts], 0).astype(np.int32)
        tile = np.ones(factor.shape)
        for r in range(ranks):
            over = rank == r
            inside = np.where(over, factor, 1.0)[:, ::-1].cumprod(axis=1)[:, ::-1]
            tile = np.where(over, inside / factor, tile)
        return rank, tile, dimension, found
