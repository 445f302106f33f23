"""What the actions and the leakage of a component cost in joules."""

from __future__ import annotations

from accelax.model.ops import Number, total
from accelax.model.tree_types import ComponentHardware


def dynamic_energy(hardware: ComponentHardware, calls: tuple[Number, ...]) -> Number:
    """The energy of all actions of all instances: calls times J per action."""
    return total([count * energy for count, energy in zip(calls, hardware.energy, strict=True)])


def leak_energy(hardware: ComponentHardware, seconds: Number, leaking: Number) -> Number:
    """The energy that leaks while the Einsum runs: ``leaking`` is the part that is not power gated."""
    return hardware.leak_power * seconds * leaking
