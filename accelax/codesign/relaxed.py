"""Hardware and mappings relaxed together: many starts descend side by side, in one compiled program.

A start is a machine somewhere in the ranges of the knobs, and even tiles for every class of every layer. Adam moves all
at once; maxima and the choice of classes begin soft and harden, and so does what an excess of a limit costs. Where
energies and areas are posynomials of the knobs, a choice of classes leaves a geometric program, so that starts that
end with the same classes end in the same place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct

from accelax.codesign.choice import Goal
from accelax.codesign.knobs import Knob
from accelax.codesign.layer import Layer
from accelax.codesign.relaxed_layers import Relaxable, relaxable, stack
from accelax.codesign.relaxed_network import (
    Form,
    Heat,
    Network,
    Point,
    alone,
    merit,
    objective,
    shortfall,
    values_of,
)
from accelax.encode.machine_function import MachineFunction, machine_function

STARTS = 8
EMPTY = (0.0, 0.06, 0.12, 0.24)
"""Of the memories, starts in turn leave these parts empty, as logarithms: whole tiles do not fill them."""
STEPS = 480
STRIDE = 20
"""Steps of one call of the compiled program: Ctrl-C and the end of the time are noticed between calls."""
QUICKEST, STILLEST = 0.06, 0.002
"""Learning rates of the knobs, at the start and at the end, in parts of their ranges."""
FASTEST, SLOWEST = 0.3, 0.001
"""Those of the factors, in logits."""
MAXIMA, LIMITS, CHOICE = (0.5, 0.02), (0.3, 0.001), (0.05, 0.01)
"""How warm things begin and end: see :class:`~accelax.codesign.relaxed_network.Heat`."""
CLASSES = 24
"""Classes of a layer that take part."""
CHUNKS = 12
"""Where a layer has more, so many times as many at most are compared on the machines where the starts begin."""
SCREENING = 60
"""Steps of that comparison."""
ADAM = optax.scale_by_adam(b1=0.9, b2=0.95)


@dataclass(frozen=True)
class RelaxedDesign:
    """Where a start ended.

    values
        The numeric knobs, anywhere in their ranges.
    log
        The logarithm of the relaxed objective, with what is paid for limits that are not kept.
    alphas
        ``[layers]``: the part of the energy in the objective of each layer there.
    """

    values: dict[str, float]
    log: float
    alphas: np.ndarray


@struct.dataclass
class Course:
    """Starts under way: every leaf with a leading axis for them, but ``pace``, and the count of steps in ``moments``.

    ``empty`` ``[S]``: how full memories may be, see :func:`~accelax.codesign.relaxed_network.state_at`. ``pace``: 0
    where the knobs stay as they are, else 1.
    """

    point: Point
    empty: Any
    pace: Any
    moments: Any


@dataclass(frozen=True)
class RelaxedNetwork:
    """A network on machines of one structure, ready to descend.

    places
        By group, the layers' places in the network.
    layers
        Those of the groups, one group after the other, with all their classes.
    """

    form: Form
    network: Network
    knobs: tuple[Knob, ...]
    places: tuple[tuple[int, ...], ...]
    layers: tuple[tuple[Relaxable, ...], ...]

    @staticmethod
    def of(
        layers: Sequence[tuple[int, Layer]],
        knobs: Sequence[Knob],
        goal: Goal,
        limits: Mapping[str, float] | None = None,
    ) -> RelaxedNetwork:
        """Relax layers, each with its count, over numeric knobs, under the easier rules of the layers.

        Raises:
            SpecError, UnsupportedError: the machine cannot be traced over the knobs; tiles do not divide.
        """
        paths = tuple(knob.path for knob in knobs)
        groups: dict[Any, list[int]] = {}
        found: list[Relaxable] = []
        for place, (count, layer) in enumerate(layers):
            found.append(relaxable(count, layer.below, CLASSES * CHUNKS))
            key = found[-1].structure, tuple(jax.tree.leaves(layer.below.hardware))
            groups.setdefault(key, []).append(place)
        leaders = [layers[rows[0]][1] for rows in groups.values()]
        machines = [machine_function(one.specification, one.problem, paths) for one in leaders]
        limits = dict(limits or {})
        ratio = np.array([knob.low > 0 for knob in knobs])
        ends = [[float(end(knob.values)) for knob in knobs] for end in (min, max)]
        low, high = (np.where(ratio, np.log(np.where(ratio, row, 1.0)), row) for row in ends)
        corners = [_corners(machine, ends) for machine in machines]
        form = Form(
            tuple(structure for structure, _ in groups),
            tuple(machines),
            goal,
            tuple(limits),
            corners[0][1],
        )
        network = Network(
            stacks=tuple(stack([found[row].only(_chunk(found[row], 0)) for row in rows]) for rows in groups.values()),
            constants=tuple(machine.constants for machine in machines),
            sized=tuple(sized for sized, _ in corners),
            low=low,
            high=high,
            ratio=ratio.astype(float),
            limits=np.log(np.array(list(limits.values()), dtype=float)),
        )
        rows = tuple(map(tuple, groups.values()))
        return RelaxedNetwork(form, network, tuple(knobs), rows, tuple(tuple(found[r] for r in row) for row in rows))

    def with_classes(self, picks: Sequence[Sequence[np.ndarray]]) -> RelaxedNetwork:
        """The same with some classes of each layer, by group."""
        stacks = tuple(
            stack([layer.only(places) for layer, places in zip(layers, chosen, strict=True)])
            for layers, chosen in zip(self.layers, picks, strict=True)
        )
        return replace(self, network=self.network.replace(stacks=stacks))  # type: ignore[attr-defined]

    def begin(self, knobs: np.ndarray, moving: bool = True) -> Course:
        """Starts at knobs ``[S, K]`` from 0 to 1, where they stay unless ``moving``."""
        starts = len(knobs)
        shapes = [stack.programs.lower.shape for stack in self.network.stacks]
        point = Point(jnp.asarray(knobs, dtype=float), tuple(jnp.zeros((starts, *shape)) for shape in shapes))
        empty = np.resize(EMPTY, starts)
        return Course(point, jnp.asarray(empty), jnp.asarray(float(moving)), ADAM.init(point))  # type: ignore[arg-type]

    def designs(self, seen: Survey) -> list[RelaxedDesign]:
        """Where the starts are, the best first."""
        values, logs, balances = (np.asarray(seen.values), np.asarray(seen.logs), jax.device_get(seen.balances))
        alphas = np.zeros((len(logs), sum(map(len, self.places))))
        for rows, balance in zip(self.places, balances, strict=True):
            alphas[:, list(rows)] = balance
        paths = [knob.path for knob in self.knobs]
        found = [
            RelaxedDesign(dict(zip(paths, row.tolist(), strict=True)), float(log), alpha)
            for row, log, alpha in zip(values, logs, alphas, strict=True)
            if np.isfinite(log)
        ]
        return sorted(found, key=lambda design: design.log)


def descend(
    relaxed: RelaxedNetwork,
    seed: int = 0,
    starts: int = STARTS,
    deadline: float = float("inf"),
    show: Callable[[], None] | None = None,
) -> list[RelaxedDesign]:
    """Let ``starts`` machines descend, and return where they end, the best first.

    What is reached by ``deadline`` (of ``time.perf_counter``) is the end; ``show`` is called now and then.
    """
    places = spread(len(relaxed.knobs), starts, seed)
    with jax.enable_x64(True):
        relaxed = screen(relaxed, places, deadline, show)
        course = relaxed.begin(places)
        for first in range(0, STEPS, STRIDE):
            progress = np.arange(first, first + STRIDE) / STEPS
            course, seen = jax.block_until_ready(advance(relaxed.form, relaxed.network, course, progress))
            if show is not None:
                show()
            if time.perf_counter() >= deadline:
                break
    return relaxed.designs(seen)


def screen(
    relaxed: RelaxedNetwork, places: np.ndarray, deadline: float, show: Callable[[], None] | None = None
) -> RelaxedNetwork:
    """Keep the classes that are the best of their layers on the machines at ``places`` ``[S, K]``."""
    chunks = max(-(-layer.classes // CLASSES) for layers in relaxed.layers for layer in layers)
    if chunks == 1:
        return relaxed
    own = [[np.full((len(places), layer.classes), np.inf) for layer in layers] for layers in relaxed.layers]
    for chunk in range(chunks):
        picks = [[_chunk(layer, chunk) for layer in layers] for layers in relaxed.layers]
        part = relaxed.with_classes(picks)
        course = part.begin(places, moving=False)
        for first in range(0, SCREENING, STRIDE):
            course, seen = advance(part.form, part.network, course, np.arange(first, first + STRIDE) / SCREENING)
        for group, (layers, found) in enumerate(zip(picks, jax.device_get(seen.own), strict=True)):
            for row, chosen in enumerate(layers):
                own[group][row][:, chosen] = found[:, row, : len(chosen)]
        if show is not None:
            show()
        if time.perf_counter() >= deadline:
            break
    ranks = [[table.argsort(axis=1).argsort(axis=1).min(axis=0) for table in tables] for tables in own]
    return relaxed.with_classes([[np.sort(np.argsort(rank)[:CLASSES]) for rank in group] for group in ranks])


def _chunk(layer: Relaxable, number: int) -> np.ndarray:
    """The places of one chunk of a layer's classes; they begin anew where they end."""
    first = number * CLASSES
    return np.unique(np.arange(first, first + min(CLASSES, layer.classes)) % layer.classes)


