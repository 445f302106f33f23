"""Energies, throughputs and sizes of actions, with every scale applied."""

from __future__ import annotations

import math
from collections.abc import Callable

from accelax.errors import UnsupportedError
from accelax.ir.tree_machine import TreeAction
from accelax.spec.accelforge.arch_models import Component, ComputeAction, HolderAction, TensorHolder
from accelax.spec.accelforge.component_models import ComponentModel
from accelax.spec.accelforge.evaluating import FieldEvaluator
from accelax.spec.accelforge.models import Collector


def is_dummy(component: Component) -> bool:
    """Whether the component is of the class that costs nothing unless it says so."""
    return (component.component_class or "").lower() == "dummy"


def required(
    component: Component,
    value: object,
    what: str,
    path: str,
    collector: Collector,
    estimate: Callable[[], float | None] | None = None,
) -> object:
    """``value``; where it is not given, 0 for a dummy, else what the component's model says (``estimate``)."""
    if value is not None:
        return value
    if is_dummy(component):
        return 0
    named = component.component_class if component.component_class is not None else component.component_model
    if isinstance(named, str) and estimate is not None:
        found = estimate()
        return 0 if found is None else found
    if named is not None:
        feature = f"component_model {type(named).__name__!r} (which would have to give the {what})"
        raise UnsupportedError(feature, collector.sources.location(path), path)
    collector.add(f"{component.name!r} has no {what}", path)
    return 0


def lower_actions(
    component: Component,
    bits: dict[str, float],
    fields: FieldEvaluator,
    path: str,
    model: ComponentModel | None = None,
) -> tuple[TreeAction, ...]:
    """The actions of a component as one Einsum sees them; actions that its kind has and the file lacks are added.

    ``bits`` are the bits per value of each tensor in this component; ``model`` gives what the file does not.
    """
    model = model or ComponentModel(component, fields, path)
    given: list[ComputeAction] = list(getattr(component, "actions", ()))
    names = [action.name for action in given]
    for position, name in enumerate(names):
        if name in names[:position]:
            fields.collector.add(f"the action {name!r} appears twice", f"{path}.actions[{position}]")
    given += [default_action(component, name) for name in component.default_actions if name not in names]
    return tuple(
        _lower_action(model, action, bits, f"{path}.actions[{position}]") for position, action in enumerate(given)
    )


def _lower_action(model: ComponentModel, action: ComputeAction, bits: dict[str, float], place: str) -> TreeAction:
    """One action: J per action, actions per second, values per action for each tensor."""
    component, fields, path = model.component, model.fields, model.path
    what = f"energy of its action {action.name!r}"
    given = required(
        component,
        action.energy,
        what,
        f"{place}.energy",
        fields.collector,
        lambda: model.energy(action, bits_moved(component, action, fields, place), place),
    )
    energy = fields.finite(given, f"{place}.energy")
    energy *= fields.finite(component.energy_scale, f"{path}.energy_scale")
    energy *= fields.finite(action.energy_scale, f"{place}.energy_scale")
    throughput = _throughput(model, action, place)
    values: tuple[tuple[str, float], ...] = ()
    if isinstance(action, HolderAction) and isinstance(component, TensorHolder):
        values = _values_per_action(component, action, bits, fields, path, place)
    return TreeAction(action.name, float(energy), float(throughput), values)


def default_action(component: Component, name: str) -> ComputeAction:
    """An action that a component has although the file does not name it."""
    return HolderAction(name=name) if isinstance(component, TensorHolder) else ComputeAction(name=name)


def bits_moved(component: Component, action: ComputeAction, fields: FieldEvaluator, place: str) -> float | None:
    """The bits that one action of a memory or toll moves: 1 where nothing else is said; None for a compute unit."""
    if not isinstance(action, HolderAction) or not isinstance(component, TensorHolder):
        return None
    given = action.bits_per_action if action.bits_per_action is not None else component.bits_per_action
    return float(fields.number(1 if given is None else given, f"{place}.bits_per_action"))


def _throughput(model: ComponentModel, action: ComputeAction, place: str) -> float:
    """Actions per second of all parallel instances; from the deprecated ``latency`` where only that is given."""
    component, fields, path = model.component, model.fields, model.path
    if action.throughput is not None:
        rate = fields.number(action.throughput, f"{place}.throughput")
    elif action.latency is not None:
        seconds = fields.number(action.latency, f"{place}.latency")
        rate = math.inf if seconds == 0 else 1.0 / seconds
    else:
        what = f"throughput of its action {action.name!r}"
        bits = bits_moved(component, action, fields, place)
        rate = required(
            component,
            None,
            what,
            f"{place}.throughput",
            fields.collector,
            lambda: model.throughput(action, bits, place),
        )
        rate = float(rate) if isinstance(rate, (int, float)) and rate else math.inf
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
