"""What the level model sees: a static structure and pytrees of numbers.

Axis vocabulary: ``L`` levels, outermost first; ``R`` ranks; ``T`` tensors. A level is a storage level, which owns
temporal loops, or a fan-out level, which keeps nothing and owns spatial loops. Network ``i`` connects level ``i`` with
level ``i+1``, or with the compute unit when ``i`` is the innermost level; the spatial loops of fan-out level ``i`` run
in network ``i``.

Numbers are nested tuples of scalars rather than arrays, so that the batch is the only array axis under ``vmap``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flax import struct

from accelax.ir.rules import Rules

Scalars = tuple[Any, ...]
Grid = tuple[Scalars, ...]


@dataclass(frozen=True)
class LevelStructure:
    """What one compilation is specialised to. Hashable; holds no numbers that a sweep would change.

    projections
        ``[T][tensor ranks][terms]``: indices of the ranks of the iteration space in each index expression.
    outputs
        ``[T]``: whether the tensor is read-write.
    is_fanout
        ``[L]``.
    keep_fixed
        ``[L][T]``: True or False where the architecture fixes it, None where the mapping decides.
    unit_factor
        ``[L][R]``: whether the factor is 1 in every mapping of this problem, so that no number is carried for it.
    no_temporal_reuse, rmw_first_update, no_coalesce, no_multicast, no_link_transfer
        ``[L][T]``: the reuse switches.
    imperfect
        Whether mappings may have residual factors.
    network_energy
        ``[L]``: whether the network below the level has any energy attribute.
    network_type
        ``[L]``: ``"1:1"``, ``"1:N"`` or ``"M:N"``.
    physical_mesh
        ``[L]``: the physical fan-out ``(X, Y)`` of network ``i``, ``(1, 1)`` for storage levels.
    reduction_supported
        ``[L]``.
    power_gate
        ``[L]``: the level whose utilized instances decide which instances of this one leak.
    """

    level_names: tuple[str, ...]
    compute_name: str
    ranks: tuple[str, ...]
    tensors: tuple[str, ...]
    projections: tuple[tuple[tuple[int, ...], ...], ...]
    outputs: tuple[bool, ...]
    is_fanout: tuple[bool, ...]
    keep_fixed: tuple[tuple[bool | None, ...], ...]
    unit_factor: tuple[tuple[bool, ...], ...]
    no_temporal_reuse: tuple[tuple[bool, ...], ...]
    rmw_first_update: tuple[tuple[bool, ...], ...]
    no_coalesce: tuple[tuple[bool, ...], ...]
    no_multicast: tuple[tuple[bool, ...], ...]
    no_link_transfer: tuple[tuple[bool, ...], ...]
    physical_mesh: tuple[tuple[int, int], ...]
    network_energy: tuple[bool, ...]
    network_type: tuple[str, ...]
    reduction_supported: tuple[bool, ...]
    power_gate: tuple[int, ...]
    imperfect: bool
    rules: Rules

    @property
    def n_levels(self) -> int:
        """The number of levels, fan-out levels included."""
        return len(self.level_names)

    def relevant(self, tensor: int) -> frozenset[int]:
        """The ranks that index ``tensor``."""
        return frozenset(rank for terms in self.projections[tensor] for rank in terms)

    def allows_links(self, network: int, tensor: int) -> bool:
        """Whether rules, switches and mesh let children of ``network`` take words of ``tensor`` from neighbours."""
        allowed = self.rules.link_transfers != "off" and not self.no_link_transfer[network][tensor]
        return allowed and self.is_fanout[network] and self.physical_mesh[network] != (1, 1)

    def multicasts(self, network: int, tensor: int) -> bool:
        """Whether children of ``network`` that need the same tile of ``tensor`` share one read of the parent."""
        return self.rules.multicast and not self.no_multicast[network][tensor]

    def is_sliding(self, tensor: int) -> bool:
        """Whether some index expression of ``tensor`` has several terms, so that its tiles may overlap."""
        return any(len(terms) > 1 for terms in self.projections[tensor])


@struct.dataclass
class LevelWorkload:
    """``bounds``: ``[R]`` extents; ``coefficients``: ``[T][tensor ranks][terms]``."""

    bounds: Scalars
    coefficients: tuple[tuple[Scalars, ...], ...]


@struct.dataclass
class LevelHardware:
    """Every hardware number, ``[L]`` unless stated. Energies pJ per line, bandwidths words per cycle, sizes words.

    ``bandwidth_scale`` is ``[L][T]``. ``mesh_x``, ``mesh_y`` are instances of the level; ``*_compute`` of the compute
    unit. ``hop_energy`` (pJ per word and hop), ``router_energy`` and ``ingress_energy`` belong to network ``i``.
    """

    size: Scalars
    min_utilization: Scalars
    block_size: Scalars
    cluster_size: Scalars
    mesh_x: Scalars
    mesh_y: Scalars
    read_bandwidth: Scalars
    write_bandwidth: Scalars
    shared_bandwidth: Scalars
    bandwidth_scale: Grid
    network_latency: Scalars
    read_energy: Scalars
    fill_energy: Scalars
    update_energy: Scalars
    leak_energy: Scalars
    area: Scalars
    hop_energy: Scalars
    router_energy: Scalars
    ingress_energy: Scalars
    mesh_x_compute: Any
    mesh_y_compute: Any
    compute_energy: Any
    area_compute: Any


@struct.dataclass
class LevelMapping:
    """One mapping (or a batch: then every leaf has a leading axis).

    factor
        ``[L][R]``: temporal factors of a storage level, spatial factors of a fan-out level.
    residual
        ``[L][R]``: trips in the last visit (equal to ``factor`` when perfect); empty unless the structure is imperfect.
    position
        ``[L][R]``: the place of each rank's loop within its level, 0 for the innermost. On a fan-out level X loops
        stand inside Y loops.
    on_x
        ``[L][R]``: 1 where the spatial loop lies on X, 0 on Y. Meaningless on storage levels.
    keep
        ``[L][T]``: 1 where the tensor is kept.
    """

    factor: Grid
    residual: Grid
    position: Grid
    on_x: Grid
    keep: Grid


@struct.dataclass
class NetworkCounts:
    """What crosses one network for one tensor, per instance of the parent level, over the whole run.

    accesses
        Words the parent serves: each multicast counts once.
    deliveries
        Words the children receive from the parent: each multicast counts once per destination.
    link_transfers
        Words that children receive from a neighbour instead.
    hops
        Timeloop's stored hop count: the sum over multicast signatures of mean hops times accesses.
    router_words
        The sum over multicast signatures of ``(1 + floor(mean hops))`` times accesses.
    """

    accesses: Any
    deliveries: Any
    link_transfers: Any = 0.0
    hops: Any = 0.0
    router_words: Any = 0.0
