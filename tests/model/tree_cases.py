"""Small AccelForge machines and mappings, written in the intermediate representation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from accelax.ir import Compute, Einsum, LoweredTree, Mapping, Spatial, Storage, Temporal, Tensor
from accelax.ir.mapping import Node
from accelax.ir.tree_machine import FanoutDimension, TreeAction, TreeComponent, TreeMachine

TENSORS = ("A", "B", "Z")
CALLS = (
    "sum",
    ("/", ("n_calls", "read"), ("throughput", "read")),
    ("/", ("n_calls", "write"), ("throughput", "write")),
)


def matmul(m: int = 16, k: int = 24, n: int = 32, name: str = "Z", bits: float = 8) -> Einsum:
    """``Z[m, n] = A[m, k] * B[k, n]``."""

    def tensor(label: str, ranks: str, output: bool = False) -> Tensor:
        return Tensor(label, tuple(((rank, 1),) for rank in ranks), output, bits)

    return Einsum(name, (("m", m), ("k", k), ("n", n)), (tensor("A", "mk"), tensor("B", "kn"), tensor("Z", "mn", True)))


def memory(
    name: str, read: float, write: float, reads_per_s: float, writes_per_s: float, **fields: object
) -> TreeComponent:
    """A memory whose actions move one bit of 8-bit values, with AccelForge's default latency."""
    per_bit = tuple((tensor, 1 / 8) for tensor in TENSORS)
    actions = (TreeAction("read", read, reads_per_s, per_bit), TreeAction("write", write, writes_per_s, per_bit))
    return replace(TreeComponent(name, "memory", actions, total_latency=CALLS), **fields)


def toll(name: str, energy: float, throughput: float, direction: str, **fields: object) -> TreeComponent:
    per_bit = tuple((tensor, 1 / 8) for tensor in TENSORS)
    latency = ("/", ("n_calls", "read"), ("throughput", "read"))
    made = TreeComponent(name, "toll", (TreeAction("read", energy, throughput, per_bit),), total_latency=latency)
    return replace(made, direction=tuple((tensor, direction) for tensor in TENSORS), **fields)


def mac(energy: float = 0.5, throughput: float = 4.0, **fields: object) -> TreeComponent:
    latency = ("/", ("n_calls", "compute"), ("throughput", "compute"))
    made = TreeComponent("MAC", "compute", (TreeAction("compute", energy, throughput),), total_latency=latency)
    return replace(made, **fields)


def dimension(name: str, fanout: int, may_reuse: Sequence[str] = TENSORS, **fields: object) -> FanoutDimension:
    return replace(FanoutDimension(name, fanout, tuple(may_reuse)), **fields)


DRAM = memory("DRAM", 100.0, 120.0, 64.0, 32.0)
GLB = memory("GLB", 2.0, 3.0, 512.0, 256.0, size_bits=65536.0)
REG = memory("REG", 0.1, 0.15, 1024.0, 1024.0)


def lowered(
    components: Sequence[TreeComponent], nodes: Sequence[Node], einsum: Einsum | None = None, **fields: object
) -> LoweredTree:
    """One Einsum on a chain of components with the compute unit ``MAC`` unless one is given."""
    einsum = einsum or matmul()
    if components[-1].kind != "compute":
        components = (*components, mac())
    mapping = Mapping((*nodes, Compute(einsum.name, components[-1].name)), "accelforge")
    return replace(LoweredTree((einsum,), (TreeMachine(tuple(components)),), mapping), **fields)


def stored(component: str, tensors: str = "A B Z") -> Storage:
    return Storage(component, tuple(tensors.split()))


def loop(rank: str, tile: int) -> Temporal:
    return Temporal(rank, tile)


def lanes(rank: str, tile: int, component: str, name: str) -> Spatial:
    return Spatial(rank, tile, component, name)


INFINITY = math.inf
