"""Where the parents disagree about a number, the choice is a field of :class:`Rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rules:
    """The accounting rules of one evaluation. The dialect sets them; a user may override any one.

    halo
        How overlapping tiles of a sliding window are reused. ``timeloop``: the stride rule of Timeloop since pull
        request 297 (January 2025). ``timeloop_pre297``: the rule before it, where a step that does not move the
        tile is remembered as a direction. ``none``: a tile that moves is fetched whole. ``exact``: a step moves
        the points of the new tile that the old one lacks.
    reuse
        ``stationary``: a tile that a loop does not move is kept across it (Timeloop, and physics). ``refetch``: every
        loop above a storage fetches the tile again (AccelForge; the mapping places storages above such loops).
    first_read_elision, first_fill_elision
        Whether the first visit to a partial sum reads nothing, and whether it is filled with nothing.
    rmw
        ``legacy``: Timeloop's default accounting of read-modify-write.
    link_transfers
        Whether a spatial instance may take a tile that its neighbour held one step ago: ``off``, ``mesh`` or ``torus``.
    imperfect
        Tiles that do not divide: ``exact`` counts, ``timeloop_residual`` or ``accelforge_average``.
    multicast
        Whether instances that need the same tile share one read of the parent.
    latency
        ``throttle``: Timeloop's slowdown by average bandwidth demand. ``actions``: AccelForge's sum over actions.
    power_gating
        ``usage``: idle lanes leak nothing. ``accelforge_squared``: AccelForge's division by the fan-out twice.
    instance_totals
        Which fan-outs multiply the area and leakage of a component of a tree machine: ``all`` of them, or only those of
        its ``parents`` (AccelForge leaves out a component's own).

    >>> Rules().halo
    'timeloop'
    >>> Rules.true_movement().halo
    'exact'
    """

    halo: Literal["timeloop", "timeloop_pre297", "none", "exact"] = "timeloop"
    reuse: Literal["stationary", "refetch"] = "stationary"
    first_read_elision: bool = True
    first_fill_elision: bool = True
    rmw: Literal["legacy"] = "legacy"
    link_transfers: Literal["off", "mesh", "torus"] = "mesh"
    imperfect: Literal["exact", "timeloop_residual", "accelforge_average"] = "timeloop_residual"
    multicast: bool = True
    latency: Literal["throttle", "actions"] = "throttle"
    power_gating: Literal["usage", "accelforge_squared"] = "usage"
    instance_totals: Literal["all", "parents"] = "all"

    @classmethod
    def timeloop(cls) -> Rules:
        """Timeloop as of March 2025."""
        return cls()

    @classmethod
    def accelforge(cls) -> Rules:
        """AccelForge as of August 2026."""
        return cls(
            halo="none",
            reuse="refetch",
            link_transfers="off",
            imperfect="accelforge_average",
            latency="actions",
            power_gating="accelforge_squared",
            instance_totals="parents",
        )

    @classmethod
    def true_movement(cls) -> Rules:
        """What physically moves: a buffer holds exactly its current tile and a step moves ``|new - old|`` points."""
        return cls(halo="exact", link_transfers="off", imperfect="exact")
