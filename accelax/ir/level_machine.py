"""A machine as Timeloop sees it: a chain of levels, each of which owns loops.

Sizes are words of the level, bandwidths words per cycle and instance, energies pJ per access of one line (block),
areas µm² per instance. ``mesh_x``/``mesh_y`` are numbers of instances: those of the level itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LevelNetwork:
    """The network between a level and the next inner one, with the attributes that its energy depends on.

    ``energy_per_hop`` None means ``word_bits * tile_width_um / 1000 * wire_energy`` (pJ/bit/mm).
    """

    word_bits: float = 16
    tile_width_um: float | None = None
    wire_energy: float = 0.0
    energy_per_hop: float | None = None
    router_energy: float = 0.0
    energy_per_ingress: float = 0.0
    network_type: str = "1:N"


@dataclass(frozen=True)
class Level:
    """A storage level, or the implicit level (``is_fanout``) that stands above a node with a spatial fan-out.

    A fan-out level keeps no tensor, owns no temporal loop, and its ``mesh_x, mesh_y`` are those of what is above it;
    the spatial loops that a mapping gives to the node named ``name`` run between it and the next level.
    """

    name: str
    is_fanout: bool = False
    mesh_x: int = 1
    mesh_y: int = 1
    word_bits: int = 16
    block_size: float = 1
    cluster_size: int = 1
    size_words: float = math.inf
    """``depth * block_size``, before multiple buffering; infinite where no size is given."""
    multiple_buffering: float = 1
    min_utilization: float = 0.0
    read_bandwidth: float = math.inf
    write_bandwidth: float = math.inf
    shared_bandwidth: float = math.inf
    network_fill_latency: float = 0.0
    network_drain_latency: float = 0.0
    bandwidth_scale: tuple[tuple[str, float], ...] = ()
    """Tensor to the factor on its bandwidth demand."""
    read_energy: float | None = None
    """None: the ERT has no entry for this component; evaluating it is an UnsupportedError that says so."""
    fill_energy: float | None = None
    update_energy: float | None = None
    leak_energy: float = 0.0
    """pJ per cycle and instance."""
    address_generation_energy: float = 0.0
    area_um2: float = 0.0
    power_gated_at: str | None = None
    """The level whose utilized instances decide how many instances of this level leak; None: itself."""
    reduction_supported: bool = True
    network: LevelNetwork = field(default_factory=LevelNetwork)
    """Between this level and the next inner one."""


@dataclass(frozen=True)
class LevelCompute:
    """The compute unit, innermost. ``energy`` is pJ per computation (None: no ERT entry), ``area_um2`` per instance."""

    name: str
    mesh_x: int = 1
    mesh_y: int = 1
    energy: float | None = None
    area_um2: float = 0.0


@dataclass(frozen=True)
class LevelMachine:
    """The levels, outermost first, and the compute unit below them. ``cycle_seconds`` is None without a known clock."""

    levels: tuple[Level, ...]
    compute: LevelCompute
    cycle_seconds: float | None = None

    def storage_index(self, name: str) -> int:
        """The position of the storage level called ``name``, 0 for the outermost; a fan-out may share the name.

        Raises KeyError when no storage has the name.
        """
        for position, level in enumerate(self.levels):
            if level.name == name and not level.is_fanout:
                return position
        raise KeyError(name)
