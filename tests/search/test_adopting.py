"""Mappings of other searchers become genomes that mean the same."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import accelax as ax
from accelax.encode.level_genome import express
from accelax.encode.level_mapspace import unpack
from accelax.ir import Compute, Mapping
from accelax.search.adopting import genome_of
from tests.search.cases import imperfect_specification, specification

SPECS = {
    "perfect": specification(DRAM={"temporal": {"permutation": ["N"]}}, MAC={"spatial": {"permutation": ["K", "M"]}}),
    "ruby": imperfect_specification({"M": 7, "N": 9, "K": 10}, MAC={"spatial": {"remainders": 3}}),
}


@pytest.mark.parametrize("name", SPECS)
def test_adopted_genomes_mean_the_mappings_they_came_from(name):
    problem = ax.encode(SPECS[name])
    batch = problem.sample(jax.random.key(2), 40)
    mappings = [problem.decode(batch, i) for i in range(40)]
    stranger = Mapping((Compute("gemm", "MAC"),))
    found = genome_of(problem, [stranger, *mappings])
    assert found is not None
    genome, places = found
    assert places == list(range(1, 41))
    again = unpack(jax.device_get(express(problem.space, genome)))
    for field in ("factor", "residual", "keep"):
        assert np.array_equal(np.asarray(getattr(again, field)), np.asarray(getattr(batch, field)))

    def loops(mapping: Mapping) -> list[object]:
        above, real = dict(mapping.bounds), []
        for node in mapping.nodes:
            rank = getattr(node, "rank", None)
            if rank is None:
                real.append(node)
            elif above[rank] != node.tile_shape:
                above[rank] = node.tile_shape
                real.append(node)
        return real

    assert all(loops(problem.decode(again, i)) == loops(mapping) for i, mapping in enumerate(mappings))


def test_nothing_is_adopted_where_nothing_belongs():
    assert genome_of(ax.encode(SPECS["perfect"]), [Mapping((Compute("gemm", "MAC"),))]) is None
