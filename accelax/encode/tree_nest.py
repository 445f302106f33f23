"""The linear nest of each Einsum in a LoopTree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelax.errors import Problem, SpecError, UnsupportedError, did_you_mean
from accelax.ir import Compute, LoweredTree, Mapping, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.mapping import Node


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
    einsums = {einsum.name: einsum for einsum in lowered.einsums}
    found: dict[str, Nest] = {}
    problems: list[Problem] = []
    for path in _paths(mapping.nodes):
        compute = path[-1] if path else None
        if not isinstance(compute, Compute):
            problems.append(Problem("a branch of the mapping does not end in a Compute node", path="mapping"))
        elif compute.einsum not in einsums:
            hint = did_you_mean(compute.einsum, einsums)
            problems.append(Problem(f"the mapping computes {compute.einsum}, which is no Einsum{hint}", path="mapping"))
        elif compute.einsum in found:
            problems.append(Problem(f"the mapping computes Einsum {compute.einsum} twice", path="mapping"))
        else:
            found[compute.einsum] = _nest(
                path, set(_all_tensors(lowered)), einsums[compute.einsum].tensor_names, problems
            )
    missing = [name for name in einsums if name not in found]
    if missing and not problems:
        problems.append(Problem(f"the mapping does not compute Einsum {', '.join(missing)}", path="mapping"))
    if problems:
        raise SpecError(problems)
    return [found[name] for name in einsums]


def _all_tensors(lowered: LoweredTree) -> Iterator[str]:
    for einsum in lowered.einsums:
        yield from einsum.tensor_names


def _paths(nodes: tuple[Node, ...]) -> Iterator[list[Node]]:
    prefix: list[Node] = []
    for number, node in enumerate(nodes):
        if isinstance(node, Pipeline):
            raise UnsupportedError("pipelined fusion", path="mapping")
        if isinstance(node, Sequential):
            if number != len(nodes) - 1:
                raise SpecError([Problem("nodes follow a Sequential in the same branch", path="mapping")])
            for branch in node.branches:
                for rest in _paths(branch):
                    yield prefix + rest
            return
        prefix.append(node)
    yield prefix


def _nest(path: list[Node], known: set[str], tensors: tuple[str, ...], problems: list[Problem]) -> Nest:
    loops: list[Temporal | Spatial] = []
    holders: list[Holder] = []
    for node in path[:-1]:
        if isinstance(node, Temporal) and node.initial_tile_shape is not None:
            raise UnsupportedError("initial_tile_shape", path="mapping")
        if isinstance(node, (Temporal, Spatial)):
            loops.append(node)
        elif isinstance(node, (Storage, Toll)):
            persistent = isinstance(node, Storage) and node.persistent
            for tensor in node.tensors:
                if tensor not in known:
                    hint = did_you_mean(tensor, sorted(known))
                    problems.append(
                        Problem(f"{node.component} keeps {tensor}, which is no tensor{hint}", path="mapping")
                    )
                elif tensor in tensors:
                    holders.append(Holder(node.component, tensor, len(loops), isinstance(node, Toll), persistent))
        else:
            problems.append(Problem("a Compute node stands above other nodes", path="mapping"))
    compute = path[-1]
    assert isinstance(compute, Compute)
    return Nest(tuple(loops), tuple(holders), compute)
