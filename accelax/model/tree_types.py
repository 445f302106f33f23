"""The arrays and the static structure of an AccelForge problem: what the model of a LoopTree is a function of.

Static (hashed; one compilation each): how many ranks, tensors, components and spatial dimensions there are, which rank
indexes which tensor, what kind each component is. Traced: everything else, as numbers. Loop slots are counted by the
length of the mapping's arrays.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from flax import struct

from accelax.model.ops import Number


class Kind(enum.Enum):
    """What a component does with a tensor."""

    MEMORY = 0
    TOLL = 1
    COMPUTE = 2
    CONTAINER = 3


@dataclass(frozen=True)
class TensorStructure:
    """Which ranks index a tensor. ``terms`` has, for each tensor rank, the ranks in its index expression."""

    terms: tuple[tuple[int, ...], ...]
    output: bool = False

    @property
    def relevant(self) -> tuple[int, ...]:
        """The ranks that index the tensor, in any way."""
        return tuple(dict.fromkeys(rank for ranks in self.terms for rank in ranks))

    @property
    def fully_relevant(self) -> tuple[int, ...]:
        """The ranks whose first index expression they form alone: ``p`` in ``2*p``, neither rank of ``p + r``.

        >>> TensorStructure(((0,), (1, 2))).fully_relevant
        (0,)
        """
        first: dict[int, tuple[int, ...]] = {}
        for ranks in self.terms:
            for rank in ranks:
                first.setdefault(rank, ranks)
        return tuple(rank for rank, ranks in first.items() if len(ranks) == 1)


@dataclass(frozen=True)
class DimensionStructure:
    """One spatial dimension: the tensors whose transfers its instances share, and whether idle ones are gated."""

    may_reuse: tuple[bool, ...]
    power_gateable: bool = False


@dataclass(frozen=True)
class ComponentStructure:
    """One component of the machine as an Einsum sees it.

    ``total_latency`` is an operation of :mod:`accelax.ir.tree_machine` with action numbers in place of names.
    ``read``, ``write`` and ``compute`` are the numbers of those actions, None where the component has none.
    ``charges_up`` and ``charges_down`` (per tensor) say which way a toll counts. ``identity`` numbers the distinct
    components of all Einsums.
    """

    kind: Kind
    dimensions: tuple[DimensionStructure, ...] = ()
    total_latency: tuple = ("const", 0.0)
    read: int | None = None
    write: int | None = None
    compute: int | None = None
    skip_initial: bool = True
    charges_up: tuple[bool, ...] = ()
    charges_down: tuple[bool, ...] = ()
    identity: int = 0


@dataclass(frozen=True)
class EinsumStructure:
    """One Einsum and its machine, outermost component first, the compute unit last."""

    n_ranks: int
    tensors: tuple[TensorStructure, ...]
    components: tuple[ComponentStructure, ...]


@dataclass(frozen=True)
class TreeStructure:
    """All that decides what is compiled.

    ``uses`` has, for each distinct tensor, its ``(einsum, tensor)`` positions in order, and ``n_components`` counts
    distinct components. ``gate_squared`` repeats AccelForge's power gating.
    """

    einsums: tuple[EinsumStructure, ...]
    uses: tuple[tuple[tuple[int, int], ...], ...]
    n_components: int
    gate_squared: bool = True


@struct.dataclass
class EinsumWorkload:
    """The numbers of an Einsum: rank bounds, index coefficients (per tensor, tensor rank and term), repeat count."""

    bounds: tuple[Number, ...]
    coefficients: tuple[tuple[tuple[Number, ...], ...], ...]
    instances: Number


@struct.dataclass
class TreeWorkload:
    """The numbers of every Einsum, in the order in which they run."""

    einsums: tuple[EinsumWorkload, ...]


@struct.dataclass
class ComponentHardware:
    """The numbers of one component, in SI units and bits.

    ``energy`` (J) and ``throughput`` (1/s) have one entry per action; ``values_per_read``, ``values_per_write`` and
    ``bits_per_value`` one per tensor; ``fanout`` and ``usage_scale`` one per spatial dimension. ``leak_power`` (W) and
    ``area`` (m²) are those of all instances.
    """

    size_bits: Number
    leak_power: Number
    area: Number
    actions_scale: Number
    energy: tuple[Number, ...]
    throughput: tuple[Number, ...]
    values_per_read: tuple[Number, ...]
    values_per_write: tuple[Number, ...]
    bits_per_value: tuple[Number, ...]
    fanout: tuple[Number, ...]
    usage_scale: tuple[Number, ...]


@struct.dataclass
class TreeHardware:
    """``machines[einsum][component]``: the machine as each Einsum sees it."""

    machines: tuple[tuple[ComponentHardware, ...], ...]


@struct.dataclass
class EinsumMapping:
    """One Einsum's loop nest, outermost slot first. Unused slots come last, with ``rank`` -1.

    ``dimension`` is 0 for a loop in time, else 1 + the number of the spatial dimension, counted over all components
    from the outermost. For ``[component, tensor]``: ``above`` is the number of loops above its storage or toll (-1:
    none), ``reach`` the number of loops above the next such node of any tensor, ``order`` the node's place among them
    (read by ``decode`` alone).
    """

    rank: Number
    tile: Number
    dimension: Number
    above: Number
    reach: Number
    order: Number
    persistent: Number


@struct.dataclass
class TreeMapping:
    """The loop nest of every Einsum."""

    einsums: tuple[EinsumMapping, ...]
