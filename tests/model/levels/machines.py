"""Small machines and mappings, written by hand in the IR, that the tests of the level model share."""

from __future__ import annotations

from accelax.encode import encode_lowered
from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.ir import (
    Compute,
    Einsum,
    LevelConstraints,
    LoweredLevels,
    Mapping,
    Rules,
    Spatial,
    Storage,
    Temporal,
    Tensor,
)
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.lowered import LevelReuse
from accelax.ir.mapping import Node
from accelax.model.levels.arrays import LevelMapping
from accelax.model.levels.evaluate import LevelCost, evaluate_levels

PLAIN = {"read_energy": 1.0, "fill_energy": 1.0, "update_energy": 1.0}
Loops = list[tuple[str, int]]


def gemm(m: int, n: int, k: int) -> Einsum:
    """``Z[m, n] = A[m, k] B[k, n]``."""
    return Einsum(
        "gemm",
        (("M", m), ("N", n), ("K", k)),
        (
            Tensor("A", ((("M", 1),), (("K", 1),))),
            Tensor("B", ((("K", 1),), (("N", 1),))),
            Tensor("Z", ((("M", 1),), (("N", 1),)), output=True),
        ),
    )


def convolution(p: int, r: int, c: int = 1, stride: int = 1) -> Einsum:
    """``O[p] = I[c, stride p + r] W[c, r]``."""
    return Einsum(
        "conv",
        (("P", p), ("R", r), ("C", c)),
        (
            Tensor("I", ((("C", 1),), (("P", stride), ("R", 1)))),
            Tensor("W", ((("C", 1),), (("R", 1),))),
            Tensor("O", ((("P", 1),),), output=True),
        ),
    )


def chain(
    einsum: Einsum,
    levels: list[tuple[Level, Loops]],
    compute: LevelCompute | None = None,
    rules: Rules | None = None,
    reuse: dict[str, LevelReuse] | None = None,
    keep: dict[str, tuple[str, ...]] | None = None,
) -> LoweredLevels:
    """A machine with a mapping: each level with its loops ``(rank, factor)``, outermost first; fan-outs along X."""
    extent = dict(einsum.bounds)
    nodes: list[Node] = []
    for level, loops in levels:
        if not level.is_fanout:
            nodes.append(Storage(level.name, (keep or {}).get(level.name, einsum.tensor_names)))
        for rank, factor in loops:
            extent[rank] = -(-extent[rank] // factor)
            loop = Spatial(rank, extent[rank], level.name, "X") if level.is_fanout else Temporal(rank, extent[rank])
            nodes.append(loop)
    nodes.append(Compute(einsum.name, "MAC"))
    machine = LevelMachine(tuple(level for level, _ in levels), compute or LevelCompute("MAC", energy=1.0))
    return LoweredLevels(
        einsum,
        machine,
        tuple(LevelConstraints() for _ in levels),
        tuple((reuse or {}).get(level.name, LevelReuse()) for level, _ in levels),
        Mapping(tuple(nodes)),
        rules or Rules(),
    )


def prepare(lowered: LoweredLevels) -> tuple[LevelProblem, LevelMapping]:
    """The problem and its mapping as plain numbers."""
    problem = encode_lowered(lowered)
    assert lowered.mapping is not None
    return problem, encode_mapping(problem.structure, lowered, lowered.mapping)


def cost_of(lowered: LoweredLevels) -> LevelCost:
    """Evaluate on plain float64 numbers."""
    problem, mapping = prepare(lowered)
    return evaluate_levels(problem.structure, problem.workload, problem.hardware, mapping)


def row(table: tuple[tuple[float, ...], ...], level: int) -> list[float]:
    """One level of a ``[L][T]`` table as floats."""
    return [float(x) for x in table[level]]
