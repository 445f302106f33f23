"""How many actions the traffic of a tensor costs a component: reads and writes of the width that the component moves.

A memory reads what it writes back to its parent and what its child fetches, and writes what it fetches and what its
child writes back. A toll stores nothing: each passing value is one read, in the directions that are charged.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelax.model.ops import Number, where
from accelax.model.tree_traffic import NOTHING, Flow, HolderTraffic
from accelax.model.tree_types import ComponentHardware, ComponentStructure, Kind


@dataclass(frozen=True)
class TensorActions:
    """The actions that one tensor causes at one component: of all its instances, and of the busiest one."""

    reads: Flow
    writes: Flow


def tensor_actions(
    component: ComponentStructure, hardware: ComponentHardware, traffic: HolderTraffic, tensor: int, output: bool
) -> TensorActions:
    """Turn values that move into actions: over the values per action, times ``actions_scale``; 0 if not kept."""
    if component.kind is Kind.TOLL:
        reads = _toll_reads(component, traffic, tensor, output)
        return TensorActions(_scaled(reads, traffic, hardware, hardware.values_per_read[tensor]), NOTHING)
    reads = traffic.child
    writes = traffic.own
    if output:
        reads = _plus(reads, traffic.own)
        writes = _plus(writes, traffic.child)
        if component.skip_initial:
            reads = _minus(reads, traffic.child_skipped)
            writes = _minus(writes, traffic.own_skipped)
    return TensorActions(
        _scaled(reads, traffic, hardware, hardware.values_per_read[tensor]),
        _scaled(writes, traffic, hardware, hardware.values_per_write[tensor]),
    )


def _toll_reads(component: ComponentStructure, traffic: HolderTraffic, tensor: int, output: bool) -> Flow:
    reads = NOTHING
    if component.charges_down[tensor]:
        reads = _minus(traffic.child, traffic.child_skipped) if output else traffic.child
    if component.charges_up[tensor] and output:
        reads = _plus(reads, traffic.own)
    return reads


def _plus(a: Flow, b: Flow) -> Flow:
    return Flow(a.total + b.total, a.unit + b.unit)


def _minus(a: Flow, b: Flow) -> Flow:
    return Flow(a.total - b.total, a.unit - b.unit)


def _scaled(flow: Flow, traffic: HolderTraffic, hardware: ComponentHardware, values: Number) -> Flow:
    scale = hardware.actions_scale / values
    return Flow(where(traffic.kept, flow.total * scale, 0.0), where(traffic.kept, flow.unit * scale, 0.0))
