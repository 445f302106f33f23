"""Energies, throughputs and sizes of actions, with every scale applied."""

from __future__ import annotations

import math
from collections.abc import Callable

from accelax.errors import UnsupportedError
from accelax.ir.tree_machine import TreeAction
from accelax.spec.accelforge.arch_models import Component, ComputeAction, HolderAction, TensorHolder
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError, Scope, by_tensor
from accelax.spec.accelforge.sets import ElementSet


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
    component: Component, bits: dict[str, float], scope: Scope, everything: ElementSet, path: str, collector: Collector
) -> tuple[TreeAction, ...]:
    """The actions of a component as one Einsum sees them; actions that its kind has and the file lacks are added.

    ``bits`` are the bits per value of each tensor in this component.
    """
    given: list[ComputeAction] = list(getattr(component, "actions", ()))
    names = [action.name for action in given]
    for position, name in enumerate(names):
        if name in names[:position]:
            collector.add(f"the action {name!r} appears twice", f"{path}.actions[{position}]")
    kind = HolderAction if isinstance(component, TensorHolder) else ComputeAction
    given += [kind(name=name) for name in component.default_actions if name not in names]
    return tuple(
        _lower_action(component, action, bits, scope, everything, path, f"{path}.actions[{position}]", collector)
        for position, action in enumerate(given)
    )


def _lower_action(
    component: Component,
    action: ComputeAction,
    bits: dict[str, float],
    scope: Scope,
    everything: ElementSet,
    path: str,
    place: str,
    collector: Collector,
) -> TreeAction:
    """One action: J per action, actions per second, values per action for each tensor."""

    def number(value: object, where: str) -> float:
        try:
            return scope.number(value)
        except EvaluationError as error:
            collector.add(str(error), where)
            return 1.0

    what = f"energy of its action {action.name!r}"
    energy = number(required(component, action.energy, what, f"{place}.energy", collector), f"{place}.energy")
    energy *= number(component.energy_scale, f"{path}.energy_scale")
    energy *= number(action.energy_scale, f"{place}.energy_scale")
    throughput = _throughput(component, action, number, path, place, collector)
    values: tuple[tuple[str, float], ...] = ()
    if isinstance(action, HolderAction) and isinstance(component, TensorHolder):
        values = _values_per_action(component, action, bits, scope, everything, path, place, collector)
    return TreeAction(action.name, float(energy), float(throughput), values)


def _throughput(
    component: Component,
    action: ComputeAction,
    number: Callable[[object, str], float],
    path: str,
    place: str,
    collector: Collector,
) -> float:
    """Actions per second of all parallel instances; from the deprecated ``latency`` where only that is given."""
    if action.throughput is not None:
        rate = number(action.throughput, f"{place}.throughput")
    elif action.latency is not None:
        seconds = number(action.latency, f"{place}.latency")
        rate = math.inf if seconds == 0 else 1.0 / seconds
    else:
        what = f"throughput of its action {action.name!r}"
        required(component, None, what, f"{place}.throughput", collector)
        rate = math.inf
    rate *= number(component.throughput_scale, f"{path}.throughput_scale")
    rate *= number(action.throughput_scale, f"{place}.throughput_scale")
    rate *= number(component.n_parallel_instances, f"{path}.n_parallel_instances")
    for scale, where in ((component.latency_scale, path), (action.latency_scale, place)):
        divisor = number(scale, f"{where}.latency_scale")
        rate = math.inf if divisor == 0 else rate / divisor
    if not rate > 0:
        collector.add(f"the throughput of {action.name!r} has to be above 0, got {rate}", f"{place}.throughput")
    return rate


def _values_per_action(
    component: TensorHolder,
    action: HolderAction,
    bits: dict[str, float],
    scope: Scope,
    everything: ElementSet,
    path: str,
    place: str,
    collector: Collector,
) -> tuple[tuple[str, float], ...]:
    """Values of each tensor that one action moves.

    The first of these that is given decides: ``values_per_action`` of the action, of the component, ``bits_per_action``
    of the action, of the component, 1 bit.
    """

    def table(given: dict[str, object], where: str) -> dict[str, object]:
        return by_tensor(given, scope, everything, lambda message, key: collector.add(message, f"{where}.{key}"))

    of_action = table(dict(action.values_per_action), f"{place}.values_per_action")
    of_component = table(dict(component.values_per_action), f"{path}.values_per_action")
    found: list[tuple[str, float]] = []
    for tensor in everything:
        try:
            if tensor in of_action or tensor in of_component:
                values = scope.number(of_action.get(tensor, of_component.get(tensor)))
            else:
                width = action.bits_per_action if action.bits_per_action is not None else component.bits_per_action
                values = scope.number(1 if width is None else width) / bits[tensor]
            if not values > 0:
                raise EvaluationError(f"one {action.name} has to move more than {values} values of {tensor!r}")
            found.append((tensor, float(values)))
        except EvaluationError as error:
            collector.add(str(error), place)
    return tuple(found)
