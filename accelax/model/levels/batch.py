"""A batch of mappings of a chain of levels.

One pass evaluates every mapping by closed forms. Where a neighbour on the mesh might serve a tile, a mapping's network
is counted in detail instead; that is slow and few mappings need it, so those are gathered and counted in chunks, and
chunks that would be empty are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from accelax.model.cost import Cost
from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload, NetworkCounts
from accelax.model.levels.evaluate import LevelCost, nest_traffic, price_nest
from accelax.model.levels.links import linked_network
from accelax.model.levels.nest import Pair, closed_counts, count_nest, meeting, open_pairs, sliding_words

CHUNK = 128
"""Mappings counted in detail at once."""


def evaluate_levels_batch(problem: Any, batch: LevelMapping) -> Cost:
    """Evaluate every mapping of ``batch`` (leaves ``[n]``) on one problem."""

    def summary(cost: LevelCost) -> Cost:
        energy, cycles = jnp.asarray(cost.energy), jnp.asarray(cost.cycles)
        return Cost(
            energy_pJ=energy,
            cycles=cycles,
            latency_s=cycles * problem.cycle_seconds,
            edp=energy * 1e-12 * cycles,
            violation=jnp.asarray(cost.violation, energy.dtype),
        )

    return map_levels(problem, batch, summary)


def map_levels(problem: Any, batch: LevelMapping, summary: Any) -> Any:
    """``summary(cost)`` of every mapping of ``batch``, stacked; ``cost`` is the :class:`LevelCost` of one mapping."""
    structure, workload, hardware = problem.structure, problem.workload, problem.hardware
    batch = jax.tree.map(jnp.asarray, batch)
    known = {pair: _count_pair(structure, workload, batch, pair) for pair in open_pairs(structure)}

    words, restore = computed_once(lambda mapping: sliding_words(structure, workload, mapping), batch)

    def one(mapping: LevelMapping, counts: dict[Pair, NetworkCounts], row: list[jax.Array]) -> Any:
        nest = count_nest(structure, workload, mapping, counts, restore(row))
        return summary(price_nest(structure, hardware, mapping, nest, nest_traffic(structure, mapping, nest)))

    return jax.vmap(one)(batch, known, words)


def computed_once(
    function: Callable[[LevelMapping], Any], batch: LevelMapping
) -> tuple[list[jax.Array], Callable[[list[jax.Array]], Any]]:
    """``function`` over the batch, as arrays that the compiler does not compute again for everyone who reads them.

    XLA on CPUs merges cheap producers into each of their readers, and so would count the same words once for the energy
    and once more for the cycles. It does not merge across a conditional; the condition always holds, which the compiler
    does not know. Returns the arrays, and a function that puts one mapping's share of them back together with the parts
    that are plain numbers.
    """
    known_parts: list[Any] = []
    form: list[Any] = []

    def arrays_of(mapping: LevelMapping) -> list[jax.Array]:
        leaves, tree = jax.tree.flatten(function(mapping))
        known_parts[:] = [None if isinstance(leaf, jax.Array) else leaf for leaf in leaves]
        form[:] = [tree]
        return [leaf for leaf in leaves if isinstance(leaf, jax.Array)]

    over_batch = jax.vmap(arrays_of)
    shape = jax.eval_shape(over_batch, batch)

    def skip() -> list[jax.Array]:
        return [jnp.zeros(leaf.shape, leaf.dtype) for leaf in shape]

    first = jax.tree.leaves(batch)[0].ravel()[0]
    arrays = jax.lax.cond(first > -jnp.inf, lambda: over_batch(batch), skip)

    def restore(row: list[jax.Array]) -> Any:
        rest = iter(row)
        return jax.tree.unflatten(form[0], [next(rest) if part is None else part for part in known_parts])

    return arrays, restore


def _count_pair(structure: LevelStructure, workload: LevelWorkload, batch: LevelMapping, pair: Pair) -> NetworkCounts:
    """The counts of one network for one tensor, ``[n]``: the closed form, replaced where it may fail."""

    def closed(mapping: LevelMapping) -> tuple[jax.Array, NetworkCounts]:
        counts = closed_counts(structure, workload, mapping, pair)
        suspect = jnp.asarray(meeting(structure, workload, mapping, pair))
        return suspect, jax.tree.map(lambda x: jnp.asarray(x, float), counts)

    def detailed(mapping: LevelMapping) -> NetworkCounts:
        counts = linked_network(structure, workload, mapping, *pair)
        return jax.tree.map(lambda x: jnp.asarray(x, float), counts)

    suspect, counts = jax.vmap(closed)(batch)
    n = suspect.shape[0]
    chunks = -(-n // CHUNK)
    index = jnp.nonzero(suspect, size=chunks * CHUNK, fill_value=n)[0].reshape(chunks, CHUNK)

    def refine(found: NetworkCounts, rows: jax.Array) -> tuple[NetworkCounts, None]:
        def recount() -> NetworkCounts:
            picked = jax.tree.map(lambda leaf: leaf[jnp.minimum(rows, n - 1)], batch)
            return jax.tree.map(lambda old, new: old.at[rows].set(new, mode="drop"), found, jax.vmap(detailed)(picked))

        return jax.lax.cond(rows[0] < n, recount, lambda: found), None

    return jax.lax.scan(refine, counts, index)[0]
