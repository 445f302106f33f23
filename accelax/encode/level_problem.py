"""A Timeloop specification as arrays: :class:`LevelProblem` and the way into it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from flax import struct

from accelax.components.numbers import is_traced, may_differ, plain_or_traced
from accelax.encode.level_genome import sample
from accelax.encode.level_imperfect import refuse_imperfect
from accelax.encode.level_mapping import decode_mapping, encode_mapping
from accelax.encode.level_mapspace import LevelSpace, level_space
from accelax.encode.origin import Origin
from accelax.errors import UnsupportedError
from accelax.ir import LoweredLevels, Mapping
from accelax.ir.level_machine import Level, LevelMachine
from accelax.ir.remainders import remainder_rule
from accelax.ir.workload import Einsum
from accelax.model.levels.arrays import LevelHardware, LevelMapping, LevelStructure, LevelWorkload
from accelax.model.ops import floor_divide

if TYPE_CHECKING:
    from accelax.encode.level_counting import MapspaceSize

LEVEL_RULES = {"reuse": "stationary", "latency": "throttle", "power_gating": "usage", "instance_totals": "all"}
"""Rules that have one value here: the others belong to AccelForge's accounting."""


@struct.dataclass
class LevelProblem:
    """One Einsum on a chain of levels: static ``structure``, and numbers that may be traced.

    ``hardware`` is a pytree of numbers; ``problem.replace(hardware=...)`` works inside ``jit``, ``vmap`` and ``grad``.
    ``bounds`` are the concrete extents, needed to encode and decode mappings. ``cycle_seconds`` is NaN without a clock.
    """

    structure: LevelStructure = struct.field(pytree_node=False)
    workload: LevelWorkload
    hardware: LevelHardware
    cycle_seconds: Any
    origin: Origin[LoweredLevels] = struct.field(pytree_node=False)

    @property
    def lowered(self) -> LoweredLevels:
        """What the problem was encoded from."""
        return self.origin.lowered

    def encode_mappings(self, mappings: Sequence[Mapping]) -> LevelMapping:
        """Stack mappings into a batch: every leaf of the result has shape ``[n]``.

        Raises SpecError for a mapping that does not describe this problem, UnsupportedError for one that the model
        cannot count.
        """
        import jax

        encoded = [encode_mapping(self.structure, self.lowered, mapping) for mapping in mappings]
        return jax.tree.map(lambda *leaves: np.asarray(leaves, dtype=float), *encoded)

    def decode(self, batch: LevelMapping, i: int) -> Mapping:
        """The ``i``-th mapping of a batch, as an object that prints, evaluates and writes YAML."""
        import jax

        return decode_mapping(self.structure, self.lowered, jax.tree.map(lambda leaf: float(leaf[i]), batch))

    @cached_property
    def space(self) -> LevelSpace:
        """Tables of the mappings that the constraints leave open."""
        return level_space(self.structure, self.lowered)

    @property
    def mapspace_size(self) -> MapspaceSize:
        """How many mappings the constraints leave open, as Timeloop counts them."""
        from accelax.encode.level_counting import timeloop_size

        return timeloop_size(self)

    def sample(self, key: Any, n: int) -> LevelMapping:
        """``n`` random mappings that obey the constraints of the specification; every leaf of the result is ``[n]``.

        Sizes and fan-outs are not constraints of the mapspace: ``evaluate_batch`` reports them as ``violation``.
        Raises SpecError when the constraints leave no mapping.
        """
        return sample(self.space, key, n)


def encode_levels(lowered: LoweredLevels) -> LevelProblem:
    """Encode a lowered Timeloop specification.

    Raises UnsupportedError where the model has no rule for something the specification uses.
    """
    structure, hardware = level_structure(lowered), level_hardware(lowered)
    refuse_imperfect(structure, hardware)
    cycle = lowered.machine.cycle_seconds
    return LevelProblem(
        structure=structure,
        workload=level_workload(lowered.einsum),
        hardware=hardware,
        cycle_seconds=math.nan if cycle is None else cycle,
        origin=Origin(lowered),
    )


