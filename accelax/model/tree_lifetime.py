"""How full each memory gets while the Einsums run one after the other.

A tensor takes its place during its own Einsum. One that several Einsums use stays in its outermost storage from the
first to the last of them, and one marked persistent stays for the whole run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from accelax.model.ops import Number, logical_and, logical_not, maximum, share_of, total, where
from accelax.model.tree_types import Kind, TreeHardware, TreeMapping, TreeStructure


class Reserved(Protocol):
    """What is read of an Einsum's cost, ``[component][tensor]``: bits reserved, and whether there is none outside."""

    bits: tuple[tuple[Number, ...], ...]
    outermost: tuple[tuple[Number, ...], ...]


def memory_peaks(
    structure: TreeStructure, hardware: TreeHardware, mapping: TreeMapping, einsums: Sequence[Reserved]
) -> tuple[tuple[Number, ...], tuple[Number, ...]]:
    """The largest number of bits live in each distinct component, and the largest part of its size that they take."""
    peaks: list[Number] = [0.0] * structure.n_components
    usages: list[Number] = [0.0] * structure.n_components
    for number, (einsum, machine) in enumerate(zip(structure.einsums, hardware.machines, strict=True)):
        for position, component in enumerate(einsum.components):
            if component.kind is not Kind.MEMORY:
                continue
            identity = component.identity
            waiting = _waiting_bits(structure, mapping, einsums, number, identity)
            live = total([*einsums[number].bits[position], *waiting])
            peaks[identity] = maximum(peaks[identity], live)
            usages[identity] = maximum(usages[identity], share_of(live, machine[position].size_bits))
    return tuple(peaks), tuple(usages)


def _waiting_bits(
    structure: TreeStructure, mapping: TreeMapping, einsums: Sequence[Reserved], number: int, identity: int
) -> list[Number]:
    """The bits in one component of tensors that Einsum ``number`` does not use but that must outlive it."""
    waiting = []
    for uses in structure.uses:
        if any(einsum == number for einsum, _ in uses):
            continue
        earlier = [use for use in uses if use[0] < number]
        holder, tensor = earlier[-1] if earlier else uses[0]
        between = bool(earlier) and uses[-1][0] > number
        for position, component in enumerate(structure.einsums[holder].components):
            if component.identity != identity or component.kind is not Kind.MEMORY:
                continue
            bits = einsums[holder].bits[position][tensor]
            persistent = mapping.einsums[holder].persistent[position, tensor]
            shared = logical_and(between, einsums[holder].outermost[position][tensor], logical_not(persistent))
            waiting += [where(persistent, bits, 0.0), where(shared, bits, 0.0)]
    return waiting
