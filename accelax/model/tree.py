"""The model of an AccelForge mapping, stated as a whole. Each question has a file of its own (``tree_*.py``).

    loops and tiles   ->  traffic of each tensor between its storages   ->  actions  ->  dynamic energy
                          values reserved in each memory                ->  usage
                          calls of the busiest instance of a component  ->  latency; the largest is the Einsum's
    spatial loops     ->  usage of each dimension, and what is gated    ->  leakage, over the latency

Einsums run one after the other: their energies and latencies add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flax import struct

from accelax.model.ops import Number, logical_or, maximum, product, total, where
from accelax.model.tree_actions import TensorActions, tensor_actions
from accelax.model.tree_energy import dynamic_energy, leak_energy
from accelax.model.tree_latency import component_latency
from accelax.model.tree_lifetime import memory_peaks
from accelax.model.tree_spatial import dimension_usage, instances_used, leaking_fractions
from accelax.model.tree_tiles import LoopNest, loop_nest
from accelax.model.tree_traffic import HolderTraffic, tensor_traffic
from accelax.model.tree_types import (
    ComponentHardware,
    EinsumMapping,
    EinsumStructure,
    EinsumWorkload,
    Kind,
    TreeHardware,
    TreeMapping,
    TreeStructure,
    TreeWorkload,
)


@struct.dataclass
class EinsumCost:
    """What one Einsum costs, all its copies included (occupancy excepted).

    ``kept``, ``reads``, ``writes``, ``tile`` and ``bits`` are ``[component][tensor]`` (a count of actions, the values
    of a tile, the bits reserved). ``energy``, ``leakage`` (a part of it) and ``latency`` are per component, ``used``
    and ``usage`` ``[component][dimension]``.
    """

    kept: tuple[tuple[Number, ...], ...]
    outermost: tuple[tuple[Number, ...], ...]
    reads: tuple[tuple[Number, ...], ...]
    writes: tuple[tuple[Number, ...], ...]
    tile: tuple[tuple[Number, ...], ...]
    bits: tuple[tuple[Number, ...], ...]
    energy: tuple[Number, ...]
    leakage: tuple[Number, ...]
    latency: tuple[Number, ...]
    used: tuple[tuple[Number, ...], ...]
    usage: tuple[tuple[Number, ...], ...]
    computes: Number
    steps: Number
    """Iterations of the loops in time: computations of the busiest compute unit, times the copies."""
    total_latency: Number


@struct.dataclass
class TreeCost:
    """What a mapping costs, in joules and seconds. ``memory_bits`` are peaks, ``memory_usage`` over the sizes."""

    einsums: tuple[EinsumCost, ...]
    energy: Number
    latency: Number
    edp: Number
    computes: Number
    utilization: Number
    area: Number
    memory_bits: tuple[Number, ...]
    memory_usage: tuple[Number, ...]
    violation: Number


@dataclass(frozen=True)
class _Counts:
    """What happens at one component: per tensor, and added up."""

    traffic: tuple[HolderTraffic | None, ...]
    actions: tuple[TensorActions | None, ...]


def evaluate_einsum(
    structure: EinsumStructure,
    workload: EinsumWorkload,
    hardware: tuple[ComponentHardware, ...],
    mapping: EinsumMapping,
    gate_squared: bool = True,
) -> EinsumCost:
    """Evaluate one Einsum on its machine for one mapping (every leaf a scalar or one mapping's row)."""
    nest = loop_nest(structure, workload, mapping)
    counts = _count(structure, workload, hardware, mapping, nest)
    computes, steps = _computations(nest)
    calls = [
        _calls(structure, hardware, counts, position, computes, steps) for position in range(len(structure.components))
    ]
    latency = tuple(
        component_latency(component, numbers, unit, _busy(component.kind, counts[position]))
        for position, (component, numbers, (_, unit)) in enumerate(
            zip(structure.components, hardware, calls, strict=True)
        )
    )
    seconds = maximum(*latency)
    used = instances_used(structure, nest)
    leaking = leaking_fractions(structure, hardware, used, gate_squared)
    leakage = tuple(leak_energy(n, seconds, part) for n, part in zip(hardware, leaking, strict=True))
    copies = workload.instances
    energy = tuple(
        (dynamic_energy(n, every) + leak) * copies for n, (every, _), leak in zip(hardware, calls, leakage, strict=True)
    )
    return EinsumCost(
        kept=_table(counts, lambda t, _: t.kept, False),
        outermost=_table(counts, lambda t, _: t.outermost, False),
        reads=_table(counts, lambda _, a: a.reads.total * copies),
        writes=_table(counts, lambda _, a: a.writes.total * copies),
        tile=_table(counts, lambda t, _: where(t.kept, t.tile, 0.0)),
        bits=_bits(hardware, mapping, counts, copies),
        energy=energy,
        leakage=tuple(leak * copies for leak in leakage),
        latency=tuple(each * copies for each in latency),
        used=used,
        usage=dimension_usage(hardware, used),
        computes=computes * copies,
        steps=steps * copies,
        total_latency=seconds * copies,
    )


def evaluate_tree(
    structure: TreeStructure, workload: TreeWorkload, hardware: TreeHardware, mapping: TreeMapping
) -> TreeCost:
    """Evaluate one mapping of every Einsum. Runs on numpy numbers as it does inside jit, vmap and grad.

    Follows AccelForge's semantics: a loop above a storage always fetches again, tiles that do not divide count as
    averages.
    """
    einsums = tuple(
        evaluate_einsum(*parts, structure.gate_squared)
        for parts in zip(structure.einsums, workload.einsums, hardware.machines, mapping.einsums, strict=True)
    )
    energy = total([each for einsum in einsums for each in einsum.energy])
    latency = total([einsum.total_latency for einsum in einsums])
    computes = total([einsum.computes for einsum in einsums])
    memory_bits, memory_usage = memory_peaks(structure, hardware, mapping, einsums)
    fanned = [share for einsum in einsums for shares in einsum.usage for share in shares]
    return TreeCost(
        einsums=einsums,
        energy=energy,
        latency=latency,
        edp=energy * latency,
        computes=computes,
        utilization=computes / total([_slots_offered(e, m) for e, m in zip(einsums, hardware.machines, strict=True)]),
        area=total(list(_areas(structure, hardware).values())),
        memory_bits=memory_bits,
        memory_usage=memory_usage,
        violation=maximum(0.0, *(share - 1.0 for share in (*fanned, *memory_usage))),
    )


def _count(
    structure: EinsumStructure,
    workload: EinsumWorkload,
    hardware: tuple[ComponentHardware, ...],
    mapping: EinsumMapping,
    nest: LoopNest,
) -> list[_Counts]:
    traffic = [tensor_traffic(structure, workload, nest, mapping, tensor) for tensor in range(len(structure.tensors))]
    counts = []
    for position, component in enumerate(structure.components):
        if component.kind in (Kind.MEMORY, Kind.TOLL):
            here = tuple(each[position] for each in traffic)
            actions = tuple(
                tensor_actions(component, hardware[position], each, tensor, structure.tensors[tensor].output)
                for tensor, each in enumerate(here)
            )
            counts.append(_Counts(here, actions))
        else:
            counts.append(_Counts((None,) * len(traffic), (None,) * len(traffic)))
    return counts


def _computations(nest: LoopNest) -> tuple[Number, Number]:
    """All computations, and those of the busiest unit."""
    every = product(list(nest.trips))
    return every, product([where(nest.temporal[s], nest.trips[s], 1.0) for s in nest.slots])


def _calls(
    structure: EinsumStructure,
    hardware: tuple[ComponentHardware, ...],
    counts: list[_Counts],
    position: int,
    computes: Number,
    steps: Number,
) -> tuple[tuple[Number, ...], tuple[Number, ...]]:
    """The calls of each action of a component, by all instances and by the busiest; other actions are never called."""
    component = structure.components[position]
    every: list[Number] = [0.0] * len(hardware[position].energy)
    unit = list(every)
    if component.kind is Kind.COMPUTE and component.compute is not None:
        scale = hardware[position].actions_scale
        every[component.compute], unit[component.compute] = computes * scale, steps * scale
    actions = [each for each in counts[position].actions if each is not None]
    if component.read is not None:
        every[component.read] = total([a.reads.total for a in actions])
        unit[component.read] = total([a.reads.unit for a in actions])
    if component.write is not None:
        every[component.write] = total([a.writes.total for a in actions])
        unit[component.write] = total([a.writes.unit for a in actions])
    return tuple(every), tuple(unit)


def _busy(kind: Kind, counts: _Counts) -> Number:
    if kind is Kind.COMPUTE:
        return True
    kept = [each.kept for each in counts.traffic if each is not None]
    return logical_or(*kept) if kept else False


def _bits(
    hardware: tuple[ComponentHardware, ...], mapping: EinsumMapping, counts: list[_Counts], copies: Number
) -> tuple[tuple[Number, ...], ...]:
    """The bits that each memory sets aside for each tensor; a persistent tensor keeps every copy's."""

    def bits(position: int, tensor: int, traffic: HolderTraffic | None) -> Number:
        if traffic is None:
            return 0.0
        kept_copies = where(mapping.persistent[position, tensor], copies, 1.0)
        reserved = traffic.reserved * hardware[position].bits_per_value[tensor] * kept_copies
        return where(traffic.kept, reserved, 0.0)

    return tuple(
        tuple(bits(position, tensor, traffic) for tensor, traffic in enumerate(each.traffic))
        for position, each in enumerate(counts)
    )


def _table(counts: list[_Counts], read: Any, empty: Number = 0.0) -> tuple[tuple[Number, ...], ...]:
    return tuple(
        tuple(empty if t is None else read(t, a) for t, a in zip(c.traffic, c.actions, strict=True)) for c in counts
    )


def _slots_offered(einsum: EinsumCost, machine: tuple[ComponentHardware, ...]) -> Number:
    """The computations that all compute units together could have done in the time of the busiest one."""
    return product([einsum.steps, *(fanout for component in machine for fanout in component.fanout)])


def _areas(structure: TreeStructure, hardware: TreeHardware) -> dict[int, Number]:
    """The area of each distinct component."""
    return {
        component.identity: numbers.area
        for einsum, machine in zip(structure.einsums, hardware.machines, strict=True)
        for component, numbers in zip(einsum.components, machine, strict=True)
    }
