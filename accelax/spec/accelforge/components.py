"""From the ``arch`` section to :class:`accelax.ir.tree_machine.TreeMachine`, as one Einsum sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from accelax.errors import UnsupportedError
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import Comparison, FanoutDimension, TreeComponent, TreeMachine
from accelax.spec.accelforge.actions import lower_actions, required
from accelax.spec.accelforge.arch_models import (
    Arch,
    Component,
    Compute,
    Container,
    Hierarchical,
    Leaf,
    Memory,
    SpatialFanout,
    TensorHolder,
    Toll,
    UnsupportedNode,
)
from accelax.spec.accelforge.arch_models import Comparison as ComparisonModel
from accelax.spec.accelforge.latency import lower_total_latency
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError, Scope, by_tensor
from accelax.spec.accelforge.sets import ElementSet
from accelax.spec.accelforge.workload import ScopedEinsum

Held = Mapping[str, frozenset[str]]
"""The tensors that a mapping stores in each component."""


@dataclass
class PlacedLeaf:
    """A leaf of the architecture and the path at which it is written."""

    leaf: Leaf
    path: str


def placed_leaves(arch: Hierarchical, path: str = "arch") -> list[PlacedLeaf]:
    """The leaves of the architecture, outermost first. Networks, arrays and forks raise UnsupportedError by name."""
    found: list[PlacedLeaf] = []
    for position, node in enumerate(arch.nodes):
        place = f"{path}.nodes[{position}]"
        if isinstance(node, Hierarchical):
            found += placed_leaves(node, place)
        elif isinstance(node, UnsupportedNode):
            raise UnsupportedError(f"the architecture node !{node.kind}", path=place)
        else:
            found.append(PlacedLeaf(node, place))
    return found


class MachineLowering:
    """Lowers the architecture for one Einsum. Problems go to ``collector``."""

    def __init__(self, arch: Arch, scoped: ScopedEinsum, rules: Rules, collector: Collector, held: Held | None = None):
        self.arch = arch
        self.rules = rules
        self.collector = collector
        self.held = held
        self.everything: ElementSet = scoped.scope.set_of("All")
        self.bits = {tensor.name: float(tensor.bits_per_value or 0) for tensor in scoped.einsum.tensors}
        self.scope = scoped.scope.child(pending={k: v for k, v in arch.variables.items()})
        self.fanout_above = 1

    def machine(self) -> TreeMachine:
        """The components that take part in the Einsum, the compute unit last."""
        leaves = placed_leaves(self.arch)
        self._check_names(leaves)
        if self.held is not None:
            for placed in leaves:
                stored = self.held.get(placed.leaf.name, frozenset())
                self.scope.values[placed.leaf.name] = self.everything.of(stored)
        components: list[TreeComponent] = []
        for placed in leaves:
            if isinstance(placed.leaf, Component) and not self._enabled(placed):
                continue
            components.append(self._component(placed, outermost=not any(c.kind == "memory" for c in components)))
        self._check_shape(components)
        return TreeMachine(tuple(components))

    def _check_names(self, leaves: list[PlacedLeaf]) -> None:
        names: set[str] = set()
        for placed in leaves:
            if placed.leaf.name in names:
                self.collector.add(f"the name {placed.leaf.name!r} is not unique", f"{placed.path}.name")
            names.add(placed.leaf.name)

    def _check_shape(self, components: list[TreeComponent]) -> None:
        """There is a memory, and one compute unit, at the end."""
        units = [component.name for component in components if component.kind == "compute"]
        if not units:
            self.collector.add("the architecture has no enabled Compute", "arch.nodes")
        elif len(units) > 1:
            raise UnsupportedError(f"more than one compute unit in an Einsum ({', '.join(units)})", path="arch.nodes")
        elif components[-1].kind != "compute":
            raise UnsupportedError(f"a component below the compute unit ({components[-1].name})", path="arch.nodes")
        if not any(component.kind == "memory" for component in components):
            self.collector.add("the architecture has no enabled Memory", "arch.nodes")

    def _enabled(self, placed: PlacedLeaf) -> bool:
        """Whether the component takes part. One that does not, and leaks, is refused: its leakage would be lost."""
        component = placed.leaf
        assert isinstance(component, Component)
        path = f"{placed.path}.enabled"
        try:
            enabled = self.scope.truth(component.enabled)
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return True
        if not enabled and (component.leak_power not in (0, 0.0) or component.spatial):
            where = self.collector.sources.location(path)
            raise UnsupportedError("a disabled component with leakage or a fan-out", where, path)
        return enabled

    def _number(self, scope: Scope, value: object, path: str, default: float = 1.0) -> float:
        try:
            return scope.number(value)
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return default

    def _truth(self, scope: Scope, value: object, path: str) -> bool:
        try:
            return scope.truth(value)
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return False

    def _set(self, scope: Scope, value: object, path: str, kind: str = "tensor") -> tuple[str, ...]:
        try:
            return tuple(scope.set_of(value, kind))
        except EvaluationError as error:
            self.collector.add(str(error), path)
            return ()

    def _component(self, placed: PlacedLeaf, outermost: bool) -> TreeComponent:
        """Lower one leaf and make its name known to the sets of the leaves that follow."""
        leaf, path = placed.leaf, placed.path
        scope = self.scope.child(pending=_own_fields(leaf, self.arch))
        spatial = tuple(
            self._fanout(scope, dimension, f"{path}.spatial[{position}]")
            for position, dimension in enumerate(leaf.spatial)
        )
        own = math.prod(dimension.fanout for dimension in spatial)
        parents, self.fanout_above = self.fanout_above, self.fanout_above * own
        if isinstance(leaf, Container):
            return TreeComponent(leaf.name, "container", (), spatial)
        assert isinstance(leaf, Component)
        instances = parents * (own if self.rules.instance_totals == "all" else 1)
        bits = self._bits(leaf, scope, path)
        actions = lower_actions(leaf, bits, scope, self.everything, path, self.collector)
        fields = self._costs(leaf, scope, path, instances) | self._holding(leaf, scope, path, outermost)
        try:
            fields["total_latency"] = lower_total_latency(leaf.total_latency, actions, scope)
        except EvaluationError as error:
            self.collector.add(str(error), f"{path}.total_latency")
        return TreeComponent(
            leaf.name,
            "memory" if isinstance(leaf, Memory) else "toll" if isinstance(leaf, Toll) else "compute",
            actions,
            spatial,
            bits_per_value=tuple(bits.items()) if isinstance(leaf, TensorHolder) else (),
            **fields,  # type: ignore[arg-type]
        )

    def _fanout(self, scope: Scope, dimension: SpatialFanout, path: str) -> FanoutDimension:
        """One fan-out: ``may_reuse`` defaults to ``reuse`` where that is given, else to all tensors."""
        try:
            fanout = scope.integer(dimension.fanout)
        except EvaluationError as error:
            self.collector.add(str(error), f"{path}.fanout")
            fanout = 1
        reuse = self._set(scope, dimension.reuse or "Nothing", f"{path}.reuse")
        may_reuse = reuse if dimension.reuse is not None else tuple(self.everything)
        if dimension.may_reuse is not None:
            may_reuse = self._set(scope, dimension.may_reuse, f"{path}.may_reuse")
        return FanoutDimension(
            dimension.name,
            fanout,
            may_reuse,
            reuse,
            self._comparisons(scope, dimension.loop_bounds, f"{path}.loop_bounds"),
            float(self._number(scope, dimension.min_usage, f"{path}.min_usage", 0.0)),
            float(self._number(scope, dimension.usage_scale, f"{path}.usage_scale")),
            self._truth(scope, dimension.power_gateable, f"{path}.power_gateable"),
        )

    def _comparisons(self, scope: Scope, given: list[ComparisonModel], path: str) -> tuple[Comparison, ...]:
        return tuple(
            Comparison(
                self._set(scope, comparison.expression, f"{path}[{position}].expression", "rank"),
                comparison.operator,
                float(self._number(scope, comparison.value, f"{path}[{position}].value")),
            )
            for position, comparison in enumerate(given)
        )

    def _bits(self, leaf: Component, scope: Scope, path: str) -> dict[str, float]:
        """Bits of one value of each tensor in this component."""
        bits = dict(self.bits)
        if isinstance(leaf, TensorHolder):
            where = f"{path}.bits_per_value"

            def report(message: str, key: str) -> None:
                self.collector.add(message, f"{where}.{key}")

            for tensor, value in by_tensor(leaf.bits_per_value, scope, self.everything, report).items():
                bits[tensor] = float(self._number(scope, value, where))
                if not bits[tensor] > 0:
                    self.collector.add(f"expected a positive number of bits for {tensor!r}, got {value!r}", where)
                    bits[tensor] = 1.0
        return bits

    def _costs(self, leaf: Component, scope: Scope, path: str, instances: int) -> dict[str, object]:
        """Area and leakage of all ``instances``, and the scale of the action counts."""
        for name in ("total_area", "total_leak_power"):
            if getattr(leaf, name) is not None:
                where = self.collector.sources.location(f"{path}.{name}")
                raise UnsupportedError(f"a given {name} (give the {name[6:]} of one instance)", where, f"{path}.{name}")

        def number(name: str) -> float:
            return float(self._number(scope, getattr(leaf, name), f"{path}.{name}"))

        def cost(name: str) -> float:
            value = required(leaf, getattr(leaf, name), name, f"{path}.{name}", self.collector)
            one = float(self._number(scope, value, f"{path}.{name}"))
            return one * number(f"{name}_scale") * number("n_parallel_instances") * instances

        return {"area": cost("area"), "leak_power": cost("leak_power"), "actions_scale": number("actions_scale")}

    def _holding(self, leaf: Component, scope: Scope, path: str, outermost: bool) -> dict[str, object]:
        """What a memory or toll holds, and how much; what a compute unit skips."""
        fields: dict[str, object] = {}
        if isinstance(leaf, (Memory, Compute)):
            where = f"{path}.skip_initial_output_write"
            fields["skip_initial_output_write"] = self._truth(scope, leaf.skip_initial_output_write, where)
        if isinstance(leaf, Memory):
            fields["size_bits"] = float(self._number(scope, leaf.size, f"{path}.size"))
            if fields["size_bits"] < 0:  # type: ignore[operator]
                self.collector.add(f"expected a size of at least 0 bits, got {leaf.size!r}", f"{path}.size")
        if isinstance(leaf, Toll):
            fields["direction"] = self._direction(leaf, scope, path)
        if isinstance(leaf, TensorHolder):
            keep, may_keep = self._kept(leaf, scope, path)
            fields |= {"keep": tuple(keep), "may_keep": tuple(may_keep)}
            fields |= self._storage_constraints(leaf, scope, f"{path}.tensors")
            self._announce(leaf.name, keep, may_keep, outermost)
        return fields

    def _storage_constraints(self, leaf: TensorHolder, scope: Scope, path: str) -> dict[str, object]:
        """The constraints on where and how often tensors are stored in a component."""
        tensors = leaf.tensors
        options = tuple(
            tuple(self._set(scope, entry, f"{path}.tensor_order_options[{i}][{j}]") for j, entry in enumerate(option))
            for i, option in enumerate(tensors.tensor_order_options)
        )
        return {
            "back": self._set(scope, tensors.back, f"{path}.back"),
            "tile_shape_bounds": self._comparisons(scope, tensors.tile_shape, f"{path}.tile_shape"),
            "no_refetch_from_above": self._set(scope, tensors.no_refetch_from_above, f"{path}.no_refetch_from_above"),
            "no_resend_to_below": self._set(scope, tensors.no_resend_to_below, f"{path}.no_resend_to_below"),
            "tensor_order_options": options,
            "force_hierarchy_order": self._truth(
                scope, tensors.force_memory_hierarchy_order, f"{path}.force_memory_hierarchy_order"
            ),
        }

    def _kept(self, leaf: TensorHolder, scope: Scope, path: str) -> tuple[ElementSet, ElementSet]:
        """The tensors that must be held, those of ``back`` included, and those that may be held."""
        tensors, where = leaf.tensors, f"{path}.tensors"
        back = self.everything.of(self._set(scope, tensors.back, f"{where}.back"))
        keep = self.everything.of(self._set(scope, tensors.keep or "Nothing", f"{where}.keep")) | back
        default = "All" if tensors.keep is None else "Nothing"
        may_keep = self.everything.of(self._set(scope, tensors.may_keep or default, f"{where}.may_keep"))
        return keep, may_keep - back

    def _announce(self, name: str, keep: ElementSet, may_keep: ElementSet, outermost: bool) -> None:
        """Let the sets of inner components refer to what this one holds.

        Without a mapping that is known for the outermost memory, which holds all that it may (anything else would be a
        fused mapping), and for components that leave no choice.
        """
        if self.held is None:
            contents = keep | may_keep
            self.scope.values[name] = contents
            if not (outermost or contents <= keep):
                del self.scope.values[name]
                self.scope.refused[name] = f"a set expression over {name!r}, whose contents the mapper chooses,"
        above = self.scope.values["Above"]
        assert isinstance(above, ElementSet)
        self.scope.values["Above"] = above | (self.everything.of(self.scope.values.get(name, keep)))  # type: ignore[arg-type]

    def _direction(self, leaf: Toll, scope: Scope, path: str) -> tuple[tuple[str, str], ...]:
        """Which way is charged, for each tensor."""
        if isinstance(leaf.direction, str):
            return tuple((tensor, leaf.direction) for tensor in self.everything)
        where = f"{path}.direction"

        def report(message: str, key: str) -> None:
            self.collector.add(message, f"{where}.{key}")

        chosen = by_tensor(leaf.direction, scope, self.everything, report)
        for tensor in self.everything:
            if tensor not in chosen:
                self.collector.add(f"no direction for {tensor!r}", where)
        return tuple((tensor, str(direction)) for tensor, direction in chosen.items())


def _own_fields(leaf: Leaf, arch: Arch) -> dict[str, object]:
    """The fields of a component that its expressions may name, and its extra attributes."""
    fields: dict[str, object] = dict(arch.extra_attributes_for_all_component_models)
    for name in type(leaf).model_fields:
        value = getattr(leaf, name)
        if isinstance(value, (int, float, str)) and name not in ("total_latency", "name", "component_class", "enabled"):
            fields[name] = value
        if name == "extra_attributes_for_component_model":
            fields.update(value)
    return fields
