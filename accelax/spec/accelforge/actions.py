"""Energies, throughputs and sizes of actions, with every scale applied."""

from __future__ import annotations

import math

from accelax.errors import UnsupportedError
from accelax.ir.tree_machine import TreeAction
from accelax.spec.accelforge.arch_models import Component, ComputeAction, HolderAction, TensorHolder
from accelax.spec.accelforge.evaluating import FieldEvaluator
from accelax.spec.accelforge.models import Collector


def is_dummy(component: Component) -> bool:
    """Whether the component is of the class that costs nothing unless it says so."""
    return (component.component_class or "").lower() == "dummy"


def required(component: Component, value: object, what: str, path: str, collector: Collector) -> object:
    """``value``, or 0 for a dummy; a value that only a component library could give is refused by name."""
    if value is not None:
        return value
    if is_dummy(component):
        return 0
    if component.component_class is not None or component.component_model is not None:
        feature = f"component_class {component.component_class!r} (which would have to give the {what})"
        raise UnsupportedError(feature, collector.sources.location(path), path)
    collector.add(f"{component.name!r} has no {what}", path)
    return 0


def lower_actions(
    component: Component, bits: dict[str, float], fields: FieldEvaluator, path: str
) -> tuple[TreeAction, ...]:
    """The actions of a component as one Einsum sees them; actions that its kind has and the file lacks are added.

    ``bits`` are the bits per value of each tensor in this component.
    """
    given: list[ComputeAction] = list(getattr(component, "actions", ()))
    names = [action.name for action in given]
    for position, name in enumerate(names):
        if name in names[:position]:
            fields.collector.add(f"the action {name!r} appears twice", f"{path}.actions[{position}]")
    kind = HolderAction if isinstance(component, TensorHolder) else ComputeAction
    given += [kind(name=name) for name in component.default_actions if name not in names]
    return tuple(
        _lower_action(component, action, bits, fields, path, f"{path}.actions[{position}]")
        for position, action in enumerate(given)
    )


def _lower_action(
    component: Component, action: ComputeAction, bits: dict[str, float], fields: FieldEvaluator, path: str, place: str
) -> TreeAction:
    """One action: J per action, actions per second, values per action for each tensor."""
    what = f"energy of its action {action.name!r}"
    given = required(component, action.energy, what, f"{place}.energy", fields.collector)
    energy = fields.finite(given, f"{place}.energy")
    energy *= fields.finite(component.energy_scale, f"{path}.energy_scale")
    energy *= fields.finite(action.energy_scale, f"{place}.energy_scale")
    throughput = _throughput(component, action, fields, path, place)
    values: tuple[tuple[str, float], ...] = ()
    if isinstance(action, HolderAction) and isinstance(component, TensorHolder):
        values = _values_per_action(component, action, bits, fields, path, place)
    return TreeAction(action.name, float(energy), float(throughput), values)


def _throughput(component: Component, action: ComputeAction, fields: FieldEvaluator, path: str, place: str) -> float:
    """Actions per second of all parallel instances; from the deprecated ``latency`` where only that is given."""
    if action.throughput is not None:
        rate = fields.number(action.throughput, f"{place}.throughput")
    elif action.latency is not None:
        seconds = fields.number(action.latency, f"{place}.latency")
        rate = math.inf if seconds == 0 else 1.0 / seconds
    else:
        what = f"throughput of its action {action.name!r}"
        required(component, None, what, f"{place}.throughput", fields.collector)
        rate = math.inf
    rate *= fields.number(component.throughput_scale, f"{path}.throughput_scale")
    rate *= fields.number(action.throughput_scale, f"{place}.throughput_scale")
    rate *= fields.number(component.n_parallel_instances, f"{path}.n_parallel_instances")
    for scale, where in ((component.latency_scale, path), (action.latency_scale, place)):
        divisor = fields.number(scale, f"{where}.latency_scale")
        rate = math.inf if divisor == 0 else rate / divisor
    if not rate > 0:
        message = f"the throughput of {action.name!r} has to be above 0, got {rate}"
        fields.collector.add(message, f"{place}.throughput")
    return rate


def _values_per_action(
    component: TensorHolder, action: HolderAction, bits: dict[str, float], fields: FieldEvaluator, path: str, place: str
) -> tuple[tuple[str, float], ...]:
    """Values of each tensor that one action moves.

    The first of these that is given decides: ``values_per_action`` of the action, of the component, ``bits_per_action``
    of the action, of the component, 1 bit.
    """
    of_action = fields.table(dict(action.values_per_action), f"{place}.values_per_action")
    of_component = fields.table(dict(component.values_per_action), f"{path}.values_per_action")
    found: list[tuple[str, float]] = []
    for tensor in fields.everything:
        where = f"{place}.bits_per_action"
        if tensor in of_action:
            values = fields.number(of_action[tensor], f"{place}.values_per_action")
        elif tensor in of_component:
            values = fields.number(of_component[tensor], f"{path}.values_per_action")
        else:
            width = action.bits_per_action if action.bits_per_action is not None else component.bits_per_action
            values = fields.number(1 if width is None else width, where) / bits[tensor]
        if not values > 0:
            fields.collector.add(f"one {action.name!r} has to move more than {values} values of {tensor!r}", where)
        found.append((tensor, float(values)))
    return tuple(found)
