"""The static part of an AccelForge problem: counts, relevance, kinds and switches, with numbers in place of names."""

from __future__ import annotations

from accelax.errors import Problem, SpecError, UnsupportedError, did_you_mean
from accelax.ir import LoweredTree
from accelax.ir.tree_machine import FanoutDimension, Operation, TreeComponent
from accelax.ir.workload import Einsum
from accelax.model.tree_types import (
    ComponentStructure,
    DimensionStructure,
    EinsumStructure,
    Kind,
    TensorStructure,
    TreeStructure,
)

_KINDS = {"memory": Kind.MEMORY, "toll": Kind.TOLL, "compute": Kind.COMPUTE, "container": Kind.CONTAINER}
_CALLED = {Kind.MEMORY: ("read", "write"), Kind.TOLL: ("read",), Kind.COMPUTE: ("compute",), Kind.CONTAINER: ()}

_MOST_RANKS = 30
"""Sets of ranks are bits of a 32-bit constant."""


def tree_structure(lowered: LoweredTree) -> TreeStructure:
    """Read off everything static. Raises UnsupportedError for a combination of rules that the model does not have."""
    _refuse_rules(lowered)
    if any(len(einsum.ranks) > _MOST_RANKS for einsum in lowered.einsums):
        raise UnsupportedError(f"an Einsum with more than {_MOST_RANKS} ranks", path="workload.einsums")
    identities: dict[str, int] = {}
    for machine in lowered.machines:
        for component in machine.components:
            identities.setdefault(component.name, len(identities))
    einsums = tuple(
        EinsumStructure(
            n_ranks=len(einsum.ranks),
            tensors=tuple(_tensor(einsum, position) for position in range(len(einsum.tensors))),
            components=tuple(_component(c, einsum, identities[c.name]) for c in machine.components),
        )
        for einsum, machine in zip(lowered.einsums, lowered.machines, strict=True)
    )
    return TreeStructure(
        einsums=einsums,
        uses=_uses(lowered),
        n_components=len(identities),
        gate_squared=lowered.rules.power_gating == "accelforge_squared",
    )


def _refuse_rules(lowered: LoweredTree) -> None:
    allowed = {
        "halo": ("none",),
        "reuse": ("refetch",),
        "first_read_elision": (True,),
        "first_fill_elision": (True,),
        "link_transfers": ("off",),
        "imperfect": ("accelforge_average", "exact"),
        "multicast": (True,),
        "latency": ("actions",),
    }
    for name, values in allowed.items():
        found = getattr(lowered.rules, name)
        if found not in values:
            raise UnsupportedError(f"{name}={found} in an AccelForge specification", path=f"rules.{name}")


def _tensor(einsum: Einsum, position: int) -> TensorStructure:
    tensor = einsum.tensors[position]
    number = {rank: i for i, rank in enumerate(einsum.ranks)}
    terms = tuple(tuple(number[rank] for rank, c in terms if c) for terms in tensor.projection)
    return TensorStructure(terms, tensor.output)


def _uses(lowered: LoweredTree) -> tuple[tuple[tuple[int, int], ...], ...]:
    uses: dict[str, list[tuple[int, int]]] = {}
    for e, einsum in enumerate(lowered.einsums):
        for t, tensor in enumerate(einsum.tensors):
            uses.setdefault(tensor.name, []).append((e, t))
    return tuple(tuple(places) for places in uses.values())


def _component(component: TreeComponent, einsum: Einsum, identity: int) -> ComponentStructure:
    kind = _KINDS[component.kind]
    names = [action.name for action in component.actions]
    numbers = {name: names.index(name) for name in _CALLED[kind] if name in names}
    direction = dict(component.direction)
    if kind is Kind.TOLL and (missing := [t for t in einsum.tensor_names if t not in direction]):
        raise SpecError(f"{component.name}: no direction for tensor {', '.join(missing)}")
    tensors = einsum.tensor_names
    return ComponentStructure(
        kind=kind,
        dimensions=tuple(_dimension(dimension, einsum) for dimension in component.spatial),
        total_latency=_operation(component.total_latency, component),
        read=numbers.get("read"),
        write=numbers.get("write"),
        compute=numbers.get("compute"),
        skip_initial=True if kind is Kind.TOLL else component.skip_initial_output_write,
        charges_up=tuple(direction.get(t) in ("up", "up_and_down") for t in tensors) if direction else (),
        charges_down=tuple(direction.get(t) in ("down", "up_and_down") for t in tensors) if direction else (),
        identity=identity,
    )


def _dimension(dimension: FanoutDimension, einsum: Einsum) -> DimensionStructure:
    return DimensionStructure(
        may_reuse=tuple(tensor in dimension.may_reuse for tensor in einsum.tensor_names),
        power_gateable=dimension.power_gateable,
    )


def _operation(operation: Operation, component: TreeComponent) -> Operation:
    """Replace the action names in a ``total_latency`` by their numbers."""
    kind, *arguments = operation
    if kind == "const":
        return operation
    if kind in ("n_calls", "throughput"):
        names = [action.name for action in component.actions]
        if arguments[0] not in names:
            hint = did_you_mean(arguments[0], names)
            raise SpecError([Problem(f"{component.name}.total_latency: no action {arguments[0]!r}{hint}")])
        return (kind, names.index(arguments[0]))
    return (kind, *(_operation(argument, component) for argument in arguments))