def level_structure(lowered: LoweredLevels) -> LevelStructure:
    """The static part: counts, projections, switches and what the architecture fixes."""
    einsum, machine, rules = lowered.einsum, lowered.machine, lowered.rules
    ranks, tensors, levels = einsum.ranks, einsum.tensor_names, machine.levels
    free = lowered.mapping is None
    _refuse(lowered)

    def switch(name: str) -> tuple[tuple[bool, ...], ...]:
        return tuple(tuple(t in getattr(reuse, name) for t in tensors) for reuse in lowered.reuse)

    return LevelStructure(
        level_names=tuple(level.name for level in levels),
        compute_name=machine.compute.name,
        ranks=ranks,
        tensors=tensors,
        projections=tuple(
            tuple(tuple(ranks.index(rank) for rank, _ in _terms(axis)) for axis in tensor.projection)
            for tensor in einsum.tensors
        ),
        outputs=tuple(tensor.output for tensor in einsum.tensors),
        is_fanout=tuple(level.is_fanout for level in levels),
        keep_fixed=tuple(
            tuple(_fixed_keep(lowered, position, tensor, free) for tensor in tensors) for position in range(len(levels))
        ),
        unit_factor=tuple(
            tuple(free and dict(constraint.fixed).get(rank) == 1 for rank in ranks)
            for constraint in lowered.constraints
        ),
        no_temporal_reuse=switch("no_temporal_reuse"),
        rmw_first_update=switch("rmw_first_update"),
        no_coalesce=switch("no_coalesce"),
        no_multicast=switch("no_multicast"),
        no_link_transfer=switch("no_link_transfer"),
        physical_mesh=tuple(_physical_mesh(machine, position) for position in range(len(levels))),
        network_energy=tuple(_has_network_energy(level) for level in levels),
        network_type=tuple(level.network.network_type for level in levels),
        reduction_supported=tuple(level.reduction_supported for level in levels),
        power_gate=tuple(
            machine.storage_index(level.power_gated_at) if level.power_gated_at else position
            for position, level in enumerate(levels)
        ),
        imperfect=_is_imperfect(lowered),
        rules=rules,
    )


def level_workload(einsum: Einsum) -> LevelWorkload:
    """The traced numbers of the workload."""
    return LevelWorkload(
        bounds=tuple(float(bound) for _, bound in einsum.bounds),
        coefficients=tuple(
            tuple(tuple(float(c) for _, c in _terms(axis)) for axis in tensor.projection) for tensor in einsum.tensors
        ),
    )


def level_hardware(lowered: LoweredLevels) -> LevelHardware:
    """The traced numbers of the machine. Raises UnsupportedError for a component without energies."""
    levels, compute = lowered.machine.levels, lowered.machine.compute
    tensors = lowered.einsum.tensor_names
    if compute.energy is None:
        raise _no_energy(compute.name)

    def column(name: str) -> tuple[float, ...]:
        return tuple(plain_or_traced(getattr(level, name)) for level in levels)

    return LevelHardware(
        size=tuple(_effective_size(level) for level in levels),
        min_utilization=column("min_utilization"),
        block_size=column("block_size"),
        cluster_size=column("cluster_size"),
        mesh_x=column("mesh_x"),
        mesh_y=column("mesh_y"),
        read_bandwidth=column("read_bandwidth"),
        write_bandwidth=column("write_bandwidth"),
        shared_bandwidth=column("shared_bandwidth"),
        bandwidth_scale=tuple(
            tuple(plain_or_traced(dict(level.bandwidth_scale).get(tensor, 1.0)) for tensor in tensors)
            for level in levels
        ),
        network_latency=tuple(
            plain_or_traced(level.network_fill_latency + level.network_drain_latency) for level in levels
        ),
        read_energy=tuple(_line_energy(level, level.read_energy) for level in levels),
        fill_energy=tuple(_line_energy(level, level.fill_energy) for level in levels),
        update_energy=tuple(_line_energy(level, level.update_energy) for level in levels),
        leak_energy=column("leak_energy"),
        area=column("area_um2"),
        hop_energy=tuple(_hop_energy(level) for level in levels),
        router_energy=tuple(plain_or_traced(level.network.router_energy) for level in levels),
        ingress_energy=tuple(plain_or_traced(level.network.energy_per_ingress) for level in levels),
        mesh_x_compute=plain_or_traced(compute.mesh_x),
        mesh_y_compute=plain_or_traced(compute.mesh_y),
        compute_energy=plain_or_traced(compute.energy),
        area_compute=plain_or_traced(compute.area_um2),
    )


def _terms(axis: tuple[tuple[str, int], ...]) -> list[tuple[str, int]]:
    """The terms of one index expression, with repeated ranks added up and zero coefficients dropped."""
    merged: dict[str, int] = {}
    for rank, coefficient in axis:
        merged[rank] = merged.get(rank, 0) + coefficient
    return [(rank, coefficient) for rank, coefficient in merged.items() if coefficient]


