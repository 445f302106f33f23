"""The linear nest of each Einsum in a LoopTree."""

from __future__ import annotations

from dataclasses import dataclass

from accelax.errors import Problem, SpecError, UnsupportedError, did_you_mean
from accelax.ir import Compute, LoweredTree, Mapping, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.mapping import Node
from accelax.ir.nests import nest_of, paths


@dataclass(frozen=True)
class Holder:
    """One tensor's storage (or, with ``toll``, its passage) in a component, below ``loops_above`` loops."""

    component: str
    tensor: str
    loops_above: int
    toll: bool = False
    persistent: bool = False


@dataclass(frozen=True)
class Nest:
    """One Einsum's nest: loops from the outermost inwards, holders in order, one per tensor, and the compute node."""

    loops: tuple[Temporal | Spatial, ...]
    holders: tuple[Holder, ...]
    compute: Compute


def nests_of(lowered: LoweredTree, mapping: Mapping) -> list[Nest]:
    """Split a mapping where it branches: one nest per Einsum, in the Einsums' order, without the others' tensors.

    Raises SpecError where an Einsum has no branch or several, or a branch does not end in a compute node.
    """
    problems: list[Problem] = []
    _check_branching(mapping.nodes)
    _check_computes(lowered, mapping, problems)
    _check_tensors(lowered, mapping, problems)
    if problems:
        raise SpecError(problems)
    return [_nest(nest_of(mapping, einsum)) for einsum in lowered.einsums]


def _check_branching(nodes: tuple[Node, ...]) -> None:
    """Only a Sequential branches, and nothing follows it."""
    for number, node in enumerate(nodes):
        if isinstance(node, Pipeline):
            raise UnsupportedError("pipelined fusion", path="mapping")
        if isinstance(node, Sequential):
            if number != len(nodes) - 1:
                raise SpecError([Problem("nodes follow a Sequential in the same branch", path="mapping")])
            for branch in node.branches:
                _check_branching(branch)


def _check_computes(lowered: LoweredTree, mapping: Mapping, problems: list[Problem]) -> None:
    """Every branch ends in the Compute node of an Einsum, and every Einsum has one branch."""
    names = [einsum.name for einsum in lowered.einsums]
    found: set[str] = set()
    for path in paths(mapping.nodes):
        compute = path[-1] if path else None
        if any(isinstance(node, Compute) for node in path[:-1]):
            problems.append(Problem("a Compute node stands above other nodes", path="mapping"))
        elif not isinstance(compute, Compute):
            problems.append(Problem("a branch of the mapping does not end in a Compute node", path="mapping"))
        elif compute.einsum not in names:
            hint = did_you_mean(compute.einsum, names)
            problems.append(Problem(f"the mapping computes {compute.einsum}, which is no Einsum{hint}", path="mapping"))
        elif compute.einsum in found:
            problems.append(Problem(f"the mapping computes Einsum {compute.einsum} twice", path="mapping"))
        else:
            found.add(compute.einsum)
    missing = [name for name in names if name not in found]
    if missing and not problems:
        problems.append(Problem(f"the mapping does not compute Einsum {', '.join(missing)}", path="mapping"))


def _check_tensors(lowered: LoweredTree, mapping: Mapping, problems: list[Problem]) -> None:
    """What storages and tolls keep are tensors of some Einsum."""
    known = {tensor for einsum in lowered.einsums for tensor in einsum.tensor_names}
    nodes = dict.fromkeys(node for path in paths(mapping.nodes) for node in path)
    for node in nodes:
        if isinstance(node, (Storage, Toll)):
            for tensor in node.tensors:
                if tensor not in known:
                    hint = did_you_mean(tensor, sorted(known))
                    problems.append(
                        Problem(f"{node.component} keeps {tensor}, which is no tensor{hint}", path="mapping")
                    )


def _nest(nodes: tuple[Node, ...]) -> Nest:
    """Sort the nodes of one Einsum, outermost first, into loops and holders."""
    loops: list[Temporal | Spatial] = []
    holders: list[Holder] = []
    *above, compute = nodes
    assert isinstance(compute, Compute)
    for node in above:
        if isinstance(node, Temporal) and node.initial_tile_shape is not None:
            raise UnsupportedError("initial_tile_shape", path="mapping")
        if isinstance(node, (Temporal, Spatial)):
            loops.append(node)
        elif isinstance(node, (Storage, Toll)):
            toll, persistent = isinstance(node, Toll), isinstance(node, Storage) and node.persistent
            holders += [Holder(node.component, tensor, len(loops), toll, persistent) for tensor in node.tensors]
    return Nest(tuple(loops), tuple(holders), compute)
