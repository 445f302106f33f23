"""The order of the levels: the architecture tree followed from the outside in (A.6 of the format).

Above every node with a fan-out stands an implicit level that keeps nothing and owns the spatial loops of that node.
Attributes of a container hold for everything after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accelax.components.numbers import may_differ, plain_or_traced
from accelax.errors import UnsupportedError
from accelax.spec.text import Problems
from accelax.spec.timeloop.architecture import Architecture, leaves_in_order
from accelax.spec.timeloop.kinds import number
from accelax.spec.timeloop.reader import Parsed, show


@dataclass
class Place:
    """One level of the chain: the node it comes from, and whether it is the implicit level above that node."""

    leaf: Parsed
    is_fanout: bool
    mesh_x: int
    mesh_y: int
    inherited: dict[str, Any]
    gated_at: str | None
    """The component whose gating switches this one off, by the order of the text; an implicit level is ``None``."""
    gated_at_fanout: bool = False

    @property
    def name(self) -> str:
        """The name of the node."""
        return self.leaf["name"]


@dataclass
class Chain:
    """The levels in order, outermost first, the compute unit, and the clock if one is known."""

    levels: list[Place] = field(default_factory=list)
    compute: Place | None = None
    cycle_seconds: float | None = None


def walk(architecture: Architecture, variables: Parsed, problems: Problems) -> Chain:
    """Follow the tree from the outside in: fan-outs multiply the mesh, containers hand down their attributes."""
    chain = Chain()
    mesh_x = mesh_y = 1
    inherited: dict[str, Any] = {}
    clock = variables.get("global_cycle_seconds")
    gated: tuple[str | None, bool] = (None, False)
    gate_next, first = False, True
    for leaf, parallel in leaves_in_order(architecture.root["nodes"]):
        if not leaf.get("enabled", True) or leaf["kind"] == "nothing":
            continue
        if leaf["kind"] == "network":
            what = f"the network component {leaf['name']!r} (class {leaf['class']})"
            raise UnsupportedError(what, leaf.location(), leaf.path)
        container = leaf["kind"] == "container"
        x, y = leaf["spatial"]["meshX"], leaf["spatial"]["meshY"]
        if container:
            inherited = inherited | {key: value for key, value in leaf["attributes"].items() if value is not None}
            if first:
                clock = inherited.get("global_cycle_seconds", clock)
        first = False
        if parallel and (container or may_differ(x * y, 1)):
            what = "a container" if container else "a component with a fan-out"
            problems.add(f"{what} cannot stand in a !Parallel", leaf.location(), leaf.path)
        gates = bool(leaf["attributes"].get("has_power_gating"))
        for fanout in (True, False):
            if (fanout and not may_differ(x * y, 1)) or (not fanout and container):
                continue
            if gate_next:
                gated = (leaf["name"], fanout)
            gate_next = gates
            place = Place(leaf, fanout, mesh_x, mesh_y, inherited, *gated)
            if fanout:
                mesh_x, mesh_y = mesh_x * x, mesh_y * y
            if leaf["kind"] == "compute" and not fanout:
                chain.compute = place
            elif leaf["kind"] != "unknown":
                chain.levels.append(place)
    chain.cycle_seconds = _clock(clock, variables, problems)
    return chain


def _clock(value: object, variables: Parsed, problems: Problems) -> float | None:
    """``global_cycle_seconds`` as a number, None when it is not given."""
    if value is None:
        return None
    try:
        return plain_or_traced(number(above=0).convert(value))
    except (ValueError, TypeError):
        problems.add(
            f"expected a number of seconds above 0, got {show(value)}",
            variables.location("global_cycle_seconds"),
            "variables.global_cycle_seconds",
        )
        return None
