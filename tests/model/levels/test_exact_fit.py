"""A mapping that fills its machine to the last word and lane fits, in a batch as alone.

XLA divides by a number common to the batch by multiplying with its reciprocal: 14 / 14 may come out above 1.
"""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from accelax.ir.level_machine import Level, LevelCompute
from accelax.model.evaluate import evaluate_batch
from tests.model.levels.machines import PLAIN, chain, gemm, prepare

SIZES = (7, 11, 14, 41, 47, 49, 55, 61, 82, 83, 93, 97, 98)


@pytest.mark.parametrize("size", SIZES)
def test_exactly_full_machine_fits_in_a_batch(size):
    # The register holds one word of each of A, B and Z, the buffer M words of A, 1 of B and M of Z: 2 M + 1 words.
    outer, buffer = Level("DRAM", **PLAIN), Level("Buffer", size_words=2 * size + 1, **PLAIN)
    fan = Level("Lanes", is_fanout=True)
    inner = Level("Register", mesh_x=size, size_words=3, block_size=1, **PLAIN)
    compute = LevelCompute("MAC", mesh_x=size, energy=1.0)
    levels = [(outer, [("N", 3), ("K", 2)]), (buffer, []), (fan, [("M", size)]), (inner, [])]
    lowered = chain(gemm(size, 3, 2), levels, compute)
    problem, _ = prepare(lowered)
    cost = jax.jit(evaluate_batch)(problem, problem.encode_mappings([lowered.mapping] * 8))
    assert np.all(np.asarray(cost.violation) == 0)
    tight = replace(lowered.machine.levels[1], size_words=2 * size)
    machine = replace(lowered.machine, levels=(outer, tight, fan, inner))
    smaller, _ = prepare(replace(lowered, machine=machine))
    cost = jax.jit(evaluate_batch)(smaller, smaller.encode_mappings([lowered.mapping] * 8))
    assert np.all(np.asarray(cost.violation) > 0)


@pytest.mark.parametrize("block", SIZES)
def test_whole_lines_stay_whole_in_a_batch(block):
    # 6 x block words of A from DRAM in lines of ``block`` words are 6 lines, not 7: 1 pJ each.
    outer = Level("DRAM", block_size=block, read_energy=1.0, fill_energy=0.0, update_energy=0.0)
    lowered = chain(gemm(block, 3, 2), [(outer, [("M", block), ("N", 3), ("K", 2)])], LevelCompute("MAC", energy=0.0))
    problem, _ = prepare(lowered)
    cost = jax.jit(evaluate_batch)(problem, problem.encode_mappings([lowered.mapping] * 8))
    # A and B are read for each of the 6 block computations: 6 lines each. Z has 3 block words, so 3 block of its
    # 6 block updates are not the first of their word and read a partial sum: 3 lines.
    assert np.all(np.asarray(cost.energy_pJ) == 6 + 6 + 3)
