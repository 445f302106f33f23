"""From the ``arch`` section to :class:`accelax.ir.tree_machine.TreeMachine`, as one Einsum sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from accelax.errors import UnsupportedError
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import TreeComponent, TreeMachine
from accelax.spec.accelforge.actions import lower_actions, required
from accelax.spec.accelforge.arch_models import (
    Arch,
    Component,
    Container,
    Hierarchical,
    Leaf,
    Memory,
    TensorHolder,
    Toll,
    UnsupportedNode,
)
from accelax.spec.accelforge.component_models import ComponentModel
from accelax.spec.accelforge.evaluating import FieldEvaluator
from accelax.spec.accelforge.holding import kept_tensors, lower_bits, lower_fanout, storage_fields
from accelax.spec.accelforge.latency import lower_total_latency
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError
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
        self.modelled: list[tuple[ComponentModel, TreeComponent, int]] = []
        """Every component lowered so far, with its model and how many instances it has."""

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

    def _component(self, placed: PlacedLeaf, outermost: bool) -> TreeComponent:
        """Lower one leaf and make its name known to the sets of the leaves that follow."""
        leaf, path = placed.leaf, placed.path
        scope = self.scope.child(pending=_own_fields(leaf, self.arch))
        fields = FieldEvaluator(scope, self.everything, self.collector)
        spatial = tuple(lower_fanout(d, fields, f"{path}.spatial[{i}]") for i, d in enumerate(leaf.spatial))
        own = math.prod(dimension.fanout for dimension in spatial)
        parents, self.fanout_above = self.fanout_above, self.fanout_above * own
        if isinstance(leaf, Container):
            return TreeComponent(leaf.name, "container", (), spatial)
        assert isinstance(leaf, Component)
        instances = parents * (own if self.rules.instance_totals == "all" else 1)
        bits = lower_bits(leaf, self.bits, fields, path)
        model = ComponentModel(leaf, fields, path, self.arch.extra_attributes_for_all_component_models)
        actions = lower_actions(leaf, bits, fields, path, model)
        found = self._costs(model, instances) | storage_fields(leaf, fields, path)
        if isinstance(leaf, TensorHolder):
            keep, may_keep = kept_tensors(leaf, fields, path)
            found |= {"keep": tuple(keep), "may_keep": tuple(may_keep), "bits_per_value": tuple(bits.items())}
            self._announce(leaf.name, keep, may_keep, outermost)
        try:
            found["total_latency"] = lower_total_latency(leaf.total_latency, actions, scope)
        except EvaluationError as error:
            self.collector.add(str(error), f"{path}.total_latency")
        kind = "memory" if isinstance(leaf, Memory) else "toll" if isinstance(leaf, Toll) else "compute"
        component = TreeComponent(leaf.name, kind, actions, spatial, **found)  # type: ignore[arg-type]
        self.modelled.append((model, component, instances))
        return component

    def _costs(self, model: ComponentModel, instances: int) -> dict[str, object]:
        """Area and leakage of all ``instances``, and the scale of the action counts."""
        leaf, fields, path = model.component, model.fields, model.path
        for name in ("total_area", "total_leak_power"):
            if getattr(leaf, name) is not None:
                raise UnsupportedError(f"a given {name} (give the {name[6:]} of one instance)", path=f"{path}.{name}")

        def number(name: str) -> float:
            return float(fields.finite(getattr(leaf, name), f"{path}.{name}"))

        def cost(name: str) -> float:
            value = required(leaf, getattr(leaf, name), name, f"{path}.{name}", self.collector, getattr(model, name))
            one = float(fields.finite(value, f"{path}.{name}"))
            return one * number(f"{name}_scale") * number("n_parallel_instances") * instances

        return {"area": cost("area"), "leak_power": cost("leak_power"), "actions_scale": number("actions_scale")}

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


def _own_fields(leaf: Leaf, arch: Arch) -> dict[str, object]:
    """The fields of a component that its expressions may name, and its extra attributes."""
    fields: dict[str, object] = dict(arch.extra_attributes_for_all_component_models)
    for name in type(leaf).model_fields:
        value = getattr(leaf, name)
        if isinstance(value, (int, float, str)) and name not in ("total_latency", "name", "component_class", "enabled"):
            fields[name] = value
        elif name == "extra_attributes_for_component_model" and isinstance(value, dict):
            fields.update(value)
    return fields
