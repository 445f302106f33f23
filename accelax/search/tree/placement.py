"""Which storages a nest may have, from the innermost outwards, as a graph of states.

A state says at which memory the walk is, which tensors that memory holds so far, and for each tensor which component
is to hold it next. Naming the next holder in advance makes the cost of a storage known where it is placed. Storages of
inner memories are below those of outer ones; within one memory any order is possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum

Parents = tuple[int | None, ...]
"""For each tensor the component that holds it next outwards; None where there is none."""


@dataclass(frozen=True)
class State:
    """At ``memory``; ``held`` lists the tensors placed there, innermost first (sorted where no order is asked for)."""

    memory: int
    held: tuple[int, ...]
    parents: Parents


@dataclass(frozen=True)
class Step:
    """Place ``tensor`` in ``memory`` below a storage of ``parent``; or, without a tensor, go on to the next memory."""

    source: int
    target: int
    tensor: int | None = None
    memory: int = 0
    parent: int | None = None


@dataclass
class PlacementGraph:
    """The states (those of the outermost memory are final), and the steps between them.

    ``order`` lists the states so that every step goes forward; ``out`` has the steps out of each.
    """

    states: list[State] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    finals: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    out: dict[int, list[Step]] = field(default_factory=dict)


def holders_above(einsum: Einsum, machine: TreeMachine, tensor: int, child: int) -> Iterator[int | None]:
    """The components that may hold a tensor next outside ``child``; None where ``child`` may be the outermost."""
    name, last = einsum.tensors[tensor].name, len(machine.components) - 1
    backing = next((c for c, component in enumerate(machine.components) if name in component.back), None)
    for c in reversed(range(child)):
        component = machine.components[c]
        if component.kind == "memory" and name in (*component.keep, *component.may_keep):
            if backing is None or c >= backing:
                yield c
            if name in component.keep:
                return
    tolls = any(machine.components[c].kind == "toll" and name in machine.components[c].keep for c in range(child))
    if child != last and not tolls and backing in (None, child):
        yield None


def placement_graph(einsum: Einsum, machine: TreeMachine, most: int) -> PlacementGraph | None:
    """All states that lead to an end; None where there are more than ``most``."""
    builder = _Builder(einsum, machine)
    builder.build(most)
    return None if builder.overflow else builder.pruned()


class _Builder:
    def __init__(self, einsum: Einsum, machine: TreeMachine):
        self.einsum, self.machine = einsum, machine
        self.memories = [c for c, component in enumerate(machine.components) if component.kind == "memory"]
        self.index: dict[State, int] = {}
        self.states: list[State] = []
        self.steps: list[Step] = []
        self.starts: list[int] = []
        self.overflow = False

    def build(self, most: int) -> None:
        """Walk from the compute unit outwards, memory by memory, fewer tensors held first."""
        last = len(self.machine.components) - 1
        options: list[Parents] = [()]
        for t in range(len(self.einsum.tensors)):
            options = [(*row, p) for row in options for p in holders_above(self.einsum, self.machine, t, last)]
        if len(options) > most:
            self.overflow = True
            return
        inner = self.memories[-1]
        self.starts = [self._number(State(inner, (), row)) for row in options]
        for place in reversed(range(len(self.memories))):
            layer = [s for s in self.states if s.memory == self.memories[place]]
            while layer and place:
                layer = self._expand(layer, self.memories[place - 1])
                if len(self.states) > most:
                    self.overflow = True
                    return

    def _number(self, state: State) -> int:
        if state not in self.index:
            self.index[state] = len(self.states)
            self.states.append(state)
        return self.index[state]

    def _expand(self, layer: list[State], following: int) -> list[State]:
        """Add the steps out of some states of one memory; returns the new states of the same memory."""
        found: dict[State, None] = {}
        for state in layer:
            source = self.index[state]
            pending = [t for t, p in enumerate(state.parents) if p == state.memory]
            if not pending and self._ordered(state):
                self.steps.append(Step(source, self._number(State(following, (), state.parents))))
            for t in pending:
                for parent in holders_above(self.einsum, self.machine, t, state.memory):
                    held = self._held(state, t)
                    parents = (*state.parents[:t], parent, *state.parents[t + 1 :])
                    reached = State(state.memory, held, parents)
                    found[reached] = None
                    self.steps.append(Step(source, self._number(reached), t, state.memory, parent))
        return list(found)

    def _held(self, state: State, tensor: int) -> tuple[int, ...]:
        held = (*state.held, tensor)
        return held if self.machine.components[state.memory].tensor_order_options else tuple(sorted(held))

    def _ordered(self, state: State) -> bool:
        """Whether the storages of a memory are in one of its ``tensor_order_options``."""
        options = self.machine.components[state.memory].tensor_order_options
        names = [self.einsum.tensors[t].name for t in reversed(state.held)]
        for option in options:
            rank = {name: place for place, group in enumerate(option) for name in group}
            named = [rank[name] for name in names if name in rank]
            if named == sorted(named):
                return True
        return not options

    def pruned(self) -> PlacementGraph:
        """The graph without what leads nowhere; each step comes after those into its source."""
        outer = self.memories[0]
        graph = PlacementGraph(states=self.states)
        graph.finals = [i for i, state in enumerate(self.states) if state.memory == outer]
        alive = set(graph.finals)
        forward = sorted(self.steps, key=lambda step: depth_of(self.states[step.source]))
        for step in reversed(forward):
            if step.target in alive:
                alive.add(step.source)
        graph.steps = [step for step in forward if step.target in alive and step.source in alive]
        for step in graph.steps:
            graph.out.setdefault(step.source, []).append(step)
        graph.order = sorted(alive, key=lambda i: depth_of(self.states[i]))
        graph.starts = [s for s in self.starts if s in alive]
        return graph


def depth_of(state: State) -> tuple[int, int]:
    """How far outwards a state is: every step leads to a greater one."""
    return -state.memory, len(state.held)
