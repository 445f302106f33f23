"""How much of each spatial dimension is used, who shares data along it, and what part of a component leaks."""

from __future__ import annotations

from dataclasses import dataclass

from accelax.model.ops import Number, logical_and, product, share_of, where
from accelax.model.tree_tiles import LoopNest, TensorLoops, first_dimension
from accelax.model.tree_types import ComponentHardware, EinsumStructure

PerDimension = tuple[tuple[Number, ...], ...]
"""One number for each component and each of its spatial dimensions."""


@dataclass(frozen=True)
class Sharing:
    """A tensor's iterations of each component's spatial loops: all of them, and those that the parent sees."""

    fanned: tuple[Number, ...]
    distinct: tuple[Number, ...]


def spatial_sharing(structure: EinsumStructure, nest: LoopNest, loops: TensorLoops, tensor: int) -> Sharing:
    """Multiply the trips of each component's spatial loops, with and without those that a tensor shares.

    A loop that does not index the tensor is shared (multicast, or reduced on the way up) where ``may_reuse`` allows it.
    """
    fanned, distinct = [], []
    for position, component in enumerate(structure.components):
        every, seen = [], []
        for number, dimension in enumerate(component.dimensions, first_dimension(structure, position)):
            every.append(_along(nest, number, loops.trips))
            if dimension.may_reuse[tensor]:
                flags = [logical_and(nest.along[s][number], loops.relevant[s]) for s in nest.slots]
                seen.append(product([where(flags[s], loops.trips[s], 1.0) for s in nest.slots]))
            else:
                seen.append(every[-1])
        fanned.append(product(every))
        distinct.append(product(seen))
    return Sharing(tuple(fanned), tuple(distinct))


def instances_used(structure: EinsumStructure, nest: LoopNest) -> PerDimension:
    """The product of the trips of the loops along each dimension."""
    used = []
    for position, component in enumerate(structure.components):
        first = first_dimension(structure, position)
        numbers = range(first, first + len(component.dimensions))
        used.append(tuple(_along(nest, number, nest.trips) for number in numbers))
    return tuple(used)


def _along(nest: LoopNest, number: int, trips: tuple[Number, ...]) -> Number:
    return product([where(nest.along[s][number], trips[s], 1.0) for s in nest.slots])


def dimension_usage(hardware: tuple[ComponentHardware, ...], used: PerDimension) -> PerDimension:
    """``used / fanout * usage_scale`` of each dimension; above 1 the mapping does not fit."""
    return tuple(
        tuple(share_of(n * s, f) for n, f, s in zip(counts, numbers.fanout, numbers.usage_scale, strict=True))
        for counts, numbers in zip(used, hardware, strict=True)
    )


def leaking_fractions(
    structure: EinsumStructure, hardware: tuple[ComponentHardware, ...], used: PerDimension, gate_squared: bool
) -> tuple[Number, ...]:
    """The part of each component that is not power gated: the used part of every gateable dimension at or above it.

    With ``gate_squared`` the usage (already a fraction, times ``usage_scale``) is divided by the fan-out once more, as
    AccelForge does.
    """
    fraction: Number = 1.0
    result = []
    for component, numbers, counts in zip(structure.components, hardware, used, strict=True):
        for d, dimension in enumerate(component.dimensions):
            if not dimension.power_gateable:
                continue
            share = counts[d] / numbers.fanout[d]
            if gate_squared:
                share = share * numbers.usage_scale[d] / numbers.fanout[d]
            fraction = fraction * share
        result.append(fraction)
    return tuple(result)
