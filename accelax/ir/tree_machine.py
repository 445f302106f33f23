"""A machine as AccelForge sees it: components in a hierarchy; storages stand anywhere between the loops.

SI units throughout: J, s, m², W, bits. All scales and expressions of the input are already applied.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Operation = tuple
"""A closed expression as nested tuples, hashable. Forms:

``("const", x)``, ``("n_calls", action)``, ``("throughput", action)``, ``(op, a, b)`` with op in ``+ - * / // % **``,
``("neg", a)``, ``("max", a, b, ...)``, ``("min", a, b, ...)``, ``("sum", a, b, ...)``; sums over ``actions`` are
already written out, one term per action of the component.
"""


@dataclass(frozen=True)
class TreeAction:
    """One action of a component: J per action, actions per second, and how many values of a tensor one action moves.

    ``throughput`` already holds ``throughput_scale`` and ``n_parallel_instances``. ``values_per_action`` maps each
    tensor to a number (for a compute unit it is empty, and one action is one computation).
    """

    name: str
    energy: float
    throughput: float = math.inf
    values_per_action: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """A bound on loops: the ranks concerned, the operator (``==  <=  <  >=  >  product== ...``) and the value."""

    ranks: tuple[str, ...]
    operator: str
    value: float


@dataclass(frozen=True)
class FanoutDimension:
    """One spatial dimension of a component: ``fanout`` instances along ``name``."""

    name: str
    fanout: int
    may_reuse: tuple[str, ...]
    """Tensors that are multicast or reduced along it for free."""
    reuse: tuple[str, ...] = ()
    """Tensors that must be reused: only loops irrelevant to all of them may be placed."""
    loop_bounds: tuple[Comparison, ...] = ()
    min_usage: float = 0.0
    usage_scale: float = 1.0
    power_gateable: bool = False


@dataclass(frozen=True)
class TreeComponent:
    """A memory, a toll or a compute unit with the fan-out that stands directly above it.

    A ``container`` is a fan-out alone: it holds nothing, has no actions, and takes neither area nor power.
    """

    name: str
    kind: Literal["memory", "toll", "compute", "container"]
    actions: tuple[TreeAction, ...]
    spatial: tuple[FanoutDimension, ...] = ()
    size_bits: float = math.inf
    leak_power: float = 0.0
    """W of all instances (``total_leak_power``: scales, parallel instances and fan-outs of its parents included)."""
    area: float = 0.0
    """m² of all instances (``total_area``)."""
    total_latency: Operation = ("const", 0.0)
    """Seconds, from calls per unit and throughputs, ``latency_scale`` included."""
    actions_scale: float = 1.0
    skip_initial_output_write: bool = True
    keep: tuple[str, ...] = ()
    may_keep: tuple[str, ...] = ()
    direction: tuple[tuple[str, Literal["up", "down", "up_and_down"]], ...] = ()
    """Tolls only: per tensor, which way is charged."""
    back: tuple[str, ...] = ()
    """Tensors whose outermost storage has to be here; they are also in ``keep``."""
    tile_shape_bounds: tuple[Comparison, ...] = ()
    no_refetch_from_above: tuple[str, ...] = ()
    """Tensors of which every piece may come from above once."""
    no_resend_to_below: tuple[str, ...] = ()
    """Tensors of which every piece may go to what is below once."""
    tensor_order_options: tuple[tuple[tuple[str, ...], ...], ...] = ()
    """Orders of the storages here, each a list of sets from the outermost inwards; one of them has to hold."""
    force_hierarchy_order: bool = True
    """Whether storages of components inside this one have to stand below all of its own."""
    bits_per_value: tuple[tuple[str, float], ...] = ()
    """Per tensor: the bits of one value as stored in this component (the Einsum's where not overridden)."""


@dataclass(frozen=True)
class TreeMachine:
    """The components from the outermost inwards; the last is the compute unit."""

    components: tuple[TreeComponent, ...]

    def index(self, name: str) -> int:
        """The position of the component called ``name``, 0 for the outermost. Raises KeyError."""
        for position, component in enumerate(self.components):
            if component.name == name:
                return position
        raise KeyError(name)
