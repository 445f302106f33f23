"""Tables of energies and areas, and where each entry comes from: what the pricing of a specification results in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelax.components.numbers import Number
from accelax.components.registry import Choice


@dataclass(frozen=True)
class Term:
    """What one part of a component contributes: ``value`` (pJ or µm²) of one, times ``count`` parts, times ``scale``.

    ``part`` is the way to the part inside a compound component (``storage.address_generators[0..1]``), empty for a
    component that an estimator prices as a whole. ``what`` is the action, or ``area``.
    """

    part: str
    kind: str
    what: str
    value: Number
    choice: Choice
    count: Number = 1
    scale: Number = 1

    @property
    def total(self) -> Number:
        """The contribution to the entry."""
        return self.value * self.count * self.scale

    def times(self, count: Number, scale: Number, part: str) -> Term:
        """The same, as a part of something larger."""
        inner = f"{part}.{self.part}" if self.part else part
        return Term(inner, self.kind, self.what, self.value, self.choice, self.count * count, self.scale * scale)


@dataclass(frozen=True)
class EnergyEntry:
    """The energy in pJ of one action of a component, with the arguments for which it holds.

    ``scale`` is the component's own, which the terms do not contain. ``terms`` are empty where the file gives the
    energy itself.
    """

    component: str
    action: str
    energy: Number
    terms: tuple[Term, ...] = ()
    scale: Number = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AreaEntry:
    """The area in µm² of one instance of a component; ``terms`` are empty where the file gives it."""

    component: str
    area: Number
    terms: tuple[Term, ...] = ()
    scale: Number = 1


@dataclass(frozen=True)
class EnergyTables:
    """The energies and areas of all components; ``instances`` and ``classes`` are by component.

    >>> EnergyTables((EnergyEntry("GLB", "read", 2.0),)).energy("GLB", "read")
    2.0
    """

    energies: tuple[EnergyEntry, ...] = ()
    areas: tuple[AreaEntry, ...] = ()
    instances: Mapping[str, Number] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a reader should know besides, such as components that could not be estimated."""

    def energy(self, component: str, action: str) -> Number:
        """The energy of an action in pJ, of several with different arguments the first. Raises KeyError."""
        for entry in self.energies:
            if (entry.component, entry.action) == (component, action):
                return entry.energy
        raise KeyError(f"no energy of {action!r} of {component!r}")

    def area(self, component: str) -> Number:
        """The area of one instance in µm². Raises KeyError."""
        for entry in self.areas:
            if entry.component == component:
                return entry.area
        raise KeyError(f"no area of {component!r}")
