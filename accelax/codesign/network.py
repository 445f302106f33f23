"""The layers that a co-design serves: identical ones once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from accelax.errors import Problem, SpecError, UnsupportedError
from accelax.ir import LoweredLevels
from accelax.workloads.own_ranks import convolution_ranks
from accelax.workloads.problem_files import problem_section
from accelax.workloads.workload import Workload


@dataclass(frozen=True, eq=False)
class NetworkLayer:
    """A layer, how often the network repeats it, and the names of all layers that are the same."""

    specification: Any
    name: str
    count: int = 1
    names: tuple[str, ...] = ()


def read_network(given: Any, workload: Any = None) -> tuple[NetworkLayer, ...]:
    """The distinct layers of a network on one machine.

    Args:
        given: a specification, or layers (``accelax.read_layers``), or specifications that differ in their problem.
        workload: with one specification: layers, specifications or an imported ``Workload``, whose problems take the
            place of its own.

    Raises:
        SpecError: there are no layers, or the machines of the layers differ.
        UnsupportedError: a layer is in the AccelForge dialect.
    """
    several = isinstance(given, (list, tuple))
    if workload is not None and several:
        raise SpecError("layers hold their machine: give them alone, or one specification and a workload")
    entries = list(_moved(given, workload)) if workload is not None else given if several else [given]
    groups: list[tuple[LoweredLevels, NetworkLayer]] = []
    problems: list[Problem] = []
    for place, entry in enumerate(entries, 1):
        spec = getattr(entry, "specification", entry)
        has_count = isinstance(getattr(entry, "count", None), int)
        name, count = (entry.name, entry.count) if has_count else (f"layer {place}", 1)
        try:
            key = _identity(spec)
        except SpecError as error:
            problems += [Problem(f"{name}: {one.message}", one.location, one.path) for one in error.problems]
            continue
        _enter(groups, key, NetworkLayer(spec, name, count, (name,)))
    if problems:
        raise SpecError(problems)
    if not groups:
        raise SpecError("no layers")
    first = groups[0]
    for key, layer in groups:
        if key.machine != first[0].machine or key.rules != first[0].rules:
            raise SpecError(f"{layer.name}: its machine or its rules are not those of {first[1].name}")
    return tuple(layer for _, layer in groups)


def _enter(groups: list[tuple[LoweredLevels, NetworkLayer]], key: LoweredLevels, layer: NetworkLayer) -> None:
    """Add a layer, or count it with the one that is the same."""
    for place, (held_key, held) in enumerate(groups):
        if held_key == key:
            groups[place] = key, replace(held, count=held.count + layer.count, names=(*held.names, *layer.names))
            return
    groups.append((key, layer))


def _identity(spec: Any) -> LoweredLevels:
    """What makes layers the same: everything but the name of the Einsum."""
    lowered = spec.lowered()
    if not isinstance(lowered, LoweredLevels):
        raise UnsupportedError("co-design in the AccelForge dialect")
    return replace(lowered, einsum=replace(lowered.einsum, name=""))


def _imported(machine: Any, workload: Workload) -> Iterator[NetworkLayer]:
    """Imported layers on a machine."""
    as_convolution = any(layer.shape.is_convolution for layer in workload.imported)
    ranks = convolution_ranks(machine.value_at(("problem",)))
    instances = [ranks and ranks.instance(layer.shape) for layer in workload.imported]
    sections = [{f"problem.instance.{name}": value for name, value in found.items()} for found in instances if found]
    if len(sections) < len(instances):
        sections = [problem_section(layer.shape, "timeloop", as_convolution) for layer in workload.imported]
    for layer, values in zip(workload.imported, sections, strict=True):
        yield NetworkLayer(machine.with_values(values), layer.name, layer.occurrences)


def _moved(machine: Any, workload: Any) -> Iterator[NetworkLayer]:
    """The problems of a workload on another machine, which keeps its rules.

    Imported layers are written in the ranks of the machine's own problem where that is a convolution, since its
    constraints name them.
    """
    if isinstance(workload, Workload):
        yield from _imported(machine, workload)
        return
    for place, entry in enumerate(workload if isinstance(workload, (list, tuple)) else [workload], 1):
        spec = getattr(entry, "specification", entry)
        section = {"problem": spec.value_at(("problem",))}
        has_count = isinstance(getattr(entry, "count", None), int)
        name, count = (entry.name, entry.count) if has_count else (f"layer {place}", 1)
        yield NetworkLayer(machine.with_values(section), name, count)
