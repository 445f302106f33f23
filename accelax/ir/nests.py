"""The linear nests of a mapping: every way from its root down, and the one that computes an Einsum."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from accelax.ir.mapping import Compute, Mapping, Node, Pipeline, Sequential, Storage, Toll
from accelax.ir.workload import Einsum


def paths(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Every way from the first of ``nodes`` down: a Sequential or Pipeline gives one way for each of its branches.

    >>> [len(path) for path in paths((Compute("A", "MAC"), Sequential(((Compute("Y", "MAC"),), ()))))]
    [2, 1]
    """
    shared: tuple[Node, ...] = ()
    ended = False
    for node in nodes:
        ended = isinstance(node, (Sequential, Pipeline))
        if isinstance(node, (Sequential, Pipeline)):
            for branch in node.branches:
                for below in paths(branch):
                    yield shared + below
        else:
            shared += (node,)
    if not ended:
        yield shared


def nest_of(mapping: Mapping, einsum: Einsum) -> tuple[Node, ...]:
    """Return the nodes from the root of ``mapping`` down to the Compute of ``einsum``.

    At each Sequential or Pipeline the branch that leads to the Einsum is followed. Storages and tolls keep only tensors
    that the Einsum uses, in the order in which they are listed, and vanish when none is left. Raises KeyError when no
    Compute node names the Einsum.

    >>> matmul = Einsum("Z", (("m", 4),), ())
    >>> nest_of(Mapping((Sequential(((Compute("Y", "MAC"),), (Compute("Z", "MAC"),))),)), matmul)
    (Compute(einsum='Z', component='MAC'),)
    """
    names = frozenset(einsum.tensor_names)
    nest: list[Node] = []
    for node in _path_to(mapping.nodes, einsum.name):
        if isinstance(node, (Storage, Toll)):
            tensors = tuple(tensor for tensor in node.tensors if tensor in names)
            if not tensors:
                continue
            if tensors != node.tensors:
                node = dataclasses.replace(node, tensors=tensors)
        nest.append(node)
    return tuple(nest)


def _path_to(nodes: tuple[Node, ...], einsum: str) -> Iterator[Node]:
    """The nodes that lead to the Compute of ``einsum``, that one included, other Compute nodes left out."""
    for path in paths(nodes):
        for end, node in enumerate(path):
            if isinstance(node, Compute) and node.einsum == einsum:
                yield from (above for above in path[:end] if not isinstance(above, Compute))
                yield node
                return
    raise KeyError(einsum)
