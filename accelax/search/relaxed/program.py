"""A class of mappings as arrays: the exponents of every monomial of its relaxed cost.

A *slot* is a factor ``(level, rank)`` that the mapspace leaves open; ``x`` ``[N]`` are the logarithms of the slots.
The words that cross a network are, in logarithms, a linear form of ``x`` plus *windows*, each a maximum of planes over
up to three linear forms (:mod:`~accelax.search.relaxed.windows`). Which number of the hardware multiplies which words
is the business of :mod:`~accelax.search.relaxed.cost`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flax import struct

from accelax.encode.level_problem import LevelProblem
from accelax.model.levels.nest import may_link
from accelax.search.relaxed.box import Box
from accelax.search.relaxed.classes import MappingClass
from accelax.search.relaxed.deliveries import Deliveries
from accelax.search.relaxed.layout import Layout

REACH = 1e-9
"""How far the bounds of a rank's slots may miss its bound, in logarithms, and still be taken to meet it."""


@struct.dataclass
class Program:
    """The relaxed cost of one class, or of many with a leading axis on every array.

    served, served_windows
        ``[L, T, N]``, ``[L, T, K]``: words that one instance of a level hands down, if it keeps the tensor; else what
        crosses the network below it.
    filled, filled_windows
        The same of the words that one instance receives.
    reads, fills, updates
        ``[L, T]``: 1 where the level reads what it serves, is filled with what it receives, is updated with what it
        serves; 0 also where no lower bound but 0 is known.
    elided
        ``[2, L, T]``: at most so many words, over all instances, are left out of reads and of fills.
    keep
        ``[L, T]``.
    sweep_forms
        ``[S, 3, N]``: the forms of the windows that depend on the class; ``sweep_table`` ``[S]``: their planes.
    lower, upper
        ``[N]``: bounds of ``x``.
    """

    served: Any
    served_windows: Any
    filled: Any
    filled_windows: Any
    reads: Any
    fills: Any
    updates: Any
    elided: Any
    keep: Any
    sweep_forms: Any
    sweep_table: Any
    lower: Any
    upper: Any


def class_program(problem: LevelProblem, layout: Layout, box: Box, klass: MappingClass) -> Program:
    """The arrays of one class, in float64. ``box`` bounds the factors besides the class."""
    structure = problem.structure
    shape = structure.n_levels, len(structure.tensors)
    deliveries = Deliveries(problem, layout, klass)
    served, served_windows = np.zeros((*shape, layout.n_slots)), np.zeros((*shape, layout.n_windows))
    filled, filled_windows = np.zeros_like(served), np.zeros_like(served_windows)
    for level in range(shape[0]):
        for t in range(shape[1]):
            served[level, t], served_windows[level, t] = deliveries.served(level, t)
            if structure.outputs[t] and structure.no_coalesce[level][t]:
                filled[level, t], filled_windows[level, t] = served[level, t], served_windows[level, t]
            elif klass.keep[level][t]:
                filled[level, t], filled_windows[level, t] = deliveries.delivered(level, t)
    lower, upper = _slot_bounds(layout, box, klass)
    reads, fills, updates, elided = _accounting(problem, layout, klass, upper)
    return Program(
        served=served,
        served_windows=served_windows,
        filled=filled,
        filled_windows=filled_windows,
        reads=reads,
        fills=fills,
        updates=updates,
        elided=elided,
        keep=np.array(klass.keep, dtype=float),
        sweep_forms=deliveries.sweep_forms,
        sweep_table=deliveries.sweep_table,
        lower=lower,
        upper=upper,
    )


def _slot_bounds(layout: Layout, box: Box, klass: MappingClass) -> tuple[np.ndarray, np.ndarray]:
    """The bounds of every slot: those of the box, 0 where the class wants a factor of 1, and what that leaves others.

    A rank's factors multiply to its bound, so that each is at least what the others cannot take, and at most what they
    need not. Bounds that leave a rank nothing stay as they are.
    """
    least, most = box.logs()
    units = np.zeros_like(most, dtype=bool)
    for level, loops in enumerate(klass.loops):
        if loops is not None:
            units[level, sorted(loops.units)] = True
    lower, upper = layout.pick(least), layout.pick(np.where(units, 0.0, most))
    rank = layout.shared.rank
    spare = rank.T @ (rank @ upper - layout.shared.bounds)
    missing = rank.T @ (layout.shared.bounds - rank @ lower)
    possible = (spare > -REACH) & (missing > -REACH) & (lower <= upper)
    return (
        np.where(possible, np.maximum(lower, upper - np.maximum(spare, 0.0)), lower),
        np.where(possible, np.minimum(upper, lower + np.maximum(missing, 0.0)), upper),
    )


def _accounting(
    problem: LevelProblem, layout: Layout, klass: MappingClass, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``(reads, fills, updates, elided)``: which accesses of a level are counted (reference C.6 step 7).

    The first visit to a partial sum reads and fills nothing. The part of the tensor that one instance is responsible
    for, times the instances, is the tensor's volume times the copies that work on one sum at once, which are at most
    the spatial reduction that the class has room for.
    """
    structure = problem.structure
    shape = structure.n_levels, len(structure.tensors)
    reads, fills, updates = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    elided = np.zeros((2, *shape))
    rules = structure.rules
    for t in range(shape[1]):
        above = False
        for level in (level for level in range(shape[0]) if klass.keep[level][t]):
            output, alone = structure.outputs[t], structure.no_coalesce[level][t]
            linked = level > 0 and may_link(structure, level - 1, t)
            reads[level, t] = 1.0
            fills[level, t] = float(above and not linked)
            updates[level, t] = float(output)
            elide = output and not alone and rules.first_read_elision and not structure.rmw_first_update[level][t]
            if output and alone:
                fills[level, t] = 1.0
            elif elide:
                words = layout.volume(t) * layout.copies(level, t, upper)
                elided[0, level, t] = words
                elided[1, level, t] = words if rules.first_fill_elision and fills[level, t] else 0.0
            above = True
    return reads, fills, updates, elided
