"""Components that stand for a place in an architecture and cost nothing."""

from __future__ import annotations

from accelax.components.estimate import Estimate
from accelax.components.registry import component

SOURCE = "by definition"
FREE = "every action is free"


@component("dummy_storage", "DummyStorage", "DummyMemory", accuracy=100, source=SOURCE, formula=FREE)
def dummy_storage() -> Estimate:
    """A storage that costs nothing."""
    return Estimate(dict.fromkeys(("read", "write", "update"), 0.0))


@component("dummy_compute", "DummyCompute", "dummy_mac", "free_compute", accuracy=100, source=SOURCE, formula=FREE)
def dummy_compute() -> Estimate:
    """A unit that computes for nothing."""
    return Estimate(dict.fromkeys(("compute", "mac", "mac_random", "read"), 0.0))


@component("dummy", "dummy_network", "DummyNetwork", "DummyComponent", accuracy=100, source=SOURCE, formula=FREE)
def dummy() -> Estimate:
    """Anything that costs nothing."""
    return Estimate(dict.fromkeys(("read", "write", "update", "compute", "convert", "transfer", "add"), 0.0))
