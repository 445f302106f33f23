"""An AccelForge specification as arrays: :class:`TreeProblem` and the way into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flax import struct

from accelax.encode.origin import Origin
from accelax.encode.tree_mapping import decode_mapping, encode_mapping, stack_mappings
from accelax.encode.tree_sample import sample_mappings
from accelax.encode.tree_structure import tree_structure
from accelax.errors import Problem, SpecError, did_you_mean
from accelax.ir import LoweredTree, Mapping
from accelax.ir.tree_machine import TreeAction, TreeComponent
from accelax.ir.workload import Einsum, Tensor
from accelax.model.tree_types import (
    ComponentHardware,
    EinsumWorkload,
    TreeHardware,
    TreeMapping,
    TreeStructure,
    TreeWorkload,
)


@struct.dataclass
class TreeProblem:
    """Einsums on a tree of components: static ``structure``, and numbers that may be traced.

    ``hardware`` is a pytree of numbers; ``problem.replace(hardware=...)`` works inside ``jit``, ``vmap`` and ``grad``.
    """

    structure: TreeStructure = struct.field(pytree_node=False)
    workload: TreeWorkload
    hardware: TreeHardware
    origin: Origin[LoweredTree] = struct.field(pytree_node=False)

    @property
    def lowered(self) -> LoweredTree:
        """What the problem was encoded from."""
        return self.origin.lowered

    def encode_mappings(self, mappings: Sequence[Mapping], slots: int = 0) -> TreeMapping:
        """Stack mappings into a batch: every leaf of the result has a leading axis of ``len(mappings)``.

        Each Einsum gets as many loop slots as its longest nest needs, and at least ``slots``. Raises SpecError for a
        mapping that does not describe this problem, UnsupportedError for one that the model cannot count.
        """
        return stack_mappings([encode_mapping(self.lowered, mapping, slots) for mapping in mappings])

    def decode(self, batch: TreeMapping, i: int) -> Mapping:
        """The ``i``-th mapping of a batch as an object."""
        return decode_mapping(self.lowered, batch, i)

    def sample(self, key: Any, n: int) -> TreeMapping:
        """``n`` random mappings that respect the constraints of the specification; see :func:`sample_mappings`."""
        return sample_mappings(self.lowered, key, n)

    def with_component(self, name: str, **numbers: Any) -> TreeProblem:
        """A copy in which a component has other numbers (fields of ``ComponentHardware``) in every Einsum's machine.

        Raises KeyError for a name that no machine has.
        """
        machines, found = [], False
        for machine, row in zip(self.lowered.machines, self.hardware.machines, strict=True):
            replaced = []
            for component, hardware in zip(machine.components, row, strict=True):
                found |= component.name == name
                replaced.append(replace(hardware, **numbers) if component.name == name else hardware)
            machines.append(tuple(replaced))
        if not found:
            raise KeyError(name)
        return replace(self, hardware=TreeHardware(tuple(machines)))


def encode_tree(lowered: LoweredTree) -> TreeProblem:
    """Encode a lowered AccelForge specification.

    Raises SpecError for a machine that lacks a number, UnsupportedError where the model has no rule for something the
    specification uses.
    """
    structure = tree_structure(lowered)
    problems: list[Problem] = []
    machines = []
    for einsum, machine in zip(lowered.einsums, lowered.machines, strict=True):
        machines.append(tuple(_hardware(component, einsum, problems) for component in machine.components))
    if problems:
        raise SpecError(problems)
    workload = TreeWorkload(tuple(_workload(einsum, lowered.n_instances) for einsum in lowered.einsums))
    return TreeProblem(structure, workload, TreeHardware(tuple(machines)), Origin(lowered))


def _workload(einsum: Einsum, copies: int) -> EinsumWorkload:
    coefficients = tuple(
        tuple(tuple(np.float64(c) for _, c in terms if c) for terms in tensor.projection) for tensor in einsum.tensors
    )
    bounds = tuple(np.float64(bound) for _, bound in einsum.bounds)
    return EinsumWorkload(bounds, coefficients, np.float64(copies * einsum.n_instances))


def _hardware(component: TreeComponent, einsum: Einsum, problems: list[Problem]) -> ComponentHardware:
    names = einsum.tensor_names
    if component.kind in ("memory", "toll"):
        reads = _values_per_action(component, "read", names, problems)
        bits = tuple(_bits(component, tensor, problems) for tensor in einsum.tensors)
    else:
        reads = bits = (np.float64(1.0),) * len(names)
    writes = _values_per_action(component, "write", names, problems) if component.kind == "memory" else reads
    return ComponentHardware(
        size_bits=np.float64(component.size_bits),
        leak_power=np.float64(component.leak_power),
        area=np.float64(component.area),
        actions_scale=np.float64(component.actions_scale),
        energy=tuple(np.float64(action.energy) for action in component.actions),
        throughput=tuple(np.float64(action.throughput) for action in component.actions),
        values_per_read=reads,
        values_per_write=writes,
        bits_per_value=bits,
        fanout=tuple(np.float64(dimension.fanout) for dimension in component.spatial),
        usage_scale=tuple(np.float64(dimension.usage_scale) for dimension in component.spatial),
    )


def _values_per_action(
    component: TreeComponent, name: str, tensors: Sequence[str], problems: list[Problem]
) -> tuple[np.float64, ...]:
    action = next((a for a in component.actions if a.name == name), TreeAction(name, 0.0))
    known = dict(action.values_per_action)
    values = []
    for tensor in tensors:
        if tensor not in known and action in component.actions:
            hint = did_you_mean(tensor, known) if known else ""
            problems.append(Problem(f"{component.name}: {name} has no values per action for tensor {tensor}{hint}"))
        values.append(np.float64(known.get(tensor, 1.0)))
    return tuple(values)


def _bits(component: TreeComponent, tensor: Tensor, problems: list[Problem]) -> np.float64:
    bits = dict(component.bits_per_value).get(tensor.name, tensor.bits_per_value)
    if bits is None:
        problems.append(Problem(f"{component.name}: tensor {tensor.name} has no bits_per_value"))
        return np.float64(0.0)
    return np.float64(bits)
