"""The layers of a network as one stack of arrays: what a relaxation of all of them together runs on.

Layers differ in how many factors are free, in the planes of their windows and in how many classes they have. Arrays are
padded so that all layers of a structure have the same shapes: with factors that are 1, windows that nothing reads,
planes far below all others, and classes that occur twice. One program is compiled for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from flax import struct

from accelax.encode.level_problem import LevelProblem
from accelax.model.levels.arrays import LevelStructure
from accelax.search.relaxed.bounds import Relaxation
from accelax.search.relaxed.classes import enumerate_classes
from accelax.search.relaxed.layout import NO_PLANE, Shared
from accelax.search.relaxed.program import Program, class_program

ENUMERATED = 1 << 12
"""Classes of one layer that are enumerated at most."""


@struct.dataclass
class Stack:
    """``L`` layers of one structure with ``C`` classes each.

    counts
        ``[L]``: how often a layer occurs.
    shared, programs
        What :mod:`accelax.search.relaxed` makes of a layer, leaves ``[L, ...]``, and of its classes, ``[L, C, ...]``.
    """

    counts: Any
    shared: Shared
    programs: Program


@dataclass(frozen=True)
class Relaxable:
    """A layer before it is padded; leaves of ``programs`` ``[classes, ...]``."""

    count: int
    structure: LevelStructure
    static_windows: int
    shared: Shared
    programs: Program

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.programs.lower)

    def only(self, places: np.ndarray) -> Relaxable:
        """The layer with some of its classes."""
        return replace(self, programs=jax.tree.map(lambda leaf: leaf[places], self.programs))


def relaxable(count: int, problem: LevelProblem, most: int) -> Relaxable:
    """A layer with at most ``most`` of its classes, taken evenly from all.

    Raises:
        UnsupportedError: tiles do not divide.
    """
    relaxation = Relaxation(problem)
    classes, _ = enumerate_classes(problem, relaxation.box, ENUMERATED)
    if len(classes) > most:
        classes = [classes[place] for place in np.linspace(0, len(classes) - 1, most).astype(int)]
    found = [class_program(problem, relaxation.layout, relaxation.box, klass) for klass in classes]
    different = {tuple(leaf.tobytes() for leaf in jax.tree.leaves(one)): one for one in found}
    return Relaxable(
        count,
        shape_of(problem.structure),
        relaxation.layout.n_windows - len(relaxation.layout.sweeps),
        relaxation.layout.shared,
        jax.tree.map(lambda *leaves: np.stack(leaves), *different.values()),
    )


def shape_of(structure: LevelStructure) -> LevelStructure:
    """A structure without what only decides which classes and factors there are."""
    return replace(structure, unit_factor=(), keep_fixed=(), physical_mesh=())


def stack(layers: Sequence[Relaxable]) -> Stack:
    """Layers of one structure, padded."""
    slots = max(layer.shared.rank.shape[1] for layer in layers)
    windows = max(layer.static_windows for layer in layers)
    tables, facets = (max(layer.shared.planes.shape[axis] for layer in layers) for axis in (0, 1))
    classes = max(layer.classes for layer in layers)
    return Stack(
        counts=np.array([float(layer.count) for layer in layers]),
        shared=_stacked(_padded_shared(layer, slots, windows, (tables, facets)) for layer in layers),
        programs=_stacked(_padded_programs(layer, slots, windows, classes) for layer in layers),
    )


def _padded_shared(layer: Relaxable, slots: int, windows: int, planes: tuple[int, int]) -> Shared:
    shared = layer.shared
    table = np.pad(shared.planes, ((0, 0), (0, planes[1] - shared.planes.shape[1]), (0, 0)))
    table[:, shared.planes.shape[1] :, 3] = NO_PLANE
    added = windows - layer.static_windows
    return shared.replace(  # type: ignore[attr-defined]
        **{
            name: _wider(getattr(shared, name), slots)
            for name in ("tiles", "instances", "iterations", "spread", "rank")
        },
        tile_windows=_parted(shared.tile_windows, layer.static_windows, windows),
        forms=np.pad(_wider(shared.forms, slots), ((0, added), (0, 0), (0, 0))),
        table=np.pad(shared.table, (0, added)),
        planes=np.pad(table, ((0, planes[0] - len(table)), (0, 0), (0, 0))),
    )


def _padded_programs(layer: Relaxable, slots: int, windows: int, classes: int) -> Program:
    programs = layer.programs
    linear, windowed = ("served", "filled", "sweep_forms", "lower", "upper"), ("served_windows", "filled_windows")
    wide = programs.replace(  # type: ignore[attr-defined]
        **{name: _wider(getattr(programs, name), slots) for name in linear},
        **{name: _parted(getattr(programs, name), layer.static_windows, windows) for name in windowed},
    )
    places = np.arange(classes) % layer.classes
    return jax.tree.map(lambda leaf: leaf[places], wide)


def _wider(array: np.ndarray, width: int) -> np.ndarray:
    """Zeros after the last axis."""
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, width - array.shape[-1])])


def _parted(array: np.ndarray, static: int, wanted: int) -> np.ndarray:
    """Zeros between the windows that no class changes, which become ``wanted``, and the others."""
    zeros = np.zeros((*array.shape[:-1], wanted - static))
    return np.concatenate([array[..., :static], zeros, array[..., static:]], axis=-1)


def _stacked(rows: Iterable[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
