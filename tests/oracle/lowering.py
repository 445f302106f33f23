"""The nests of the simulator as the model's own input: a chain of levels with a mapping."""

from __future__ import annotations

import math

from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.lowered import LevelConstraints, LevelReuse, LoweredLevels
from accelax.ir.mapping import Compute, Mapping, Node, Spatial, Storage, Temporal
from accelax.ir.rules import Rules
from accelax.ir.workload import Einsum, Tensor
from tests.oracle.nest_oracle import Nest


def lower(nest: Nest, rules: Rules | None = None) -> LoweredLevels:
    """The nest as a lowered specification under ``rules`` (:meth:`Rules.true_movement` when None).

    Every storage level is unbounded and costs one pJ per word read, filled or updated. Spatial loops become the X
    dimension of a fan-out level called ``<level>_lanes``, wide enough for all of them.
    """
    tensors = tuple(Tensor(tensor.name, tensor.projection, output=tensor.output) for tensor in nest.tensors)
    levels, nodes = _levels_and_nodes(nest)
    width = math.prod(_trips(nest, depth) for depth in range(len(nest.levels)))
    nodes.append(Compute("nest", "mac"))
    return LoweredLevels(
        einsum=Einsum("nest", nest.bounds, tensors),
        machine=LevelMachine(tuple(levels), LevelCompute("mac", mesh_x=width, energy=1.0), cycle_seconds=1e-9),
        constraints=tuple(LevelConstraints() for _ in levels),
        reuse=tuple(LevelReuse() for _ in levels),
        mapping=Mapping(tuple(nodes)),
        rules=rules if rules is not None else Rules.true_movement(),
    )


def _levels_and_nodes(nest: Nest) -> tuple[list[Level], list[Node]]:
    levels: list[Level] = []
    nodes: list[Node] = []
    mesh = 1
    for depth, level in enumerate(nest.levels):
        levels.append(Level(level.name, mesh_x=mesh, read_energy=1.0, fill_energy=1.0, update_energy=1.0))
        nodes.append(Storage(level.name, level.keeps))
        nodes.extend(Temporal(loop.rank, loop.tile) for loop in level.temporal)
        if level.spatial:
            lanes = f"{level.name}_lanes"
            levels.append(Level(lanes, is_fanout=True, mesh_x=mesh))
            nodes.extend(Spatial(loop.rank, loop.tile, lanes, "X") for loop in level.spatial)
            mesh *= _trips(nest, depth)
    return levels, nodes


def _trips(nest: Nest, depth: int) -> int:
    """The lanes that the spatial loops of one level can fill."""
    extents = dict(nest.bounds)
    for level in nest.levels[:depth]:
        extents |= {loop.rank: loop.tile for loop in (*level.temporal, *level.spatial)}
    extents |= {loop.rank: loop.tile for loop in nest.levels[depth].temporal}
    trips = 1
    for loop in nest.levels[depth].spatial:
        trips *= math.ceil(extents[loop.rank] / loop.tile)
        extents[loop.rank] = loop.tile
    return trips
