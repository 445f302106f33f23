"""Between a LoopTree and the arrays of :class:`accelax.model.tree_types.TreeMapping`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from accelax.encode.tree_check import check_nest, check_shared
from accelax.encode.tree_nest import Nest, nests_of
from accelax.errors import Problem, SpecError
from accelax.ir import Compute, LoweredTree, Mapping, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum
from accelax.model.tree_types import EinsumMapping, TreeMapping


def encode_mapping(lowered: LoweredTree, mapping: Mapping, slots: int = 0) -> TreeMapping:
    """One mapping as arrays, every Einsum with at least ``slots`` loop slots.

    Raises SpecError with all that is wrong with the mapping, UnsupportedError for what the model cannot count.
    """
    nests = nests_of(lowered, mapping)
    problems: list[Problem] = []
    for nest, einsum, machine in zip(nests, lowered.einsums, lowered.machines, strict=True):
        check_nest(nest, einsum, machine, lowered.rules.imperfect == "exact", problems)
    if problems:
        raise SpecError(problems)
    check_shared(nests, lowered)
    return TreeMapping(
        tuple(
            _encode_nest(nest, einsum, machine, slots)
            for nest, einsum, machine in zip(nests, lowered.einsums, lowered.machines, strict=True)
        )
    )


def stack_mappings(mappings: Sequence[TreeMapping]) -> TreeMapping:
    """Stack single mappings into a batch, with unused loop slots where one has fewer loops than another."""
    if not mappings:
        raise SpecError("no mappings to encode")
    stacked = []
    for number in range(len(mappings[0].einsums)):
        rows = [mapping.einsums[number] for mapping in mappings]
        slots = max(len(row.tile) for row in rows)
        rows = [_padded(row, slots) for row in rows]
        stacked.append(
            EinsumMapping(
                **{name: np.stack([getattr(row, name) for row in rows]) for name in EinsumMapping.__dataclass_fields__}
            )
        )
    return TreeMapping(tuple(stacked))


def dimension_numbers(machine: TreeMachine) -> dict[tuple[str, str], int]:
    """The number of each ``(component, dimension)``: from 1, outermost component first."""
    places = [(component.name, d.name) for component in machine.components for d in component.spatial]
    return {place: number for number, place in enumerate(places, 1)}


def _encode_nest(nest: Nest, einsum: Einsum, machine: TreeMachine, slots: int) -> EinsumMapping:
    ranks = {rank: i for i, rank in enumerate(einsum.ranks)}
    tensors = {tensor: i for i, tensor in enumerate(einsum.tensor_names)}
    dimensions = dimension_numbers(machine)
    shape = (len(machine.components), len(tensors))
    above, order = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
    persistent = np.zeros(shape, bool)
    for number, holder in enumerate(nest.holders):
        place = machine.index(holder.component), tensors[holder.tensor]
        above[place], order[place], persistent[place] = holder.loops_above, number, holder.persistent
    row = EinsumMapping(
        rank=np.array([ranks[loop.rank] for loop in nest.loops], np.int32),
        tile=np.array([loop.tile_shape for loop in nest.loops], np.float64),
        dimension=np.array(
            [dimensions[loop.component, loop.dimension] if isinstance(loop, Spatial) else 0 for loop in nest.loops],
            np.int32,
        ),
        above=above,
        reach=reach_of(above, order, len(nest.loops)),
        order=order,
        persistent=persistent,
    )
    return _padded(row, max(slots, len(nest.loops)))


def reach_of(above: np.ndarray, order: np.ndarray, loops: int | np.ndarray) -> np.ndarray:
    """For each storage or toll, the loops above the next one of any tensor (``loops`` for the last), -1 where absent.

    The last two axes are component and tensor; leading axes are batch axes, and those of ``loops``.
    """
    flat_above = above.reshape(*above.shape[:-2], 1, -1)
    flat_order = order.reshape(*order.shape[:-2], 1, -1)
    mine = order.reshape(*order.shape[:-2], -1, 1)
    last = np.asarray(loops)[..., None, None]
    later = np.where((flat_order > mine) & (flat_order >= 0), flat_above, last).min(axis=-1)
    return np.where(order >= 0, later.reshape(order.shape), -1).astype(np.int32)


def _padded(row: EinsumMapping, slots: int) -> EinsumMapping:
    missing = slots - len(row.tile)
    if missing == 0:
        return row

    def pad(values: np.ndarray, filler: float) -> np.ndarray:
        return np.concatenate([values, np.full(missing, filler, values.dtype)])

    return replace(row, rank=pad(row.rank, -1), tile=pad(row.tile, 1.0), dimension=pad(row.dimension, 0))


def decode_mapping(lowered: LoweredTree, batch: TreeMapping, i: int) -> Mapping:
    """The ``i``-th mapping of a batch. Several Einsums come back as the branches of one Sequential."""
    branches = []
    for row, einsum, machine in zip(batch.einsums, lowered.einsums, lowered.machines, strict=True):
        branches.append(tuple(_decode_nest(row, i, einsum, machine)))
    nodes = branches[0] if len(branches) == 1 else (Sequential(tuple(branches)),)
    return Mapping(nodes, dialect="accelforge")


def _decode_nest(row: EinsumMapping, i: int, einsum: Einsum, machine: TreeMachine) -> list:
    rank, tile, dimension = (np.asarray(leaf)[i] for leaf in (row.rank, row.tile, row.dimension))
    above, order, persistent = (np.asarray(leaf)[i] for leaf in (row.above, row.order, row.persistent))
    places = sorted((int(order[place]), place) for place in np.ndindex(order.shape) if order[place] >= 0)
    used = [s for s in range(len(tile)) if rank[s] >= 0]
    dimensions = {number: place for place, number in dimension_numbers(machine).items()}
    nodes: list = []
    for slot in [*used, None]:
        while places and (slot is None or int(above[places[0][1]]) <= slot):
            c, t = places.pop(0)[1]
            component, tensor = machine.components[c], einsum.tensors[t].name
            if component.kind == "toll":
                nodes.append(Toll(component.name, (tensor,)))
            else:
                nodes.append(Storage(component.name, (tensor,), bool(persistent[c, t])))
        if slot is None:
            break
        name, extent = einsum.ranks[int(rank[slot])], round(float(tile[slot]))
        where = dimensions.get(int(dimension[slot]))
        nodes.append(Temporal(name, extent) if where is None else Spatial(name, extent, *where))
    return [*_merged(nodes), Compute(einsum.name, machine.components[-1].name)]


def _merged(nodes: list) -> list:
    """Join neighbouring storages (or tolls) of one component into one node; the order of the tensors is kept."""
    merged: list = []
    for node in nodes:
        last = merged[-1] if merged else None
        if isinstance(node, Storage) and isinstance(last, Storage):
            same = (last.component, last.persistent) == (node.component, node.persistent)
            if same:
                merged[-1] = Storage(node.component, last.tensors + node.tensors, node.persistent)
                continue
        if isinstance(node, Toll) and isinstance(last, Toll) and last.component == node.component:
            merged[-1] = Toll(node.component, last.tensors + node.tensors)
            continue
        merged.append(node)
    return merged
