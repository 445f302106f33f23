"""Nests with residual factors against the literal emulation of Timeloop."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.model.levels.networks import NestCounts
from accelax.model.levels.residual import residual_nest
from accelax.model.levels.residual_chain import largest_extents, rank_chains
from accelax.model.levels.residual_walk import walked_network
from accelax.model.levels.residual_words import separable, separable_network
from tests.model.levels.residual_cases import (
    PLAIN_SHAPES,
    SHAPES,
    mapping_of,
    plain,
    residual_nests,
    structure_of,
    workload_of,
)
from tests.oracle.timeloop_nest import NestInput, NestLevel, NestLoop, analyse


def count(nest: NestInput, network_energy: bool = False) -> NestCounts:
    """The model's counts, on plain numbers."""
    return residual_nest(structure_of(nest, network_energy), workload_of(nest), mapping_of(nest))


def as_emulated(nest: NestInput) -> dict[str, Any]:
    """What Timeloop counts, named as the model names it."""
    result = analyse(nest)
    innermost = len(nest.levels) - 1
    return {
        "networks": [
            [
                (
                    sum(words for words, _ in network.accesses.values()),
                    sum(words * m for (m, _), (words, _) in network.accesses.items()),
                    network.link_transfers,
                )
                for network in row
            ]
            for row in result.networks
        ],
        "tiles": result.sizes,
        "fanout": [row[0].fanout for row in result.networks],
        "instances": pytest.approx([*result.replication[: innermost + 1], result.compute_replication]),
        "peak": result.max_units,
        "compute_iterations": pytest.approx(result.computes),
        "compute_cycles": result.temporal_iterations,
    }


def as_modelled(counts: NestCounts) -> dict[str, Any]:
    """The same figures of the model."""
    return {
        "networks": [
            [(float(n.accesses), float(n.deliveries), float(n.link_transfers)) for n in row] for row in counts.networks
        ],
        "tiles": [[float(tile) for tile in row] for row in counts.tiles],
        "fanout": [float(width) for width in counts.fanout],
        "instances": [float(number) for number in counts.instances],
        "peak": float(counts.peak_instances[-1]),
        "compute_iterations": float(counts.compute_iterations),
        "compute_cycles": float(counts.compute_cycles),
    }


@settings(max_examples=120, deadline=None)
@given(residual_nests())
def test_counts_are_timeloops(nest: NestInput) -> None:
    assert as_modelled(count(nest)) == as_emulated(nest)


@settings(max_examples=40, deadline=None)
@given(residual_nests(most_points=300))
def test_hops_are_timeloops(nest: NestInput) -> None:
    found = [[float(network.hops) for network in row] for row in count(nest, network_energy=True).networks]
    wanted = [[sum(hops for _, hops in network.accesses.values()) for network in row] for row in analyse(nest).networks]
    # The innermost storage level hands words to one unit next to it.
    for row, hops in zip(found, wanted, strict=True):
        assert row == pytest.approx(hops)


@settings(max_examples=60, deadline=None)
@given(residual_nests(PLAIN_SHAPES), st.data())
def test_the_closed_form_is_the_walk(nest: NestInput, data: st.DataObject) -> None:
    nest = dataclasses.replace(nest, links="off", halo=data.draw(st.sampled_from(("timeloop", "none", "exact"))))
    structure, workload, mapping = structure_of(nest), workload_of(nest), mapping_of(nest)
    chains = rank_chains(structure, mapping, np)
    for network in range(len(nest.levels) - (0 if nest.levels[-1].is_fanout else 1)):
        for tensor in range(len(nest.projections)):
            assert separable(structure, tensor)
            short = separable_network(structure, workload, mapping, chains, network, tensor, np)
            long = walked_network(structure, workload, mapping, chains, network, tensor, np)
            assert (short.accesses, short.deliveries) == (long.accesses, long.deliveries)


def test_a_sliding_tensor_has_no_closed_form() -> None:
    nest = NestInput((NestLevel((NestLoop(2, 3, 2), NestLoop(3, 2, 2))),), SHAPES["convolution"][1], 4)
    structure = structure_of(nest)
    assert [separable(structure, tensor) for tensor in range(3)] == [True, False, True]


def test_a_batch_of_tracers_gives_the_same(x64: None) -> None:
    """Two mappings of one machine whose loops have other orders and other residuals, jitted and vmapped."""
    lanes = NestLevel((NestLoop(1, 2, 1, False), NestLoop(2, 3, 2)), is_fanout=True, mesh=(4, 2))
    first = (
        NestLevel((NestLoop(0, 2, 2), NestLoop(2, 3, 3), NestLoop(1, 3, 2))),
        lanes,
        NestLevel((NestLoop(2, 3, 1), NestLoop(3, 3, 3), NestLoop(0, 2, 1))),
    )
    second = (
        NestLevel((NestLoop(1, 4, 4), NestLoop(3, 2, 2), NestLoop(2, 2, 2))),
        dataclasses.replace(lanes, loops=(NestLoop(2, 2, 1, False), NestLoop(1, 3, 3))),
        NestLevel((NestLoop(0, 4, 4), NestLoop(2, 2, 1), NestLoop(3, 2, 1))),
    )
    nests = [NestInput(levels, SHAPES["convolution"][1], 4) for levels in (first, second)]
    structure = structure_of(nests[0], all_free=True)
    batch = jax.tree.map(lambda *leaves: jnp.asarray(leaves, dtype=float), *map(mapping_of, nests))

    @jax.jit
    def run(mappings: Any) -> Any:
        def one(mapping: Any) -> Any:
            counts = residual_nest(structure, workload_of(nests[0]), mapping)
            fields = [getattr(counts, field.name) for field in dataclasses.fields(counts) if field.name != "clipped"]
            return jax.tree.map(jnp.asarray, tuple(fields))

        return jax.vmap(one)(mappings)

    fields = run(batch)
    for index, nest in enumerate(nests):
        counts = NestCounts(*jax.tree.map(lambda leaf, i=index: leaf[i], fields))
        assert as_modelled(counts) == as_emulated(nest)


def test_chain_of_one_rank() -> None:
    """Bound 11 = 0, 1, then 1 * 4 + 1 = 5, then 5 * 2 + 0: loops (2, 2), (4, 2), (2, 1)."""
    loops = tuple(NestLevel((NestLoop(0, end, residual),)) for end, residual in ((2, 2), (4, 2), (2, 1)))
    nest = NestInput(loops, (plain(0),), 1)
    chain = rank_chains(structure_of(nest), mapping_of(nest), np)
    assert np.concatenate(chain.residual_extent).tolist() == [11.0, 3.0, 1.0, 1.0]
    assert np.concatenate(chain.extent).tolist() == [16.0, 8.0, 2.0, 1.0]
    assert np.concatenate(chain.others).tolist() == [0.0, 1.0, 5.0, 10.0]
    assert np.concatenate(chain.last).tolist() == [1.0] * 4
    assert [float(largest_extents(chain, level)[0]) for level in range(3)] == [11.0, 8.0, 2.0]