def spread(knobs: int, starts: int, seed: int) -> np.ndarray:
    """``[starts, knobs]`` places from 0 to 1: the middle, then a Latin square.

    >>> spread(2, 1, 0).tolist()
    [[0.5, 0.5]]
    """
    random = np.random.default_rng(seed)
    rows = starts - 1
    places = [(random.permutation(rows) + random.uniform(size=rows)) / max(rows, 1) for _ in range(knobs)]
    return np.concatenate([np.full((1, knobs), 0.5), np.stack(places, axis=1) if knobs else np.zeros((rows, 0))])


@struct.dataclass
class Survey:
    """Of every start: ``values`` ``[S, K]``, ``logs`` ``[S]`` of the objective, ``balances`` by group ``[S, L]``.

    ``own`` by group ``[S, L, C]``: the logarithm of what each class costs by itself.
    """

    values: Any
    logs: Any
    balances: tuple[Any, ...]
    own: tuple[Any, ...]


@partial(jax.jit, static_argnames="form")
def advance(form: Form, network: Network, course: Course, progress: Any) -> tuple[Course, Survey]:
    """Some steps of all starts, at the parts ``progress`` of the way; and where the last one began."""

    def one(point: Point, empty: Any, heat: Heat) -> tuple[Point, Survey]:
        """The slopes of one start, those of factors over the weight of their class, and where it is."""
        slope, (state, leaning) = jax.grad(merit, argnums=2, has_aux=True)(form, network, point, heat, empty)
        free = tuple(part / weight[..., None] for part, weight in zip(slope.free, leaning.weights, strict=True))
        log = objective(form, leaning.totals) + shortfall(form, network, state, leaning)
        return Point(slope.knobs, free), Survey(
            values_of(network, point.knobs), log, leaning.balances, alone(form, state)
        )

    def step(course: Course, progress: Any) -> tuple[Course, Survey]:
        """One step of all starts."""
        cooled = jnp.minimum(progress / 0.8, 1.0)
        heat = Heat(*(hot * (cold / hot) ** cooled for hot, cold in (MAXIMA, LIMITS, CHOICE)))
        slope, seen = jax.vmap(one, in_axes=(0, 0, None))(course.point, course.empty, heat)
        moves, moments = ADAM.update(slope, course.moments)  # type: ignore[arg-type]
        fading = 0.5 * (1.0 + jnp.cos(jnp.pi * progress))
        quick = STILLEST + (QUICKEST - STILLEST) * fading
        fast = SLOWEST + (FASTEST - SLOWEST) * fading
        point = Point(
            jnp.clip(course.point.knobs - course.pace * quick * moves.knobs, 0.0, 1.0),  # type: ignore[attr-defined]
            tuple(z - fast * move for z, move in zip(course.point.free, moves.free, strict=True)),  # type: ignore[attr-defined]
        )
        return Course(point, course.empty, course.pace, moments), seen

    course, seen = jax.lax.scan(step, course, progress)
    return course, jax.tree.map(lambda rows: rows[-1], seen)


def _corners(machine: MachineFunction, ends: Sequence[Sequence[float]]) -> tuple[np.ndarray, bool]:
    """``[levels]``: 1 where the size of a memory differs between the least and the largest knobs; and if clocks do."""
    with jax.enable_x64(True):
        found = [machine([np.float64(value) for value in row], machine.constants) for row in ends]
    sizes = np.array([[float(size) for size in hardware.size] for hardware, _ in found])
    clocks = {float(clock) for _, clock in found}
    return (sizes[0] != sizes[1]).astype(float), len({clock for clock in clocks if clock == clock}) > 1
