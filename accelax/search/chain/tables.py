"""What the walk needs to know of a problem, as plain numbers: legal tiles, machine figures and loop orders.

The walk goes from the compute unit outward through one slot per level. Its state is a tile: the extent of every rank
below the slot, always a divisor of the bound. Slot ``s`` is level ``L - 1 - s``; boundary ``b`` lies below slot ``b``,
so boundary 0 is a single point and boundary ``L`` the whole iteration space.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np

from accelax.encode.factorizations import divisors
from accelax.encode.level_mapspace import factor_rules
from accelax.encode.level_problem import LevelProblem

Order = tuple[tuple[int, ...], ...]
"""Loops of a level as blocks of ranks, innermost first; the order inside a block is free."""
MOST_GROUPS = 5
"""Groups of interchangeable ranks whose orders are all tried; more are beyond any workload seen."""


@dataclass(frozen=True)
class Axis:
    """One index expression of a tensor: its ranks, and the absolute coefficients."""

    ranks: tuple[int, ...]
    coefficients: tuple[float, ...]

    @property
    def slides(self) -> bool:
        """Whether several ranks share the expression, so that neighbouring tiles may overlap."""
        return len(self.ranks) > 1


@dataclass(frozen=True)
class TensorShape:
    """A tensor as the walk sees it: ``sliding`` are the ranks that share an index expression with others."""

    axes: tuple[Axis, ...]
    relevant: frozenset[int]
    irrelevant: tuple[int, ...]
    sliding: tuple[int, ...]
    output: bool

    def axis_of(self, rank: int) -> tuple[Axis, float]:
        """The index expression that a relevant rank stands in, and its coefficient there."""
        axis = next(axis for axis in self.axes if rank in axis.ranks)
        return axis, axis.coefficients[axis.ranks.index(rank)]

    @property
    def kinds(self) -> int:
        """Ways to move the tile: as a whole (0), or along one of the sliding ranks."""
        return 1 + len(self.sliding)


class ChainTables:
    """Figures of one problem, independent of the placement of tensors.

    A state of divisor indices ``[R]`` has the key ``index @ stride``, below ``states``.
    """

    def __init__(self, problem: LevelProblem):
        structure, lowered = problem.structure, problem.lowered
        self.problem, self.structure = problem, structure
        self.hardware = problem.hardware
        self.levels = structure.n_levels
        self.ranks = len(structure.ranks)
        self.bounds = np.array([float(b) for b in problem.workload.bounds])
        self.macs = float(np.prod(self.bounds))
        self.tensors = tuple(_shape(problem, t) for t in range(len(structure.tensors)))
        self.divisors = [np.array(divisors(int(b)), dtype=float) for b in self.bounds]
        most = max(len(d) for d in self.divisors)
        self.extents = np.array([np.pad(d, (0, most - len(d)), mode="edge") for d in self.divisors])
        self.radix = np.array([len(d) for d in self.divisors], dtype=np.int64)
        self.stride = np.concatenate([np.cumprod(self.radix[::-1])[::-1][1:], [1]])
        self.states = int(np.prod(self.radix.astype(float)))
        self.rules = [factor_rules(structure, lowered, rank) for rank in range(self.ranks)]
        self.steps = _legal_steps(self)
        self.lane_choices: dict[int, list[Any]] = {}
        self.lane_steps: dict[int, Any] = {}
        self._lanes: dict[tuple[int, tuple[int, ...] | None, bool], float] = {}
        self.least_lanes = max((c.utilization_minimum for c in lowered.constraints), default=0.0)

    def level(self, slot: int) -> int:
        """The level that a slot stands for."""
        return self.levels - 1 - slot

    @cached_property
    def orders(self) -> list[list[Order]]:
        """``[L]``: the loop orders worth trying at each storage level (:func:`level_orders`)."""
        return [[] if self.structure.is_fanout[level] else level_orders(self, level) for level in range(self.levels)]

    @cached_property
    def storage_levels(self) -> list[int]:
        """The storage levels, innermost first."""
        return [level for level in reversed(range(self.levels)) if not self.structure.is_fanout[level]]

    def lanes_above(self, level: int, ranks: tuple[int, ...] | None = None) -> float:
        """The largest product of spatial factors (of ``ranks``) over the fan-outs outside ``level``."""
        key = (level, ranks, True)
        if key not in self._lanes:
            fanouts = [above for above in range(level) if self.structure.is_fanout[above]]
            self._lanes[key] = float(math.prod(self.lanes(above, ranks) for above in fanouts))
        return self._lanes[key]

    def forget(self) -> None:
        """Drop what was remembered of fan-outs, after ``steps`` were narrowed."""
        self._lanes.clear()
        self.lane_choices.clear()
        self.lane_steps.clear()
        self.__dict__.pop("orders", None)

    def lanes(self, level: int, ranks: tuple[int, ...] | None = None) -> float:
        """The largest product of the factors of ``ranks`` (None: all) at one fan-out."""
        key = (level, ranks, False)
        if key not in self._lanes:
            chosen = range(self.ranks) if ranks is None else ranks
            mesh = math.prod(self.structure.physical_mesh[level])
            reach = math.prod(float(self.largest_factor(level, rank)) for rank in chosen)
            self._lanes[key] = float(min(mesh, reach))
        return self._lanes[key]

    def largest_factor(self, level: int, rank: int) -> float:
        """The largest factor that the legal tiles leave for one rank at one level."""
        return max((b / a for a, b in self.pairs(level, rank)), default=1.0)

    def pairs(self, level: int, rank: int) -> list[tuple[float, float]]:
        """The (tile, next tile) extents of one rank that are legal at a level."""
        table, extent = self.steps[self.levels - 1 - level][rank], self.divisors[rank]
        return [(float(extent[a]), float(extent[b])) for a, targets in enumerate(table) for b in targets]


def _shape(problem: LevelProblem, tensor: int) -> TensorShape:
    """The index expressions of one tensor."""
    structure = problem.structure
    axes = tuple(
        Axis(terms, tuple(abs(float(c)) for c in coefficients))
        for terms, coefficients in zip(
            structure.projections[tensor], problem.workload.coefficients[tensor], strict=True
        )
    )
    relevant = structure.relevant(tensor)
    return TensorShape(
        axes=axes,
        relevant=relevant,
        irrelevant=tuple(r for r in range(len(structure.ranks)) if r not in relevant),
        sliding=tuple(r for axis in axes if axis.slides for r in axis.ranks),
        output=structure.outputs[tensor],
    )


def _legal_steps(tables: ChainTables) -> list[list[list[np.ndarray]]]:
    """``[slot][rank][divisor]``: the divisors that a slot may lead to, where the rest of the chain can be completed."""
    steps: list[list[list[np.ndarray]]] = [[] for _ in range(tables.levels)]
    for rank, extent in enumerate(tables.divisors):
        whole = extent.astype(int).tolist()
        moves = []
        for slot in range(tables.levels):
            rule = tables.rules[rank][tables.level(slot)]
            moves.append(np.array([[b % a == 0 and rule.allows(b // a) for b in whole] for a in whole], dtype=bool))
        forth = [np.array([a == 1 for a in whole])]
        for move in moves:
            forth.append((forth[-1][:, None] & move).any(axis=0))
        back = [np.array([a == whole[-1] for a in whole])]
        for move in reversed(moves):
            back.append((back[-1][None, :] & move).any(axis=1))
        back.reverse()
        for slot, move in enumerate(moves):
            open_ = move & (forth[slot] & back[slot])[:, None] & back[slot + 1][None, :]
            steps[slot].append([np.flatnonzero(row) for row in open_])
    return steps


def cycles_of(tables: ChainTables, level: int, read: np.ndarray, written: np.ndarray) -> np.ndarray:
    """Cycles in which one instance of a level can hand out and take in so many words, by its bandwidths."""
    hardware = tables.hardware
    scale = min(float(s) for s in hardware.bandwidth_scale[level])
    bandwidths = hardware.read_bandwidth[level], hardware.write_bandwidth[level], hardware.shared_bandwidth[level]
    demands = zip(bandwidths, (read, written, read + written), strict=True)
    cycles = np.zeros_like(read)
    for bandwidth, words in demands:
        cycles = np.maximum(cycles, words * (scale / float(bandwidth)))
    return cycles


def level_orders(tables: ChainTables, level: int) -> list[Order]:
    """Orders of the loops of a storage level such that every legal order costs no less than one of them.

    Only the innermost loop that moves a tensor matters to it, and the loops inside that one. Ranks that index the same
    tensors form a group. Sorting groups by their innermost loop puts before the first mover of a tensor everything that
    was there, so orders of whole groups suffice where no order is given; which rank of the first moving group is
    innermost is left open, and each sliding tensor takes the one it likes best. Given prefixes and suffixes stay.
    """
    structure = tables.structure
    active = [r for r in range(tables.ranks) if tables.largest_factor(level, r) > 1]
    inner, outer = given_order(tables, level)
    if level == structure.n_levels - 1 and not inner and not outer:
        return [tuple((rank,) for rank in active)]
    middle = [r for r in active if r not in inner and r not in outer]
    groups: dict[tuple[bool, ...], list[int]] = {}
    for rank in middle:
        groups.setdefault(tuple(rank in shape.relevant for shape in tables.tensors), []).append(rank)
    blocks = [tuple(group) for group in groups.values()]
    head = tuple((r,) for r in inner if r in active)
    tail = tuple((r,) for r in outer if r in active)
    return [(*head, *chosen, *tail) for chosen in _arrangements(tables, blocks)]


def given_order(tables: ChainTables, level: int) -> tuple[list[int], list[int]]:
    """The ranks whose place the constraints give: innermost ones and outermost ones, from the inside."""
    ranks, constraint = tables.structure.ranks, tables.problem.lowered.constraints[level]
    return [ranks.index(n) for n in constraint.order_inner], [ranks.index(n) for n in constraint.order_outer]


def _arrangements(tables: ChainTables, blocks: list[tuple[int, ...]]) -> list[Order]:
    """Orders of the groups that are worth trying.

    Where every group leaves at most one tensor unmoved, every tensor at most one group, and nothing slides, only the
    first group matters. More than ``MOST_GROUPS`` groups become a first one and one block of all others: a block that
    moves a tensor counts as if its other ranks stood inside, which is never too much.
    """
    if len(blocks) > MOST_GROUPS:
        return [(first, tuple(r for block in blocks if block != first for r in block)) for first in blocks]
    single = all(sum(block[0] not in shape.relevant for shape in tables.tensors) <= 1 for block in blocks)
    alone = all(sum(block[0] not in shape.relevant for block in blocks) <= 1 for shape in tables.tensors)
    if single and alone and not any(shape.sliding for shape in tables.tensors):
        return [(block, *(other for other in blocks if other != block)) for block in blocks] or [()]
    return [tuple(order) for order in permutations(blocks)]
