"""Exact counts of tiles that do not divide against the simulator that plays every step with sets of points."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelax.ir.rules import Rules
from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from accelax.model.levels.clipped import lanes_ever
from accelax.model.levels.clipped_nest import clipped_nest, sliding_ranks, unsupported_clipping
from accelax.model.levels.clipped_traffic import clipped_traffic
from accelax.model.levels.residual_chain import rank_chains
from tests.oracle.nest_oracle import Level, Loop, Nest, Options, Tensor, simulate
from tests.oracle.strategies import convolutions_1d, convolutions_2d, nests, windowless_problems


def arrays(nest: Nest) -> tuple[LevelStructure, LevelWorkload, LevelMapping]:
    """The nest as the model wants it: a fan-out level below each level with spatial loops."""
    ranks = [rank for rank, _ in nest.bounds]
    tensors = [tensor.name for tensor in nest.tensors]
    rows: list[tuple[bool, tuple[Loop, ...], tuple[str, ...]]] = []
    for level in nest.levels:
        rows.append((False, level.temporal, level.keeps))
        if level.spatial:
            rows.append((True, level.spatial, ()))
    factor: list[list[float]] = [[1.0] * len(ranks) for _ in rows]
    residual = [[1.0] * len(ranks) for _ in rows]
    position = [[float(rank) for rank in range(len(ranks))] for _ in rows]
    bounds = dict(nest.bounds)
    extent = dict(bounds)
    for at, (_, loops, _) in enumerate(rows):
        for place, loop in enumerate(loops):
            rank = ranks.index(loop.rank)
            factor[at][rank] = float(-(-extent[loop.rank] // loop.tile))
            residual[at][rank] = float((bounds[loop.rank] - 1) // loop.tile % factor[at][rank] + 1)
            position[at][rank] = float(len(ranks) + len(loops) - place)
            extent[loop.rank] = loop.tile
    count = len(rows)
    nothing = ((False,) * len(tensors),) * count
    structure = LevelStructure(
        level_names=tuple(f"L{i}" for i in range(count)),
        compute_name="mac",
        ranks=tuple(ranks),
        tensors=tuple(tensors),
        projections=tuple(
            tuple(tuple(ranks.index(r) for r, _ in terms) for terms in t.projection) for t in nest.tensors
        ),
        outputs=tuple(tensor.output for tensor in nest.tensors),
        is_fanout=tuple(is_fanout for is_fanout, _, _ in rows),
        keep_fixed=((None,) * len(tensors),) * count,
        unit_factor=tuple(tuple(value == 1.0 for value in row) for row in factor),
        no_temporal_reuse=nothing,
        rmw_first_update=nothing,
        no_coalesce=nothing,
        no_multicast=nothing,
        no_link_transfer=nothing,
        physical_mesh=((64, 64),) * count,
        network_energy=(False,) * count,
        network_type=("1:N",) * count,
        reduction_supported=(True,) * count,
        power_gate=tuple(range(count)),
        imperfect=True,
        rules=Rules.true_movement(),
    )
    mapping = LevelMapping(
        factor=tuple(map(tuple, factor)),
        residual=tuple(map(tuple, residual)),
        position=tuple(map(tuple, position)),
        on_x=((1.0,) * len(ranks),) * count,
        keep=tuple(tuple(float(tensor in keeps) for tensor in tensors) for _, _, keeps in rows),
    )
    coefficients = tuple(tuple(tuple(float(c) for _, c in terms) for terms in t.projection) for t in nest.tensors)
    return structure, LevelWorkload(tuple(map(float, bounds.values())), coefficients), mapping


def check(nest: Nest, elide: bool = True) -> None:
    """Compare everything that both count."""
    structure, workload, mapping = arrays(nest)
    rules = dataclasses.replace(structure.rules, first_read_elision=elide, first_fill_elision=elide)
    structure = dataclasses.replace(structure, rules=rules)
    assert unsupported_clipping(structure) is None
    wanted = simulate(nest, Options(sharing="identical", first_read_elision=elide, first_fill_elision=elide))
    counts = clipped_nest(structure, workload, mapping)
    assert counts.clipped is not None
    traffic = clipped_traffic(structure, mapping, counts, counts.clipped)
    assert counts.compute_iterations * counts.instances[-1] == pytest.approx(wanted.macs)
    assert counts.compute_cycles == wanted.cycles
    storages = [at for at in range(structure.n_levels) if not structure.is_fanout[at]]
    for at, level in zip(storages, nest.levels, strict=True):
        assert counts.instances[at] == wanted.instances[level.name]
        for tensor, name in enumerate(structure.tensors):
            if name in level.keeps:
                seen = wanted.traffic[level.name, name]
                found = [
                    table[at][tensor] * counts.instances[at]
                    for table in (traffic.reads, traffic.fills, traffic.updates)
                ]
                assert found == pytest.approx([seen.reads, seen.fills, seen.updates])
                assert counts.tiles[at][tensor] == seen.tile


@settings(max_examples=100, deadline=None)
@given(nests(windowless_problems(), shape="nested"), st.booleans())
def test_ragged_nests_without_windows(nest: Nest, elide: bool) -> None:
    check(nest, elide)


@settings(max_examples=60, deadline=None)
@given(nests(st.one_of(convolutions_1d(), convolutions_2d()), shape="perfect", max_macs=600))
def test_windows_that_divide(nest: Nest) -> None:
    check(nest)


@settings(max_examples=40, deadline=None)
@given(nests(st.one_of(convolutions_1d(), convolutions_2d()), shape="nested", max_levels=2, max_macs=600))
def test_windows_that_divide_among_other_ragged_ranks(nest: Nest) -> None:
    structure, _, mapping = arrays(nest)
    for rank in sliding_ranks(structure):
        assume(all(row[rank] == short[rank] for row, short in zip(mapping.factor, mapping.residual, strict=True)))
    check(nest)


def test_windows_that_divide_among_ragged_channels() -> None:
    """5 channels in tiles of 2, a window of 3 on 4 outputs that slides inside."""
    tensors = (
        Tensor("W", ((("C", 1),), (("R", 1),))),
        Tensor("I", ((("C", 1),), (("P", 1), ("R", 1)))),
        Tensor("O", ((("P", 1),),), output=True),
    )
    everything = ("W", "I", "O")
    near = Level("near", everything, (Loop("C", 1), Loop("R", 1)))
    far = Level("far", everything, (Loop("C", 2), Loop("P", 1)), ())
    nest = Nest((("C", 5), ("P", 4), ("R", 3)), tensors, (far, near))
    check(nest)
    assert simulate(nest).traffic["near", "I"].fills == 5 * 6, "each of 5 channels brings its 6 words once"


def test_lanes_that_idle() -> None:
    """7 = three lanes of 3, 3, 1: all three ever work, and the last holds one word."""
    level = Level("far", ("A",), (), (Loop("M", 3),))
    nest = Nest((("M", 7),), (Tensor("A", ((("M", 1),),)),), (level, Level("near", ("A",), (Loop("M", 1),))))
    check(nest)
    structure, _, mapping = arrays(nest)
    assert lanes_ever(structure, rank_chains(structure, mapping, np), 2).tolist() == [3.0]


def test_names_what_it_does_not_cover() -> None:
    tensors = (Tensor("I", ((("P", 1), ("R", 1)),)), Tensor("O", ((("P", 1),),), output=True))
    nest = Nest((("P", 5), ("R", 3)), tensors, (Level("L", ("I", "O"), (Loop("P", 1), Loop("R", 1)), (Loop("R", 1),)),))
    structure, _, _ = arrays(nest)
    assert sliding_ranks(structure) == {0, 1}
    assert unsupported_clipping(structure) is None
    other = dataclasses.replace(structure, rules=dataclasses.replace(structure.rules, link_transfers="mesh"))
    assert "link transfers" in str(unsupported_clipping(other))
    other = dataclasses.replace(structure, rules=dataclasses.replace(structure.rules, halo="timeloop"))
    assert "halo rule 'timeloop'" in str(unsupported_clipping(other))
    other = dataclasses.replace(structure, outputs=(True, True))
    assert "output with sliding windows" in str(unsupported_clipping(other))
    assert unsupported_clipping(dataclasses.replace(structure, imperfect=False)) is None
