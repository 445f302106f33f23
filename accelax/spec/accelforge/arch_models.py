"""The objects under ``arch``: components, their actions, fan-outs and constraints, and the nodes that group them.

Fields that are expressions are kept as written; :mod:`accelax.spec.accelforge.components` evaluates them per Einsum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from accelax.spec.accelforge.models import Condition, Expression, SetExpression, SpecModel

OPERATORS = ("==", "<=", ">=", "<", ">")
"""Comparisons of a loop bound or tile shape; each also with the prefix ``product``, which joins all ranks named."""

DEFAULT_TOTAL_LATENCY = "sum(a.n_calls / a.throughput for a in actions)"


class Comparison(SpecModel):
    """A bound on every rank of ``expression`` or, with a ``product..`` operator, on their product."""

    expression: SetExpression
    operator: str
    value: Expression

    @field_validator("operator")
    @classmethod
    def _known_operator(cls, operator: str) -> str:
        if operator.removeprefix("product") not in OPERATORS:
            raise ValueError(
                f"unknown operator {operator!r}; expected one of {', '.join(OPERATORS)} or product<operator>"
            )
        return operator


class SpatialFanout(SpecModel):
    """A fan-out of a component along one named dimension."""

    name: str
    fanout: Expression
    may_reuse: SetExpression | None = None
    """None: the same as ``reuse`` where that is given, else all tensors."""
    reuse: SetExpression | None = None
    loop_bounds: list[Comparison] = Field(default_factory=list)
    min_usage: Expression = 0.0
    usage_scale: Expression = 1
    power_gateable: Condition = False


class ComputeAction(SpecModel):
    """An action of a compute unit. ``latency`` is deprecated: seconds per action, the inverse of ``throughput``."""

    name: str
    energy: Expression | None = None
    energy_scale: Expression = 1
    throughput: Expression | None = None
    throughput_scale: Expression = 1
    latency: Expression | None = None
    latency_scale: Expression = 1
    extra_attributes_for_component_model: dict[str, Any] = Field(default_factory=dict)


class HolderAction(ComputeAction):
    """An action of a memory or toll, which moves some bits or values of a tensor."""

    bits_per_action: Expression | None = None
    values_per_action: dict[SetExpression, Expression] = Field(default_factory=dict)


class Tensors(SpecModel):
    """Which tensors a component holds, and constraints on how."""

    keep: SetExpression | None = None
    """None: nothing has to be kept."""
    may_keep: SetExpression | None = None
    """None: nothing where ``keep`` is given, else all tensors."""
    back: SetExpression = "Nothing"
    tile_shape: list[Comparison] = Field(default_factory=list)
    no_refetch_from_above: SetExpression = "Nothing"
    no_resend_to_below: SetExpression = "Nothing"
    tensor_order_options: list[list[SetExpression]] = Field(default_factory=list)
    force_memory_hierarchy_order: Condition = True


class ArchNode(SpecModel):
    """A node of the architecture."""

    default_actions: ClassVar[tuple[str, ...]] = ()


class Leaf(ArchNode):
    """A node with a name and fan-outs: a component, or a container."""

    name: str
    spatial: list[SpatialFanout] = Field(default_factory=list)


class Container(Leaf):
    """A fan-out alone."""


class Component(Leaf):
    """What memories, tolls and compute units share. Areas in m², powers in W, energies in J, times in s."""

    component_class: str | None = None
    component_model: Any = None
    component_modeling_log: list[str] = Field(default_factory=list)
    enabled: Condition = True
    area: Expression | None = None
    total_area: Expression | None = None
    area_scale: Expression = 1
    leak_power: Expression | None = None
    total_leak_power: Expression | None = None
    leak_power_scale: Expression = 1
    energy_scale: Expression = 1
    actions_scale: Expression = 1
    total_latency: Expression = DEFAULT_TOTAL_LATENCY
    latency_scale: Expression = 1
    throughput_scale: Expression = 1
    n_parallel_instances: Expression = 1
    extra_attributes_for_component_model: dict[str, Any] = Field(default_factory=dict)


class TensorHolder(Component):
    """A component that tensors pass through."""

    tensors: Tensors = Field(default_factory=Tensors)
    bits_per_value: dict[SetExpression, Expression] = Field(default_factory=dict)
    bits_per_action: Expression | None = None
    values_per_action: dict[SetExpression, Expression] = Field(default_factory=dict)
    actions: list[HolderAction] = Field(default_factory=list)


class Memory(TensorHolder):
    """Stores tensors. ``size`` is in bits and may be ``inf``."""

    default_actions: ClassVar[tuple[str, ...]] = ("read", "write")
    size: Expression
    skip_initial_output_write: Condition = True


Direction = Literal["up", "down", "up_and_down"]


class Toll(TensorHolder):
    """Stores nothing and charges a read for each value that passes in ``direction``."""

    default_actions: ClassVar[tuple[str, ...]] = ("read",)
    direction: Direction | dict[SetExpression, Direction]


class Compute(Component):
    """Does the arithmetic: one ``compute`` action per point of the iteration space."""

    default_actions: ClassVar[tuple[str, ...]] = ("compute",)
    actions: list[ComputeAction] = Field(default_factory=list)
    skip_initial_output_write: Condition = True


class UnsupportedNode(ArchNode):
    """A node that is read and refused by name when the specification is lowered: Network, Array, Fork."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)
    kind: str
    name: str | None = None


class Hierarchical(ArchNode):
    """A chain of nodes, outermost first."""

    name: str | None = None
    nodes: list[Any] = Field(default_factory=list)

    def leaves(self) -> Iterator[Leaf | UnsupportedNode]:
        """The nodes below, outermost first, with nested chains inlined."""
        for node in self.nodes:
            if isinstance(node, Hierarchical):
                yield from node.leaves()
            else:
                yield node


class Arch(Hierarchical):
    """The whole architecture, with variables that all components may use."""

    variables: dict[str, Any] = Field(default_factory=dict)
    extra_attributes_for_all_component_models: dict[str, Any] = Field(default_factory=dict)

    def find(self, name: str) -> Any:
        """The component called ``name``, wherever it stands. Raises KeyError."""
        for leaf in self.leaves():
            if leaf.name == name:
                return leaf
        raise KeyError(name)

    def __getitem__(self, name: str) -> Any:
        return self.find(name)


NODE_KINDS: dict[str, type[ArchNode]] = {
    "Memory": Memory,
    "Toll": Toll,
    "Compute": Compute,
    "Container": Container,
    "Hierarchical": Hierarchical,
    "Fork": UnsupportedNode,
    "Array": UnsupportedNode,
    "Network": UnsupportedNode,
}
