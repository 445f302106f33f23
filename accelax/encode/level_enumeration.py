"""The mapspace of a chain of levels as a numbered list: what must be scored to have scored everything.

A *combination* is one factorization per rank; an *entry* is a combination with one choice of what is kept. Each entry
has a number of loop orders, which depends on the loops of each level that are longer than 1, and a mapping is an entry
and the digits of a mixed-radix number over the orders of its levels. Left out are, without losing an optimum,

* ranks of extent 1, which have no loops;
* mappings that cannot fit: a fan-out, the mesh side by side, or a buffer overflows, or too few lanes are in use;
* orders that cost the same as one that is there (:mod:`accelax.encode.level_orders`), of which those that differ only
  in loops of factor 1 are a special case;
* all but one of the layouts of a fan-out on its mesh that fits, where the layout costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flax import struct

from accelax.encode.level_mapping import decode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload


@struct.dataclass
class Tables:
    """What entries and digits stand for, as arrays.

    factors
        ``[R][rows, L]``: factorizations.
    position, on_x
        ``[L][choices, R]``: the loop orders of each level.
    keep
        ``[choices, L T]``.
    """

    factors: tuple[Any, ...]
    position: tuple[Any, ...]
    on_x: tuple[Any, ...]
    keep: Any


@dataclass(frozen=True, eq=False)
class LevelEnumeration:
    """The list. ``structure`` and ``workload`` are the problem without ranks of extent 1.

    entries
        ``[E, R + 1 + L]``: the row of each rank's factors, the row of ``keep``, and each level's first order.
    radix
        ``[E, L]``: how many orders each level has from its first on.
    ends
        ``[E]``: the number of mappings up to and including each entry.
    ranks
        The ranks of the problem that ``structure`` has.
    """

    problem: LevelProblem
    structure: LevelStructure
    workload: LevelWorkload
    ranks: tuple[int, ...]
    tables: Tables
    entries: np.ndarray
    radix: np.ndarray
    ends: np.ndarray

    @cached_property
    def starts(self) -> np.ndarray:
        """``[E]``: the number of mappings before each entry."""
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])

    @property
    def size(self) -> int:
        """How many mappings there are."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def located(self, begin: int, count: int) -> tuple[slice, np.ndarray, np.ndarray]:
        """Where mappings ``begin`` to ``begin + count`` are: their entries, and per mapping ``(entry, digits)``.

        The entry of a mapping counts from the start of the slice; ``digits`` is one mixed-radix number.
        """
        end = min(begin + count, self.size)
        first, last = np.searchsorted(self.ends, [begin, end - 1], side="right")
        window = slice(int(first), int(last) + 1)
        starts = self.starts[window]
        lengths = np.minimum(self.ends[window], end) - np.maximum(starts, begin)
        entry = np.repeat(np.arange(len(lengths)), lengths)
        return window, entry, np.arange(begin, end) - starts[entry]

    def mappings(self, indices: np.ndarray) -> LevelMapping:
        """The mappings with these numbers as the model of ``structure`` takes them; leaves ``[n]`` of numpy."""
        indices = np.asarray(indices, dtype=np.int64)
        entry = np.searchsorted(self.ends, indices, side="right")
        digits = indices - self.starts[entry]
        return decode_entries(self.structure, self.tables, self.entries[entry], self.radix[entry], digits)

    def decoded(self, mapping: LevelMapping) -> Mapping:
        """One mapping (plain numbers) as an object that prints, evaluates and writes YAML."""
        return decode_mapping(self.problem.structure, self.problem.lowered, self.widened(mapping))

    def widened(self, mapping: LevelMapping) -> LevelMapping:
        """The same mappings with a loop of factor 1 at every level over each rank of extent 1."""
        n_ranks = len(self.problem.structure.ranks)
        absent = [rank for rank in range(n_ranks) if rank not in self.ranks]
        one = np.ones(np.shape(mapping.position[0][0]))

        def spread(grid: Any, others: list[float]) -> tuple[tuple[Any, ...], ...]:
            rows = []
            for row in grid:
                full = dict(zip(self.ranks, row, strict=True)) | dict(zip(absent, others, strict=True))
                rows.append(tuple(one * full[rank] for rank in range(n_ranks)))
            return tuple(rows)

        return LevelMapping(
            factor=spread(mapping.factor, [1.0] * len(absent)),
            residual=(),
            position=spread(mapping.position, [float(len(self.ranks) + i) for i in range(len(absent))]),
            on_x=spread(mapping.on_x, [0.0] * len(absent)),
            keep=tuple(tuple(one * value for value in row) for row in mapping.keep),
        )


def decode_entries(structure: LevelStructure, tables: Tables, entries: Any, radix: Any, digits: Any) -> LevelMapping:
    """Mappings from their entries ``[n, R + 1 + L]``, their radices ``[n, L]`` and digits ``[n]``.

    For arrays of numpy, and of jax inside ``jit``.
    """
    n_ranks, levels = len(structure.ranks), range(structure.n_levels)
    rows = [table[entries[:, rank]] for rank, table in enumerate(tables.factors)]
    kept = tables.keep[entries[:, n_ranks]]
    n_tensors = len(structure.tensors)
    position, on_x = [], []
    for level in levels:
        choice = entries[:, n_ranks + 1 + level] + digits % radix[:, level]
        digits = digits // radix[:, level]
        position.append(tables.position[level][choice])
        on_x.append(tables.on_x[level][choice])
    return LevelMapping(
        factor=tuple(tuple(rows[rank][:, level] for rank in range(n_ranks)) for level in levels),
        residual=(),
        position=tuple(tuple(row[:, rank] for rank in range(n_ranks)) for row in position),
        on_x=tuple(tuple(row[:, rank] for rank in range(n_ranks)) for row in on_x),
        keep=tuple(tuple(kept[:, level * n_tensors + t] for t in range(n_tensors)) for level in levels),
    )