def _refuse(lowered: LoweredLevels) -> None:
    """Name what the level model has no rule for."""
    for name, known in LEVEL_RULES.items():
        found = getattr(lowered.rules, name)
        if found != known:
            raise UnsupportedError(f"{name}={found} on a chain of levels", path=f"rules.{name}")
    for tensor in lowered.einsum.tensors:
        axes = [_terms(axis) for axis in tensor.projection]
        ranks = [rank for axis in axes for rank, _ in axis]
        if len(set(ranks)) != len(ranks):
            raise UnsupportedError(f"tensor {tensor.name!r}, which one rank indexes twice,")
        if any(min(c for _, c in axis) < 0 < max(c for _, c in axis) for axis in axes if axis):
            raise UnsupportedError(f"tensor {tensor.name!r}, whose index expression mixes signs,")
    for level in lowered.machine.levels:
        if level.address_generation_energy:
            raise UnsupportedError(f"address generation energy of {level.name!r}")
        if level.network.network_type not in ("1:1", "1:N"):
            raise UnsupportedError(f"network_type {level.network.network_type!r} of {level.name!r}")


def _fixed_keep(lowered: LoweredLevels, position: int, tensor: str, free: bool) -> bool | None:
    """Whether the architecture decides that a level keeps a tensor. Timeloop's mapper keeps everything outermost."""
    if lowered.machine.levels[position].is_fanout:
        return False
    if not free:
        return None
    constraint = lowered.constraints[position]
    if tensor in constraint.bypass:
        return False
    if tensor in constraint.keep or position == 0:
        return True
    return None


def _physical_mesh(machine: LevelMachine, position: int) -> tuple[int, int]:
    """The physical fan-out of a network along X and Y."""
    level = machine.levels[position]
    child: Any = machine.levels[position + 1] if position + 1 < len(machine.levels) else machine.compute
    return child.mesh_x // level.mesh_x, child.mesh_y // level.mesh_y


def _has_network_energy(level: Level) -> bool:
    """Whether moving a word over the network below the level costs anything."""
    network = level.network
    parts = (_hop_energy(level), network.router_energy, network.energy_per_ingress)
    return any(may_differ(part, 0) for part in parts)


def _hop_energy(level: Level) -> float:
    """pJ per word and hop: given, or ``word bits * tile width (mm) * wire energy (pJ/bit/mm)``."""
    network = level.network
    if network.energy_per_hop is not None:
        return plain_or_traced(network.energy_per_hop)
    if not may_differ(network.wire_energy, 0):
        return 0.0
    if network.tile_width_um is None:
        raise UnsupportedError(f"wire_energy without tile_width on the network below {level.name!r}")
    return network.word_bits * network.tile_width_um / 1000.0 * network.wire_energy


def _effective_size(level: Level) -> float:
    """Words a tile may use: the size divided by the number of buffers."""
    size, buffers = level.size_words, level.multiple_buffering
    if is_traced(size) or is_traced(buffers):
        return floor_divide(size, buffers)
    return math.inf if math.isinf(size) else float(math.floor(size / buffers))


def _line_energy(level: Level, energy: float | None) -> float:
    """pJ per access; a fan-out level costs nothing."""
    if level.is_fanout:
        return 0.0
    if energy is None:
        raise _no_energy(level.name)
    return plain_or_traced(energy)


def _no_energy(component: str) -> UnsupportedError:
    """The error for a component whose energies are not in the file."""
    return UnsupportedError(
        f"component {component!r} without an ERT entry (energies from component models)",
        path=f"architecture.{component}",
    )


def _is_imperfect(lowered: LoweredLevels) -> bool:
    """Whether the mapping has residual factors, or the constraints allow or force them."""
    if not all(remainder_rule(lowered, rank).divides for rank in lowered.einsum.ranks):
        return True
    if lowered.mapping is None:
        return False
    return has_remainder(lowered.einsum, lowered.mapping)


def has_remainder(einsum: Einsum, mapping: Mapping) -> bool:
    """Whether some loop's tile does not divide the tile above it."""
    from accelax.ir import Spatial, Temporal

    above = dict(einsum.bounds)
    for node in mapping.nodes:
        if isinstance(node, (Temporal, Spatial)):
            if above.get(node.rank, 1) % node.tile_shape:
                return True
            above[node.rank] = node.tile_shape
    return False
