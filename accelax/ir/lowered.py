"""What a specification lowers to: everything ``encode`` needs, and nothing of YAML."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelax.ir.level_machine import LevelMachine
from accelax.ir.mapping import Mapping
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum


@dataclass(frozen=True)
class LevelConstraints:
    """What a Timeloop specification demands of the mapping at one level. Factors are temporal, or spatial at a fan-out.

    ``fixed``, ``maximum``, ``minimum`` map ranks to factors (0 was already replaced by the full bound). ``residual``
    maps a rank to r of ``X=n,r``. ``order`` is innermost first: the ranks given before ``_`` (innermost) and after it
    (outermost); a permutation without ``_`` is ``order_inner`` alone with ``order_complete`` True when it names every
    rank. ``keep``/``bypass`` list tensors that must (not) be kept; a tensor in neither is free. ``split`` is the number
    of leading ranks on X, None when free.
    """

    fixed: tuple[tuple[str, int], ...] = ()
    residual: tuple[tuple[str, int], ...] = ()
    maximum: tuple[tuple[str, int], ...] = ()
    minimum: tuple[tuple[str, int], ...] = ()
    default_maximum: int | None = None
    default_minimum: int | None = None
    order_inner: tuple[str, ...] = ()
    order_outer: tuple[str, ...] = ()
    order_complete: bool = False
    keep: tuple[str, ...] = ()
    bypass: tuple[str, ...] = ()
    split: int | None = None
    remainder_maximum: tuple[tuple[str, int], ...] = ()
    utilization_minimum: float = 0.0


@dataclass(frozen=True)
class LevelReuse:
    """The reuse switches of one level: they hold for evaluation, with or without a mapping.

    ``no_temporal_reuse``: tensors fetched whole on every step. ``no_multicast``, ``no_link_transfer``: at a fan-out.
    ``no_coalesce`` and ``rmw_first_update``: at a storage level.
    """

    no_temporal_reuse: tuple[str, ...] = ()
    rmw_first_update: tuple[str, ...] = ()
    no_coalesce: tuple[str, ...] = ()
    no_multicast: tuple[str, ...] = ()
    no_link_transfer: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoweredLevels:
    """A Timeloop specification: one Einsum on a :class:`LevelMachine`.

    ``constraints`` and ``reuse`` have one entry per level of the machine, outermost first. ``mapping`` is the complete
    mapping (the file's ``mapping`` joined with all constraints) or None when they do not determine one.
    """

    einsum: Einsum
    machine: LevelMachine
    constraints: tuple[LevelConstraints, ...]
    reuse: tuple[LevelReuse, ...]
    mapping: Mapping | None = None
    rules: Rules = field(default_factory=Rules.timeloop)


@dataclass(frozen=True)
class LoweredTree:
    """An AccelForge specification: Einsums, each with the machine as it sees it (set expressions depend on the Einsum).

    ``n_instances`` is the workload's repeat count. ``explore_imperfect`` says whether the bounds of loops in time, and
    of spatial loops, may be imperfect in the mapspace.
    """

    einsums: tuple[Einsum, ...]
    machines: tuple[TreeMachine, ...]
    mapping: Mapping | None = None
    rules: Rules = field(default_factory=Rules.accelforge)
    n_instances: int = 1
    explore_imperfect: tuple[bool, bool] = (False, False)
