"""The model under ``Rules.true_movement()`` against the simulator, through the same door as a specification.

``ACCELAX_ORACLE_NESTS=1000`` sets how many random nests each test draws.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accelax.encode import encode_lowered
from accelax.encode.level_mapping import encode_mapping
from accelax.errors import UnsupportedError
from accelax.ir.rules import Rules
from accelax.model.levels.evaluate import LevelCost, evaluate_levels
from tests.oracle.lowering import lower
from tests.oracle.nest_oracle import Counts, Level, Loop, Nest, Options, Tensor, simulate
from tests.oracle.strategies import nests

RANDOM = settings(
    max_examples=int(os.environ.get("ACCELAX_ORACLE_NESTS", "150")),
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
)


def model(nest: Nest, elide: bool) -> LevelCost:
    """The nest on plain float64 numbers."""
    rules = replace(Rules.true_movement(), first_read_elision=elide, first_fill_elision=elide)
    lowered = lower(nest, rules)
    problem = encode_lowered(lowered)
    assert lowered.mapping is not None
    mapping = encode_mapping(problem.structure, lowered, lowered.mapping)
    return evaluate_levels(problem.structure, problem.workload, problem.hardware, mapping)


def found_by_model(nest: Nest, cost: LevelCost) -> dict[str, float]:
    """Totals over all instances, by name, of everything that both count."""
    found = {"macs": float(cost.computes), "cycles": float(cost.nest.compute_cycles)}
    at = 0
    for level in nest.levels:
        instances = float(cost.nest.instances[at])
        found[f"{level.name} instances"] = instances
        for t, tensor in enumerate(nest.tensors):
            for name in ("reads", "fills", "updates"):
                words = float(getattr(cost.traffic, name)[at][t])
                found[f"{level.name} {tensor.name} {name}"] = words * instances
            if tensor.name in level.keeps:
                found[f"{level.name} {tensor.name} tile"] = float(cost.traffic.tiles[at][t])
        at += 2 if level.spatial else 1
    return found


def found_by_simulator(nest: Nest, counts: Counts) -> dict[str, float]:
    """The same numbers from the simulator; nothing moves where a tensor is not kept."""
    found: dict[str, float] = {"macs": counts.macs, "cycles": counts.cycles}
    for level in nest.levels:
        found[f"{level.name} instances"] = counts.instances[level.name]
        for tensor in nest.tensors:
            seen = counts.traffic.get((level.name, tensor.name))
            for name in ("reads", "fills", "updates"):
                found[f"{level.name} {tensor.name} {name}"] = getattr(seen, name) if seen else 0
            if seen:
                found[f"{level.name} {tensor.name} tile"] = seen.tile
    return found


def check(nest: Nest, elide: bool = True) -> None:
    """Everything that both count is the same."""
    options = Options(sharing="identical", first_read_elision=elide, first_fill_elision=elide)
    assert found_by_model(nest, model(nest, elide)) == pytest.approx(
        found_by_simulator(nest, simulate(nest, options)), rel=1e-9, abs=0
    )


def ragged_ranks(nest: Nest) -> set[str]:
    """The ranks of which some tile does not divide the one above it."""
    extent, ragged = dict(nest.bounds), set()
    for level in nest.levels:
        for loop in (*level.temporal, *level.spatial):
            if extent[loop.rank] % loop.tile:
                ragged.add(loop.rank)
            extent[loop.rank] = loop.tile
    return ragged


def window_ranks(nest: Nest) -> set[str]:
    """The ranks that share an index expression with another rank."""
    axes = [terms for tensor in nest.tensors for terms in tensor.projection if len(terms) > 1]
    return {rank for terms in axes for rank, _ in terms}


@RANDOM
@given(nests(shape="perfect", max_macs=1000), st.booleans())
def test_tiles_that_divide_move_what_the_simulator_moves(nest: Nest, elide: bool) -> None:
    check(nest, elide)


@RANDOM
@given(nests(shape="nested", max_macs=1000), st.booleans())
def test_ragged_tiles_move_what_the_simulator_moves_or_are_refused(nest: Nest, elide: bool) -> None:
    try:
        check(nest, elide)
    except UnsupportedError:
        assert ragged_ranks(nest) & window_ranks(nest), "only ragged sliding windows may be refused"
        assume(False)


def test_a_window_passes_what_it_lacks() -> None:
    """5 outputs, window 3: the register's input tile of 3 words brings 3 once and 1 for each of 4 steps."""
    tensors = (
        Tensor("W", ((("R", 1),),)),
        Tensor("I", ((("P", 1), ("R", 1)),)),
        Tensor("O", ((("P", 1),),), output=True),
    )
    everything = ("W", "I", "O")
    far = Level("far", everything, (Loop("P", 1),))
    near = Level("near", everything, (Loop("R", 1),))
    nest = Nest((("P", 5), ("R", 3)), tensors, (far, near))
    check(nest)
    assert found_by_model(nest, model(nest, True))["near I fills"] == 3 + 4
