"""Problems that the tests of the relaxation share."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from accelax.encode import encode_lowered
from accelax.encode.level_problem import LevelProblem
from accelax.ir import LevelConstraints, Rules
from accelax.ir.level_machine import Level, LevelCompute
from accelax.model.levels.arrays import LevelMapping
from accelax.model.levels.evaluate import LevelCost, evaluate_levels
from accelax.search.objective import outermost_accesses
from tests.model.levels.machines import chain, gemm


def three_levels(
    m: int = 16, n: int = 16, k: int = 32, size: float = math.inf, rules: Rules | None = None, **changes: Any
) -> LevelProblem:
    """A matrix product on DRAM, a buffer and registers of ``size`` words, all of which keep everything."""
    energies = {"read_energy": 1.0, "fill_energy": 1.0, "update_energy": 1.0, **changes}
    levels: list[tuple[Level, list[tuple[str, int]]]] = [
        (Level("DRAM", **energies), [("M", m), ("N", n), ("K", k)]),
        (Level("BUF", **energies), []),
        (Level("RF", size_words=size, **energies), []),
    ]
    lowered = chain(gemm(m, n, k), levels, LevelCompute("MAC", energy=1.0), rules)
    keep = LevelConstraints(keep=("A", "B", "Z"))
    return encode_lowered(dataclasses.replace(lowered, mapping=None, constraints=(keep,) * 3))


def plain(problem: LevelProblem, factors: list[list[int]], orders: list[list[int]]) -> LevelMapping:
    """A mapping as plain numbers: ``factors`` ``[L][R]``, ``orders`` the ranks of each level, innermost first."""
    levels, tensors = problem.structure.n_levels, len(problem.structure.tensors)
    position = tuple(tuple(float(order.index(rank)) for rank in range(len(order))) for order in orders)
    ones, zeros = (1.0,) * tensors, (0.0,) * len(orders[0])
    rows = tuple(tuple(map(float, row)) for row in factors)
    return LevelMapping(rows, (), position, (zeros,) * levels, (ones,) * levels)


def random_mappings(problem: LevelProblem, seed: int, n: int) -> list[LevelMapping]:
    """Random mappings that obey the constraints, as plain numbers; drawn without compiling anything."""
    random, space, structure = np.random.default_rng(seed), problem.space, problem.structure
    found = []
    for _ in range(n):
        rows = [space.factors[r, random.integers(count)] for r, count in enumerate(space.n_factors)]
        keys = random.uniform(space.order_low, np.maximum(space.order_high, space.order_low))
        place = keys.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        split = random.integers(space.split_low, np.asarray(space.split_high) + 1)
        keep = random.uniform(size=np.shape(space.keep_probability)) < space.keep_probability
        grids = np.transpose(rows), place, place < split[:, None], keep
        factor, position, on_x, kept = (tuple(tuple(map(float, row)) for row in grid) for grid in grids)
        found.append(LevelMapping(factor, (), position, on_x, kept))
    assert all(len(row.factor) == structure.n_levels for row in found)
    return found


def exact(problem: LevelProblem, mapping: LevelMapping) -> LevelCost:
    """The exact cost in float64."""
    return evaluate_levels(problem.structure, problem.workload, problem.hardware, mapping)


def exact_metrics(problem: LevelProblem, mapping: LevelMapping) -> np.ndarray:
    """``[3]``: energy, cycles, accesses of the outermost level."""
    cost = exact(problem, mapping)
    return np.array([cost.energy, cost.cycles, outermost_accesses(problem.structure, cost)], dtype=float)


COUNTEREXAMPLE = ([[4, 4, 8], [1, 1, 4], [4, 4, 1]], [[2, 0, 1], [2, 0, 1], [0, 1, 2]])
"""Registers of 4 x 4 x 1, a buffer whose M and N are 1, K innermost above it: the sum stays in place over both."""
