"""The linear nest of one Einsum in a mapping of several."""

from __future__ import annotations

import dataclasses

from accelax.ir.mapping import Compute, Mapping, Node, Pipeline, Sequential, Storage, Toll
from accelax.ir.workload import Einsum


def nest_of(mapping: Mapping, einsum: Einsum) -> tuple[Node, ...]:
    """Return the nodes from the root of ``mapping`` down to the Compute of ``einsum``.

    At each Sequential or Pipeline the branch that leads to the Einsum is followed. Storages and tolls keep only tensors
    that the Einsum uses, in the order in which they are listed, and vanish when none is left. Raises KeyError when no
    Compute node names the Einsum.

    >>> matmul = Einsum("Z", (("m", 4),), ())
    >>> nest_of(Mapping((Sequential(((Compute("Y", "MAC"),), (Compute("Z", "MAC"),))),)), matmul)
    (Compute(einsum='Z', component='MAC'),)
    """
    path = _path_to(mapping.nodes, einsum.name)
    if path is None:
        raise KeyError(einsum.name)
    names = frozenset(einsum.tensor_names)
    nest: list[Node] = []
    for node in path:
        if isinstance(node, (Storage, Toll)):
            tensors = tuple(tensor for tensor in node.tensors if tensor in names)
            if not tensors:
                continue
            if tensors != node.tensors:
                node = dataclasses.replace(node, tensors=tensors)
        nest.append(node)
    return tuple(nest)


def _path_to(nodes: tuple[Node, ...], einsum: str) -> list[Node] | None:
    """The nodes that lead to the Compute of ``einsum``, or None when it is not among them."""
    path: list[Node] = []
    for node in nodes:
        if isinstance(node, (Sequential, Pipeline)):
            for branch in node.branches:
                below = _path_to(branch, einsum)
                if below is not None:
                    return path + below
            continue
        if isinstance(node, Compute):
            if node.einsum == einsum:
                return [*path, node]
            continue
        path.append(node)
    return None
