"""Layers as the problems they are: bounds, projections and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from accelax.ir import LoweredLevels
from accelax.spec.layers import Layer


def problems(layers: Iterable[Layer]) -> Counter:
    """How often each Einsum occurs: its bounds, and its tensors with their projections."""
    found: Counter = Counter()
    for layer in layers:
        lowered = layer.specification.lowered()
        assert isinstance(lowered, LoweredLevels)
        tensors = tuple((tensor.name, tensor.projection, tensor.output) for tensor in lowered.einsum.tensors)
        found[lowered.einsum.bounds, tensors] += layer.count
    return found
